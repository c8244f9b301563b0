"""Loss and metrics of many variants at once: outputs are ``(V, N, ...)``, scores are ``(V,)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from auditor.probe.rows import Tree, on_each

Score = Callable[[Tree, Tree], torch.Tensor]
"""From outputs and targets of one variant to one number."""


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """What is computed of outputs and targets: the loss, and the metrics by their names."""

    loss: Score
    metrics: dict[str, Score]
    batched: frozenset[str] = frozenset()
    """Metrics that vmap takes."""

    def losses(self, other: Score | None = None) -> Score:
        """From outputs and targets ``(V, N, ...)`` to the loss of each variant ``(V,)``, differentiable."""
        return torch.vmap(other or self.loss, randomness="different")

    def scores(self, outputs: Tree, targets: Tree, size: int) -> dict[str, NDArray[np.float64]]:
        """Every quantity of ``size`` variants."""
        found = {"loss": self.each("loss", self.loss, outputs, targets, size)}
        for name, metric in self.metrics.items():
            found[name] = self.each(name, metric, outputs, targets, size)
        return found

    def each(self, name: str, score: Score, outputs: Tree, targets: Tree, size: int) -> NDArray[np.float64]:
        if size > 1 and name in self.batched:
            values = torch.vmap(score)(outputs, targets)
            return values.detach().double().cpu().numpy()
        return np.array([float(score(one(outputs, v), one(targets, v))) for v in range(size)])


def one(tree: Tree, variant: int) -> Tree:
    """One variant's part of a stacked tree."""
    return on_each(lambda leaf: leaf[variant], tree)


def link(loss: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """From what a network returns to probabilities, as its loss reads it."""
    name = type(loss).__name__ if isinstance(loss, torch.nn.Module) else getattr(loss, "__name__", "")
    if name in ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"):
        return torch.sigmoid
    return lambda outputs: outputs
