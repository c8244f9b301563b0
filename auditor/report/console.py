"""A console that prints what it is given: no markup, no emoji, no highlighting, and no opinion on closed pipes."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.text import Text

WIDEST = 100
"""Columns of prose."""


class PlainConsole(Console):
    """``color`` None: when ``out`` is a terminal that has colours."""

    def __init__(self, out: TextIO | None = None, *, color: bool | None = None) -> None:
        super().__init__(file=out, force_terminal=color, highlight=False, markup=False, emoji=False)

    def print_beside(self, lead: Text, prose: Text) -> None:
        """Prose, wrapped to the right of its lead at a width that one can read. No line trails blanks."""
        for row in prose.wrap(self, max(20, min(self.width, WIDEST) - lead.cell_len)):
            row.rstrip()
            self.print(lead + row, soft_wrap=True)
            lead = Text(" " * lead.cell_len)

    def on_broken_pipe(self) -> None:
        """Rich would exit with 1, which here means findings; the command line knows better."""
        raise BrokenPipeError
