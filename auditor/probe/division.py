"""Which rows each seed trains on and is scored on: all of them in one pool, and indices into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from auditor.errors import ProbeError
from auditor.probe.experiment import Experiment
from auditor.probe.loading import Loaded, fits, load, ready
from auditor.probe.network import seeded
from auditor.probe.rows import Ragged, Rows, Source, merged, tensors

Spread = Literal["weights", "resplit", "redraw"]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """One seed's rows, as indices into the pool. The halves divide the validation rows: positions among these."""

    train: torch.Tensor
    validation: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each side."""
        return {"train": len(self.train), "validation": len(self.validation)}


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """All rows of all seeds, and how each seed divides them."""

    rows: Source
    divisions: dict[int, Division]
    spread: Spread
    batch_size: int | None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each side, as the first seed has them."""
        return next(iter(self.divisions.values())).counts


def pooled(
    experiment: Experiment, seeds: Sequence[int], dtype: torch.dtype | None, device: torch.device, *, resplit: bool
) -> Pool:
    """Reads the rows and divides them: as given, redrawn for each seed by factories, or divided anew.

    Resplitting keeps the sizes of both sides. Halves are drawn once for a seed.
    """
    redrawn = callable(experiment.train) or callable(experiment.validation)
    if redrawn and resplit:
        raise ProbeError("resplit: factories redraw the rows for each seed already; ask for one of the two")
    given = (("train", experiment.train), ("validation", experiment.validation))
    draws = [[drawn(source, seed, side) for side, source in given] for seed in (seeds if redrawn else seeds[:1])]
    rows = together([one.rows for draw in draws for one in draw], dtype, device)
    divisions = {}
    start = 0
    for number, seed in enumerate(seeds):
        train, validation = draws[number if redrawn else 0]
        n, m = len(train.rows), len(validation.rows)
        order = torch.arange(start, start + n + m)
        if resplit:
            order = torch.from_numpy(np.random.default_rng([seed, 1]).permutation(n + m))
        start += n + m if redrawn else 0
        divisions[seed] = division(order[:n], order[n:], seed)
    spread: Spread = "redraw" if redrawn else "resplit" if resplit else "weights"
    notes = tuple(dict.fromkeys(note for draw in draws for one in draw for note in one.notes))
    return Pool(rows, divisions, spread, experiment.batch_size or draws[0][0].batch_size, notes)


def drawn(source: Any, seed: int, side: str) -> Loaded:
    """The rows of one side under a seed; a side that is no factory is the same for all. Call it inside `untouched`."""
    seeded(seed)
    return load(source(seed) if callable(source) else source, side)


def together(parts: Sequence[Rows | Ragged], dtype: torch.dtype | None, device: torch.device) -> Source:
    """One pool of all parts. Rows that do not fit together stay apart until they are batched."""
    rows = [one for one in parts if isinstance(one, Rows)]
    if len(rows) == len(parts) and fits(rows):
        return ready(merged(rows), dtype, device)
    ragged = [one for one in parts if isinstance(one, Ragged)]
    if not ragged:
        shapes = " and ".join(sorted({str([tuple(leaf.shape[1:]) for leaf in of]) for of in map(tensors, rows)}))
        raise ProbeError(f"train and validation rows have different shapes: {shapes}")
    collate = ragged[0].collate
    samples = [sample for one in parts for sample in unbatched(one)]
    return Ragged(samples, lambda some: ready(collate(some), dtype, device))


def unbatched(rows: Rows | Ragged) -> Sequence[Any]:
    if isinstance(rows, Ragged):
        return rows.samples
    raise ProbeError("one side's rows are padded to batches, the other's are not; give both as datasets of one kind")


def division(train: torch.Tensor, validation: torch.Tensor, seed: int) -> Division:
    order = torch.from_numpy(np.random.default_rng([seed, 2]).permutation(len(validation)))
    middle = (len(order) + 1) // 2
    return Division(train, validation, order[:middle].sort().values, order[middle:].sort().values)


def fewer(whole: Division, share: float, seed: int) -> Division:
    """A share of the rows of both sides, the same for every seed where the division is."""
    generator = np.random.default_rng(4)
    sides = []
    for side in (whole.train, whole.validation):
        part = generator.permutation(len(side))[: max(2, round(share * len(side)))]
        sides.append(side[torch.from_numpy(np.sort(part))])
    return division(sides[0], sides[1], seed)
