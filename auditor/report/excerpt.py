"""The offending line with what is meant underlined."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from auditor.report.printable import printable
from auditor.trace import Span


def excerpt(line: str, span: Span, width: int, style: str = "", *, ascii_only: bool = False) -> Iterator[Text]:
    """Two rows of at most ``width`` columns, the line without its indentation and the underline; none without a line.

    A line too long is cut on both sides of what is meant. Of a span of several lines the first is shown.
    """
    if not line.strip():
        return
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    before, meant, after = line[:start].lstrip(), line[start:end].rstrip(), line[end:].rstrip()
    if not before.strip():
        meant = meant.lstrip()
    number, bar, more = str(span.line), *(("|", "...") if ascii_only else ("│", "…"))
    room = width - len(number) - 3
    before, meant, after = _cut(printable(before), printable(meant), printable(after), room, more)
    yield Text.assemble((f"{number} {bar} ", "dim"), before, (meant, style), after)
    rule = f"{' ' * len(number)} {bar} "
    yield Text.assemble((rule, "dim"), " " * cell_len(before), ("^" * max(1, cell_len(meant)), style))


def _cut(before: str, meant: str, after: str, room: int, more: str) -> tuple[str, str, str]:
    """The three parts of a line shortened to fit, what is meant last."""
    if cell_len(before + meant + after) <= room:
        return before, meant, after
    spare = max(0, room - cell_len(meant))
    kept = max(spare * 2 // 3, spare - cell_len(after))
    if cell_len(before) > kept:
        before = more + before[len(before) - max(0, kept - len(more)) :]
    after = _head(after, room - cell_len(before + meant), more)
    return before, _head(meant, room - cell_len(before), more), after


def _head(text: str, room: int, more: str) -> str:
    if cell_len(text) <= room:
        return text
    while text and cell_len(text) > room - len(more):
        text = text[:-1]
    return text + more if room >= len(more) else ""
