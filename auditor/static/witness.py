"""The static witness: reads a program and tells its trace."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auditor.libraries import load, with_callables
from auditor.memory import without_collector
from auditor.static.drive import Driver, Unfinished
from auditor.static.programs import Programs
from auditor.static.project import File, Problem, Project
from auditor.trace import Limits, Model, Trace

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
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Telling:
    """Interpret these files as one program, and tell what may happen in it.

    Files that neither name a library of training code nor import one that does are read only where another one
    imports them. ``callables`` are what the user declares, by dotted name, with the role of each; ``limits`` is what
    rules about sizes go by.
    """
    return _told(_driven(files, callables or {}, progress), len(files), limits)


def networks(
    files: Sequence[File],
    *,
    callables: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Telling, tuple[Model, ...]]:
    """The same, with every network that is made, also those that nothing happens to."""
    driver = _driven(files, callables or {}, progress)
    return _told(driver, len(files), limits), tuple(driver.networks())


def _told(driver: Driver, files: int, limits: Limits | None) -> Telling:
    driver.complete_models()
    trace = Trace(driver.events.values(), limits or Limits(), driver.spoken(), Programs(driver.project))
    unfinished = tuple(sorted(set(driver.exhausted)))
    return Telling(trace, tuple(driver.project.problems), tuple(driver.failures), files, unfinished)


def _driven(
    files: Sequence[File], callables: Mapping[str, str], progress: Callable[[int, int], None] | None
) -> Driver:  # fmt: skip
    libraries = with_callables(load(), callables)
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
    return driver
