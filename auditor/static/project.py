"""The files of a program: parsed when something asks for them, linked by their imports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import libcst as cst
from libcst.metadata import CodeRange

from auditor.memory import without_collector
from auditor.static import syntax as s
from auditor.static.lowering import Lowering
from auditor.static.positions import positions
from auditor.trace import Span


class File(Protocol):
    """What the witness needs of a file; :class:`auditor.sources.SourceFile` is one."""

    @property
    def path(self) -> str: ...

    @property
    def file(self) -> Path: ...

    def mentions(self, pattern: re.Pattern[bytes]) -> bool: ...

    def text(self) -> str: ...

    def locate(self, line: int) -> tuple[int, int | None]: ...

    def column(self, line: int, column: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be read or parsed."""

    path: str
    line: int
    message: str
    cell: int | None = None


class Unit:
    """One file as a module of the program, and the source that places point into."""

    def __init__(self, file: File, name: str) -> None:
        self.file = file
        self.name = name
        self.path = file.path
        self.folder = file.file.parent
        self.tail = file.file.parent.name if file.file.name == "__init__.py" else file.file.stem
        """The last part of the names that it can be imported by."""
        self._spans: list[Span] | None = None
        self._texts: list[cst.CSTNode] = []
        self._tree: cst.Module | None = None

    def parse(self) -> s.Module:
        """Raises libcst.ParserSyntaxError, RecursionError, or what reading the file raises."""
        return Lowering(self.name).lower(cst.parse_module(self.file.text()))

    def _positions(self) -> list[Span]:
        if self._spans is None:
            with without_collector():
                tree = cst.parse_module(self.file.text())
                lowering = Lowering(self.name, keep=True)
                lowering.lower(tree)
                assert lowering.nodes is not None
                ranges = positions(tree, lowering.nodes)
                self._texts, self._tree = lowering.nodes, tree
                self._spans = [
                    self._span(ranges[node]) if node in ranges else Span(1, 1, 1, 1) for node in lowering.nodes
                ]
        return self._spans

    def _span(self, code: CodeRange) -> Span:
        start, stop = code.start, code.end
        line, cell = self.file.locate(start.line)
        end, _ = self.file.locate(stop.line)
        column, last = self.file.column(start.line, start.column + 1), self.file.column(stop.line, stop.column + 1)
        return Span(line, column, end, last, cell)

    def span(self, node: int) -> Span:
        spans = self._positions()
        return spans[node] if node < len(spans) else Span(1, 1, 1, 1)

    def text(self, node: int) -> str:
        self._positions()
        assert self._tree is not None
        return " ".join(self._tree.code_for_node(self._texts[node]).split()) if node < len(self._texts) else ""

    def remark(self, node: int) -> str:
        """The comments on the lines of a node and on the line above."""
        span = self.span(node)
        if span.cell is not None:
            return ""
        lines = self.file.text().split("\n")[max(0, span.line - 2) : span.end_line]
        return " ".join(line[line.index("#") :] for line in lines if "#" in line)


class Project:
    """All units by path, and what an import in one of them means."""

    def __init__(self, files: Sequence[File]) -> None:
        self.units: dict[str, Unit] = {}
        self._by_file: dict[Path, Unit] = {}
        self._by_tail: dict[str, list[Unit]] = {}
        self.problems: list[Problem] = []
        self._parsed: dict[str, s.Module | None] = {}
        self._folders: set[Path] = set()
        for file in files:
            self._folders.update(file.file.parents)
            unit = Unit(file, file.path)
            self.units[unit.name] = unit
            self._by_file[file.file] = unit
            self._by_tail.setdefault(unit.tail, []).append(unit)

    def module(self, name: str) -> s.Module | None:
        """The lowered file; None when it cannot be read (the problem is kept)."""
        if name not in self._parsed:
            self._parsed[name] = self._parse(self.units[name])
        return self._parsed[name]

    def known(self) -> list[tuple[str, s.Module | None]]:
        """The files that have been asked for so far, by name; None for one that cannot be read."""
        return list(self._parsed.items())

    def parsed(self) -> list[s.Module]:
        """The files that have been read so far."""
        return [module for module in self._parsed.values() if module is not None]

    def _parse(self, unit: Unit) -> s.Module | None:
        try:
            with without_collector():
                return unit.parse()
        except cst.ParserSyntaxError as error:
            line, cell = unit.file.locate(error.raw_line)
            self.problems.append(Problem(unit.path, line, f"syntax error: {error.message}", cell))
        except RecursionError:
            self.problems.append(Problem(unit.path, 1, "nested too deeply to be parsed"))
        except (OSError, ValueError) as error:
            self.problems.append(Problem(unit.path, getattr(error, "line", 1), getattr(error, "message", str(error))))
        return None

    def find(self, importer: str, module: str, level: int, library: bool = False) -> Unit | None:
        """The project's file that an import names, seen from the file that holds it.

        A name that a `library` has is the project's only where the project has it at an import root: a package's own
        folder ``torch/`` is no rival of torch.
        """
        here = self.units[importer].folder
        parts = [part for part in module.split(".") if part]
        if level:
            for _ in range(level - 1):
                here = here.parent
            return self._below(here, parts)
        for folder in (here, *here.parents):
            if library and folder / "__init__.py" in self._by_file:
                continue
            found = self._below(folder, parts)
            if found is not None:
                return found
        return None

    def guess(self, importer: str, module: str) -> Unit | None:
        """The one file whose path ends like an absolute import (a root elsewhere: ``src/``)."""
        parts = module.split(".")
        wanted = tuple(parts)
        matches = [unit for unit in self._by_tail.get(parts[-1], []) if self._tail(unit, len(parts)) == wanted]
        if len(parts) > 1 and matches:
            return matches[0]
        return matches[0] if len(matches) == 1 else None

    @staticmethod
    def _tail(unit: Unit, count: int) -> tuple[str, ...]:
        file = unit.file.file
        whole = file.parent.parts if file.name == "__init__.py" else (*file.parent.parts, file.stem)
        return whole[-count:]

    def _below(self, folder: Path, parts: list[str]) -> Unit | None:
        base = folder.joinpath(*parts)
        if parts:
            found = self._by_file.get(base.with_name(f"{base.name}.py"))
            if found is not None:
                return found
        return self._by_file.get(base / "__init__.py")

    def folder(self, importer: str, module: str, level: int) -> Path | None:
        """A package without ``__init__.py`` that an import names."""
        here = self.units[importer].folder
        for _ in range(max(0, level - 1)):
            here = here.parent
        parts = [part for part in module.split(".") if part]
        for start in (here,) if level else (here, *here.parents):
            wanted = start.joinpath(*parts)
            if wanted in self._folders and (parts or level):
                return wanted
        return None

    def in_folder(self, folder: Path, name: str) -> Unit | None:
        return self._below(folder, [name])
