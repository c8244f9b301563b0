"""For people: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.table import Table
from rich.text import Text

from auditor.probe.figures import Figures
from auditor.probe.gap_report import GapReport, Remedy
from auditor.report.console import WIDEST, PlainConsole
from auditor.report.gap.chart import Line, chart
from auditor.report.gap.frame import frame, quantities
from auditor.report.gap.sentences import also_measured
from auditor.report.printable import printable

STYLE = {
    "helps": "bold green",
    "lowers the loss only": "cyan",
    "no worthwhile effect": "dim",
    "harms": "red",
    "not enough runs": "yellow",
}
_GATE = {"passed": "bold green", "failed": "bold red", "inconclusive": "bold yellow"}
_INDENT = Text("  ")
_HEIGHT = 8


def write(report: GapReport, out: TextIO, color: bool | None = None) -> None:
    console = PlainConsole(out, color=color)
    console.print(Text(printable(report.experiment), "bold underline"), soft_wrap=True)
    console.print_beside(_INDENT, Text(frame(report), "dim"))
    console.print()
    for at, sentence in enumerate(report.headline):
        console.print_beside(_INDENT, Text(printable(sentence), "" if at else "bold"))
    console.print()
    _print_gaps(console, report)
    _print_remedies(console, report)
    _print_curves(console, report)
    _print_list(console, "Also measured", also_measured(report))
    _print_list(console, "Notes", report.notes)
    for gate in report.gates:
        lead = Text(f"{gate.outcome:<12} ", _GATE[gate.outcome])
        console.print_beside(lead, Text(printable(f"{gate.name}: {gate.message}")))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, justify="right" if at else "left", no_wrap=True)
    return table


def _print_gaps(console: PlainConsole, report: GapReport) -> None:
    table = _table("gap", "train", "held out", "gap, 95%")
    for quantity in report.gap:
        its = Figures(report, quantity)
        for when, gap in (("last epoch", report.gap[quantity]), ("best epoch", report.gap_at_best[quantity])):
            sides = its.number(gap.train), its.number(gap.validation)
            table.add_row(f"{printable(quantity)}, {when}", *sides, its.plus_minus(gap))
    _print_table(console, table)


def _print_remedies(console: PlainConsole, report: GapReport) -> None:
    if not report.remedies:
        return
    shown = quantities(report)
    table = _table("remedy", *(f"{printable(quantity)}, 95%" for quantity in shown))
    table.add_column("verdict")
    for remedy in report.remedies:
        effects = (
            Figures(report, name).plus_minus(remedy.effect[name], sign=True) if name in remedy.effect else ""
            for name in shown
        )
        table.add_row(printable(remedy.name), *effects, Text(remedy.verdict, STYLE[remedy.verdict]))
    _print_table(console, table)
    for sentence in _reasons(report):
        console.print_beside(_INDENT, Text(printable(sentence), "dim"))
    console.print()


def _reasons(report: GapReport) -> Iterator[str]:
    if any(remedy.effect for remedy in report.remedies):
        tried = len(report.remedies)
        yield (
            f"Effects are remedy minus control, paired by seed; the {tried} intervals hold jointly with 95%. A change "
            f"is recommended when all of its interval is better by {report.smallest_effect[report.decides]:.3g} of "
            f"{report.decides} or more."
        )
    needed = [f"{remedy.name} {remedy.runs_needed}" for remedy in report.remedies if remedy.runs_needed]
    if needed:
        yield f"Seeds that would tell, if means and spreads stay: {', '.join(needed)}."
    for remedy in report.remedies:
        if told := _explained(remedy):
            yield f"{remedy.name}: {told}."


def _explained(remedy: Remedy) -> str:
    """What neither the verdict nor the interval says."""
    told = list(remedy.notes)
    if not remedy.effect or remedy.why.startswith("not converged"):
        told.insert(0, remedy.why)
    return "; ".join(text.rstrip(".") for text in told)


def _print_curves(console: PlainConsole, report: GapReport) -> None:
    width = min(console.width, WIDEST) - 2
    for quantity in reversed(quantities(report)):
        curves = report.curves[quantity]
        if len(curves.epochs) < 2:
            continue
        lines = [
            Line("train", curves.train.mean, "blue", "."),
            Line("held out", curves.validation.mean, "magenta", "*"),
        ]
        console.print(Text(printable(quantity), "dim"))
        for row in chart(curves.epochs, lines, width, _HEIGHT, ascii_only=console.options.ascii_only):
            console.print(_INDENT + row, soft_wrap=True)
        console.print()


def _print_table(console: PlainConsole, table: Table) -> None:
    for segments in console.render_lines(table, pad=False):
        row = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
        row.rstrip()
        console.print(_INDENT + row, soft_wrap=True)
    console.print()


def _print_list(console: PlainConsole, title: str, sentences: tuple[str, ...]) -> None:
    if not sentences:
        return
    console.print(Text(title, "dim"))
    for sentence in sentences:
        console.print_beside(_INDENT, Text(printable(sentence)))
    console.print()
