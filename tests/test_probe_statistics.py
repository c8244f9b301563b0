"""Each measure against a second implementation, plain and slow, and against what is known by construction."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from made_up_curves import falling, remedy, rising, run
from scipy import stats

from auditor.probe.statistics import label_noise
from auditor.probe.statistics.duplicates import chance_copies, closest
from auditor.probe.statistics.effects import complete_pairs, differences, margin_of_halves, smallest_effects
from auditor.probe.statistics.epochs import scored
from auditor.probe.statistics.intervals import runs_needed, t_interval, upper_bound
from auditor.probe.statistics.learning_curve import twice_the_rows
from auditor.probe.statistics.onset import smoothed, still_falling, turn

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("runs", [2, 5, 30])
def test_the_interval_is_that_of_a_t_test(runs: int) -> None:
    values = DRAW.normal(3, 2, runs)
    known = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = t_interval(values)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    by_hand = statistics.stdev(values) / math.sqrt(runs) * float(stats.t(runs - 1).isf(0.025 / 7))
    jointly = t_interval(values, comparisons=7)
    assert jointly.high == pytest.approx(statistics.fmean(values) + by_hand)
    assert upper_bound(values) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.90).high)


def test_intervals_cover_and_joint_intervals_cover_jointly() -> None:
    draw = np.random.default_rng(1)
    alone = jointly = 0
    for _ in range(1000):
        together = draw.normal(0, draw.uniform(0.1, 3, 8), (5, 8)).T
        alone += _covers(t_interval(together[0]))
        jointly += all(_covers(t_interval(values, comparisons=8)) for values in together)
    assert 930 <= alone <= 970
    assert jointly >= 930


def _covers(interval: object) -> bool:
    return bool(interval.low <= 0 <= interval.high)  # type: ignore[attr-defined]


def test_one_run_has_no_interval() -> None:
    assert t_interval(np.array([0.3])).low is None
    assert upper_bound(np.array([0.3])) is None


def test_divisions_that_share_rows_widen_the_interval() -> None:
    """A learner that only knows the mean of its rows: what resplitting the same rows finds varies less than its error
    over populations does. The plain interval covers too seldom; Nadeau and Bengio's comes close to 95%."""
    draw = np.random.default_rng(2)
    covered = {0.0: 0, 0.25: 0}
    for _ in range(300):
        rows = draw.normal(0, 1, 100)
        losses = []
        for _ in range(10):
            order = draw.permutation(100)
            losses.append(np.mean((rows[order[80:]] - rows[order[:80]].mean()) ** 2))
        for overlap in covered:
            found = t_interval(np.array(losses), overlap=overlap)
            assert found.low is not None
            assert found.high is not None
            covered[overlap] += found.low <= 1 + 1 / 80 <= found.high
    assert covered[0.0] < 0.8 * 300
    assert covered[0.25] > 0.85 * 300


def test_runs_needed_would_do() -> None:
    values = np.array([0.00, 0.04, 0.02, 0.05, -0.01])
    needed = runs_needed(values, 0.005, comparisons=4)
    assert needed is not None
    many = np.resize(values, 1000)
    spread, distance = float(np.std(values, ddof=1)), float(np.mean(many)) - 0.005

    def half(runs: int) -> float:
        return float(stats.t(runs - 1).isf(0.025 / 4)) * spread / math.sqrt(runs)

    assert half(needed) < distance <= half(needed - 1)
    assert runs_needed(np.array([0.005, 0.0051, 0.0049]), 0.005) is None


def test_the_onset_is_the_minimum_and_the_rise_relative() -> None:
    losses = rising(epochs=100, lowest=30, rise=0.5) + 0.001 * DRAW.standard_normal(100)
    found = turn(tuple(range(1, 101)), losses)
    plain = [statistics.fmean(losses[max(0, at - 2) : at + 3]) for at in range(100)]
    assert smoothed(losses, 5) == pytest.approx(plain)
    assert found is not None
    assert found.epoch == plain.index(min(plain)) + 1
    assert abs(found.epoch - 30) <= 3
    assert found.rise == pytest.approx((statistics.fmean(losses[-5:]) - min(plain)) / min(plain))
    assert found.overfitted


def test_a_falling_or_flat_loss_has_not_overfitted() -> None:
    for losses in (falling(), np.full(50, 0.7), np.array([0.7])):
        found = turn(tuple(range(1, len(losses) + 1)), losses)
        assert found is not None
        assert not found.overfitted
    assert turn((), np.array([])) is None
    assert turn((1, 2), np.array([-1.0, -2.0])) is None, "a rise relative to a negative loss means nothing"


def test_convergence() -> None:
    assert still_falling(np.linspace(1, 0.5, 50))
    assert not still_falling(rising())
    assert not still_falling(0.5 + np.exp(-np.arange(1, 101) / 8))


def test_the_best_epoch_is_judged_by_rows_that_did_not_choose_it() -> None:
    """On noise alone the lowest loss of many is far below the mean; the other half knows nothing of it."""
    draw = np.random.default_rng(3)
    naive, crossed = [], []
    for seed in range(200):
        first, second = draw.normal(1, 0.1, (2, 60))
        curve = run(seed=seed, loss=(first + second) / 2)
        scores = {**curve.scores, "first": {"loss": first}, "second": {"loss": second}}
        curve = type(curve)(curve.variant, seed, curve.epochs, scores)
        crossed.append(scored(curve, "loss", "best").validation)
        naive.append(float(np.min((first + second) / 2)))
        by_hand = (second[first.tolist().index(min(first))] + first[second.tolist().index(min(second))]) / 2
        assert crossed[-1] == pytest.approx(by_hand)
    assert np.mean(naive) < 0.85
    assert np.mean(crossed) == pytest.approx(1, abs=0.02)


def test_effects_are_paired_and_only_of_complete_pairs() -> None:
    curves = [run(seed=seed, accuracy=0.7 + 0.05 * seed) for seed in range(4)]
    curves += [run("l2", seed, accuracy=0.72 + 0.05 * seed) for seed in (2, 0, 1)]
    curves[-1] = run("l2", 1, accuracy=0.2, complete=False)
    pairs = complete_pairs(curves, "control", "l2")
    assert [pair.variant.seed for pair in pairs] == [0, 2]
    assert differences(pairs, "accuracy", remedy("l2")) == pytest.approx([0.02, 0.02])


def test_a_remedy_that_keeps_its_best_epoch_is_judged_at_it() -> None:
    pairs = complete_pairs([run(), run("early stopping")], "control", "early stopping")
    change = differences(pairs, "loss", remedy("early stopping", chooses=True))
    assert change == pytest.approx([min(rising()) - rising()[-1]])


def test_the_margin_of_a_draw_of_rows() -> None:
    """Against the standard error of a mean over 400 rows, and the spread of means over many draws of them."""
    draw = np.random.default_rng(4)
    rows = draw.normal(0.8, 0.4, 400)
    halves = []
    for _ in range(500):
        order = draw.permutation(400)
        halves.append((rows[order[:200]].mean(), rows[order[200:]].mean()))
    assert margin_of_halves(np.array(halves)) == pytest.approx(1.96 * 0.4 / 20, rel=0.1)


def test_the_smallest_effect_worth_a_change() -> None:
    found = smallest_effects({"accuracy": 0.8, "loss": 0.5, "perplexity": 30.0}, frozenset({"accuracy"}))
    assert found == pytest.approx({"accuracy": 0.005, "loss": 0.005, "perplexity": 0.3})


def test_twice_the_rows_follow_a_power_law() -> None:
    """Errors of .1 + .2 n^-.5: twice the rows are worth .2 (1 - 2^-.5)."""
    fractions = np.array([0.125, 0.25, 0.5, 1.0])
    noise = np.random.default_rng(5).normal(0, 0.002, (8, 4))
    errors = 0.1 + 0.2 * fractions**-0.5 + noise
    found, exponent = twice_the_rows(fractions, errors, floored=True)
    truth = 0.2 * (1 - 2**-0.5)
    assert found.low is not None
    assert found.high is not None
    assert found.low < truth < found.high
    assert exponent == pytest.approx(0.5, abs=0.25)
    from scipy.optimize import curve_fit

    def law(f: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
        return np.asarray(a + b * f**-c)

    a, b, c = curve_fit(law, fractions, errors.mean(axis=0), p0=(0.1, 0.2, 0.5))[0]
    assert found.value == pytest.approx(b * (1 - 2**-c), abs=0.004)
    assert a > 0


def test_few_noisy_sizes_leave_the_exponent_open() -> None:
    fractions = np.array([0.25, 0.5, 1.0])
    clean = 0.1 + 0.2 * fractions**-0.5
    noise = np.random.default_rng(6).normal(0, 1, (5, 3))
    wide = twice_the_rows(fractions, clean + 0.02 * noise, floored=True)[0]
    narrow = twice_the_rows(fractions, clean + 0.0001 * noise, floored=True)[0]
    assert wide.high is not None
    assert wide.low is not None
    assert narrow.high is not None
    assert narrow.low is not None
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    assert wide.low < 0.2 * (1 - 2**-0.5) < wide.high


def test_planted_duplicates_are_found() -> None:
    draw = np.random.default_rng(7)
    train, validation = draw.normal(size=(200, 8)), draw.normal(size=(100, 8))
    validation[[3, 40]] = train[[17, 101]]
    validation[77] = train[5] + 1e-4
    found = closest(train, validation)
    assert dict(zip(found.validation[found.exact], found.train[found.exact], strict=True)) == {3: 17, 40: 101}
    assert dict(zip(found.validation[found.near], found.train[found.near], strict=True)) == {77: 5}
    apart = [sorted(math.dist(a / train.std(0), b / train.std(0)) for b in train)[1] for a in train]
    by_hand = [min(math.dist(row / train.std(0), other / train.std(0)) for other in train) for row in validation]
    far = ~found.exact
    assert found.distance[far] == pytest.approx(np.array(by_hand)[far] / statistics.median(apart))


def test_copies_are_found_beyond_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.probe.statistics.duplicates._COST", 3 * 20**2)
    train = DRAW.normal(size=(200, 3))
    validation = np.concatenate([DRAW.normal(size=(150, 3)), train[[9]]])
    found = closest(train, validation)
    assert (150, 9) in set(zip(found.validation[found.exact], found.train[found.exact], strict=True))
    assert found.exact.sum() == 1


def test_rows_of_few_values_are_copies_and_not_near() -> None:
    """Binary rows: most have a copy, none is nearly one."""
    rows = DRAW.integers(0, 2, (300, 4)).astype(float)
    found = closest(rows[:200], rows[200:])
    assert found.exact.all()
    assert not found.near.any()
    assert chance_copies(rows[:200], rows[200:]) == pytest.approx(100, abs=0.1), "as many as there are"


def test_copies_by_chance() -> None:
    """Against rows drawn anew: six columns of three values, 50 training rows, 3000 others."""
    train, validation = DRAW.integers(0, 3, (50, 6)).astype(float), DRAW.integers(0, 3, (3000, 6)).astype(float)
    known = {tuple(row) for row in train}
    assert chance_copies(train, validation) == pytest.approx(sum(tuple(row) in known for row in validation), rel=0.3)
    assert chance_copies(DRAW.normal(size=(200, 8)), validation) == 0


def test_flipped_labels_are_suspected() -> None:
    draw = np.random.default_rng(8)
    labels = np.repeat([0, 1, 2], 100)
    features = draw.normal(size=(300, 5)) + 4 * np.eye(5)[labels]
    flipped = draw.choice(300, 15, replace=False)
    given = labels.copy()
    given[flipped] = (labels[flipped] + 1) % 3
    found = label_noise.suspects(features, given)
    assert found is not None
    assert len(set(found.rows) & set(flipped)) >= 13
    assert len(set(found.rows) - set(flipped)) <= 6
    both = [row for row in found.rows if row in set(flipped)]
    likely = dict(zip(found.rows, found.likely, strict=True))
    assert all(likely[row] == labels[row] for row in both)


def test_confident_learning_by_hand() -> None:
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    labels = np.array([0, 0, 0, 1, 1])
    found = label_noise.contradicted(probability, labels)
    thresholds = [statistics.fmean(probability[labels == label, label]) for label in (0, 1)]
    assert thresholds == pytest.approx([0.6, 0.75])
    assert found.rows.tolist() == [2]
    assert (found.given.tolist(), found.likely.tolist(), found.margin.tolist()) == ([0], [1], [pytest.approx(0.8)])


def test_too_few_of_a_class_say_nothing_of_labels() -> None:
    assert label_noise.suspects(DRAW.normal(size=(20, 2)), np.array([0] * 17 + [1] * 3)) is None
    assert label_noise.suspects(DRAW.normal(size=(20, 2)), np.zeros(20, dtype=np.int64)) is None
