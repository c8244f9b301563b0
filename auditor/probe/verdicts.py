"""From the effects of a remedy to a verdict on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from auditor.probe.curves import CONTROL, Curve, Variant
from auditor.probe.evidence import Evidence
from auditor.probe.gap_report import Effect, Remedy, Verdict
from auditor.probe.statistics.effects import Pair, complete_pairs, differences, row_margin
from auditor.probe.statistics.intervals import Interval, runs_needed, t_interval, upper_bound
from auditor.probe.statistics.onset import still_falling

LEAST = 3
"""Complete pairs, below which nothing is said of a remedy: an interval from two is as wide as the world."""


class Bench:
    """All remedies of a measurement on one bench: the same control, and one price for having tried many."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._variants = [it for it in evidence.measurement.variants if it.purpose == "remedy"]

    def remedies(self) -> tuple[Remedy, ...]:
        """What helps by its near end, then the others by their mean, then those without an interval."""
        return tuple(sorted((self._judged(variant) for variant in self._variants), key=self._order))

    def _order(self, remedy: Remedy) -> tuple[bool, bool, float, str]:
        effect = remedy.effect.get(self._evidence.decides)
        if effect is None or effect.low is None or effect.high is None:
            return True, True, 0.0, remedy.name
        sign = 1 if self._evidence.better[self._evidence.decides] == "higher" else -1
        near = min(sign * effect.low, sign * effect.high) if remedy.recommended else sign * effect.value
        return False, not remedy.recommended, -near, remedy.name

    def _judged(self, variant: Variant) -> Remedy:
        pairs = complete_pairs(self._evidence.measurement.curves, CONTROL, variant.name)
        runs = [curve for curve in self._evidence.measurement.curves if curve.variant == variant.name]
        gains = {name: self._gain(pairs, name, variant) for name in self._evidence.smallest} if pairs else {}
        verdict: Verdict
        if blown := self._diverged(variant):
            verdict, why, needed = "harms", f"its loss was no finite number in {blown} of {len(runs)} runs", None
        elif pairs:
            verdict, why, needed = self._verdict(pairs, gains)
        else:
            verdict, why, needed = "not enough runs", _unfinished(runs), None
        return Remedy(
            name=variant.name,
            change=variant.change,
            verdict=verdict,
            recommended=verdict == "helps",
            effect={name: self._effect(pairs, name, variant) for name in gains},
            why=why,
            pairs=len(pairs),
            stopped=not pairs and not blown,
            runs_needed=needed,
            notes=variant.notes,
        )

    def _diverged(self, variant: Variant) -> int:
        """Seeds under which it diverged and the control did not. Judging the others alone would praise survivors."""
        curves = self._evidence.measurement.curves
        lost = {
            name: {it.seed for it in curves if it.variant == name and it.diverged} for name in (variant.name, CONTROL)
        }
        return len(lost[variant.name] - lost[CONTROL])

    def _gain(self, pairs: Sequence[Pair], quantity: str, variant: Variant) -> NDArray[np.float64]:
        """By how much each seed's score improved, ``(S,)``: positive is better."""
        change = differences(pairs, quantity, variant)
        return change if self._evidence.better[quantity] == "higher" else -change

    def _jointly(self, values: NDArray[np.float64]) -> Interval:
        return t_interval(values, comparisons=len(self._variants), overlap=self._evidence.overlap)

    def _effect(self, pairs: Sequence[Pair], quantity: str, variant: Variant) -> Effect:
        gain = self._gain(pairs, quantity, variant)
        interval = self._jointly(gain if self._evidence.better[quantity] == "higher" else -gain)
        return Effect(
            value=interval.value,
            low=interval.low,
            high=interval.high,
            runs=interval.runs,
            at_most=upper_bound(gain, overlap=self._evidence.overlap),
            rows=row_margin(pairs, quantity, variant) if self._evidence.measurement.spread == "weights" else None,
        )

    def _verdict(
        self, pairs: Sequence[Pair], gains: Mapping[str, NDArray[np.float64]]
    ) -> tuple[Verdict, str, int | None]:
        if len(pairs) < LEAST:
            return "not enough runs", f"{len(pairs)} complete pairs; {LEAST} are the least that is judged", None
        if unfair := _unfair(pairs):
            return "not enough runs", unfair, None
        name = self._evidence.decides
        gain, worth = gains[name], self._evidence.smallest[name]
        interval = self._jointly(gain)
        if interval.exceeds(worth):
            return "helps", f"{name} improves by more than {worth:.3g}", None
        if interval.stays_below(-worth):
            return "harms", f"{name} worsens by more than {worth:.3g}", None
        if name != "loss":
            loss, least = self._jointly(gains["loss"]), self._evidence.smallest["loss"]
            if loss.exceeds(least) and not t_interval(gain, overlap=self._evidence.overlap).exceeds(0):
                return "lowers the loss only", f"no gain in {name} is to be seen", None
            if loss.stays_below(-least):
                return "harms", f"raises the loss by more than {least:.3g}, and no gain in {name} is shown", None
        most = upper_bound(gain, overlap=self._evidence.overlap)
        if most is not None and most < worth:
            return "no worthwhile effect", f"{name} improves by {most:.3g} at most", None
        needed = None if self._evidence.overlap else runs_needed(gain, worth, comparisons=len(self._variants))
        more = f"; about {needed} seeds would tell" if needed else ""
        return "not enough runs", f"undecided: {name} may improve by more than {worth:.3g} or by less{more}", needed


def _unfinished(runs: Sequence[Curve]) -> str:
    reached = max((run.epochs[-1] for run in runs if run.epochs), default=0)
    return f"stopped after epoch {reached}" if reached else "not run"


def _unfair(pairs: Sequence[Pair]) -> str | None:
    """A smaller network learns more slowly: it is judged only when it has learnt what it will."""
    smaller = [pair.variant for pair in pairs if pair.variant.weights < pair.control.weights]
    if not smaller:
        return None
    falling = sum(still_falling(run.scores["validation"]["loss"]) for run in smaller)
    if 2 * falling <= len(smaller):
        return None
    return f"not converged: its validation loss still falls at the last epoch in {falling} of {len(smaller)} runs"
