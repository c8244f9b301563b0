"""What was measured beside the gap and the remedies, a sentence each, for every form that people read."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.probe.figures import Figures
from auditor.probe.gap_report import GapReport


def also_measured(report: GapReport) -> tuple[str, ...]:
    return (
        *_row_draw(report),
        *_modes(report),
        *_memorization(report),
        *_learning_curve(report),
        *_duplicates(report),
        *_label_noise(report),
    )


def _row_draw(report: GapReport) -> Iterator[str]:
    name, gap, its = report.decides, report.gap[report.decides], Figures(report, report.decides)
    if gap.rows is None or not report.rows:
        return
    yield (
        f"Another draw of {report.rows.get('validation', 0):,} held-out rows alone would move their {name} by up to "
        f"±{its.number(gap.rows)}, which these intervals do not cover; --resplit and redrawn rows do."
    )
    recommended = [it for it in report.remedies if it.recommended]
    for remedy in recommended:
        effect = remedy.effect[name]
        if effect.rows is not None and abs(effect.value) < effect.rows:
            yield (
                f"{remedy.name}: its effect on {name} ({its.signed(effect.value)}) is within what another draw of the "
                f"held-out rows would change (±{its.number(effect.rows)}): confirm it with --resplit first."
            )


def _modes(report: GapReport) -> Iterator[str]:
    modes = report.modes or {}
    if modes and not any(mode.value for mode in modes.values()):
        yield "Training rows score the same in train mode and in eval mode."
    for name in dict.fromkeys((report.decides, "loss")):
        its = Figures(report, name)
        mode = modes.get(name)
        if mode is not None and mode.value:
            yield (
                f"Training rows score {its.signed(mode.value)}{its.span(mode)} in {name} in train mode, compared with "
                "eval mode: this much of a gap that compares the two is no gap."
            )


def _memorization(report: GapReport) -> Iterator[str]:
    found, name, its = report.memorization, report.decides, Figures(report, report.decides)
    if found is not None:
        train, held_out = found.train[name], found.validation[name]
        yield (
            f"On permuted labels {name} reaches {its.number(train.value)} on training rows in as many epochs, and "
            f"{its.number(held_out.value)} on held-out rows: so much is memorized without anything to learn."
        )


def _learning_curve(report: GapReport) -> Iterator[str]:
    curve, name, its = report.learning_curve, report.decides, Figures(report, report.decides)
    if curve is None:
        return
    sizes = ", ".join(
        f"{its.number(size.score[name].value)} with {f'{size.rows:,}' if size.rows else f'{size.fraction:.0%}'}"
        for size in curve.sizes
    )
    yield f"Held-out {name} by training rows: {sizes}."
    if name in curve.twice:
        more = curve.twice[name]
        yield (
            f"Twice the rows would be worth {its.signed(more.value)}{its.span(more)} of {name}, if the power law "
            "through these sizes holds."
        )


def _duplicates(report: GapReport) -> Iterator[str]:
    found = report.duplicates
    if found is None:
        return
    if not found.exact + found.near:
        yield f"None of {found.rows:,} held-out rows is a copy of a training row, or nearly one."
        return
    by_chance = f" (about {found.expected:.0f} by chance, as rows have few values)" if found.expected >= 1 else ""
    closest = ", ".join(f"{pair.validation} of {pair.train}" for pair in found.pairs[:5])
    yield (
        f"{found.exact} of {found.rows:,} held-out rows are copies of training rows{by_chance}, {found.near} nearly "
        f"so; by row number, from 0: {closest}."
    )


def _label_noise(report: GapReport) -> Iterator[str]:
    found = report.label_noise
    if found is None or not found.suspects:
        return
    worst = ", ".join(f"{it.side} row {it.row} ({it.given}, not {it.likely}?)" for it in found.worst[:3])
    yield f"{found.suspects} of {found.rows:,} labels ({found.share:.1%}) contradict their neighbours: {worst}."
