"""From what retraining measured to what can be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.probe import measures
from auditor.probe.curves import Measurement
from auditor.probe.evidence import Evidence
from auditor.probe.gap_report import Duplicates, GapReport, LabelNoise
from auditor.probe.headline import headline
from auditor.probe.verdicts import Bench


@dataclass(frozen=True, slots=True)
class AboutRows:
    """What the rows themselves showed, without training; None where it could not be looked at."""

    duplicates: Duplicates | None = None
    label_noise: LabelNoise | None = None
    notes: tuple[str, ...] = ()


def conclude(
    measurement: Measurement,
    *,
    name: str = "experiment",
    smallest: Mapping[str, float] | None = None,
    about_rows: AboutRows | None = None,
) -> GapReport:
    """``smallest`` gives the smallest effect worth a change for some quantities, in their own units.

    Raises `ProbeError` where not one training of the control came far enough to be scored, and `UsageError` where a
    quantity in ``smallest`` was not measured.
    """
    about_rows = about_rows or AboutRows()
    evidence = Evidence(measurement, smallest or {})
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
        remedies=Bench(evidence).remedies(),
        learning_curve=measures.learning_curve(evidence),
        memorization=measures.memorization(evidence),
        modes=measures.modes(evidence),
        duplicates=about_rows.duplicates,
        label_noise=about_rows.label_noise,
        curves={quantity: measures.curves(evidence, quantity) for quantity in evidence.quantities},
        interrupted=measurement.interrupted,
        notes=(*evidence.notes, *measurement.notes, *about_rows.notes),
    )
    return report.model_copy(update={"headline": headline(report)})
