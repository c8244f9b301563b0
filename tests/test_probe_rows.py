"""Rows come from wherever users keep them, and train the same network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from experiments import brief, curve, experiment, rows
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler

from auditor.errors import ProbeError
from auditor.probe.division import pooled
from auditor.probe.loading import load
from auditor.probe.rows import Ragged, Rows

X, Y = rows(30, 0)


class Dicts(Dataset[dict[str, torch.Tensor]]):
    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, at: int) -> dict[str, torch.Tensor]:
        return {"x": X[at], "labels": Y[at]}


class Stream(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return iter(zip(X, Y, strict=True))


SOURCES: dict[str, Callable[[], Any]] = {
    "tensors": lambda: (X, Y),
    "a list": lambda: [X, Y],
    "double arrays": lambda: (X.double().numpy(), Y.double().numpy()),
    "a dataset": lambda: TensorDataset(X, Y),
    "dicts": Dicts,
    "a shuffling loader": lambda: DataLoader(TensorDataset(X, Y), batch_size=30, shuffle=True),
    "a loader that drops": lambda: DataLoader(TensorDataset(X, Y), batch_size=30, drop_last=True),
    "a stream": Stream,
    "a loader of a stream": lambda: DataLoader(Stream(), batch_size=30),
    "batches": lambda: [(X[:20], Y[:20]), (X[20:], Y[20:])],
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_all_sources_are_the_same_rows(source: Callable[[], Any]) -> None:
    given = source()
    found = load(iter(given) if isinstance(given, list) and isinstance(given[0], tuple) else given, "train").rows
    assert isinstance(found, Rows)
    inputs = found.inputs["x"] if isinstance(found.inputs, dict) else found.inputs
    assert torch.equal(inputs.float(), X)
    assert torch.equal(found.targets.float(), Y)


def test_double_arrays_train_like_single_tensors() -> None:
    wanted = brief(experiment())
    found = brief(experiment(train=(X.double().numpy(), Y.double().numpy())))
    assert curve(found).scores["train"]["loss"].tolist() == curve(wanted).scores["train"]["loss"].tolist()


def test_a_loader_brings_its_batch_size_and_the_experiment_overrules_it() -> None:
    loader = DataLoader(TensorDataset(X, Y), batch_size=7)
    as_given, over, wanted = (
        curve(brief(experiment(train=train, batch_size=size))).scores["train"]["loss"].tolist()
        for train, size in ((loader, None), (loader, 10), ((X, Y), 7))
    )
    assert as_given == wanted
    assert over != wanted


def test_a_sampler_that_draws_is_followed_and_told() -> None:
    sampler = WeightedRandomSampler([1.0] * 5 + [0.0] * 25, 30)
    loaded = load(DataLoader(TensorDataset(X, Y), batch_size=10, sampler=sampler), "train")
    assert isinstance(loaded.rows, Rows)
    assert {tuple(row) for row in loaded.rows.inputs.tolist()} <= {tuple(row) for row in X[:5].tolist()}
    assert loaded.batch_size == 10
    assert any("as its sampler drew them" in note for note in loaded.notes)


class Noisy(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        return X[at] + torch.randn(6), Y[at]


def test_augmentation_stands_still_and_is_told() -> None:
    assert any("augmentation stands still" in note for note in load(Noisy(), "train").notes)
    assert not load(TensorDataset(X, Y), "train").notes


class Bag(nn.Module):
    """The mean of what some tokens are embedded as."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4, padding_idx=0)
        self.last = nn.Linear(4, 2)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        counted = (tokens != 0).sum(1, keepdim=True)
        return self.last(self.embed(tokens).sum(1) / counted)  # type: ignore[no-any-return]


class Sentences(Dataset[tuple[torch.Tensor, int]]):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, at: int) -> tuple[torch.Tensor, int]:
        return torch.arange(1, 3 + at % 6), at % 2


def padded(samples: list[tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    tokens, labels = zip(*samples, strict=True)
    return nn.utils.rnn.pad_sequence(list(tokens), batch_first=True), torch.tensor(labels)


def test_rows_of_different_lengths_are_padded_batch_by_batch() -> None:
    """The scores are those of the whole, padded by hand."""
    loader = DataLoader(Sentences(), batch_size=6, collate_fn=padded)
    assert isinstance(load(loader, "train").rows, Ragged)
    kept: list[nn.Module] = []

    def model() -> nn.Module:
        kept.append(Bag())
        return kept[-1]

    declared = experiment(
        model=model, train=loader, validation=loader, loss=nn.CrossEntropyLoss(), optimizer=still, epochs=1
    )
    found = brief(declared, seeds=1)
    tokens, labels = padded([Sentences()[at] for at in range(20)])
    with torch.no_grad():
        outputs = kept[-1](tokens)
    assert curve(found).scores["train"]["loss"][0] == pytest.approx(nn.CrossEntropyLoss()(outputs, labels).item())
    assert curve(found).scores["train"]["accuracy"][0] == (outputs.argmax(1) == labels).double().mean().item()


def still(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.0)


def test_redrawn_rows_differ_between_seeds() -> None:
    declared = experiment(train=lambda seed: rows(30, seed), validation=lambda seed: rows(40, 100 + seed))
    pool = pooled(declared, range(3), torch.float32, torch.device("cpu"), resplit=False)
    assert pool.spread == "redraw"
    for seed in range(3):
        taken = pool.rows.take(pool.divisions[seed].train, pool.divisions[seed].train)
        assert torch.equal(taken.inputs, rows(30, seed)[0])
    assert brief(declared).spread == "redraw"
    with pytest.raises(ProbeError, match="ask for one of the two"):
        brief(declared, resplit=True)


@pytest.mark.parametrize("resplit", [False, True])
def test_halves_divide_the_validation_rows_and_sides_stay_apart(resplit: bool) -> None:
    pool = pooled(experiment(), range(4), torch.float32, torch.device("cpu"), resplit=resplit)
    for division in pool.divisions.values():
        train, validation = set(division.train.tolist()), set(division.validation.tolist())
        assert len(train) == 30
        assert len(validation) == 40
        assert not train & validation
        halves = [set(half.tolist()) for half in (division.first, division.second)]
        assert halves[0] | halves[1] == set(range(40))
        assert not halves[0] & halves[1]
        assert resplit == (train != set(range(30)))


def test_minibatches_are_every_row_once_an_epoch() -> None:
    from auditor.probe.training import orders

    order = orders(3, 25, 10)
    first, second = next(order), next(order)
    assert [len(batch) for batch in first] == [10, 10, 5]
    assert sorted(torch.cat(first).tolist()) == list(range(25))
    assert torch.cat(first).tolist() != torch.cat(second).tolist()
    assert np.array_equal(torch.cat(next(orders(3, 25, 10))), torch.cat(first))
