"""Batched training is training one after another, only cheaper."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import experiments
import numpy as np
import pytest
import torch
from torch import nn

from auditor.probe.measure import measure
from auditor.probe.row_losses import over_stack
from auditor.probe.treatment import Subject, Treatment, remedy

OPTIMIZERS = {
    "SGD": partial(torch.optim.SGD, lr=0.1),
    "momentum": partial(torch.optim.SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": partial(torch.optim.Adam, lr=0.01),
    "AdamW": partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1),
    "RMSprop": partial(torch.optim.RMSprop, lr=0.01),
}


def chain() -> nn.Module:
    return experiments.chain().double()


class Branching(nn.Module):
    """No chain: vmap has to take it. Batch norm has running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(6, 8)
        self.norm = nn.BatchNorm1d(8)
        self.two = nn.Linear(8, 8)
        self.last = nn.Linear(8, 1)
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.norm(self.one(x)))
        return self.last(h + torch.nn.functional.gelu(self.two(h)))  # type: ignore[no-any-return]


def pulling(subject: Subject) -> list[Treatment | str]:
    """Every kind of pull, and nothing random."""
    return [
        Treatment(remedy("coupled", "-"), coupled=0.02),
        Treatment(remedy("decoupled", "-"), decoupled=0.3),
        Treatment(remedy("l1", "-"), l1=0.003),
    ]


@pytest.mark.parametrize("batch_size", [None, 8])
@pytest.mark.parametrize("model", [chain, Branching])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_batched_is_one_after_another(model: Callable[[], nn.Module], optimizer: Any, batch_size: int | None) -> None:
    declared = experiments.experiment(
        model=model,
        optimizer=optimizer,
        batch_size=batch_size,
        train=experiments.rows(30, 0, torch.float64),
        validation=experiments.rows(40, 1, torch.float64),
        epochs=8,
    )
    batched = measure(declared, seeds=2, remedies=[pulling], fractions=[0.5])
    alone = measure(declared, seeds=2, remedies=[pulling], fractions=[0.5], batched=False)
    assert not batched.notes
    assert len(batched.curves) == len(alone.curves) == 2 * (1 + 3 + 1 + 1)
    for one, other in zip(batched.curves, alone.curves, strict=True):
        for name in ("variant", "seed", "epochs", "weights"):
            assert getattr(one, name) == getattr(other, name)
        for side in one.scores:
            np.testing.assert_allclose(one.scores[side]["loss"], other.scores[side]["loss"], atol=1e-4, rtol=1e-4)
            np.testing.assert_array_equal(one.scores[side]["accuracy"], other.scores[side]["accuracy"])


STACKED: dict[str, tuple[nn.Module, tuple[int, ...], Any]] = {
    "logits": (nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)), (3, 7, 2), torch.rand(3, 7, 2).round()),
    "squares": (nn.MSELoss(), (3, 7, 2), torch.rand(3, 7, 2)),
    "huber": (nn.HuberLoss(), (3, 7), torch.rand(3, 7)),
    "classes": (nn.CrossEntropyLoss(), (3, 7, 4), torch.randint(4, (3, 7))),
    "ignored": (nn.CrossEntropyLoss(ignore_index=1), (3, 7, 4), torch.randint(4, (3, 7))),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), (3, 7, 4), torch.randint(4, (3, 7))),
    "tokens": (nn.CrossEntropyLoss(ignore_index=0), (3, 7, 4, 5), torch.randint(4, (3, 7, 5))),
    "shares": (nn.CrossEntropyLoss(), (3, 7, 4), torch.rand(3, 7, 4).softmax(2)),
}


@pytest.mark.parametrize(("loss", "shape", "targets"), STACKED.values(), ids=STACKED)
def test_losses_over_a_stack_are_those_of_each(loss: nn.Module, shape: tuple[int, ...], targets: torch.Tensor) -> None:
    outputs = torch.randn(shape)
    stacked = over_stack(loss)
    assert stacked is not None
    expected = [loss(one, other) for one, other in zip(outputs, targets, strict=True)]
    torch.testing.assert_close(stacked(outputs, targets), torch.stack(expected))


def test_other_losses_are_left_to_vmap() -> None:
    for loss in (nn.CrossEntropyLoss(weight=torch.ones(3)), nn.MSELoss(reduction="sum"), nn.KLDivLoss(), len):
        assert over_stack(loss) is None
