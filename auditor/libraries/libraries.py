"""Loads the library data and answers what a dotted name or a method means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TypeVar

import tomli

from auditor.libraries.schema import Array, Attribute, Call, Hooks, LibraryFile, Method, Size

R = TypeVar("R", Call, Size)


@dataclass(frozen=True)
class Libraries:
    """All rows, ready to be asked by name."""

    calls: dict[str, Call]
    """Rows by their exact name."""
    patterns: dict[str, tuple[tuple[re.Pattern[str], Call], ...]]
    """Rows whose name holds a ``*``, by top-level package, the most literal first."""
    methods: dict[str, dict[str, Method]]
    attributes: dict[str, dict[str, Attribute]]
    aliases: dict[str, str]
    roots: frozenset[str]
    triggers: frozenset[str]
    hooks: dict[str, frozenset[str]]
    """By framework: the methods of a class of the user's that it calls itself."""
    hook_modes: dict[str, Hooks]
    """The same, by the mode and gradients that it has set by then."""
    sizes: dict[str, Size] = field(default_factory=dict)
    wide_sizes: dict[str, tuple[tuple[re.Pattern[str], Size], ...]] = field(default_factory=dict)
    """Rows of sizes whose name holds a ``*``, as in `patterns`."""
    arrays: dict[str, Array] = field(default_factory=dict)
    callables: frozenset[str] = frozenset()
    """The names, below any root, of what the user has declared."""
    _canonical: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, Call | None] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """The one name of something that can be imported under several."""
        known = self._canonical.get(name)
        if known is None:
            known = self._canonical[name] = self._rename(name)
        return known

    def _rename(self, name: str) -> str:
        for _ in range(4):
            renamed = self._rename_once(name)
            if renamed == name:
                break
            name = renamed
        return name

    def _rename_once(self, name: str) -> str:
        head = name
        while head:
            if head in self.aliases:
                return self.aliases[head] + name[len(head) :]
            head, _, _ = head.rpartition(".")
            below = self.aliases.get(f"{head}.*")
            if below is not None:
                return f"{below}.{without_modules(name[len(head) + 1 :])}"
        return name

    def call(self, name: str) -> Call | None:
        """What calling this canonical name does; None where no row says so."""
        if name not in self._rows:
            self._rows[name] = self._find(name)
        return self._rows[name]

    def _find(self, name: str) -> Call | None:
        if name in self.calls:
            return self.calls[name]
        patterns = self.patterns.get(name.partition(".")[0], ())
        return next((row for pattern, row in patterns if pattern.fullmatch(name)), None)

    def size(self, name: str) -> Size | None:
        """How large what this name makes is; None where no row says so."""
        if name in self.sizes:
            return self.sizes[name]
        patterns = self.wide_sizes.get(name.partition(".")[0], ())
        return next((row for pattern, row in patterns if pattern.fullmatch(name)), None)

    def starts(self, name: str) -> Size | None:
        """The row that says where a layer is told the shape of what goes in."""
        row = self.sizes.get(name)
        if row is not None and row.starts is not None:
            return row
        patterns = self.wide_sizes.get(name.partition(".")[0], ())
        return next((row for pattern, row in patterns if row.starts is not None and pattern.fullmatch(name)), None)

    def below(self, path: str, text: str) -> str | None:
        """The name below a path that a text stands for, whatever its letters' case: ``"adam"``."""
        wanted = f"{path}.{text}".lower()
        return next((name for name in self.calls if name.lower() == wanted), None)

    def method(self, kind: str, name: str) -> Method | None:
        return self.methods.get(kind, {}).get(name)

    def attribute(self, kind: str, name: str) -> Attribute | None:
        return self.attributes.get(kind, {}).get(name)

    @cached_property
    def monitors(self) -> frozenset[str]:
        """The names by which watchers are told that score."""
        told = (row.watches.monitor for row in self.watchers.values() if row.watches is not None)
        return frozenset(one.name for one in told if one is not None and one.name is not None)

    @cached_property
    def watchers(self) -> dict[str, Call]:
        """What watches a training and is told which score to watch."""
        return {name: row for name, row in self.calls.items() if row.watches is not None and row.watches.monitor}

    @cached_property
    def trigger_pattern(self) -> re.Pattern[bytes]:
        """Finds the files that name a library worth reading them for."""
        return re.compile(b"|".join(rb"\b" + root.encode() + rb"\b" for root in sorted(self.triggers)))


def without_modules(path: str) -> str:
    """A path from its first class on; its last part where it names no class."""
    parts = path.split(".")
    first = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[first:])


def combine(libraries: Iterable[LibraryFile]) -> Libraries:
    """One set of rows of many files. A row that two files give is an error of ours, found by a test."""
    calls: dict[str, Call] = {}
    wild: dict[str, Call] = {}
    methods: dict[str, dict[str, Method]] = {}
    attributes: dict[str, dict[str, Attribute]] = {}
    aliases: dict[str, str] = {}
    roots: set[str] = set()
    triggers: set[str] = set()
    modes: dict[str, Hooks] = {}
    sizes: dict[str, Size] = {}
    wide: dict[str, Size] = {}
    arrays: dict[str, Array] = {}
    for library in libraries:
        for name, row in library.calls.items():
            (wild if "*" in name else calls)[name] = row
        for name, size in library.sizes.items():
            (wide if "*" in name else sizes)[name] = size
        arrays.update(library.arrays)
        for kind, table in library.methods.items():
            methods.setdefault(kind, {}).update(table)
        for kind, parts in library.attributes.items():
            attributes.setdefault(kind, {}).update(parts)
        aliases.update(library.aliases)
        roots.update(library.roots)
        if library.trigger:
            triggers.update(library.roots)
        modes.update(library.hooks)
    hooks = {name: frozenset((*one.train, *one.eval, *one.either)) for name, one in modes.items()}
    return Libraries(
        calls, compiled(wild), methods, attributes, aliases, frozenset(roots), frozenset(triggers), hooks, modes,
        sizes, compiled(wide), arrays,
    )  # fmt: skip


def compiled(rows: dict[str, R]) -> dict[str, tuple[tuple[re.Pattern[str], R], ...]]:
    """Names with a ``*`` as patterns, the one with the longest literal text first."""
    found: dict[str, list[tuple[re.Pattern[str], R]]] = {}
    for name in sorted(rows, key=lambda name: (name.count("*") - len(name), name)):
        pattern = re.compile(".*".join(map(re.escape, name.split("*"))))
        found.setdefault(name.partition(".")[0], []).append((pattern, rows[name]))
    return {root: tuple(patterns) for root, patterns in found.items()}


@lru_cache(maxsize=1)
def load() -> Libraries:
    """The rows that ship with the auditor."""
    return combine(shipped().values())


def shipped() -> dict[str, LibraryFile]:
    """The data files that ship with the auditor, by file name."""
    folder = files("auditor.libraries")
    texts = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".toml")}
    return {name: LibraryFile.model_validate(tomli.loads(texts[name])) for name in sorted(texts)}
