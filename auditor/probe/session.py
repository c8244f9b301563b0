"""One probe from an experiment to its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.errors import UsageError
from auditor.probe.about_rows import about_rows
from auditor.probe.conclude import conclude
from auditor.probe.division import drawn
from auditor.probe.duration import seconds
from auditor.probe.experiment import Experiment
from auditor.probe.gap_report import GapReport
from auditor.probe.measure import measure
from auditor.probe.treatment import Remedy
from auditor.probe.untouched import untouched


def probe(  # noqa: PLR0913  # what a user may choose, by name
    experiment: Experiment,
    seeds: int = 5,
    budget: float | str | None = None,
    device: str = "auto",
    *,
    resplit: bool = False,
    remedies: Sequence[str | Remedy] | None = None,
    smallest_effect: float | Mapping[str, float] | None = None,
    racing: bool = False,
    jobs: int | None = None,
    progress: Callable[[float, float | None], None] | None = None,
    name: str = "experiment",
) -> GapReport:
    """Retrains ``experiment`` and reports its generalization gap, and what remedies are worth against the control.

    Nothing of the caller's is changed: weights, modes, hooks, random state.

    Args:
        seeds: trainings of every variant. One has no interval, and fewer than three give no verdict.
        budget: seconds, or text such as ``"60s"``, ``"5m"``; what does not fit is cut, and the report says what.
        device: ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where there is one.
        resplit: divide all rows anew for each seed, so that intervals cover the division too.
        remedies: names of what to try (``audit probe --help`` lists them), or remedies of your own; all by default.
        smallest_effect: what is worth a change, of the metric that decides or by quantity; by default .005 of a
            score in [0, 1] and 1% of anything else.
        racing: stop remedies early that are clearly dominated; they are listed without an interval.
        jobs: how many processes train, through joblib and its configured backend; by default this one.
        progress: told now and then the share that is done, and the seconds left where they are known.
        name: how the report calls it.

    Raises:
        UsageError: an argument that means nothing.
        ProbeError: the experiment cannot be run as it was declared, or its own loss is no finite number.
    """
    if seeds < 1:
        raise UsageError(f"seeds must be at least 1, not {seeds}")
    measurement = measure(
        experiment,
        seeds=seeds,
        budget=seconds(budget) if isinstance(budget, str) else budget,
        device=device,
        resplit=resplit,
        remedies=remedies,
        racing=racing,
        jobs=jobs,
        progress=progress,
    )
    with untouched():
        sides = [drawn(experiment.train, 0, "train").rows, drawn(experiment.validation, 0, "validation").rows]
        about = about_rows(*sides)
    return conclude(
        measurement,
        name=name,
        smallest=smallest_effect,
        duplicates=about.duplicates,
        label_noise=about.label_noise,
    )
