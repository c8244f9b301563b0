"""When a validation loss turns: overfitting is its persistent rise, and onset the epoch of its minimum.

The rule: the validation loss, smoothed over 5% of the epochs, has overfitted when its mean over the last 5% lies more
than 3.7% above its minimum. The threshold was tuned on the 419 simulated training histories of OverfitGuard (Li et
al., "Keeping Deep Learning Models in Check", 2024) and not on its 40 real ones, where the rule has a macro F1 of
.968; the classifiers published with them have .913. The size of the gap has no say in it: a threshold on the
relative gap calls 137 of 375 simulated histories overfitted that are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.probe.curves import Scores

RISE = 0.037
"""Of the minimum: a relative rise above it is overfitting."""

_SMOOTHED = 0.05
"""Of the scored epochs, both the window that smooths and the tail that is compared with the minimum."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The epoch of the smoothed minimum and the relative rise from there to the end, in parts of the minimum."""

    epoch: int
    rise: float

    @property
    def overfitted(self) -> bool:
        return self.rise > RISE


def turn(epochs: tuple[int, ...], losses: Scores) -> Turn | None:
    """None where a relative rise means nothing: no scored epoch, or a smoothed loss that is not positive throughout."""
    if not len(losses):
        return None
    window = max(1, round(_SMOOTHED * len(losses)))
    smooth = smoothed(losses, window)
    lowest = int(np.argmin(smooth))
    if not smooth[lowest] > 0:
        return None
    rise = (float(np.mean(losses[-window:])) - float(smooth[lowest])) / float(smooth[lowest])
    return Turn(epochs[lowest], rise)


def smoothed(values: Scores, window: int) -> Scores:
    """The mean over ``window`` neighbours (one more where it is even), over fewer at the ends. ``(E,)`` to ``(E,)``."""
    reach = window // 2
    total = np.concatenate([[0.0], np.cumsum(values)])
    here = np.arange(len(values))
    first, last = np.maximum(here - reach, 0), np.minimum(here + reach + 1, len(values))
    return np.asarray((total[last] - total[first]) / (last - first), dtype=np.float64)


_STILL = 0.01


def still_falling(losses: Scores) -> bool:
    """The smoothed loss fell by more than 1% of itself over the last fifth of the epochs: more epochs would lower it.

    A loss that has passed its minimum has learnt what it will learn, however low the training loss may yet go.
    """
    if len(losses) < 2:
        return True
    window = max(1, round(_SMOOTHED * len(losses)))
    smooth = smoothed(losses, window)
    before = float(smooth[-1 - max(1, len(losses) // 5)])
    return before - float(smooth[-1]) > _STILL * abs(before)
