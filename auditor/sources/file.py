"""One file under audit."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from auditor.errors import SourceError
from auditor.sources.listing import LARGEST, Listing, notebook, script
from auditor.sources.suppressions import ANY, Suppression, suppressions

_LARGEST_NOTEBOOK = 200_000_000
"""Bytes. Most of a notebook is output."""


class SourceFile:
    """A Python file or a notebook. ``path`` is what its owner calls it, ``file`` where it is."""

    def __init__(self, path: str, file: Path) -> None:
        self.path = path
        self.file = file

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    @property
    def is_notebook(self) -> bool:
        return self.file.suffix.lower() == ".ipynb"

    def mentions(self, pattern: re.Pattern[bytes]) -> bool:
        """A search of the bytes, without parsing. True for a file that cannot be read, so that `text` tells why."""
        try:
            if self.is_notebook:
                return bool(pattern.search(self._listing.shown.encode("utf-8", "replace")))
            data = self._read()
        except SourceError:
            return True
        return b"\0" in data or len(data) > LARGEST or bool(pattern.search(data))

    def text(self) -> str:
        """The file as Python source with the line numbers of an editor; a notebook's code cells, joined.

        Raises `SourceError`.
        """
        return self._listing.text

    def locate(self, line: int) -> tuple[int, int | None]:
        """A line of `text` as its owner counts it, and the code cell (1-based) that it counts from."""
        return self._listing.locate(line)

    def column(self, line: int, column: int) -> int:
        """The column as shown of a column of `text`; they differ where indentation or a magic was replaced."""
        return max(1, column + self._listing.shifts.get(line, 0))

    def shown(self, line: int, cell: int | None = None) -> str:
        """A line as the file has it, counted as `locate` counts."""
        return self._listing.line_of(line, cell)

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The comments that silence findings, in order; none in a file that cannot be read."""
        if not self.mentions(ANY):
            return ()
        try:
            return tuple(suppressions(self._listing, self.path))
        except SourceError:
            return ()

    @cached_property
    def _listing(self) -> Listing:
        read = notebook if self.is_notebook else script
        return read(self._read(), self.path)

    def _read(self) -> bytes:
        try:
            size = self.file.stat().st_size
            most = _LARGEST_NOTEBOOK if self.is_notebook else 4 * LARGEST
            if size > most:
                message = f"has {size / 1e6:.1f} MB, more than the {most / 1e6:.0f} that are read"
                raise SourceError(self.path, 1, message)
            return self.file.read_bytes()
        except OSError as error:
            raise SourceError(self.path, 1, f"cannot be read: {error.strerror or error}") from error
