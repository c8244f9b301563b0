"""For people: grouped by file, the line, why it is so, and a closing line that leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.outcome import Outcome, ShownLine
from auditor.report.closing import closing, counted
from auditor.report.console import PlainConsole
from auditor.report.excerpt import excerpt
from auditor.report.printable import position, printable, spot
from auditor.trace import Confidence, Evidence, Finding, Severity

STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_STEPS = 12
"""Of the evidence. Beyond are further ways to one place, which programs may want and people do not."""
_QUOTED = re.compile(r"`[^`]+`")


def write(outcome: Outcome, out: TextIO, color: bool | None = None) -> None:
    console = PlainConsole(out, color=color)
    for path, findings in groupby(outcome.findings, key=lambda finding: finding.place.path):
        console.print(Text(printable(path), "bold underline"), soft_wrap=True)
        console.print()
        for finding in findings:
            _print_finding(console, finding, outcome.line)
    _print_rest(console, outcome)


def _print_finding(console: Console, finding: Finding, line: ShownLine) -> None:
    span = finding.place.span
    heading = Text("  ")
    heading.append(position(span.line, span.column, span.cell), "dim")
    heading.append("  ").append(str(finding.severity), STYLE[finding.severity])
    heading.append("  ").append(finding.code, "bold").append(f" {finding.name}")
    if finding.confidence is not Confidence.HIGH:
        heading.append(f"  {finding.confidence} confidence", "dim")
    console.print(heading, soft_wrap=True)
    console.print(Padding(_prose(finding.message), (0, 0, 0, 4)))
    console.print()
    shown = line(finding.place.path, span.line, span.cell)
    for row in excerpt(shown, span, console.width - 4, ascii_only=console.options.ascii_only):
        console.print(Text("    ").append_text(row), no_wrap=True, overflow="ignore", crop=False)
    if finding.evidence:
        console.print()
        _print_steps(console, finding.evidence)
    console.print()


def _print_steps(console: Console, steps: Sequence[Evidence]) -> None:
    _print_table(console, [(spot(step.place), step.message) for step in steps[:_STEPS]])
    if len(steps) > _STEPS:
        console.print(Text(f"    and {counted(len(steps) - _STEPS, 'step')} more, which --format json holds", "dim"))


def _print_table(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Places to the left and what is there to the right; below one another where the places are too long for that."""
    widest = max(len(where) for where, _ in rows)
    if widest > console.width * 2 // 5:
        for where, message in rows:
            console.print(Text(f"    {where}", "dim"), soft_wrap=True)
            console.print(Padding(_prose(message), (0, 0, 0, 6)))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for where, message in rows:
        table.add_row(where, _prose(message))
    console.print(Padding(table, (0, 0, 0, 4)))


def _print_rest(console: Console, outcome: Outcome) -> None:
    for title, rows in _lists(outcome):
        console.print(Text(title, "bold"))
        console.print()
        _print_table(console, rows)
        console.print()
    for sentence in closing(outcome):
        console.print(sentence)


def _lists(outcome: Outcome) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if outcome.unused:
        yield (
            "Suppressions to remove",
            [(f"{printable(it.path)}:{position(it.line, None, it.cell)}", it.message) for it in outcome.unused],
        )
    if outcome.problems:
        yield "Could not be audited", [(f"{printable(it.path)}:{it.line}", it.message) for it in outcome.problems]


def _prose(message: str) -> Text:
    prose = Text(printable(" ".join(message.split())))
    prose.highlight_regex(_QUOTED, "bold")
    return prose
