"""Markdown for the summary of a CI job, and for a comment on a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from auditor.probe.figures import Figures
from auditor.probe.gap_report import GapReport, Remedy
from auditor.report.gap.frame import frame, quantities
from auditor.report.gap.sentences import also_measured
from auditor.report.printable import printable

_GATE = {"passed": "✅", "failed": "❌", "inconclusive": "❔"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def write(report: GapReport, out: TextIO, color: bool | None = None) -> None:
    out.write("\n".join(_lines(report)) + "\n")


def _lines(report: GapReport) -> Iterator[str]:
    yield f"## Generalization gap of {_plain(report.experiment)}"
    yield ""
    for gate in report.gates:
        yield f"{_GATE[gate.outcome]} **{gate.outcome}** {_plain(gate.name)}: {_plain(gate.message)}"
        yield ""
    for at, sentence in enumerate(report.headline):
        yield f"- {_plain(sentence)}" if at else f"**{_plain(sentence)}**\n"
    yield from _gaps(report)
    yield from _remedies(report)
    yield from _list("Also measured", also_measured(report))
    yield from _list("Notes", report.notes)
    yield ""
    yield f"<sub>{_plain(frame(report))}</sub>"


def _gaps(report: GapReport) -> Iterator[str]:
    yield from _head("gap", "train", "held out", "gap, 95%")
    for quantity in report.gap:
        its = Figures(report, quantity)
        for when, gap in (("last epoch", report.gap[quantity]), ("best epoch", report.gap_at_best[quantity])):
            yield _row(
                f"{_plain(quantity)}, {when}", its.number(gap.train), its.number(gap.validation), its.plus_minus(gap)
            )


def _remedies(report: GapReport) -> Iterator[str]:
    if not report.remedies:
        return
    shown = quantities(report)
    yield from _head("remedy", *(f"{_plain(quantity)}, 95%" for quantity in shown), "verdict", "change")
    for remedy in report.remedies:
        effects = (
            Figures(report, name).plus_minus(remedy.effect[name], sign=True) if name in remedy.effect else ""
            for name in shown
        )
        yield _row(_plain(remedy.name), *effects, _verdict(remedy), _code(remedy.change))


def _verdict(remedy: Remedy) -> str:
    if remedy.recommended:
        return f"**{remedy.verdict}**"
    return f"{remedy.verdict} ({_plain(remedy.why)})" if remedy.verdict == "not enough runs" else remedy.verdict


def _head(first: str, *others: str) -> Iterator[str]:
    yield ""
    yield _row(first, *others)
    yield _row("---", *("---:" if "95%" in other or other in ("train", "held out") else "---" for other in others))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _list(title: str, sentences: Iterable[str]) -> Iterator[str]:
    told = [f"- {_plain(sentence)}" for sentence in sentences]
    if told:
        yield from ("", f"<details><summary>{title}</summary>", "", *told, "", "</details>")


def _plain(text: str) -> str:
    """Nothing in a name is markup, and nothing ends a table's cell."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`" if text else ""
