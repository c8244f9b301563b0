"""Budgets, racing and progress."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from experiments import brief, curve, experiment, rows

from auditor.probe.budget import Cost, cut
from auditor.probe.division import pooled
from auditor.probe.measure import fraction_of, measure, memorized
from auditor.probe.racing import dominated
from auditor.probe.records import Record, Run
from auditor.probe.training import schedule
from auditor.probe.treatment import THE_CONTROL, Subject, Treatment, remedy


def runs(seeds: int = 5) -> list[Run]:
    """The control, one remedy, a fraction and random labels."""
    pool = pooled(experiment(train=rows(300, 0)), range(seeds), torch.float32, torch.device("cpu"), resplit=False)
    treatments = [THE_CONTROL, Treatment(remedy("a", "-"), coupled=0.1), memorized(), fraction_of(0.5)]
    return [
        Run(one, seed, pool.divisions[seed], pool.divisions[seed].train) for one in treatments for seed in range(seeds)
    ]


def test_the_schedule_has_both_ends() -> None:
    assert schedule(1) == (1,)
    assert schedule(3) == (1, 2, 3)
    assert schedule(100) == (1, *range(5, 101, 5))
    assert schedule(107)[-1] == 107
    assert max(len(schedule(epochs)) for epochs in range(1, 500)) <= 31


def test_measures_of_their_own_are_cut_first_then_seeds_then_rows() -> None:
    cost = Cost(epoch=1.0, scoring=0.0)  # 20 runs of 10 epochs are 200 seconds
    for seconds, count, seeds, train, notes in (
        (200, 20, 5, 300, []),
        (150, 15, 5, 300, ["the learning curve"]),
        (100, 10, 5, 300, ["the learning curve", "memorization"]),
        (80, 8, 4, 300, ["the learning curve", "memorization", "4 seeds were run instead of 5"]),
        (30, 6, 3, 150, ["the learning curve", "memorization", "3 seeds", "150 training and 20 validation rows"]),
    ):
        left, said = cut(runs(), 10, cost, seconds)
        assert len(left) == count
        assert len({run.seed for run in left}) == seeds
        assert len(left[0].division.train) == train
        assert len(said) == len(notes)
        assert all(part in note for part, note in zip(notes, said, strict=True))


def test_a_budget_is_kept_and_what_it_cut_is_told() -> None:
    started = time.monotonic()
    found = brief(experiment(epochs=100_000), remedies=["dropout"], budget=1.5)
    assert time.monotonic() - started < 15
    assert any(note.startswith("budget: ") for note in found.notes)
    assert any("the time was up" in note for note in found.notes)
    assert not any(one.complete for one in found.curves)


def test_the_rows_are_told_as_they_were_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.probe.study.timed", lambda course: Cost(epoch=10.0, scoring=0.0))
    found = brief(experiment(), budget=60.0)  # 6 runs of an epoch are 60 s, of which 70% are planned for
    assert found.rows is not None
    assert 15 <= found.rows["train"] <= 22
    assert any(f"{found.rows['train']} training and" in note for note in found.notes)


def test_a_budget_may_say_how_many_epochs() -> None:
    found = brief(experiment(epochs=None), budget=5.0)
    (note,) = (note for note in found.notes if "epochs fit into 5 s" in note)
    assert curve(found).epochs[-1] == int(note.split()[1])


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    measure(experiment(), seeds=2, progress=lambda share, left: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == pytest.approx(1.0)


def hopeless(subject: Subject) -> list[Treatment | str]:
    return [Treatment(remedy("numb", "-"), dropout=0.97), Treatment(remedy("same", "-"), coupled=1e-9)]


def test_racing_stops_what_is_clearly_dominated_and_nothing_else() -> None:
    declared = experiment(epochs=60, train=rows(200, 0), validation=rows(200, 1))
    raced = brief(declared, seeds=4, remedies=[hopeless], racing=True)
    assert all(curve(raced, "same", seed).complete for seed in range(4))
    assert not any(curve(raced, "numb", seed).complete for seed in range(4))
    assert any("racing: stopped after epoch" in note and "numb" in note for note in raced.notes)
    whole = brief(declared, seeds=4, remedies=[hopeless])
    for seed in range(4):
        stopped = curve(raced, "numb", seed)
        assert 20 <= stopped.epochs[-1] < 60
        for name in ("control", "same"):
            one, other = (curve(of, name, seed).scores["validation"]["loss"] for of in (raced, whole))
            assert one == pytest.approx(other, abs=1e-4), "the others go on as they would have"


def record(name: str, seed: int, losses: list[float], purpose: Any = "remedy") -> Record:
    (run,) = (one for one in runs() if one.seed == seed and one.name == ("control" if name == "control" else "a"))
    scores: Any = {"validation": {"loss": losses}}
    return Record(run, 1, list(range(1, len(losses) + 1)), scores)


def test_three_seeds_are_needed_to_dominate() -> None:
    control = [record("control", seed, [0.5, 0.4]) for seed in range(3)]
    worse = [record("a", seed, [0.9, 0.8 + seed / 100]) for seed in range(3)]
    assert dominated(worse, control, ()) == worse
    assert dominated(worse[:2], control, ()) == []
    close = [record("a", seed, [0.9, 0.41]) for seed in range(3)]
    assert dominated(close, control, ()) == []
    spread = [record("a", seed, [0.9, (0.3, 0.5, 1.5)[seed]]) for seed in range(3)]
    assert dominated(spread, control, ()) == []
