"""Scores at the last epoch and at the best one, where no row is judged by an epoch that it helped to choose.

The lowest of many noisy losses is lower than the loss of the epoch that it belongs to. So the epoch is chosen on one
half of the validation rows and judged on the other, then the other way round, and the two are averaged (cross-fitting;
Stone, 1974, "Cross-Validatory Choice and Assessment of Statistical Predictions").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from auditor.probe.curves import Curve, Side

At = Literal["last", "best"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One seed's score on both sides, and the epoch or epochs that it was taken at."""

    train: float
    validation: float
    epochs: tuple[int, ...]


def scored(curve: Curve, quantity: str, at: At) -> Scored:
    """At ``"best"`` the epoch has the lowest validation loss of one half, whatever ``quantity`` is judged."""
    if at == "last":
        return Scored(_at(curve, "train", quantity, -1), _at(curve, "validation", quantity, -1), curve.epochs[-1:])
    one, other = (int(np.argmin(curve.scores[half]["loss"])) for half in ("first", "second"))
    return Scored(
        train=(_at(curve, "train", quantity, one) + _at(curve, "train", quantity, other)) / 2,
        validation=(_at(curve, "second", quantity, one) + _at(curve, "first", quantity, other)) / 2,
        epochs=(curve.epochs[one], curve.epochs[other]),
    )


def halves(curve: Curve, quantity: str, at: At) -> tuple[float, float]:
    """The score of either half of the validation rows; at ``"best"`` each by the epoch that the other half chose."""
    if at == "last":
        return _at(curve, "first", quantity, -1), _at(curve, "second", quantity, -1)
    one, other = (int(np.argmin(curve.scores[half]["loss"])) for half in ("first", "second"))
    return _at(curve, "first", quantity, other), _at(curve, "second", quantity, one)


def _at(curve: Curve, side: Side, quantity: str, position: int) -> float:
    return float(curve.scores[side][quantity][position])
