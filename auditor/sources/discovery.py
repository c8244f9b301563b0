"""Which files an audit of some paths is about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor.errors import UsageError
from auditor.sources.file import SourceFile
from auditor.sources.ignored import Excluded, Ignored

SUFFIXES = frozenset({".py", ".pyw", ".ipynb"})

NEVER = frozenset(
    "__pycache__ __pypackages__ build dist env node_modules site-packages venv virtualenv wandb mlruns".split()
)
"""Folders that hold nobody's own code. Hidden ones (`.git`, `.venv`, `.tox`) are left out too."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files in the order of their paths, and the folders among the given paths in which there were none."""

    files: tuple[SourceFile, ...]
    empty: tuple[str, ...] = ()


def discover(paths: Sequence[str], excluded: Sequence[Excluded] = ()) -> Discovery:
    """Files that are named are taken whatever they are; folders are searched.

    Raises `UsageError` for a path that is not there.
    """
    found: dict[str, Path] = {}
    empty: list[str] = []
    for path in paths:
        walk = _Walk(excluded)
        files = list(walk.files(_existing(path)))
        if not files:
            empty.append(path)
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    ordered = sorted(found.values(), key=lambda file: file.parts)
    return Discovery(tuple(SourceFile(displayed(file), file) for file in ordered), tuple(empty))


def displayed(file: Path) -> str:
    """Relative to the current directory when below it, else absolute; with forward slashes."""
    here = Path.cwd()
    return (file.relative_to(here) if here in file.parents else file).as_posix()


def _existing(path: str) -> Path:
    if not path:
        raise UsageError("an empty path names nothing; the current folder is .")
    try:
        file = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links that the user named
        is_there = file.exists()
    except (OSError, ValueError) as error:
        raise UsageError(f"`{path}` is no path: {error}") from error
    if not is_there:
        raise UsageError(f"no such file or folder: {path}")
    if not (file.is_dir() or file.is_file()):
        raise UsageError(f"neither a file nor a folder: {path}")
    return file


@dataclass(slots=True)
class _Walk:
    """One search of a folder. A folder is entered once, under its own name rather than that of a link to it."""

    excluded: Sequence[Excluded]
    links: list[tuple[Path, Ignored]] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    def files(self, root: Path) -> Iterator[Path]:
        if root.is_file():
            yield root
            return
        yield from self._below(root, Ignored.above(root))
        while self.links:
            link, ignored = self.links.pop(0)
            if _holds(link.is_dir):
                yield from self._below(link, ignored)
            elif _holds(link.is_file):
                yield link

    def _below(self, folder: Path, ignored: Ignored) -> Iterator[Path]:
        todo = [(folder, ignored)]
        while todo:
            current, above = todo.pop()
            real = os.path.realpath(current)
            if real in self.entered:
                continue
            self.entered.add(real)
            inside = above.below(current)
            for entry in _entries(current):
                path = Path(entry.path)
                is_folder = _holds(entry.is_dir)
                if self._left_out(path, inside, is_folder=is_folder):
                    continue
                if entry.is_symlink():
                    self.links.append((path, inside))
                elif is_folder:
                    todo.append((path, inside))
                elif _holds(entry.is_file):
                    yield path

    def _left_out(self, path: Path, ignored: Ignored, *, is_folder: bool) -> bool:
        if path.name.startswith(".") or (path.name in NEVER if is_folder else path.suffix.lower() not in SUFFIXES):
            return True
        if any(excluded.covers(path, is_folder=is_folder) for excluded in self.excluded):
            return True
        return ignored.covers(path, is_folder=is_folder)


def _holds(question: Callable[[], bool]) -> bool:
    """No, too, where nobody may look or links lead in a circle."""
    try:
        return question()
    except OSError:
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []  # nobody may read it; git and editors pass over it too
