"""One picture: the curves of both sides with the gap between them, and what each remedy is worth.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from auditor.errors import UsageError
from auditor.probe.figures import Figures
from auditor.probe.gap_report import Curves, GapReport, Remedy
from auditor.report.gap.frame import frame, quantities

_TRAIN, _HELD_OUT, _ONSET, _QUIET = "#0072B2", "#D55E00", "#555555", "#8C8C8C"
_VERDICT = {"helps": "#009E73", "lowers the loss only": "#56B4E9", "harms": "#D55E00"}


def draw(report: GapReport, path: str) -> None:
    """The end of its name says what is written: SVG, PNG, PDF. Raises `UsageError` where that cannot be."""
    try:
        figure(report).savefig(path, dpi=150)
    except (OSError, ValueError) as error:  # matplotlib knows no such format
        raise UsageError(f"cannot write to {path}: {error}") from error


def figure(report: GapReport) -> Figure:
    shown = quantities(report)
    remedies = [remedy for remedy in report.remedies if report.decides in remedy.effect]
    height = 3.6 + (0.9 + 0.3 * len(remedies) if remedies else 0)
    whole = Figure(figsize=(4.6 * max(2, len(shown)), height), layout="constrained")
    title = f"{report.experiment}: {frame(report)}"
    whole.suptitle(_plain(title), fontsize="medium", x=0.01, ha="left")
    ratios = [3.2, 0.9 + 0.3 * len(remedies)] if remedies else [1.0]
    grid = whole.add_gridspec(len(ratios), len(shown), height_ratios=ratios)
    for column, quantity in enumerate(shown):
        _draw_curves(whole.add_subplot(grid[0, column]), report, quantity)
    if remedies:
        for column, quantity in enumerate(shown):
            _draw_effects(whole.add_subplot(grid[1, column]), report, remedies, quantity, named=column == 0)
    return whole


def _draw_curves(axes: Axes, report: GapReport, quantity: str) -> None:
    curves, gap = report.curves[quantity], report.gap[quantity]
    axes.fill_between(curves.epochs, curves.train.mean, curves.validation.mean, color=_QUIET, alpha=0.15, linewidth=0)
    _draw_side(axes, curves, "train", _TRAIN)
    _draw_side(axes, curves, "held out", _HELD_OUT)
    if report.onset is not None:
        axes.axvline(report.onset.epoch, color=_ONSET, linestyle=":", linewidth=1)
        note = f" overfitting since {report.onset.epoch}"
        axes.annotate(note, (report.onset.epoch, 0.02), xycoords=("data", "axes fraction"), fontsize="x-small")
    axes.set_title(f"{_plain(quantity)}: gap {Figures(report, quantity).plus_minus(gap)}", fontsize="small", loc="left")
    axes.set_xlabel("epoch", fontsize="small")
    axes.legend(fontsize="x-small", frameon=False)
    _quiet(axes)


def _draw_side(axes: Axes, curves: Curves, name: str, color: str) -> None:
    band = curves.train if name == "train" else curves.validation
    marker = "o" if len(curves.epochs) == 1 else None
    axes.plot(curves.epochs, band.mean, color=color, label=name, linewidth=1.6, marker=marker)
    if band.low:
        axes.fill_between(curves.epochs, band.low, band.high, color=color, alpha=0.25, linewidth=0)


def _draw_effects(axes: Axes, report: GapReport, remedies: list[Remedy], quantity: str, *, named: bool) -> None:
    least = report.smallest_effect[quantity]
    axes.axvspan(-least, least, color=_QUIET, alpha=0.2, linewidth=0)
    axes.axvline(0, color=_QUIET, linewidth=0.8)
    for row, remedy in enumerate(reversed(remedies)):
        effect, color = remedy.effect[quantity], _VERDICT.get(remedy.verdict, _QUIET)
        if effect.low is not None and effect.high is not None:
            axes.plot([effect.low, effect.high], [row, row], color=color, linewidth=2.2, solid_capstyle="butt")
        axes.plot([effect.value], [row], marker="o", color=color, markersize=5)
    labels = [_plain(f"{remedy.name}: {remedy.verdict}") for remedy in reversed(remedies)] if named else []
    axes.set_yticks(range(len(remedies)), labels or [""] * len(remedies), fontsize="small")
    axes.set_ylim(-0.6, len(remedies) - 0.4)
    better = "higher" if report.gap[quantity].better == "higher" else "lower"
    axes.set_title(f"effect on {_plain(quantity)} ({better} is better)", fontsize="small", loc="left")
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize="x-small")


def _plain(text: str) -> str:
    """A dollar sign would begin a formula."""
    return text.replace("$", r"\$")
