"""Numbers of a gap report as people read them: as many decimals throughout as a quantity's size deserves."""

from __future__ import annotations

import math

from auditor.probe.gap_report import Estimate, GapReport


class Figures:
    """Writes the numbers of one quantity of one report."""

    def __init__(self, report: GapReport, quantity: str) -> None:
        gap = report.gap[quantity]
        self._decimals = _decimals(max(abs(gap.train), abs(gap.validation)))

    def number(self, value: float) -> str:
        return f"{round(value, self._decimals) + 0.0:.{self._decimals}f}"  # and no -0.000

    def signed(self, value: float) -> str:
        return f"{round(value, self._decimals) + 0.0:+.{self._decimals}f}"

    def span(self, estimate: Estimate) -> str:
        """`` [0.010, 0.032]``, or nothing where there is no interval."""
        if estimate.low is None or estimate.high is None:
            return ""
        return f" [{self.number(estimate.low)}, {self.number(estimate.high)}]"

    def plus_minus(self, estimate: Estimate, *, sign: bool = False) -> str:
        """``+0.026 ± 0.007``, for intervals that are symmetric, as those of Student's t are."""
        middle = self.signed(estimate.value) if sign else self.number(estimate.value)
        if estimate.low is None or estimate.high is None:
            return middle
        return f"{middle} ± {self.number((estimate.high - estimate.low) / 2)}"


def _decimals(size: float) -> int:
    """Three for what is about 1, so that a thousandth shows; fewer for larger, more for smaller."""
    if size == 0 or 0.1 <= size < 10:
        return 3
    magnitude = math.floor(math.log10(size))
    return max(0, 3 - magnitude) if magnitude > 0 else 2 - magnitude
