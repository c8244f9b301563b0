"""The static witness: reads a program and tells its trace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor.libraries import load
from auditor.static.drive import Driver
from auditor.static.project import File, Problem, Project
from auditor.trace import Trace

DEEPEST_NESTING = 6000


@dataclass(frozen=True, slots=True)
class Telling:
    """What the witness has to say."""

    trace: Trace
    problems: tuple[Problem, ...]
    """Files that could not be read or parsed."""
    failures: tuple[str, ...]
    """What went wrong inside the interpreter, by file: errors of ours."""
    audited: int
    """Files that training code was looked for in."""


def tell(files: Sequence[File], *, progress: Callable[[int, int], None] | None = None) -> Telling:
    """Interpret these files as one program, and tell what may happen in it.

    Files that name no library of training code are read only where another one imports them.
    """
    libraries = load()
    project = Project(files)
    pattern = libraries.trigger_pattern
    names = [unit.name for unit in project.units.values() if unit.file.mentions(pattern)]
    driver = Driver(project, libraries)
    done = 0

    def advance(name: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(names))

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST_NESTING))
    try:
        driver.drive(names, advance)
    finally:
        sys.setrecursionlimit(limit)
    driver.complete_models()
    return Telling(Trace(driver.events.values()), tuple(project.problems), tuple(driver.failures), len(files))
