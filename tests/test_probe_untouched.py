"""A probe leaves everything of the user's as it was, also when it fails or is interrupted."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from experiments import brief, chain, curve, experiment, rows
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from auditor.errors import ProbeError


def snapshot() -> list[Any]:
    """The random state and the grad mode of the process."""
    arrays = np.random.get_state(legacy=False)
    return [random.getstate(), repr(arrays), torch.get_rng_state().tolist(), torch.is_grad_enabled()]


class Watched:
    """A network, an optimizer, rows and a hook of a user's, and how they were."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 1))
        self.model[3].eval()
        self.calls: list[str] = []
        self.model.register_forward_hook(lambda *_: self.calls.append("called"))
        groups: list[dict[str, Any]] = [{"params": [*self.model[0].parameters()], "lr": 0.1}]
        groups.append({"params": [*self.model[4].parameters()]})
        self.optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, weight_decay=0.01)
        self.rows = rows(30, 0)
        self.before = self.now()

    def now(self) -> Any:
        return copy.deepcopy(
            [
                {name: tensor.tolist() for name, tensor in self.model.state_dict().items()},
                [module.training for module in self.model.modules()],
                [tensor.grad for tensor in self.model.parameters()],
                [len(module._forward_hooks) for module in self.model.modules()],
                self.optimizer.state_dict(),
                [tensor.tolist() for tensor in self.rows],
                snapshot(),
            ]
        )


def test_nothing_is_changed() -> None:
    random.seed(1)
    watched = Watched()
    declared = experiment(model=watched.model, optimizer=watched.optimizer, train=watched.rows, batch_size=10)
    found = brief(declared, remedies=None, fractions=[0.5], memorization=True)
    assert len(found.curves) > 20
    assert watched.now() == watched.before
    assert not watched.calls, "a user's hook belongs to the user's network"


def test_nothing_is_changed_by_a_failure() -> None:
    watched = Watched()

    def fails(subject: Any) -> Any:
        raise ZeroDivisionError

    with torch.no_grad():
        watched.before = watched.now()
        with pytest.raises(ZeroDivisionError):
            brief(experiment(model=watched.model, optimizer=watched.optimizer, train=watched.rows), remedies=[fails])
        assert watched.now() == watched.before


def test_a_loader_keeps_its_place() -> None:
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(*rows(30, 0)), batch_size=8, shuffle=True, generator=generator)
    before = generator.get_state().tolist()
    brief(experiment(train=loader))
    assert generator.get_state().tolist() == before


def test_seeds_start_from_a_given_network_and_draw_from_a_factory() -> None:
    torch.manual_seed(0)
    given = brief(experiment(model=chain(), batch_size=10, epochs=1))
    drawn = brief(experiment(epochs=1))
    assert any("given model" in note for note in given.notes)
    first, second = (curve(given, seed=seed).scores["train"]["loss"][0] for seed in (0, 1))
    assert first != second, "the order of the rows differs"
    assert abs(first - second) < 0.05
    assert curve(drawn, seed=0).scores["train"]["loss"][0] != curve(drawn, seed=1).scores["train"]["loss"][0]


def test_equal_seeds_are_told() -> None:
    found = brief(experiment(model=chain()))
    assert any("nothing differs between seeds" in note for note in found.notes)
    assert (
        curve(found, seed=0).scores["train"]["loss"].tolist() == curve(found, seed=1).scores["train"]["loss"].tolist()
    )


def test_the_groups_of_an_optimizer_are_kept() -> None:
    """What the second group trains at its own rate is what a plain loop makes of it."""
    torch.manual_seed(0)
    model = chain()
    groups = [{"params": [*model.parameters()][:4], "lr": 0.0}, {"params": [*model.parameters()][4:], "lr": 0.2}]
    found = brief(experiment(model=model, optimizer=torch.optim.SGD(groups, lr=1.0), epochs=4))
    plain = copy.deepcopy(model)
    x, y = rows(30, 0)
    step = torch.optim.SGD([*plain.parameters()][4:], lr=0.2)
    for _ in range(4):
        step.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(plain(x), y).backward()
        step.step()
    with torch.no_grad():
        expected = nn.functional.binary_cross_entropy_with_logits(plain(x), y).item()
    assert curve(found).scores["train"]["loss"][-1] == pytest.approx(expected, abs=1e-6)


def test_an_optimizer_of_other_weights_is_refused() -> None:
    with pytest.raises(ProbeError, match="factory of others"):
        brief(experiment(optimizer=torch.optim.SGD(chain().parameters(), lr=0.1)))
    with pytest.raises(ProbeError, match="not the model's"):
        brief(experiment(model=chain(), optimizer=torch.optim.SGD(chain().parameters(), lr=0.1)))
