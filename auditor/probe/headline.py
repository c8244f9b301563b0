"""What a reader takes away from a gap report, in sentences, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.probe.figures import Figures
from auditor.probe.gap_report import GapReport, Remedy

_COVERS = {
    "weights": "other initial weights and orders of the rows",
    "resplit": "other divisions of the rows too",
    "redraw": "other draws of the rows too",
}


def headline(report: GapReport) -> tuple[str, ...]:
    return (*_gap(report), *_onset(report), *_remedies(report), *_rows(report))


def _gap(report: GapReport) -> Iterator[str]:
    name, gap, its = report.decides, report.gap[report.decides], Figures(report, report.decides)
    train, held_out = its.number(gap.train), its.number(gap.validation)
    size = f"after {_epochs(report)} {name} is {train} on training rows and {held_out} on held-out rows"
    if gap.low is None or gap.high is None:
        yield f"Gap: {size}. One seed has no interval: run more to know."
    elif gap.low <= 0 <= gap.high:
        yield f"No gap is shown: {size}, a difference of {its.number(gap.value)}{its.span(gap)}."
    else:
        worse = f"{its.number(abs(gap.value))} {'worse' if gap.value > 0 else 'better'}"
        yield f"{size[0].upper()}{size[1:]}, {worse}: the gap is {its.number(gap.value)}{its.span(gap)}."
    if gap.low is not None:
        yield f"Intervals are 95% over {report.seeds} seeds and cover {_COVERS[report.spread]}."


def _epochs(report: GapReport) -> str:
    return "1 epoch" if report.epochs == 1 else f"{report.epochs} epochs"


def _onset(report: GapReport) -> Iterator[str]:
    onset = report.onset
    if onset is None:
        if report.still_falling and not report.interrupted:
            yield "The validation loss still falls at the last epoch: train longer before you judge remedies."
        elif min(report.curves["loss"].validation.mean) > 0 and not report.interrupted:
            yield "The validation loss does not rise again: these epochs show no overfitting."
        return
    yield (
        f"Overfitting since epoch {onset.epoch}: the validation loss has risen by {onset.rise:.0%} from its minimum "
        f"there, in {onset.seeds} of {report.seeds} seeds."
    )


def _remedies(report: GapReport) -> Iterator[str]:
    recommended = [remedy for remedy in report.remedies if remedy.recommended]
    if recommended:
        yield f"Measured to help: {'; '.join(_worth(report, remedy) for remedy in recommended)}."
    elif report.remedies and not any(remedy.effect for remedy in report.remedies):
        yield "No remedy was trained to the end."
    elif report.remedies:
        undecided = [it for it in report.remedies if it.verdict == "not enough runs" and it.effect]
        are = "is" if len(undecided) == 1 else "are"
        more = f", and {len(undecided)} of {len(report.remedies)} remedies {are} undecided" if undecided else ""
        yield f"Nothing that was tried is shown to help {report.decides}{more}{_likeliest(report, undecided)}."


def _likeliest(report: GapReport, undecided: Sequence[Remedy]) -> str:
    """They come best first."""
    for remedy in undecided[:1]:
        if remedy.runs_needed:
            return f": about {remedy.runs_needed} seeds would tell of {remedy.name}"
    return ""


def _worth(report: GapReport, remedy: Remedy) -> str:
    effect, its = remedy.effect[report.decides], Figures(report, report.decides)
    return f"{remedy.name} ({report.decides} {its.signed(effect.value)}{its.span(effect)}): {remedy.change}"


def _rows(report: GapReport) -> Iterator[str]:
    curve = report.learning_curve
    more = None if curve is None else curve.twice.get(report.decides)
    if more is not None and more.low is not None and more.high is not None:
        name, its = report.decides, Figures(report, report.decides)
        if more.low > report.smallest_effect[name]:
            yield f"Twice the training rows would be worth {its.number(more.low)} to {its.number(more.high)} of {name}."
        elif more.high < report.smallest_effect[name]:
            yield f"Twice the training rows would be worth less than {report.smallest_effect[name]:.3g} of {name}."
    found = report.duplicates
    if found is not None and found.exact + found.near > 2 * found.expected:
        yield (
            f"{found.exact} of {found.rows} held-out rows are copies of training rows and {found.near} nearly so: the "
            "true gap is likely larger than the one shown."
        )
