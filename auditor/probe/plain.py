"""One network trained as its author would: whatever cannot be stacked, and what stacking is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext

import torch

from auditor.probe.dropping import Dropping
from auditor.probe.network import Arguments, Trainee, extra_loss
from auditor.probe.pulls import Pulls
from auditor.probe.rows import Rows, Tree, on_each
from auditor.probe.treatment import Treatment


class Plain:
    """One network in training, with the interface of a stack of one."""

    def __init__(
        self,
        trainee: Trainee,
        treatment: Treatment,
        loss: Callable[[Tree, Tree], torch.Tensor],
        arguments: Arguments,
        sites: tuple[frozenset[int], int],
    ) -> None:
        self.model = trainee.model
        self.optimizer = trainee.optimizer
        self.treatments = [treatment]
        self.loss = loss
        self.arguments = arguments
        self.sites = sites
        self.pulls = Pulls(trainee.optimizer, [treatment], stacked=False)

    @property
    def size(self) -> int:
        return len(self.treatments)

    def step(self, batch: Rows) -> None:
        """One optimizer step on rows ``(1, B, ...)``."""
        self.model.train()

        def closure() -> float:
            self.optimizer.zero_grad()
            value = self.loss(self.forward(single(batch.inputs)), single(batch.targets))
            value = value + extra_loss(self.model).to(value)
            value.backward()
            self.pulls.before_step()
            return float(value.detach())

        self.optimizer.step(closure)

    def forward(self, inputs: Tree) -> Tree:
        rate = self.treatments[0].dropout
        drops = self.model.training and rate is not None and not math.isnan(rate)
        positions, keywords = self.arguments(inputs)
        with Dropping(torch.tensor(rate), *self.sites) if drops else nullcontext():
            return self.model(*positions, **keywords)

    def outputs(self, inputs: Tree, *, training: bool = False) -> Tree:
        """What the network returns, ``(1, N, ...)``, without gradients; buffers stay as they are."""
        buffers = {name: tensor.clone() for name, tensor in self.model.named_buffers()} if training else {}
        self.model.train(training)
        try:
            with torch.no_grad():
                return on_each(lambda leaf: leaf.unsqueeze(0), self.forward(single(inputs)))
        finally:
            for name, tensor in self.model.named_buffers():
                if name in buffers:
                    tensor.copy_(buffers[name])

    def keep(self, variants: Sequence[int]) -> None:
        """Goes on, or not."""
        self.treatments = [self.treatments[number] for number in variants]


def single(tree: Tree) -> Tree:
    """The only variant's part of a stacked tree."""
    return on_each(lambda leaf: leaf[0], tree)
