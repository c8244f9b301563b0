"""Racing: what is clearly worse than the control long before the end need not be trained to it.

Source: Maron and Moore, "Hoeffding races", NIPS 1993; here with intervals paired by seed instead of Hoeffding's bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditor.probe.curves import CONTROL, Metric
from auditor.probe.records import Record

WARM_UP = 1 / 3
"""The share of the epochs in which nothing is stopped."""
ERRORS = 3.0
"""Standard errors between a variant and the control."""
MARGIN = 0.05
"""How much higher, in relation to the control's, a validation loss must be."""


def dominated(records: Sequence[Record], control: Sequence[Record], metrics: Sequence[Metric]) -> list[Record]:
    """The runs of remedies whose validation loss and metrics are all clearly worse than the control's, so far at their
    best. It takes three seeds to say so."""
    by_name: dict[str, list[Record]] = {}
    for record in records:
        if record.run.treatment.variant.purpose == "remedy":
            by_name.setdefault(record.run.name, []).append(record)
    own = {record.run.seed: record for record in control if record.run.name == CONTROL and record.epochs}
    return [one for these in by_name.values() if hopeless(these, own, metrics) for one in these]


def hopeless(these: Sequence[Record], own: dict[int, Record], metrics: Sequence[Metric]) -> bool:
    pairs = [(one, own[one.run.seed]) for one in these if one.epochs and one.run.seed in own]
    if len(pairs) < 3:
        return False
    until = {one.epochs[-1] for one, _ in pairs}
    if len(until) > 1:
        return False
    (epoch,) = until
    base = float(np.mean([best(record, "loss", 1, epoch) for _, record in pairs]))
    if not worse(pairs, "loss", 1, epoch, MARGIN * abs(base)):
        return False
    return all(worse(pairs, one.name, -1 if one.better == "higher" else 1, epoch, 0.0) for one in metrics)


def worse(pairs: Sequence[tuple[Record, Record]], name: str, sign: int, epoch: int, margin: float) -> bool:
    differences = [best(one, name, sign, epoch) - best(other, name, sign, epoch) for one, other in pairs]
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    return float(np.mean(differences)) - ERRORS * error > margin


def best(record: Record, name: str, sign: int, epoch: int) -> float:
    """The best validation score up to an epoch, turned so that lower is better."""
    scores = record.scores["validation"][name]
    return min(sign * score for at, score in zip(record.epochs, scores, strict=True) if at <= epoch)
