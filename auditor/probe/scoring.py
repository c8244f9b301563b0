"""Loss and metrics of many variants at once: outputs are ``(V, N, ...)``, scores are ``(V,)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from auditor.probe.row_losses import over_stack
from auditor.probe.rows import Tree, on_each

Score = Callable[[Tree, Tree], Any]
"""From outputs and targets of one variant, ``(N, ...)``, to one number."""


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """What is computed of outputs and targets: the loss, and the metrics by their names."""

    loss: Score
    metrics: Mapping[str, Score]
    singly: set[str] = field(default_factory=set)
    """Quantities that look at values, so that torch cannot batch them: found by trying."""

    def losses(self, other: Score | None = None) -> Score:
        """From outputs and targets ``(V, N, ...)`` to the loss of each variant ``(V,)``, differentiable."""
        return over_stack(other or self.loss) or torch.vmap(other or self.loss, randomness="different")

    def scores(self, outputs: Tree, targets: Tree, size: int) -> dict[str, NDArray[np.float64]]:
        """Every quantity of ``size`` variants."""
        with torch.no_grad():
            quantities = {"loss": self.loss, **self.metrics}
            return {name: self.each(name, score, outputs, targets, size) for name, score in quantities.items()}

    def each(self, name: str, score: Score, outputs: Tree, targets: Tree, size: int) -> NDArray[np.float64]:
        """``(V,)``: at once where torch can batch the score, else one variant after the other."""
        if size > 1 and name not in self.singly:
            try:
                batched = self.losses() if name == "loss" else torch.vmap(score, randomness="different")
                values = batched(outputs, targets)
            except (RuntimeError, TypeError, ValueError, AttributeError):  # one alone will tell, if it is no look
                self.singly.add(name)
            else:
                return values.double().cpu().numpy()  # type: ignore[no-any-return]
        return np.array([float(score(part(outputs, v), part(targets, v))) for v in range(size)])


def part(tree: Tree, variant: int) -> Tree:
    """One variant's part of a stacked tree."""
    return on_each(lambda leaf: leaf[variant], tree)
