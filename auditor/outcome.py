"""What an audit has to tell, whatever the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from auditor.trace import Finding, Model, Severity, Training

ShownLine = Callable[[str, int, int | None], str]
"""The source line at a path, a line and a notebook cell, as its owner has it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A file, or a line of one, that could not be audited."""

    path: str
    line: int
    message: str
    cell: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Unused:
    """A suppression that silenced nothing."""

    path: str
    cell: int | None
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """How many findings there are that are not shown, and why not."""

    below: Mapping[Severity, int] = field(default_factory=dict)
    """Of shown confidence, below the lowest severity shown."""
    unsure: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The networks of a program, in the order in which they are made, and how they are trained."""

    models: tuple[Model, ...]
    trained: tuple[Training, ...]
    problems: tuple[Problem, ...]
    failures: tuple[str, ...]
    seen: int
    audited: int
    empty: tuple[str, ...] = ()

    def trainings(self, model: Model) -> list[Training]:
        """How it is trained, once for each place."""
        found = {training.place: training for training in self.trained if training.model is model}
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """``findings`` are those to show, in the order to show them. ``failing`` counts those that decide the exit code, of
    which `--severity` may hide some. ``failures`` are internal errors, one line each."""

    findings: tuple[Finding, ...]
    failing: int
    hidden: Hidden
    problems: tuple[Problem, ...]
    failures: tuple[str, ...]
    seen: int
    audited: int
    line: ShownLine
    empty: tuple[str, ...] = ()
    """The folders to audit in which there was nothing to audit."""
    unused: tuple[Unused, ...] | None = None
    """None: nobody asked."""
    unfinished: tuple[tuple[str, str], ...] = ()
    """What was not followed to its end for its size: the file, and the function or class, if any."""

    def exit_code(self, *, fail_on_errors: bool = False) -> int:
        """0: nothing to fail on; 1: findings (or, on request, files that could not be audited); 2: we failed inside."""
        if self.failures:
            return 2
        return int(self.failing > 0 or (fail_on_errors and bool(self.problems)))
