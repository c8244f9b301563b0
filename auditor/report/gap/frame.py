"""What every form says of a report before its numbers."""

from __future__ import annotations

from auditor.probe.gap_report import GapReport


def quantities(report: GapReport) -> tuple[str, ...]:
    """What a table has room for: the quantity that decides, and the loss."""
    return tuple(dict.fromkeys((report.decides, "loss")))


def frame(report: GapReport) -> str:
    """``60 training rows, 400 held-out rows, 100 epochs, 12 seeds``."""
    sides = {"train": "training", "validation": "held-out"}
    rows = [f"{count:,} {sides.get(side, side)} rows" for side, count in (report.rows or {}).items()]
    seeds = "1 seed" if report.seeds == 1 else f"{report.seeds} seeds"
    return ", ".join([*rows, f"{report.epochs} {'epoch' if report.epochs == 1 else 'epochs'}", seeds])
