"""For people: grouped by file, the line, why it is so, and a closing line that leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from rich.text import Text

from auditor.outcome import Outcome, ShownLine
from auditor.report.closing import STYLE, closing, counted
from auditor.report.console import WIDEST, PlainConsole
from auditor.report.excerpt import excerpt
from auditor.report.printable import position, printable, spot
from auditor.trace import Confidence, Finding

_STEPS = 12
"""Of the evidence. Beyond are further ways to one place, which programs may want and people do not."""
_ROWS = 40
"""Of files that could not be audited; a project in another Python has hundreds."""
_INDENT = " " * 4
_QUOTED = re.compile(r"`[^`]+`")


def write(outcome: Outcome, out: TextIO, color: bool | None = None) -> None:
    console = PlainConsole(out, color=color)
    for path, findings in groupby(outcome.findings, key=lambda finding: finding.place.path):
        console.print(Text(printable(path), "bold underline"), soft_wrap=True)
        console.print()
        for finding in findings:
            _print_finding(console, finding, outcome.line)
    for title, rows in _lists(outcome):
        console.print(Text(title, "bold"))
        console.print()
        _print_rows(console, rows[:_ROWS])
        if len(rows) > _ROWS:
            console.print(Text(f"{_INDENT}and {len(rows) - _ROWS} more, which --format json holds", "dim"))
        console.print()
    for sentence in closing(outcome):
        console.print_beside(Text(), sentence)


def _print_finding(console: PlainConsole, finding: Finding, line: ShownLine) -> None:
    span = finding.place.span
    style = STYLE[finding.severity]
    console.print(_heading(finding), soft_wrap=True)
    console.print_beside(Text(_INDENT), _prose(finding.message))
    console.print()
    shown = line(finding.place.path, span.line, span.cell)
    for row in excerpt(shown, span, console.width - len(_INDENT), style, ascii_only=console.options.ascii_only):
        console.print(Text(_INDENT).append_text(row), soft_wrap=True)
    if finding.evidence:
        if shown.strip():
            console.print()
        _print_steps(console, finding)
    console.print()


def _heading(finding: Finding) -> Text:
    span = finding.place.span
    heading = Text("  ")
    heading.append(position(span.line, span.column, span.cell), "dim")
    heading.append("  ").append(str(finding.severity), STYLE[finding.severity])
    heading.append("  ").append(finding.code, "bold").append(f" {finding.name}")
    if finding.confidence is not Confidence.HIGH:
        heading.append(f"  {finding.confidence} confidence", "dim")
    return heading


def _print_steps(console: PlainConsole, finding: Finding) -> None:
    steps = finding.evidence
    _print_rows(console, [(spot(step.place, finding.place), step.message) for step in steps[:_STEPS]])
    if len(steps) > _STEPS:
        further = f"and {counted(len(steps) - _STEPS, 'step')} more, which --format json holds"
        console.print(Text(_INDENT + further, "dim"))


def _print_rows(console: PlainConsole, rows: Sequence[tuple[str, str]]) -> None:
    """Places to the left and what is there to the right; a place too long for that gets a line of its own."""
    room = min(console.width, WIDEST) * 2 // 5
    column = max((len(where) for where, _ in rows if len(where) <= room), default=0) + 2
    for where, message in rows:
        place = Text(_INDENT).append(where, "dim")
        if len(where) > room:
            console.print(place, soft_wrap=True)
            place = Text(_INDENT)
        place.pad_right(len(_INDENT) + column - place.cell_len)
        console.print_beside(place, _prose(message))


def _lists(outcome: Outcome) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if outcome.unused:
        yield "Suppressions to remove", [_at(it.path, it.line, it.cell, it.message) for it in outcome.unused]
    if outcome.problems:
        yield "Could not be audited", [_at(it.path, it.line, it.cell, it.message) for it in outcome.problems]


def _at(path: str, line: int, cell: int | None, message: str) -> tuple[str, str]:
    return f"{printable(path)}:{position(line, None, cell)}", message


def _prose(message: str) -> Text:
    prose = Text(printable(" ".join(message.split())))
    prose.highlight_regex(_QUOTED, "bold")
    return prose
