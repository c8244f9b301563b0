"""What fits into the time there is, and what is cut where not everything does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from auditor.errors import ProbeError
from auditor.probe.division import fewer
from auditor.probe.records import Run
from auditor.probe.training import Course, schedule

SPENDABLE = 0.7
"""The share of the time left that is planned for; estimates err."""
LONGEST = 1000
"""Epochs at most where the budget alone says how many."""
FEWEST_SEEDS = 3


class OutOfTime(Exception):
    """The budget is spent."""


@dataclass(slots=True)
class Budget:
    """``seconds`` from now on; None: as long as it takes."""

    seconds: float | None
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ProbeError(f"budget must be a number of seconds above 0, not {self.seconds!r}")

    @property
    def spent(self) -> float:
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        return float("inf") if self.seconds is None else self.seconds - self.spent


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one run: an epoch of training, and a scoring."""

    epoch: float
    scoring: float

    def of(self, runs: int, epochs: int) -> float:
        return runs * (epochs * self.epoch + len(schedule(epochs)) * self.scoring)

    def epochs_in(self, seconds: float, runs: int) -> int:
        """The most epochs that fit."""
        few = len(schedule(LONGEST)) * self.scoring * runs
        return max(1, min(LONGEST, int((seconds - few) / (self.epoch * runs))))


def timed(course: Course) -> Cost:
    """What a run of this course costs: a step and a scoring, the second time each is done."""
    size = course.engine.size
    batches = course.batches()
    first = next(batches)
    course.engine.step(first)
    started = time.perf_counter()
    course.engine.step(next(batches, first))
    step = time.perf_counter() - started
    course.scores("validation")
    started = time.perf_counter()
    course.scores("validation")
    course.scores("train")
    scoring = time.perf_counter() - started
    return Cost(epoch=step * course.steps / size, scoring=scoring / size)


def cut(runs: Sequence[Run], epochs: int, cost: Cost, seconds: float) -> tuple[list[Run], list[str]]:
    """The runs that fit into the seconds, and what was cut: measures of their own first, then seeds, then rows."""
    notes = []
    left = list(runs)

    def over() -> bool:
        return cost.of(len(left), epochs) > seconds

    def without(kind: Callable[[Run], bool]) -> list[Run]:
        return [run for run in left if not kind(run)]

    for purpose, said in (("fraction", "the learning curve"), ("memorization", "memorization of random labels")):
        if over() and any(run.treatment.variant.purpose == purpose for run in left):
            left = without(lambda run: run.treatment.variant.purpose == purpose)
            notes.append(f"budget: {said} was not measured")
    seeds = sorted({run.seed for run in left})
    while over() and len(seeds) > FEWEST_SEEDS:
        last = seeds.pop()
        left = without(lambda run: run.seed == last)
    if len(seeds) < len({run.seed for run in runs}):
        notes.append(f"budget: {len(seeds)} seeds were run instead of {len({run.seed for run in runs})}")
    if over():
        share = seconds / cost.of(len(left), epochs)
        left = [reduced(run, share) for run in left]
        counts = f"{len(left[0].division.train)} training and {len(left[0].division.validation)} validation rows"
        notes.append(
            f"budget: {counts} were drawn from {len(runs[0].division.train)} and {len(runs[0].division.validation)}"
        )
    return left, notes


def reduced(run: Run, share: float) -> Run:
    """The run on a share of its rows; labels that were shuffled stay shuffled among all."""
    division = fewer(run.division, share, run.seed)
    kept = {int(row): number for number, row in enumerate(run.division.train)}
    at = [kept[int(row)] for row in division.train]
    return replace(run, division=division, labels=run.labels[at])
