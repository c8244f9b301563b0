"""One training to be done, and what it has scored so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from auditor.probe.curves import Curve, Side
from auditor.probe.division import Division
from auditor.probe.treatment import Treatment

HALVES: tuple[Side, Side] = ("first", "second")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A treatment under a seed, on its rows. ``labels`` are the rows whose targets the training rows get, ``(n,)``."""

    treatment: Treatment
    seed: int
    division: Division
    labels: torch.Tensor

    @property
    def name(self) -> str:
        return self.treatment.variant.name

    @property
    def draw(self) -> int:
        """What seeds the weights and the order of the rows: the same for all treatments under a seed."""
        return self.seed + 1_000_003 * self.treatment.draws

    def rows(self, side: Side) -> torch.Tensor:
        """The pool's indices of one side's rows."""
        if side == "train":
            return self.division.train
        if side == "validation":
            return self.division.validation
        return self.division.validation[self.division.first if side == "first" else self.division.second]


@dataclass(slots=True, eq=False)
class Record:
    """The scores of one run so far. ``weights`` is how many are trained."""

    run: Run
    weights: int
    epochs: list[int] = field(default_factory=list)
    scores: dict[Side, dict[str, list[float]]] = field(default_factory=dict)
    modes: dict[str, float] = field(default_factory=dict)
    complete: bool = False
    diverged: bool = False

    def note(self, epoch: int, found: Mapping[Side, Mapping[str, float]]) -> None:
        """Adds the scores of one epoch, unless a loss is or was no finite number."""
        self.diverged = self.diverged or not all(math.isfinite(of["loss"]) for of in found.values())
        if self.diverged:
            return
        self.epochs.append(epoch)
        for side, scores in found.items():
            for name, value in scores.items():
                self.scores.setdefault(side, {}).setdefault(name, []).append(value)

    def curve(self) -> Curve:
        scores = {side: {name: np.array(values) for name, values in of.items()} for side, of in self.scores.items()}
        variant, seed = self.run.name, self.run.seed
        return Curve(variant, seed, tuple(self.epochs), scores, self.complete, self.diverged, self.weights)
