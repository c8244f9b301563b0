"""The static witness: reads a program and tells its trace."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auditor.libraries import load, with_callables
from auditor.static.drive import Driver, Unfinished
from auditor.static.programs import Programs
from auditor.static.project import File, Problem, Project, without_collector
from auditor.trace import Trace

DEEPEST_NESTING = 6000
MOST_IMPORTERS = 3
"""How far importers of importers are followed."""


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
    unfinished: tuple[Unfinished, ...] = ()
    """What was not followed to its end, since it took more steps than it is worth."""


def concerned(project: Project, pattern: re.Pattern[bytes]) -> list[str]:
    """The files that name a library of training code, and those that import them, by a search of their bytes."""
    found = {unit.name: unit for unit in project.units.values() if unit.file.mentions(pattern)}
    for _ in range(MOST_IMPORTERS):
        tails = {re.escape(unit.tail.encode()) for unit in found.values()}
        importing = re.compile(
            rb"^[ \t]*(?:from|import)\b[^\n#]*\b(?:" + b"|".join(sorted(tails)) + rb")\b", re.MULTILINE
        )
        others = [unit for unit in project.units.values() if unit.name not in found]
        more = {unit.name: unit for unit in others if tails and unit.file.mentions(importing)}
        if not more:
            break
        found.update(more)
    return [name for name in project.units if name in found]


def tell(
    files: Sequence[File],
    *,
    callables: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Telling:
    """Interpret these files as one program, and tell what may happen in it.

    Files that neither name a library of training code nor import one that does are read only where another one
    imports them. ``callables`` are what the user declares, by dotted name, with the role of each.
    """
    libraries = with_callables(load(), callables or {})
    project = Project(files)
    names = concerned(project, libraries.trigger_pattern)
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
        with without_collector():
            driver.drive(names, advance)
    finally:
        sys.setrecursionlimit(limit)
    driver.complete_models()
    unfinished = tuple(sorted(set(driver.exhausted)))
    trace = Trace(driver.events.values(), driver.spoken(), Programs(project))
    return Telling(trace, tuple(project.problems), tuple(driver.failures), len(files), unfinished)
