"""What a file says as Python, and the way back from there to what its owner sees in an editor."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.errors import SourceError
from auditor.sources.decoding import decoded
from auditor.sources.indentation import normalised
from auditor.sources.keywords import renamed
from auditor.sources.magics import without_magics
from auditor.sources.notebook import code_cells

LARGEST = 2_000_000
"""Characters of Python in one file. Beyond are tables written by programs; a syntax tree of one takes gigabytes."""

_TOO_DEEP = re.compile(r"(?:[(\[{][^()\[\]{}]*){201}")
"""More open brackets than CPython takes (200); libcst overflows the stack on some thousands."""


@dataclass(frozen=True, slots=True)
class Listing:
    """``text`` is Python with the lines of ``shown``, what the file has. ``cells`` holds the first line of each code
    cell of a notebook; ``shifts`` by how many columns a line of ``text`` stands left of the line shown."""

    text: str
    shown: str
    shifts: Mapping[int, int]
    cells: tuple[int, ...] = ()

    def locate(self, line: int) -> tuple[int, int | None]:
        if not self.cells:
            return line, None
        cell = max(1, bisect_right(self.cells, line))
        return line - self.cells[cell - 1] + 1, cell

    def line_of(self, line: int, cell: int | None) -> str:
        """The line as shown, without its end; empty when there is none."""
        start = self.cells[cell - 1] if cell and cell <= len(self.cells) else 1
        lines = self.shown.split("\n")
        return lines[start + line - 2] if 0 < start + line - 1 <= len(lines) else ""


def script(data: bytes, path: str) -> Listing:
    shown = _bounded(decoded(data, path), path)
    text, shifts = normalised(shown)
    return Listing(renamed(text), shown, shifts)


def notebook(data: bytes, path: str) -> Listing:
    sources = code_cells(data, path)
    shown = _bounded("\n".join(sources), path)
    python: list[str] = []
    shifts: dict[int, int] = {}
    starts: list[int] = []
    line = 1
    for source in sources:
        cell, moved = without_magics(source)
        starts.append(line)
        shifts |= {line + at - 1: by for at, by in moved.items()}
        python.append(cell)
        line += source.count("\n") + 1
    text, indented = normalised("\n".join(python))
    return Listing(
        renamed(text), shown, shifts | {at: by + shifts.get(at, 0) for at, by in indented.items()}, tuple(starts)
    )


def _bounded(text: str, path: str) -> str:
    if len(text) > LARGEST:
        millions = f"{len(text) / 1e6:.1f} million characters of code"
        raise SourceError(path, 1, f"has {millions}, more than the {LARGEST // 1_000_000} million that are read")
    if deep := _TOO_DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise SourceError(path, line, "nests more than 200 brackets, which Python refuses")
    return text
