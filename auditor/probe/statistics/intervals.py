"""Student's t-intervals over seeds, alone, together with others, and over overlapping divisions of the same rows.

Sources: Student (1908); Bonferroni's inequality for intervals that hold jointly (Dunn, 1961); Nadeau and Bengio,
"Inference for the Generalization Error" (2003), for divisions that share rows; Schuirmann (1987) for showing that
an effect is too small to matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it may lie. ``low`` and ``high`` are None where fewer than two values were measured."""

    value: float
    low: float | None
    high: float | None
    runs: int

    def exceeds(self, threshold: float) -> bool:
        """The whole interval lies above."""
        return self.low is not None and self.low > threshold

    def stays_below(self, threshold: float) -> bool:
        """The whole interval lies below."""
        return self.high is not None and self.high < threshold


def t_interval(
    values: NDArray[np.float64], *, level: float = LEVEL, comparisons: int = 1, overlap: float = 0.0
) -> Interval:
    """The mean of ``values`` ``(S,)``, one for each seed, and an interval that covers it with probability ``level``.

    With ``comparisons`` above 1 that many intervals hold *jointly* with this probability (Bonferroni: no assumption
    about how they depend on each other, and intervals that can be shown and agree with the verdicts drawn from
    them, which Holm's procedure does not give). ``overlap`` is held-out rows over training rows where each seed
    divides the same rows anew: the variance of the mean is then ``(1/S + overlap)`` times that of a value and not
    ``1/S`` times, since the divisions share rows (Nadeau and Bengio, 2003).
    """
    runs = len(values)
    if not runs:
        raise ValueError("an interval needs at least one value")
    middle = float(np.mean(values))
    if runs < 2:
        return Interval(middle, None, None, runs)
    tail = (1 - level) / (2 * comparisons)
    half = float(stats.t.ppf(1 - tail, runs - 1)) * standard_error(values, overlap)
    return Interval(middle, middle - half, middle + half, runs)


def standard_error(values: NDArray[np.float64], overlap: float = 0.0) -> float:
    """Of the mean of ``values`` ``(S,)``, S >= 2; ``overlap`` as in `t_interval`."""
    runs = len(values)
    return float(np.std(values, ddof=1)) * math.sqrt(1 / runs + overlap)


def upper_bound(values: NDArray[np.float64], *, level: float = LEVEL, overlap: float = 0.0) -> float | None:
    """What the mean stays below with probability ``level``: one-sided, to say how much an effect is worth *at most*."""
    if len(values) < 2:
        return None
    return float(np.mean(values) + stats.t.ppf(level, len(values) - 1) * standard_error(values, overlap))


def runs_needed(values: NDArray[np.float64], threshold: float, *, comparisons: int = 1, most: int = 200) -> int | None:
    """How many runs would decide on which side of ``threshold`` the mean lies, if mean and spread stay as measured.

    None where ``most`` would not. A plan and no promise: the mean of so few runs moves.
    """
    distance = abs(float(np.mean(values)) - threshold)
    spread = float(np.std(values, ddof=1))
    tail = (1 - LEVEL) / (2 * comparisons)
    for runs in range(len(values) + 1, most + 1):
        if float(stats.t.ppf(1 - tail, runs - 1)) * spread / math.sqrt(runs) < distance:
            return runs
    return None
