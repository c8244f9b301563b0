"""The fixture ``gap_probe``: a probe and its gate inside a test suite. Collecting tests imports no torch."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from auditor.probe.experiment import Experiment
    from auditor.probe.gap_report import GapReport


class InconclusiveGap(UserWarning):
    """A gate that the intervals do not decide: it neither fails nor passes. More seeds would tell."""


class GapProbe:
    """Measures an experiment, fails the test when a gate fails, and returns the report."""

    def __init__(self, node: pytest.Item) -> None:
        self._node = node

    def __call__(
        self,
        experiment: Experiment,
        *,
        max_gap: float | None = None,
        baseline: str | None = None,
        metric: str | None = None,
        fail_on_inconclusive: bool = False,
        **options: Any,
    ) -> GapReport:
        """``options`` are those of `auditor.probe`. The gates are those of ``audit probe``, under the same names.

        What is inconclusive is a warning (`InconclusiveGap`), unless it shall fail too. The gaps are recorded as
        properties of the test, for JUnit reports, and the whole report is shown when the test fails.
        """
        # Imported when called: these bring torch.
        from auditor.probe.gate import gated
        from auditor.probe.session import probe

        report = gated(
            probe(experiment, name=self._node.nodeid, **options),
            max_gap,
            baseline,
            metric,
            fail_on_inconclusive=fail_on_inconclusive,
        )
        for quantity, gap in report.gap.items():
            self._node.user_properties.append((f"gap.{quantity}", gap.value))
        self._node.add_report_section("call", "gap probe", _text(report))
        for gate in report.gates:
            message = f"{gate.outcome}: {gate.name}: {gate.message}"
            if gate.outcome == "failed":
                pytest.fail(message, pytrace=False)
            if gate.outcome == "inconclusive":
                warnings.warn(message, InconclusiveGap, stacklevel=2)
        return report


@pytest.fixture
def gap_probe(request: pytest.FixtureRequest) -> GapProbe:
    """``gap_probe(experiment, max_gap=0.1, metric="accuracy", seeds=5)`` fails the test when the gap is larger."""
    return GapProbe(request.node)


def _text(report: GapReport) -> str:
    from auditor.report.gap import FORMATS

    out = io.StringIO()
    FORMATS["text"](report, out, False)
    return out.getvalue()
