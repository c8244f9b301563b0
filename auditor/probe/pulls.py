"""What pulls weights towards zero beside the loss: coupled and decoupled decay and an L1 penalty, for each variant.

The optimizer's own decay is taken off and applied here, at the same place of a step and by the same formulas as
torch's optimizers, so that variants with different decays share one optimizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import torch

from auditor.probe.keras_alone import AloneStep
from auditor.probe.keras_networks import KerasStep
from auditor.probe.treatment import Treatment

COUPLED = (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta)
COUPLED_TOO = (torch.optim.Adamax, torch.optim.NAdam, torch.optim.RAdam, torch.optim.ASGD)


def decay_of(optimizer: torch.optim.Optimizer) -> Literal["coupled", "decoupled", "unknown"]:
    """What an optimizer's ``weight_decay`` is.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    if any(group.get("decoupled_weight_decay") for group in optimizer.param_groups):
        return "decoupled"
    if type(optimizer) in (torch.optim.AdamW, KerasStep, AloneStep):
        return "decoupled"
    return "coupled" if type(optimizer) in COUPLED + COUPLED_TOO else "unknown"


@dataclass(frozen=True, slots=True)
class Pull:
    """Factors for neighbouring variants of one parameter group."""

    variants: slice
    coupled: float
    decoupled: float
    l1: float


class Pulls:
    """The pulls on each parameter group of an optimizer over stacked weights ``(V, ...)``, or over one network's."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, treatments: Sequence[Treatment], *, stacked: bool = True
    ) -> None:
        self.stacked = stacked
        kind = decay_of(optimizer)
        groups = optimizer.param_groups
        own = [float(group.get("weight_decay", 0.0)) if kind != "unknown" else 0.0 for group in groups]
        spared = any(own)
        self.optimizer = optimizer
        self.factors: list[list[tuple[float, float, float]]] = []
        for group, decay in zip(groups, own, strict=True):
            if kind != "unknown":
                group["weight_decay"] = 0.0
            exempt = spared and not decay
            self.factors.append([pull(treatment, kind, decay, exempt) for treatment in treatments])
        self.groups = [neighbours(factors) for factors in self.factors]

    def keep(self, variants: Sequence[int]) -> None:
        """Goes on with these variants only."""
        self.factors = [[factors[number] for number in variants] for factors in self.factors]
        self.groups = [neighbours(factors) for factors in self.factors]

    def before_step(self) -> None:
        """Adds penalties to the gradients and shrinks weights. Call it between the backward pass and the step."""
        with torch.no_grad():
            for group, pulls in zip(self.optimizer.param_groups, self.groups, strict=True):
                for one in pulls:
                    for weight in group["params"]:
                        if weight.grad is not None:
                            pulled(self.part(weight, one), self.part(weight.grad, one), one, float(group["lr"]))

    def part(self, tensor: torch.Tensor, of: Pull) -> torch.Tensor:
        """A view of the variants that are pulled, ``(v, ...)``."""
        return tensor[of.variants] if self.stacked else tensor.unsqueeze(0)


def pull(treatment: Treatment, kind: str, own: float, exempt: bool) -> tuple[float, float, float]:
    """Coupled, decoupled and L1 factor; a group that its author exempted from decay stays exempt."""
    if exempt:
        return 0.0, 0.0, 0.0
    coupled = own if kind == "coupled" else 0.0
    decoupled = own if kind == "decoupled" else 0.0
    if treatment.coupled is not None:
        coupled = treatment.coupled
    if treatment.decoupled is not None:
        decoupled = treatment.decoupled
    return coupled, decoupled, treatment.l1


def neighbours(factors: Sequence[tuple[float, float, float]]) -> list[Pull]:
    """Variants side by side with equal factors take one operation; those without any take none."""
    pulls = []
    start = 0
    for values, run in groupby(factors):
        end = start + len(list(run))
        if any(values):
            pulls.append(Pull(slice(start, end), *values))
        start = end
    return pulls


def pulled(weight: torch.Tensor, grad: torch.Tensor, by: Pull, lr: float) -> None:
    """One weight's part, ``(v, ...)``: biases and scales ``(v, n)`` have no L1 penalty."""
    if by.coupled:
        grad.add_(weight, alpha=by.coupled)
    if by.l1 and weight.ndim > 2:
        grad.add_(weight.sign(), alpha=by.l1)
    if by.decoupled:
        weight.mul_(1 - lr * by.decoupled)
