"""The fixtures as the tests see them: programs with verdicts on their lines, and what the auditor says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from auditor.audit import audit
from auditor.settings import Settings
from auditor.trace import Finding, Severity

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
PROJECTS = FIXTURES / "projects"
SETTINGS = Settings(severity=Severity.NOTE)  # and medium confidence, by default

_VERDICT = re.compile(r"#\s*(expect|ok|known-miss|known-false-alarm):\s*([A-Z]{3}\d{3}(?:\s*,\s*[A-Z]{3}\d{3})*)")


class Spot(NamedTuple):
    """One code at one line; ``cell`` is 0 outside notebooks."""

    path: str
    cell: int
    line: int
    code: str

    def __str__(self) -> str:
        where = f":cell {self.cell}" if self.cell else ""
        return f"{self.path}{where}:{self.line} {self.code}"


@dataclass(frozen=True, slots=True)
class Said:
    """A finding as the tests compare it."""

    spot: Spot
    message: str
    elsewhere: frozenset[str]
    """The other files that its evidence touches."""

    def __str__(self) -> str:
        return f"{self.spot}  {self.message}"


def programs() -> list[Path]:
    """What is read as one program: a project's folder, or a file of its own."""
    files = (it for it in FIXTURES.rglob("*") if it.suffix in (".py", ".ipynb") and PROJECTS not in it.parents)
    return [*sorted(files), *sorted(it for it in PROJECTS.iterdir() if it.is_dir())]


def named(program: Path) -> str:
    return program.relative_to(FIXTURES).as_posix()


def lines(file: Path) -> Iterator[tuple[int, int, str]]:
    """Cell (0 outside notebooks), line and text."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        for number, line in enumerate(text.splitlines(), start=1):
            yield 0, number, line
        return
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, start=1):
        for number, line in enumerate("".join(cell["source"]).splitlines(), start=1):
            yield count, number, line


@cache
def verdicts(program: Path) -> dict[str, frozenset[Spot]]:
    """The markers of a program by their kind."""
    found: dict[str, set[Spot]] = {kind: set() for kind in ("expect", "ok", "known-miss", "known-false-alarm")}
    files = [program] if program.is_file() else [it for it in program.rglob("*") if it.suffix in (".py", ".ipynb")]
    for file in files:
        for cell, number, line in lines(file):
            for kind, codes in _VERDICT.findall(line):
                found[kind] |= {Spot(named(file), cell, number, code) for code in re.split(r"\s*,\s*", codes)}
    return {kind: frozenset(spots) for kind, spots in found.items()}


def heard(path: Path, root: Path = FIXTURES) -> list[Said]:
    """What the auditor says of a path, down to notes; raises AssertionError where the audit did not go well."""
    outcome = audit([str(path)], SETTINGS)
    assert not outcome.problems, outcome.problems
    assert not outcome.failures, "\n".join(outcome.failures)
    return [_said(finding, root) for finding in outcome.findings]


def _said(finding: Finding, root: Path) -> Said:
    def relative(path: str) -> str:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()

    span, here = finding.place.span, relative(finding.place.path)
    others = {relative(step.place.path) for step in finding.evidence} - {here}
    return Said(Spot(here, span.cell or 0, span.line, finding.code), finding.message, frozenset(others))


@cache
def heard_of_all() -> tuple[Said, ...]:
    """One audit of all the fixtures together."""
    return tuple(heard(FIXTURES))
