"""Retrains an experiment under seeds and remedies, and returns the curves."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from auditor.errors import ProbeError
from auditor.probe import remedies as folder
from auditor.probe.budget import Budget
from auditor.probe.curves import Measurement, Variant
from auditor.probe.experiment import Experiment
from auditor.probe.study import Progress, Study
from auditor.probe.treatment import Remedy, Treatment
from auditor.probe.untouched import untouched

FRACTIONS = (0.25, 0.5, 0.75)
"""Shares of the training rows for the learning curve."""
MEMORIZATION = "random labels"


def measure(  # noqa: PLR0913  # a study has many knobs; each is a keyword
    experiment: Experiment,
    *,
    seeds: int = 5,
    budget: float | None = None,
    device: str = "auto",
    remedies: Sequence[str | Remedy] | None = None,
    resplit: bool = False,
    fractions: Sequence[float] = FRACTIONS,
    memorization: bool = True,
    racing: bool = False,
    batched: bool = True,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Trains the control, what the remedies propose and the measures of their own, each under the same seeds.

    ``seeds`` is how many; ``budget`` is in seconds, and what it cuts is in the notes. ``remedies`` are names or
    functions, None for all. ``resplit`` divides the rows of both sides anew for each seed. ``racing`` stops what is
    clearly dominated. ``jobs`` is how many processes train, through joblib and its configured backend (Dask, Ray);
    then nothing races. ``batched=False`` trains one network after another, as a check and for comparisons of cost. An
    interrupt (Ctrl-C) after the first scores returns what there is, with ``interrupted`` set.

    The experiment's objects and the random state of the process are as before when this returns or raises.

    Raises:
        ProbeError: the experiment cannot be run as declared, or a remedy or device does not exist.
    """
    if seeds < 1:
        raise ProbeError(f"seeds must be at least 1, not {seeds}")
    if any(not 0 < fraction < 1 for fraction in fractions):
        raise ProbeError(f"fractions must lie between 0 and 1: {', '.join(map(str, fractions))}")
    with untouched():
        study = Study(
            experiment, range(seeds), Budget(budget), placed(device), resplit=resplit, batched=batched, jobs=jobs
        )
        study.progress = progress or study.progress
        study.racing = racing
        own = [*([memorized()] if memorization else []), *map(fraction_of, fractions)]
        return study.measured([*study.proposed(folder.chosen(remedies)), *own])


def placed(device: str) -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ProbeError(f"device {device}: torch sees no CUDA here; use --device cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ProbeError(f"device {device}: torch cannot use it here; use --device cpu") from error


def memorized() -> Treatment:
    """Training rows with each other's targets: what is fitted then is memorized (Zhang et al., "Understanding deep
    learning requires rethinking generalization", ICLR 2017)."""
    change = "the targets of the training rows are shuffled among them"
    return Treatment(Variant(MEMORIZATION, change, "memorization"), permuted=True)


def fraction_of(share: float) -> Treatment:
    change = f"{share:.0%} of the training rows"
    return Treatment(Variant(f"{share:.0%} of the rows", change, "fraction", fraction=share))
