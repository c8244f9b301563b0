"""One line a finding, ``path:line:column CODE message``, as editors and `grep` like it."""

from __future__ import annotations

from typing import TextIO

from auditor.outcome import Outcome
from auditor.report.printable import position, printable


def write(outcome: Outcome, out: TextIO, color: bool | None = None) -> None:
    for finding in outcome.findings:
        span = finding.place.span
        where = f"{printable(finding.place.path)}:{position(span.line, span.column, span.cell)}"
        out.write(f"{where} {finding.code} {printable(' '.join(finding.message.split()))}\n")
    for unused in outcome.unused or ():
        where = f"{printable(unused.path)}:{position(unused.line, unused.column, unused.cell)}"
        out.write(f"{where} unused {printable(unused.message)}\n")
