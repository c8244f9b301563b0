"""The measures of a gap report, each from the same evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.probe.curves import CONTROL, Curve, Scores, Side
from auditor.probe.evidence import Evidence, at_the_end, told
from auditor.probe.gap_report import (
    Band,
    Curves,
    Estimate,
    Gap,
    LearningCurve,
    Memorization,
    MoreRows,
    Onset,
    Size,
)
from auditor.probe.statistics.effects import margin_of_halves
from auditor.probe.statistics.epochs import At, halves, scored
from auditor.probe.statistics.intervals import t_interval
from auditor.probe.statistics.learning_curve import LEAST_SIZES, twice_the_rows
from auditor.probe.statistics.onset import RISE, still_falling, turn


def gap(evidence: Evidence, at: At) -> dict[str, Gap]:
    return {quantity: _gap(evidence, quantity, at) for quantity in evidence.quantities}


def _gap(evidence: Evidence, quantity: str, at: At) -> Gap:
    runs = [scored(curve, quantity, at) for curve in evidence.control]
    train, validation = np.array([run.train for run in runs]), np.array([run.validation for run in runs])
    gaps = train - validation if evidence.better[quantity] == "higher" else validation - train
    both = np.array([halves(curve, quantity, at) for curve in evidence.control])
    return Gap(
        **evidence.estimate(gaps).model_dump(),
        train=float(train.mean()),
        validation=float(validation.mean()),
        better=evidence.better[quantity],
        rows=margin_of_halves(both) if evidence.measurement.spread == "weights" else None,
    )


def best_epoch(evidence: Evidence) -> int:
    return int(np.median([epoch for curve in evidence.control for epoch in scored(curve, "loss", "best").epochs]))


def onset(evidence: Evidence) -> Onset | None:
    """On the mean over seeds, which is smoother than any of them."""
    epochs = evidence.control[0].epochs
    losses = [curve.scores["validation"]["loss"] for curve in evidence.control]
    overall = turn(epochs, np.mean(losses, axis=0))
    if overall is None:
        evidence.notes.append("The validation loss is not positive throughout: its relative rise means nothing.")
        return None
    if not overall.overfitted:
        return None
    single = [it for it in (turn(epochs, loss) for loss in losses) if it is not None]
    rises = evidence.estimate(np.array([it.rise for it in single]))
    return Onset(
        epoch=overall.epoch,
        rise=overall.rise,
        low=rises.low,
        high=rises.high,
        earliest=min(it.epoch for it in single),
        latest=max(it.epoch for it in single),
        seeds=sum(it.rise > RISE for it in single),
    )


def falling(evidence: Evidence) -> bool:
    """On the mean over seeds, as the onset is."""
    return still_falling(np.mean([curve.scores["validation"]["loss"] for curve in evidence.control], axis=0))


def modes(evidence: Evidence) -> dict[str, Estimate] | None:
    modes = evidence.measurement.modes or {}
    told = {name: values[np.isfinite(values)] for name, values in modes.items() if name in evidence.quantities}
    return {name: evidence.estimate(values) for name, values in told.items() if len(values)} or None


def memorization(evidence: Evidence) -> Memorization | None:
    names = {variant.name for variant in evidence.measurement.variants if variant.purpose == "memorization"}
    runs = [it for it in evidence.measurement.curves if it.variant in names and it.complete and not it.diverged]
    if not runs:
        return None
    sides: tuple[Side, Side] = ("train", "validation")
    train, validation = (
        {name: evidence.estimate(at_the_end(runs, name, side)) for name in evidence.quantities} for side in sides
    )
    return Memorization(train=train, validation=validation)


def learning_curve(evidence: Evidence) -> LearningCurve | None:
    """Over the seeds that trained on every size, so that sizes are compared under the same seeds."""
    fractions = {it.name: it.fraction for it in evidence.measurement.variants if it.purpose == "fraction"}
    fractions[CONTROL] = 1.0
    done = [it for it in evidence.measurement.curves if it.variant in fractions and it.complete and not it.diverged]
    names = sorted({curve.variant for curve in done}, key=lambda name: fractions[name])
    if len(names) < 2 or CONTROL not in names:
        return None
    of = {(curve.variant, curve.seed): curve for curve in done}
    seeds = [seed for seed in sorted({it.seed for it in done}) if all((name, seed) in of for name in names)]
    if not seeds:
        return None
    rows = (evidence.measurement.rows or {}).get("train")
    sizes = tuple(
        Size(
            fraction=fractions[name],
            rows=None if rows is None else round(rows * fractions[name]),
            score={
                quantity: evidence.estimate(at_the_end([of[name, seed] for seed in seeds], quantity))
                for quantity in evidence.quantities
            },
        )
        for name in names
    )
    table = [[of[name, seed] for name in names] for seed in seeds]
    twice = {
        quantity: _twice(evidence, table, quantity, np.array([fractions[name] for name in names]))
        for quantity in evidence.quantities
        if len(names) >= LEAST_SIZES
    }
    return LearningCurve(sizes=sizes, twice=twice)


def _twice(evidence: Evidence, table: Sequence[Sequence[Curve]], quantity: str, fractions: Scores) -> MoreRows:
    scores = np.array([at_the_end(curves, quantity) for curves in table])
    bounded = any(metric.bounded for metric in evidence.measurement.metrics if metric.name == quantity)
    errors = scores
    if evidence.better[quantity] == "higher":
        errors = (1.0 if bounded else 0.0) - scores
    interval, exponent = twice_the_rows(fractions, errors, floored=bool((errors >= 0).all()))
    return MoreRows(**told(interval).model_dump(), exponent=exponent)


def curves(evidence: Evidence, quantity: str) -> Curves:
    return Curves(
        epochs=evidence.control[0].epochs,
        train=_band(evidence, "train", quantity),
        validation=_band(evidence, "validation", quantity),
    )


def _band(evidence: Evidence, side: Side, quantity: str) -> Band:
    values = np.array([curve.scores[side][quantity] for curve in evidence.control])
    points = [t_interval(values[:, epoch], overlap=evidence.overlap) for epoch in range(values.shape[1])]
    return Band(
        mean=tuple(point.value for point in points),
        low=tuple(point.low for point in points if point.low is not None),
        high=tuple(point.high for point in points if point.high is not None),
    )
