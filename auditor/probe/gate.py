"""Conditions on a gap report. Each is failed only by what is certain, and passed only by what is certain too."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import ValidationError

from auditor.errors import UsageError
from auditor.probe.figures import Figures
from auditor.probe.gap_report import Gap, GapReport, Gate


def gated(
    report: GapReport,
    largest: float | None = None,
    baseline: str | None = None,
    quantity: str | None = None,
    *,
    fail_on_inconclusive: bool = False,
) -> GapReport:
    """The report with the gates that were asked for: a largest gap, the path of a report that must not be worse.

    They look at ``quantity``, or the one that decides. Raises `UsageError` as `max_gap` and `read_baseline` do.
    """
    looked_at = quantity or report.decides
    gates = []
    if largest is not None:
        gates.append(max_gap(report, largest, looked_at))
    if baseline is not None:
        gates.append(no_worse(report, read_baseline(baseline), looked_at))
    if fail_on_inconclusive:
        gates = [_strictly(gate) for gate in gates]
    return report.model_copy(update={"gates": tuple(gates)})


def _strictly(gate: Gate) -> Gate:
    if gate.outcome != "inconclusive":
        return gate
    return Gate(name=gate.name, outcome="failed", message=f"{gate.message} (inconclusive, which fails here)")


def max_gap(report: GapReport, largest: float, quantity: str) -> Gate:
    """Failed when the whole interval of the gap lies above ``largest``, passed when none of it does.

    Raises `UsageError` where ``quantity`` was not measured.
    """
    gap, its = _gap(report, quantity), Figures(report, quantity)
    name = f"gap of {quantity} at most {largest:g}"
    if gap.low is None or gap.high is None:
        return Gate(name=name, outcome="inconclusive", message=f"{its.number(gap.value)} in one seed: no interval")
    size = f"{its.number(gap.value)}{its.span(gap)}"
    if gap.low > largest:
        return Gate(name=name, outcome="failed", message=f"it is {size}, above {largest:g} even at the near end")
    if gap.high > largest:
        return Gate(name=name, outcome="inconclusive", message=f"it is {size}, which holds {largest:g}: run more seeds")
    return Gate(name=name, outcome="passed", message=f"it is {size}")


def no_worse(report: GapReport, baseline: GapReport, quantity: str) -> Gate:
    """Failed when the gap is worse than the baseline's by more than the smallest effect worth a change, significantly.

    The two reports are independent samples of seeds (Welch, 1947): their intervals give their standard errors back.
    Raises `UsageError` where either report lacks ``quantity``.
    """
    now, before, its = _gap(report, quantity), _gap(baseline, quantity, "the baseline"), Figures(report, quantity)
    least = report.smallest_effect[quantity]
    name = f"gap of {quantity} no worse than the baseline's"
    if now.low is None or before.low is None:
        return Gate(name=name, outcome="inconclusive", message="a report of one seed has no interval")
    worse = now.value - before.value
    half = _welch(now, before)
    size = f"{its.number(before.value)} before, {its.number(now.value)} now: {its.signed(worse)} ± {its.number(half)}"
    if worse - half > least:
        return Gate(name=name, outcome="failed", message=f"{size}, worse by more than {least:.3g}")
    if worse + half > least:
        message = f"{size}, which may be worse by more than {least:.3g}: run more seeds"
        return Gate(name=name, outcome="inconclusive", message=message)
    return Gate(name=name, outcome="passed", message=size)


def read_baseline(path: str) -> GapReport:
    """A report that ``--format json`` wrote. Raises `UsageError` where the file is none."""
    try:
        return GapReport.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the baseline {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UsageError(
            f"{path} is no gap report of version 1 ({where}: {first['msg']}); write one with --format json"
        ) from error


def _gap(report: GapReport, quantity: str, which: str = "this experiment") -> Gap:
    if quantity not in report.gap:
        raise UsageError(f"`{quantity}` was not measured; {which} has {', '.join(report.gap)}")
    return report.gap[quantity]


def _welch(one: Gap, other: Gap) -> float:
    """Half of the 95% interval of the difference of two means, with Satterthwaite's degrees of freedom."""
    from scipy import stats  # noqa: PLC0415  # reading and comparing to a threshold need no SciPy

    errors = [_squared_error(gap) for gap in (one, other)]
    if not sum(errors):
        return 0.0
    freedom = sum(errors) ** 2 / sum(
        squared**2 / (gap.runs - 1) for squared, gap in zip(errors, (one, other), strict=True)
    )
    return float(stats.t.ppf(0.975, freedom)) * math.sqrt(sum(errors))


def _squared_error(gap: Gap) -> float:
    """Of a mean, from the interval that was made of it."""
    from scipy import stats  # noqa: PLC0415

    assert gap.low is not None
    assert gap.high is not None
    return float((gap.high - gap.low) / 2 / stats.t.ppf(0.975, gap.runs - 1)) ** 2
