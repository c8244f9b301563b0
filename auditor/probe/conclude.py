"""From what retraining measured to what can be said of it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.probe import measures
from auditor.probe.curves import Measurement
from auditor.probe.evidence import Evidence
from auditor.probe.gap_report import Duplicates, GapReport, LabelNoise
from auditor.probe.headline import headline
from auditor.probe.verdicts import Bench


def conclude(
    measurement: Measurement,
    *,
    name: str = "experiment",
    smallest: float | Mapping[str, float] | None = None,
    duplicates: Duplicates | None = None,
    label_noise: LabelNoise | None = None,
) -> GapReport:
    """``smallest`` is the smallest effect worth a change, of the quantity that decides or by quantity, in its own unit.

    Raises `ProbeError` where not one training of the control came far enough to be scored, and `UsageError` where a
    quantity in ``smallest`` was not measured.
    """
    evidence = Evidence(measurement, {} if smallest is None else smallest)
    report = GapReport(
        experiment=name,
        seeds=len(evidence.control),
        spread=measurement.spread,
        epochs=evidence.control[0].epochs[-1],
        rows=dict(measurement.rows) if measurement.rows else None,
        decides=evidence.decides,
        smallest_effect=evidence.smallest,
        gap=measures.gap(evidence, "last"),
        gap_at_best=measures.gap(evidence, "best"),
        best_epoch=measures.best_epoch(evidence),
        onset=measures.onset(evidence),
        still_falling=measures.falling(evidence),
        remedies=Bench(evidence).remedies(),
        learning_curve=measures.learning_curve(evidence),
        memorization=measures.memorization(evidence),
        modes=measures.modes(evidence),
        duplicates=duplicates,
        label_noise=label_noise,
        curves={quantity: measures.curves(evidence, quantity) for quantity in evidence.quantities},
        interrupted=measurement.interrupted,
        notes=(*evidence.notes, *measurement.notes),
    )
    return report.model_copy(update={"headline": headline(report)})
