"""A witness that tells what a test wants to hear."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.outcome import Hidden, Outcome, Problem
from auditor.sources import SourceFile
from auditor.trace import Confidence, Evidence, Finding, Limits, Place, Report, Rule, Severity, Span, Trace, rule


@dataclass(eq=False)
class Page:
    """A source whose nodes are the spans that were asked for."""

    path: str
    spans: list[Span] = field(default_factory=list)

    def span(self, node: int) -> Span:
        return self.spans[node]

    def text(self, node: int) -> str:
        return f"node {node}"

    def remark(self, node: int) -> str:
        return ""

    def place(self, line: int, column: int = 1, end: int | None = None, cell: int | None = None) -> Place:
        self.spans.append(Span(line, column, line, column + 1 if end is None else end, cell))
        return Place(self, len(self.spans) - 1)


class Story(Trace):
    """A trace that brings its findings with it: what the made-up rules report, by code."""

    def __init__(self, reports: dict[str, list[Report]]) -> None:
        super().__init__(())
        self.reports = reports


def made_up_rule(code: str, severity: Severity = Severity.ERROR, over: tuple[str, ...] = ()) -> Rule:
    @rule(code, f"made-up-{code.lower()}", severity, over)
    def reported(trace: Trace) -> Iterator[Report]:
        assert isinstance(trace, Story)
        yield from trace.reports.get(code, ())

    return reported


def outcome(*findings: Finding, **more: Any) -> Outcome:
    """What an audit of three files has to tell."""
    given: dict[str, Any] = {
        "failing": len(findings),
        "hidden": Hidden(),
        "problems": (),
        "failures": (),
        "seen": 3,
        "audited": 2,
        "line": lambda path, line, cell: f"        {path}(x, {line})",
    }
    return Outcome(findings, **given | more)


def finding(path: str = "train.py", **more: Any) -> Finding:
    page = Page(path)
    given: dict[str, Any] = {
        "code": "TST001",
        "name": "made-up",
        "severity": Severity.ERROR,
        "confidence": Confidence.HIGH,
        "place": page.place(42, 9, 17),
        "message": "`model` is scored while it is in train mode: its dropout is active. Call `model.eval()` before.",
        "evidence": (Evidence(Page("net.py").place(12), "built here"), Evidence(page.place(40), "put in train mode")),
    }
    return Finding(**given | more)


RULES = (
    made_up_rule("TST001"),
    made_up_rule("TST002", Severity.WARNING),
    made_up_rule("TST003", Severity.NOTE),
    made_up_rule("TST005", over=("TST001",)),
)


@dataclass(frozen=True)
class Telling:
    trace: Trace
    problems: tuple[Problem, ...]
    failures: tuple[str, ...]
    audited: int
    unfinished: tuple[tuple[str, str], ...] = ()


_MARK = re.compile(r"(\w+\(.*\)) *# (TST\d+)( unsure)?")


def tell(
    files: Sequence[SourceFile],
    *,
    callables: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
    failures: tuple[str, ...] = (),
) -> Telling:
    """Reports every call that a comment says to report: ``model(x)  # TST001``, or ``# TST001 unsure``."""
    reports: dict[str, list[Report]] = {}
    problems: list[Problem] = []
    for done, file in enumerate(files, 1):
        try:
            text = file.text()
        except ValueError as error:
            problems.append(Problem(file.path, getattr(error, "line", 1), getattr(error, "message", "")))
            continue
        page = Page(file.path)
        for number, line in enumerate(text.split("\n"), 1):
            if found := _MARK.search(line):
                shown, cell = file.locate(number)
                column = file.column(number, found.start() + 1)
                place = page.place(shown, column, column + len(found[1]), cell)
                confidence = Confidence.LOW if found[3] else Confidence.HIGH
                evidence = (Evidence(page.place(1, cell=cell), "this is where it began"),)
                reports.setdefault(found[2], []).append(Report(place, f"`{found[1]}` is called.", evidence, confidence))
        if progress is not None:
            progress(done, len(files))
    return Telling(Story(reports), tuple(problems), failures, len(files) - len(problems))
