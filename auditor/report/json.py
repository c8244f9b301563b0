"""One JSON object for other programs. Keys are only ever added; a change of meaning raises ``version``."""

from __future__ import annotations

import json
from typing import Any, TextIO

from auditor.outcome import Outcome
from auditor.trace import Edit, Finding, Fix, Place


def write(outcome: Outcome, out: TextIO, color: bool | None = None) -> None:
    json.dump(document(outcome), out, indent=2)  # ASCII only: whatever the encoding of `out`, this arrives
    out.write("\n")


def document(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version": 1,
        "findings": [_finding(finding) for finding in outcome.findings],
        "errors": [
            {"path": it.path, "line": it.line, "message": it.message} | ({} if it.cell is None else {"cell": it.cell})
            for it in outcome.problems
        ],
        "files": {"seen": outcome.seen, "audited": outcome.audited},
        "unfinished": [{"path": path, "name": name or None} for path, name in outcome.unfinished],
    }
    if outcome.unused is not None:
        told["unused_suppressions"] = [
            {"path": it.path, "line": it.line, "column": it.column, "message": it.message}
            | ({} if it.cell is None else {"cell": it.cell})
            for it in outcome.unused
        ]
    return told


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        **_range(finding.place),
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "message": finding.message,
        "evidence": [_line(step.place) | {"message": step.message} for step in finding.evidence],
        "fix": None if finding.fix is None else _fix(finding.fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {"safe": fix.safe, "message": fix.message, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> dict[str, Any]:
    return {**_range(edit.place), "text": edit.text, "insert": edit.insert}


def _range(place: Place) -> dict[str, Any]:
    span = place.span
    return _line(place) | {"column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _line(place: Place) -> dict[str, Any]:
    span = place.span
    return {"path": place.path, "line": span.line} | ({} if span.cell is None else {"cell": span.cell})
