"""From curves written by hand to verdicts, reports and gates."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_up_curves import ACCURACY, falling, measurement, remedy, rising, run, typical
from pydantic import ValidationError

from auditor.errors import ProbeError, UsageError
from auditor.probe.conclude import conclude
from auditor.probe.curves import Metric
from auditor.probe.gap_report import Duplicates, GapReport, Pair
from auditor.probe.gate import max_gap, no_worse, read_baseline
from auditor.report.gap import FORMATS
from auditor.report.gap.chart import Line, chart
from auditor.report.gap.json import schema

REPORT = conclude(typical(), name="package.module:experiment")


def written(form: str, report: GapReport = REPORT) -> str:
    out = io.StringIO()
    FORMATS[form](report, out, False)
    return out.getvalue()


def verdicts(report: GapReport) -> dict[str, str]:
    return {remedy.name: remedy.verdict for remedy in report.remedies}


def test_the_gap_is_how_much_worse_held_out_rows_are() -> None:
    accuracy, loss = REPORT.gap["accuracy"], REPORT.gap["loss"]
    assert (accuracy.train, accuracy.better, loss.better) == (1.0, "higher", "lower")
    assert accuracy.value == pytest.approx(accuracy.train - accuracy.validation) == pytest.approx(0.2, abs=0.01)
    assert loss.value == pytest.approx(loss.validation - loss.train)
    assert loss.value == pytest.approx(0.75 - falling()[-1], abs=0.01)
    at_best = REPORT.gap_at_best["loss"]
    assert at_best.value == pytest.approx(0.5 - falling()[29], abs=0.02)
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < accuracy.value < accuracy.high


def test_each_verdict() -> None:
    assert verdicts(REPORT) == {
        "l2 0.01": "helps",
        "dropout 0.4": "lowers the loss only",
        "adamw 0.01": "no worthwhile effect",
        "l1 0.001": "not enough runs",
        "norm layers": "harms",
        "width 16": "not enough runs",
        "dropout 0.9": "not enough runs",
    }
    assert [it.name for it in REPORT.remedies if it.recommended] == ["l2 0.01"]
    assert REPORT.remedies[0].change == "write l2 0.01"


def test_the_best_stands_first_and_what_was_stopped_last() -> None:
    assert REPORT.remedies[0].name == "l2 0.01"
    last = REPORT.remedies[-1]
    assert (last.name, last.stopped, last.effect, last.why) == ("dropout 0.9", True, {}, "stopped after epoch 20")


def test_a_smaller_network_is_judged_only_when_converged() -> None:
    narrow = next(it for it in REPORT.remedies if it.name == "width 16")
    assert narrow.why.startswith("not converged")
    curves = [run(seed=seed, weights=100) for seed in range(5)]
    curves += [run("width 16", seed, accuracy=0.7, weights=10) for seed in range(5)]
    assert verdicts(conclude(measurement(curves, remedy("width 16")))) == {"width 16": "harms"}


def test_recommended_only_beyond_the_smallest_effect_and_the_price_of_many_tries() -> None:
    """An interval that a single try would leave above .005 does not, when twenty were tried."""

    def tried(others: int, **options: Any) -> str:
        gains = [0.010, 0.014, 0.022, 0.018, 0.016]
        curves = [run(seed=seed) for seed in range(5)]
        curves += [run("l2", seed, accuracy=0.8 + gain) for seed, gain in enumerate(gains)]
        names = [f"null {number}" for number in range(others)]
        curves += [run(name, seed) for name in names for seed in range(5)]
        report = conclude(measurement(curves, remedy("l2"), *map(remedy, names)), **options)
        return verdicts(report)["l2"]

    assert tried(0) == "helps"
    assert tried(20) == "not enough runs"
    assert tried(0, smallest=0.02) == "not enough runs"
    assert tried(0, smallest={"accuracy": 0.025}) == "no worthwhile effect"


def test_a_gain_that_is_likely_but_not_certain_is_no_lack_of_gain() -> None:
    """The loss falls for sure; the gain excludes 0 alone, and not yet .005 among all that was tried."""
    curves = [run(seed=seed) for seed in range(5)]
    gains = [0.010, 0.014, 0.022, 0.018, 0.006]
    curves += [run("l2", seed, accuracy=0.8 + gain, loss=rising(rise=0.1)) for seed, gain in enumerate(gains)]
    others = [remedy(f"null {number}") for number in range(9)]
    curves += [run(other.name, seed) for other in others for seed in range(5)]
    report = conclude(measurement(curves, remedy("l2"), *others))
    (found,) = (it for it in report.remedies if it.name == "l2")
    assert found.verdict == "not enough runs"
    assert found.runs_needed is not None
    assert f"l2 {found.runs_needed}" in written("text", report)


def test_effects_of_errors_keep_their_sign() -> None:
    """A metric that is better when lower: the effect is negative, and helps."""
    curves = [run(seed=seed, noise=0.002) for seed in range(6)]
    curves += [run("l2", seed, accuracy=0.7, noise=0.002) for seed in range(6)]
    error = measurement(curves, remedy("l2"), metrics=(Metric("accuracy", "lower", bounded=True),))
    report = conclude(error)
    assert verdicts(report) == {"l2": "helps"}
    assert report.remedies[0].effect["accuracy"].value == pytest.approx(-0.1, abs=0.01)
    assert report.gap["accuracy"].value == pytest.approx(-0.2, abs=0.01)


def test_without_metrics_the_loss_decides() -> None:
    curves = [run(name, seed, noise=0.002) for name in ("control", "dropout") for seed in range(5)]
    curves[5:] = [replace(it, scores=run(loss=rising(rise=0.1)).scores) for it in curves[5:]]
    report = conclude(measurement(curves, remedy("dropout"), metrics=()))
    assert report.decides == "loss"
    assert verdicts(report) == {"dropout": "helps"}
    assert set(report.gap) == {"loss"}


def test_the_onset() -> None:
    assert REPORT.onset is not None
    assert abs(REPORT.onset.epoch - 30) <= 2
    assert REPORT.onset.rise == pytest.approx(0.48, abs=0.02)
    assert REPORT.onset.seeds == 8
    assert conclude(measurement([run(seed=seed, loss=falling()) for seed in range(3)])).onset is None
    below = conclude(measurement([run(seed=seed, loss=falling() - 1) for seed in range(3)]))
    assert below.onset is None
    assert "not positive" in below.notes[0]
    assert not any("overfitting" in sentence for sentence in below.headline)


def test_what_else_is_measured() -> None:
    curve, memorized, modes = REPORT.learning_curve, REPORT.memorization, REPORT.modes
    assert curve is not None
    assert [(size.fraction, size.rows) for size in curve.sizes] == [(0.25, 15), (0.5, 30), (1.0, 60)]
    assert curve.twice["accuracy"].value > 0.02
    assert memorized is not None
    assert memorized.train["accuracy"].value == 1
    assert memorized.validation["accuracy"].value == pytest.approx(0.5, abs=0.01)
    assert modes is not None
    assert modes["accuracy"].value == pytest.approx(-0.04)


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    report = conclude(measurement([run(), run("l2", accuracy=0.9)], remedy("l2")))
    assert report.gap["accuracy"].low is None
    assert verdicts(report) == {"l2": "not enough runs"}
    assert "One seed has no interval" in report.headline[0]
    for form in FORMATS:
        assert written(form, report)


def test_seeds_that_do_not_differ_are_one_run() -> None:
    """A pre-trained network on full batches: five times the same run is no evidence of anything."""
    curves = [replace(run(name, accuracy=score), seed=seed) for seed in range(5) for name, score in SAME]
    report = conclude(measurement(curves, remedy("l2")))
    assert report.seeds == 1
    assert report.gap["accuracy"].low is None
    assert verdicts(report) == {"l2": "not enough runs"}
    assert "the very same network" in report.notes[0]


SAME = (("control", 0.8), ("l2", 0.9))


def test_what_was_measured_until_an_interruption() -> None:
    curves = [run(seed=seed, loss=rising()[: 40 + seed], complete=False) for seed in range(3)]
    report = conclude(measurement([*curves, run("l2", complete=False)], remedy("l2"), interrupted=True))
    assert (report.epochs, report.interrupted, report.seeds) == (40, True, 3)
    assert "end with epoch 40" in report.notes[0]
    assert report.remedies[0].stopped
    assert "No remedy was trained to the end." in report.headline


def test_a_diverged_control_is_an_error_and_a_diverged_remedy_harms() -> None:
    broken = run(loss=np.full(10, np.nan))
    with pytest.raises(ProbeError, match="no finite number"):
        conclude(measurement([broken]))
    with pytest.raises(ProbeError, match="--budget"):
        conclude(measurement([]))
    report = conclude(measurement([run(), run(seed=1), replace(broken, variant="l2")], remedy("l2")))
    assert verdicts(report) == {"l2": "harms"}
    lucky = [run(seed=seed, accuracy=0.9) for seed in range(4)]
    partly = [*(run(seed=seed) for seed in range(5)), *(replace(it, variant="l2") for it in lucky)]
    report = conclude(measurement([*partly, replace(broken, variant="l2", seed=4)], remedy("l2")))
    assert verdicts(report) == {"l2": "harms"}
    assert report.remedies[0].why == "its loss was no finite number in 1 of 5 runs"
    one = conclude(measurement([run(), run(seed=1), replace(broken, seed=2)]))
    assert "1 of 3" in one.notes[0]


def test_a_metric_that_is_no_number_is_left_out() -> None:
    runs = [run(seed=seed) for seed in range(3)]
    empty = {"auc": np.full(100, np.nan)}
    runs = [replace(it, scores={side: {**given, **empty} for side, given in it.scores.items()}) for it in runs]
    report = conclude(measurement(runs, metrics=(Metric("auc", "higher", bounded=True), ACCURACY)))
    assert report.decides == "accuracy"
    assert report.notes == ("auc is no finite number in some epoch, and left out.",)


def test_an_unknown_quantity_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="`f1` was not measured; this experiment has accuracy, loss"):
        conclude(typical(), smallest={"f1": 0.1})


def test_resplit_intervals_are_wider() -> None:
    rows = {"train": 80, "validation": 20}
    plain = conclude(replace(typical(), rows=rows)).gap["accuracy"]
    shared = conclude(replace(typical(), rows=rows, spread="resplit")).gap["accuracy"]
    assert shared.high is not None
    assert plain.high is not None
    assert shared.high - shared.value == pytest.approx((plain.high - plain.value) * (1 + 8 * 0.25) ** 0.5)
    assert shared.rows is None


def test_json_is_the_contract() -> None:
    document = json.loads(written("json"))
    assert GapReport.model_validate(document) == REPORT
    assert document["version"] == 1
    assert document["seeds"] == 8
    assert set(document["gap"]) == set(document["gap_at_best"]) == {"accuracy", "loss"}
    assert {"train", "validation", "value", "low", "high", "better"} <= set(document["gap"]["accuracy"])
    assert {"epoch", "rise"} <= set(document["onset"])
    first = document["remedies"][0]
    assert {"name", "change", "verdict", "recommended", "effect"} <= set(first)
    assert {"value", "low", "high"} <= set(first["effect"]["loss"])
    assert document["notes"] == ["Racing stopped 1 of 7 remedies."]


def test_the_schema_knows_every_key() -> None:
    published = schema()
    assert published["properties"]["version"]["const"] == 1
    assert set(json.loads(written("json"))) == set(published["properties"])
    with pytest.raises(ValidationError):
        GapReport.model_validate({**json.loads(written("json")), "version": 2})


def test_text_opens_with_the_verdict_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = written("text").splitlines()
        assert lines[0].startswith("package.module:experiment")
        assert "the gap is 0.2" in " ".join(" ".join(lines[1:6]).split())
        assert max(map(len, lines)) <= columns
        assert not any(line != line.rstrip() for line in lines)
    told = written("text")
    for name in verdicts(REPORT):
        assert name in told


def test_charts_end_in_their_names_with_or_without_braille() -> None:
    lines = [Line("train", falling().tolist(), "blue", "."), Line("held out", rising().tolist(), "red", "*")]
    for ascii_only in (False, True):
        rows = [row.plain for row in chart(range(1, 101), lines, 78, 8, ascii_only=ascii_only)]
        assert len(rows) == 9
        assert max(map(len, rows)) <= 78
        assert rows[-1].split() == ["epoch", "1", "100"]
        assert "".join(rows).isascii() == ascii_only
        assert rows[7].endswith(" train")
    flat = chart(
        (1, 2), [Line("train", (0.5, 0.5), "", "."), Line("held out", (0.5, 0.5), "", "*")], 40, 4, ascii_only=True
    )
    assert sum("train" in row.plain or "held out" in row.plain for row in flat) == 2


def test_markdown_escapes_what_it_quotes() -> None:
    text = written("markdown", REPORT.model_copy(update={"experiment": "a|b*<img>", "notes": ("<b>x</b>",)}))
    assert text.startswith(r"## Generalization gap of a\|b\*\<img\>")
    assert r"- \<b\>x\</b\>" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows[:6]}) == 1
    assert "| l2 0.01 | +0.04" in text


def test_junit_has_a_case_for_each_gate() -> None:
    gates = (max_gap(REPORT, 0.1, "accuracy"), max_gap(REPORT, 0.2, "accuracy"), max_gap(REPORT, 0.3, "accuracy"))
    assert [gate.outcome for gate in gates] == ["failed", "inconclusive", "passed"]
    suite = ET.fromstring(written("junit", REPORT.model_copy(update={"gates": gates}))).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "4", "failures": "1", "skipped": "1", "errors": "0",
    }  # fmt: skip
    assert [len(case.findall("failure")) for case in suite.findall("testcase")] == [0, 1, 0, 0]
    assert "Measured to help" in (suite.findtext("testcase/system-out") or "")


def test_the_gate_fails_at_the_near_end_only() -> None:
    gap = REPORT.gap["accuracy"]
    assert gap.low is not None
    assert gap.high is not None
    assert max_gap(REPORT, gap.low - 1e-6, "accuracy").outcome == "failed"
    assert max_gap(REPORT, gap.low + 1e-6, "accuracy").outcome == "inconclusive"
    assert max_gap(REPORT, gap.high - 1e-6, "accuracy").outcome == "inconclusive"
    assert max_gap(REPORT, gap.high + 1e-6, "accuracy").outcome == "passed"
    with pytest.raises(UsageError, match="`f1` was not measured"):
        max_gap(REPORT, 0.1, "f1")


def gapped(accuracy: float, noise: float = 0.004, first: int = 0) -> GapReport:
    return conclude(measurement([run(seed=first + seed, accuracy=accuracy, noise=noise) for seed in range(6)]))


def test_the_baseline_gate() -> None:
    before = gapped(0.8)
    assert no_worse(gapped(0.7, first=6), before, "accuracy").outcome == "failed"
    assert no_worse(gapped(0.9, first=6), before, "accuracy").outcome == "passed"
    assert no_worse(before, before, "accuracy").outcome != "failed"
    assert no_worse(gapped(0.795, 0.0001), gapped(0.8, 0.0001), "accuracy").outcome in ("passed", "inconclusive")
    assert no_worse(gapped(0.78, 0.08, first=6), gapped(0.8, 0.08), "accuracy").outcome == "inconclusive"


def test_the_baseline_gate_is_welchs_test() -> None:
    from scipy import stats

    many = [[run(seed=seed, accuracy=a, noise=n) for seed in range(k)] for a, n, k in ((0.75, 0.03, 5), (0.8, 0.01, 9))]
    now, before = (conclude(measurement(runs)) for runs in many)
    samples = [[1 - it.scores["validation"]["accuracy"][-1] for it in runs] for runs in many]
    known = stats.ttest_ind(*samples, equal_var=False).confidence_interval(0.95)
    assert f"± {(known.high - known.low) / 2:.3f}" in no_worse(now, before, "accuracy").message


def test_a_baseline_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(written("json"))
    assert read_baseline(str(path)) == REPORT
    path.write_text('{"version": 1}')
    with pytest.raises(UsageError, match="is no gap report of version 1"):
        read_baseline(str(path))
    with pytest.raises(UsageError, match="cannot read the baseline"):
        read_baseline(str(tmp_path / "none.json"))


def test_duplicates_are_told() -> None:
    pairs = (Pair(validation=3, train=17, distance=0), Pair(validation=9, train=2, distance=0.005))
    found = Duplicates(rows=100, exact=1, near=1, same_label=2, pairs=pairs)
    report = conclude(typical(), duplicates=found)
    assert any("1 of 100" in sentence for sentence in report.headline)
    by_chance = conclude(typical(), duplicates=found.model_copy(update={"expected": 2.0}))
    assert not any("of 100" in sentence for sentence in by_chance.headline)
    assert "3 of 17, 9 of 2" in " ".join(written("text", report).split())


def test_lines_are_drawn_where_the_values_are() -> None:
    """Against `numpy.interp`: one mark a column, at the row of its value."""
    epochs, values = (1, 2, 10, 30), (0.0, 1.0, 0.2, 0.7)
    rows = chart(epochs, [Line("train", values, "", "*")], 60, 10, ascii_only=True)
    start = rows[0].plain.index("|") + 1
    columns = 60 - start - len(" train") + 1
    known = np.interp(np.linspace(1, 30, columns - 1), epochs, values)
    for column, value in enumerate(known):
        marked = [at for at, row in enumerate(rows[:10]) if row.plain[start + column : start + column + 1] == "*"]
        assert marked == [round((1 - value) * 9)]
