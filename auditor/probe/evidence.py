"""A measurement without what was no finite number, and what every conclusion from it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from auditor.errors import ProbeError, UsageError
from auditor.probe.curves import CONTROL, Curve, Measurement, Scores, Side
from auditor.probe.gap_report import Better, Estimate
from auditor.probe.statistics.effects import smallest_effects
from auditor.probe.statistics.intervals import Interval, t_interval


class Evidence:
    """``quantities`` are the metrics and the loss, the one that decides first. ``control`` holds the control's curves,
    at least one, all of the same epochs. ``overlap`` is that of `t_interval`. ``notes`` say what was left out.
    """

    def __init__(self, measurement: Measurement, smallest: float | Mapping[str, float]) -> None:
        self.notes: list[str] = []
        self.quantities = self._finite_quantities(measurement)
        self.measurement = replace(
            measurement,
            curves=tuple(_marked(curve, self.quantities) for curve in measurement.curves),
            metrics=tuple(metric for metric in measurement.metrics if metric.name in self.quantities),
        )
        self.better: dict[str, Better] = {metric.name: metric.better for metric in measurement.metrics}
        self.better["loss"] = "lower"
        self.decides = self.quantities[0]
        self.control = self._control()
        if _all_the_same(self.control):
            self._keep_one_seed()
        self.overlap = self._shared_rows()
        given = smallest if isinstance(smallest, Mapping) else {self.decides: smallest}
        self.smallest = self._smallest(given)

    def _finite_quantities(self, measurement: Measurement) -> list[str]:
        control = [curve for curve in measurement.curves if curve.variant == CONTROL and not curve.diverged]
        known = []
        for metric in measurement.metrics:
            if all(np.isfinite(scores[metric.name]).all() for curve in control for scores in curve.scores.values()):
                known.append(metric.name)
            else:
                self.notes.append(f"{metric.name} is no finite number in some epoch, and left out.")
        return [*known, "loss"]

    def _control(self) -> list[Curve]:
        runs = [it for it in self.measurement.curves if it.variant == CONTROL and it.epochs and not it.diverged]
        diverged = sum(it.diverged for it in self.measurement.curves if it.variant == CONTROL)
        if not runs:
            raise ProbeError(
                "the loss of the experiment itself is no finite number: lower the learning rate, or look for NaN in "
                "the rows"
                if diverged
                else "no training of the experiment itself came as far as its first score: give it more time (--budget)"
            )
        if diverged:
            self.notes.append(f"{diverged} of {diverged + len(runs)} trainings of the control diverged.")
        if complete := [run for run in runs if run.complete]:
            return _to_the_same_epoch(complete)
        cut = _to_the_same_epoch(runs)
        self.notes.append(f"No training of the control was complete: its curves end with epoch {cut[0].epochs[-1]}.")
        return cut

    def _keep_one_seed(self) -> None:
        """Runs that repeat each other are one run, and no interval may be made of them."""
        (only, *_) = self.control
        self.control = [only]
        same = tuple(curve for curve in self.measurement.curves if curve.seed == only.seed)
        modes = {name: values[:1] for name, values in (self.measurement.modes or {}).items()}
        self.measurement = replace(self.measurement, curves=same, modes=modes)
        self.notes.append(
            "All seeds trained the very same network: they count as one run, and no interval is made of repetitions."
        )

    def _shared_rows(self) -> float:
        rows = self.measurement.rows
        if self.measurement.spread != "resplit" or not rows or not rows.get("train"):
            return 0.0
        return rows.get("validation", 0) / rows["train"]

    def _smallest(self, given: Mapping[str, float]) -> dict[str, float]:
        if unknown := sorted(set(given) - set(self.quantities)):
            raise UsageError(f"`{unknown[0]}` was not measured; this experiment has {', '.join(self.quantities)}")
        bounded = frozenset(metric.name for metric in self.measurement.metrics if metric.bounded)
        control = {name: float(at_the_end(self.control, name).mean()) for name in self.quantities}
        return smallest_effects(control, bounded) | dict(given)

    def estimate(self, values: Scores) -> Estimate:
        """The mean over seeds and its 95% interval, of ``(S,)``."""
        return told(t_interval(values, overlap=self.overlap))


def at_the_end(curves: Sequence[Curve], quantity: str, side: Side = "validation") -> Scores:
    """Scores after the last epoch, ``(S,)``."""
    return np.array([curve.scores[side][quantity][-1] for curve in curves])


def told(interval: Interval) -> Estimate:
    return Estimate(value=interval.value, low=interval.low, high=interval.high, runs=interval.runs)


def _all_the_same(curves: Sequence[Curve]) -> bool:
    first, *others = (curve.scores["validation"]["loss"] for curve in curves)
    return bool(others) and all(np.array_equal(first, other) for other in others)


def _marked(curve: Curve, quantities: Sequence[str]) -> Curve:
    """Diverged where a score is no finite number, whoever failed to say so."""
    sides = curve.scores.values()
    finite = all(np.isfinite(scores[name]).all() for scores in sides for name in quantities)
    return curve if finite else replace(curve, diverged=True)


def _to_the_same_epoch(curves: Sequence[Curve]) -> list[Curve]:
    """Seeds that were cut at different epochs are compared at the last that all of them reached."""
    common = min(len(curve.epochs) for curve in curves)
    return [
        replace(
            curve,
            epochs=curve.epochs[:common],
            scores={
                side: {name: values[:common] for name, values in scores.items()}
                for side, scores in curve.scores.items()
            },
        )
        for curve in curves
    ]
