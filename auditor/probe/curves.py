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


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that was tried: the control, a remedy, or a run that is a measure of its own.

    ``change`` is the line that the user would write (``nn.Dropout(0.4) after each hidden activation``). ``purpose``
    tells remedies, which are compared with the control, from the learning curve (``fraction`` of the training rows)
    and from memorization (labels of the training rows permuted). ``chooses`` is True for a remedy that keeps the
    weights of its best epoch: it is judged by epochs chosen on one half and scored on the other.
    """

    name: str
    change: str
    purpose: Literal["control", "remedy", "fraction", "memorization"]
    fraction: float = 1.0
    chooses: bool = False
    notes: tuple[str, ...] = ()
    """What a reader must know of it: ``this decay can shrink the weights by 0.05% over these 100 steps``."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """All that a probe measured, with nothing concluded.

    ``spread`` says what differs between seeds: weights and order only, the division of the rows too (``resplit``), or
    the rows themselves (``redraw``). ``modes`` holds, for each quantity, the training rows' score in train mode minus
    the same score in eval mode, one number for each seed of the control, after the last epoch, ``(S,)``.
    """

    curves: tuple[Curve, ...]
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    spread: Literal["weights", "resplit", "redraw"] = "weights"
    rows: Mapping[str, int] | None = None
    """Rows of each side as they were used: ``{"train": 60, "validation": 400}``; None where a loader hides them."""
    modes: Mapping[str, Scores] | None = None
    notes: tuple[str, ...] = ()
    """What was cut, what fell back and why: one sentence each, for the report."""
    interrupted: bool = False
    """Ended by a person before everything was measured."""
