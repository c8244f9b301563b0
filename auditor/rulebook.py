"""Finds the rules and lets them judge a trace. No rule is named here, or anywhere else in the engine."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from types import ModuleType

from auditor.errors import RuleError, one_line
from auditor.memory import without_collector
from auditor.trace import Evidence, Finding, Place, Rule, Trace

GROUP = "auditor.rules"
"""The entry-point group in which other distributions name their modules or packages of rules."""
NUMBERED = re.compile(r"(?<=\bline )\d+|(?<=\bcell )\d+|(?<=:)\d+")
"""The numbers of lines and cells in a message."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules found, and which of them failed inside and why (one line each)."""

    findings: tuple[Finding, ...]
    failures: tuple[str, ...] = ()


def discover() -> tuple[Rule, ...]:
    """The built-in rules and those of installed distributions, by code.

    Raises `RuleError` when a module of rules cannot be imported, or two rules claim one code or name.
    """
    packages = [GROUP, *sorted(point.value for point in entry_points(group=GROUP))]
    found: dict[int, Rule] = {}
    for package in packages:
        for module in _modules(package):
            found |= {id(rule): rule for rule in vars(module).values() if isinstance(rule, Rule)}
    return _ordered(found.values())


def judge(trace: Trace, rules: Iterable[Rule]) -> Judgement:
    """Every rule over one trace: one finding a code and place, one code a cause."""
    findings: list[Finding] = []
    failures: list[str] = []
    over: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        over[rule.code] = rule.over
        try:
            with without_collector():
                findings.extend(rule(trace))
        except Exception as error:  # noqa: BLE001 - a rule's bug must not cost the user the other rules' findings
            failures.append(f"rule {rule.code} ({rule.name}) failed: {one_line(error)}")
    return Judgement(tuple(_one_a_cause(_one_a_place(findings), over)), tuple(failures))


def _modules(package: str) -> Iterator[ModuleType]:
    """A package and all below it, imported."""
    root = _imported(package)
    yield root
    for info in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.", onerror=_imported):
        yield _imported(info.name)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise RuleError(f"the rules in `{name}` cannot be loaded: {one_line(error)}") from error


def _ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    taken: dict[str, Rule] = {}
    for rule in rules:
        for word in (rule.code, rule.name):
            other = taken.setdefault(word, rule)
            if other is not rule:
                homes = f"{other.judge.__module__} and {rule.judge.__module__}"
                raise RuleError(f"two rules are called {word}: {homes}; codes and names are never reused")
    return tuple(sorted(set(taken.values()), key=lambda rule: rule.code))


def _one_a_place(findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of a code at a place stands, the surest of them speaks; the others become its evidence."""
    found: dict[tuple[str, Place], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.code, finding.place), []).append(finding)
    return [_joined(several) if len(several) > 1 else several[0] for several in found.values()]


def _joined(findings: list[Finding]) -> Finding:
    chief = max(findings, key=lambda one: one.confidence)
    said, steps = {_without_lines(chief.message)}, dict.fromkeys(chief.evidence)
    for one in findings:
        new = [step for step in one.evidence if step not in steps]
        if not new and _without_lines(one.message) not in said:
            said.add(_without_lines(one.message))
            new = [Evidence(one.place, one.message)]
        steps.update(dict.fromkeys(new))
    return replace(
        chief,
        severity=max(one.severity for one in findings),
        evidence=tuple(steps),
        fix=next((one.fix for one in (chief, *findings) if one.fix is not None), None),
        explains=frozenset().union(*(one.explains for one in findings)),
    )


def _without_lines(message: str) -> str:
    """Two messages that differ in the lines that they name say the same."""
    return NUMBERED.sub("", message)


def _one_a_cause(findings: list[Finding], over: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    explained = {(code, place) for finding in findings for code in over[finding.code] for place in finding.explains}
    return (finding for finding in findings if (finding.code, finding.place) not in explained)
