"""The form of a rule: a function from a trace to findings, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from sys import modules

from auditor.trace.findings import Confidence, Evidence, Finding, Fix, Severity
from auditor.trace.places import Place
from auditor.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Report:
    """What a rule's function yields; the rule adds its code and name."""

    place: Place
    message: str
    evidence: tuple[Evidence, ...] = ()
    confidence: Confidence = Confidence.HIGH
    severity: Severity | None = None
    """None: the rule's own."""
    fix: Fix | None = None
    explains: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. Discovery finds it as a module attribute of a package of rules; nothing lists rules by hand."""

    code: str
    name: str
    severity: Severity
    over: tuple[str, ...]
    """Codes whose findings this rule's findings stand for, where both have one cause."""
    judge: Callable[[Trace], Iterable[Report]]

    @property
    def page(self) -> str:
        """The manual page: the docstring of the module that holds the rule."""
        return cleandoc(modules[self.judge.__module__].__doc__ or "")

    def __call__(self, trace: Trace) -> Iterator[Finding]:
        for report in self.judge(trace):
            severity = self.severity if report.severity is None else report.severity
            yield Finding(
                self.code,
                self.name,
                severity,
                report.confidence,
                report.place,
                report.message,
                report.evidence,
                report.fix,
                report.explains,
            )


def rule(
    code: str, name: str, severity: Severity, over: tuple[str, ...] = ()
) -> Callable[[Callable[[Trace], Iterable[Report]]], Rule]:
    """Make a rule of a function that judges a trace."""

    def made(judge: Callable[[Trace], Iterable[Report]]) -> Rule:
        return Rule(code, name, severity, over, judge)

    return made
