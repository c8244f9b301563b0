"""What retraining measured, before anything is concluded from it: the one thing that training hands to statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Side = Literal["train", "validation", "first", "second"]
"""Rows that were scored, always in eval mode. ``first`` and ``second`` are halves of the validation rows, drawn
once for a seed: an epoch that is chosen on one half is judged on the other, and the other way round."""

Scores: TypeAlias = NDArray[np.float64]
"""``(E,)``: one number for each scored epoch."""

CONTROL = "control"
"""The variant that is the experiment as its author wrote it."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One training of one variant under one seed: its scores after each scored epoch.

    ``epochs`` are 1-based and rising, ``(E,)``. ``scores[side][quantity]`` is ``(E,)``; quantity is ``"loss"`` (a mean
    over rows, in the loss's own unit) or a metric's name. ``complete`` is False for a training that racing, the
    budget or an interrupt ended before its last epoch, and ``diverged`` where its loss was no finite number.
    """

    variant: str
    seed: int
    epochs: tuple[int, ...]
    scores: Mapping[Side, Mapping[str, Scores]]
    complete: bool = True
    diverged: bool = False
    weights: int = 0
    """Trainable weights of this variant's network."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A quantity's name and which way it improves: ``"higher"`` for an accuracy, ``"lower"`` for an error."""

    name: str
    better: Literal["higher", "lower"]
    bounded: bool = False
    """It lies in [0, 1], so that effects on it are judged on that scale."""
