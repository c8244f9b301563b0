"""Which rows each seed trains on and is scored on: all of them in one pool, and indices into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from auditor.errors import ProbeError
from auditor.probe.experiment import Experiment
from auditor.probe.loading import load
from auditor.probe.network import seeded
from auditor.probe.rows import Rows, joined

Spread = Literal["weights", "resplit", "redraw"]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """One seed's rows, as indices into the pool. The halves divide the validation rows: positions among these."""

    train: torch.Tensor
    validation: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """All rows of all seeds, and how each seed divides them."""

    rows: Rows
    divisions: dict[int, Division]
    spread: Spread
    counts: dict[str, int]


def pooled(experiment: Experiment, seeds: range, *, resplit: bool) -> Pool:
    """Reads the rows and divides them: as given, redrawn for each seed by factories, or divided anew.

    Resplitting keeps the sizes of both sides. Halves are drawn once for a seed.
    """
    redrawn = callable(experiment.train) or callable(experiment.validation)
    if redrawn and resplit:
        raise ProbeError("resplit: factories redraw the rows for each seed already; ask for one of the two")
    if not redrawn:
        return divided(load(experiment.train, "train"), load(experiment.validation, "validation"), seeds, resplit)
    parts: list[Rows] = []
    divisions: dict[int, Division] = {}
    start = 0
    for seed in seeds:
        train, validation = drawn(experiment.train, seed, "train"), drawn(experiment.validation, seed, "validation")
        middle, end = start + len(train), start + len(train) + len(validation)
        divisions[seed] = division(torch.arange(start, middle), torch.arange(middle, end), seed)
        parts += [train, validation]
        start = end
    counts = {"train": len(parts[0]), "validation": len(parts[1])}
    return Pool(joined(parts), divisions, "redraw", counts)


def drawn(source: object, seed: int, side: str) -> Rows:
    """The rows of one side under a seed; a side that is no factory is the same for all."""
    seeded(seed)
    return load(source(seed) if callable(source) else source, side)


def divided(train: Rows, validation: Rows, seeds: range, resplit: bool) -> Pool:
    n, m = len(train), len(validation)
    divisions = {}
    for seed in seeds:
        order = torch.arange(n + m)
        if resplit:
            order = torch.from_numpy(np.random.default_rng([seed, 1]).permutation(n + m))
        divisions[seed] = division(order[:n], order[n:], seed)
    spread: Spread = "resplit" if resplit else "weights"
    return Pool(joined([train, validation]), divisions, spread, {"train": n, "validation": m})


def division(train: torch.Tensor, validation: torch.Tensor, seed: int) -> Division:
    order = torch.from_numpy(np.random.default_rng([seed, 2]).permutation(len(validation)))
    middle = (len(order) + 1) // 2
    return Division(train, validation, order[:middle].sort().values, order[middle:].sort().values)
