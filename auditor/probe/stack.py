"""Many networks of one shape as one: weights stacked along a first dimension, one optimizer over all of them.

An optimizer that treats each element by itself does to a stack what it does to each network alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from auditor.probe.keras_networks import KerasStep
from auditor.probe.network import Trainee
from auditor.probe.pulls import Pulls
from auditor.probe.rows import Rows, Tree
from auditor.probe.treatment import Treatment

Weights: TypeAlias = dict[str, torch.Tensor]
Forward: TypeAlias = Callable[["Stack", Tree, bool], Tree]
"""From inputs ``(V, N, ...)`` and the mode (True: training) to outputs ``(V, N, ...)``."""

ELEMENTWISE = (
    *(torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad),
    *(torch.optim.Adadelta, torch.optim.Adamax, torch.optim.NAdam, torch.optim.RAdam, torch.optim.ASGD),
    torch.optim.Rprop,
)
FUSED = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad)


def stackable(optimizer: torch.optim.Optimizer) -> bool:
    """Whether one step over a stack is a step of each network alone."""
    if isinstance(optimizer, KerasStep):
        return optimizer.stackable
    return type(optimizer) in ELEMENTWISE and not any(group.get("maximize") for group in optimizer.param_groups)


class Stack:
    """``V`` networks in training. ``weights`` are ``(V, ...)`` and have gradients, ``others`` (buffers and frozen
    weights) have none."""

    def __init__(
        self,
        trainees: Sequence[Trainee],
        treatments: Sequence[Treatment],
        losses: Callable[[Tree, Tree], torch.Tensor],
        forward: Forward,
    ) -> None:
        first = trainees[0]
        trained = {id(one) for group in first.optimizer.param_groups for one in group["params"]}
        names = {id(one): name for name, one in first.model.named_parameters()}
        self.weights: Weights = {}
        self.others: Weights = {}
        for name, tensor in state(first.model).items():
            stacked = torch.stack([state(each.model)[name].detach() for each in trainees])
            if id(tensor) in trained and tensor.requires_grad:
                self.weights[name] = stacked.requires_grad_()
            else:
                self.others[name] = stacked
        self.extra: torch.Tensor | None = None
        """What networks add to their losses, ``(V,)``, in the last forward pass in train mode."""
        self.model = first.model
        self.treatments = list(treatments)
        self.losses = losses
        self.forward = forward
        self.optimizer = over(first.optimizer, self.weights, names)
        self.pulls = Pulls(self.optimizer, self.treatments)

    @property
    def rates(self) -> list[float]:
        """Dropout of each variant; NaN: what the network itself does."""
        return [float("nan") if one.dropout is None else one.dropout for one in self.treatments]

    @property
    def size(self) -> int:
        return len(self.treatments)

    def step(self, batch: Rows) -> None:
        """One optimizer step of each network on its rows, ``(V, B, ...)``."""
        losses = self.losses(self.forward(self, batch.inputs, True), batch.targets)
        (losses if self.extra is None else losses + self.extra.to(losses)).sum().backward()
        self.pulls.before_step()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def outputs(self, inputs: Tree, *, training: bool = False) -> Tree:
        """What each network returns, ``(V, N, ...)``, without gradients; buffers stay as they are."""
        kept = self.others
        self.others = {name: tensor.clone() for name, tensor in kept.items()} if training else kept
        try:
            with torch.no_grad():
                return self.forward(self, inputs, training)
        finally:
            self.others = kept

    def keep(self, variants: Sequence[int]) -> None:
        """Goes on with these variants only, in this order."""
        index = torch.tensor(list(variants))
        for group in self.optimizer.param_groups:
            for weight in group["params"]:
                for name, tensor in self.optimizer.state[weight].items():
                    if isinstance(tensor, torch.Tensor) and tensor.shape == weight.shape:
                        self.optimizer.state[weight][name] = tensor[index.to(tensor.device)]
        with torch.no_grad():
            for weight in self.weights.values():
                weight.data = weight.data[index.to(weight.device)]
        self.others = {name: tensor[index.to(tensor.device)] for name, tensor in self.others.items()}
        self.treatments = [self.treatments[number] for number in variants]
        self.pulls.keep(variants)


def state(model: torch.nn.Module) -> Weights:
    """Every parameter and buffer by name, shared ones once."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def over(own: torch.optim.Optimizer, weights: Weights, names: dict[int, str]) -> torch.optim.Optimizer:
    """An optimizer of the same kind and options over stacked weights, with torch's fused step where there is one."""
    groups: list[dict[str, Any]] = []
    for group in own.param_groups:
        options = {key: value for key, value in group.items() if key not in ("params", "foreach", "fused")}
        groups.append({**options, "params": [weights[names[id(one)]] for one in group["params"] if one.requires_grad]})
    fused = type(own) in FUSED and not any(group.get("differentiable") for group in groups)
    kind: Any = type(own)
    made: torch.optim.Optimizer = kind(groups, fused=True) if fused else kind(groups)
    return made
