"""What a remedy is worth: variant minus control, paired by seed, from complete pairs only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from auditor.probe.curves import Curve, Variant
from auditor.probe.statistics.epochs import At, halves, scored
from auditor.probe.statistics.intervals import LEVEL


@dataclass(frozen=True, slots=True)
class Pair:
    """One seed's training with the change and without."""

    variant: Curve
    control: Curve


def complete_pairs(curves: Sequence[Curve], control: str, variant: str) -> list[Pair]:
    """In the order of the seeds. A training that ended early, or whose loss was no finite number, makes no pair."""
    done = {(it.variant, it.seed): it for it in curves if it.complete and not it.diverged}
    seeds = sorted(seed for name, seed in done if name == variant)
    return [Pair(done[variant, seed], done[control, seed]) for seed in seeds if (control, seed) in done]


def differences(pairs: Sequence[Pair], quantity: str, variant: Variant) -> NDArray[np.float64]:
    """Variant minus control on the validation rows, ``(S,)``.

    Both after the last epoch. A remedy that keeps its best epoch is judged by an epoch that the judging rows did not
    choose, and its control by the mean over the same two halves.
    """
    both = _half_differences(pairs, quantity, variant)
    if variant.chooses:
        return np.asarray(both.mean(axis=1))
    last = [[scored(run, quantity, "last").validation for run in (pair.variant, pair.control)] for pair in pairs]
    return np.array([after - before for after, before in last])


def row_margin(pairs: Sequence[Pair], quantity: str, variant: Variant) -> float:
    """How far another draw of the validation rows would move the mean effect: half a 95% interval.

    The effects on two halves of the same rows differ by the draw of the rows alone, since the networks are the same;
    a quarter of the mean squared difference estimates the variance of an effect on all of them.
    """
    return margin_of_halves(_half_differences(pairs, quantity, variant))


def margin_of_halves(both: NDArray[np.float64]) -> float:
    """``both`` is ``(S, 2)``: a score on either half of the rows, halved anew for each seed. See `row_margin`."""
    variance = float(np.mean((both[:, 0] - both[:, 1]) ** 2)) / 4
    return float(stats.norm.ppf((1 + LEVEL) / 2)) * math.sqrt(variance)


def _half_differences(pairs: Sequence[Pair], quantity: str, variant: Variant) -> NDArray[np.float64]:
    at: At = "best" if variant.chooses else "last"
    after = np.array([halves(pair.variant, quantity, at) for pair in pairs])
    before = np.array([halves(pair.control, quantity, "last") for pair in pairs])
    return np.asarray(after - before)


def smallest_effects(control: Mapping[str, float], bounded: frozenset[str], share: float = 0.01) -> dict[str, float]:
    """For each quantity, given the control's validation score, the smallest effect that is worth a change.

    .005 of a score that lies in [0, 1]; of the loss, and of a metric of any other range, ``share`` of the control's.
    """
    return {name: 0.005 if name in bounded else share * abs(value) for name, value in control.items()}
