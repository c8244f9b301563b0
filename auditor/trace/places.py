"""Where in somebody's source a thing stands.

A place is cheap to make and dear to read: the static witness numbers the nodes of a file while it reads it and works
out lines and columns only for files that end up in a report (positions cost as much as parsing). A recorded run knows
its lines already. Both hide behind :class:`Source`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, Protocol

TESTS = re.compile(r"tests?|test_\w+\.py|\w+_test\.py|conftest\.py")
"""Folders and files of tests, as test runners collect them."""


class Span(NamedTuple):
    """1-based lines and columns, end exclusive; ``cell`` is the 1-based code cell of a notebook: lines count in it."""

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None


class Source(Protocol):
    """One file of the program under audit."""

    @property
    def path(self) -> str:
        """As the user would name it: relative to the current directory where possible, forward slashes."""
        ...

    def span(self, node: int) -> Span:
        """Lines and columns of a numbered node. The first call for a file may parse it again."""
        ...

    def text(self, node: int) -> str:
        """The source text of a numbered node, as written, on one line where it is one expression."""
        ...

    def remark(self, node: int) -> str:
        """The comments on the lines of a numbered node and on the line above; empty where there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a source."""

    source: Source
    node: int

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def in_tests(self) -> bool:
        """It stands in the folder of a test suite; a script called ``test_model.py`` may be an evaluation."""
        return any(TESTS.fullmatch(part) for part in self.path.split("/")[:-1])

    @property
    def span(self) -> Span:
        return self.source.span(self.node)

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def text(self) -> str:
        return self.source.text(self.node)

    def seen_from(self, other: Place) -> str:
        """``line 12``, or ``trainer.py line 12`` from another file, or ``cell 3 line 2`` in a notebook."""
        span = self.span
        where = f"line {span.line}" if span.cell is None else f"cell {span.cell} line {span.line}"
        return where if self.path == other.path else f"{self.path} {where}"
