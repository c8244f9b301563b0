"""Torch's usual losses over a stack at once, which is cheaper than `vmap` over small tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

ELEMENTWISE = (nn.BCEWithLogitsLoss, nn.BCELoss, nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)


def over_stack(loss: Any) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None:
    """From outputs and targets ``(V, N, ...)`` to the loss of each variant ``(V,)``, by the same formula as the loss;
    None for a loss that this does not know."""
    if getattr(loss, "reduction", None) != "mean" or getattr(loss, "weight", None) is not None:
        return None
    single = copy.copy(loss)
    single.reduction = "none"
    if type(loss) in ELEMENTWISE:
        return lambda outputs, targets: single(outputs, targets).flatten(1).mean(1)
    if type(loss) is nn.CrossEntropyLoss:
        return lambda outputs, targets: classes(single, outputs, targets)
    return None


def classes(single: nn.CrossEntropyLoss, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """A mean over the targets that are not ignored; over rows where targets are probabilities of the classes."""
    rows = single(outputs.flatten(0, 1), targets.flatten(0, 1)).unflatten(0, targets.shape[:2]).flatten(1)
    if targets.is_floating_point():
        return rows.mean(1)  # type: ignore[no-any-return]
    counted = (targets.flatten(1) != single.ignore_index).sum(1)
    return rows.sum(1) / counted  # type: ignore[no-any-return]
