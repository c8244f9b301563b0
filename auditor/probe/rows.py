"""Rows in memory: trees of tensors whose first dimension is the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.utils._pytree import tree_leaves, tree_map

Tree: TypeAlias = Any
"""A tensor, or tuples, lists and dicts of trees."""


def tensors(tree: Tree) -> list[torch.Tensor]:
    """The tensors of a tree, in order."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def on_each(function: Any, *trees: Tree) -> Tree:
    """The tree of what ``function`` makes of each tensor; whatever else a tree holds stays as it is."""
    return tree_map(lambda *them: function(*them) if isinstance(them[0], torch.Tensor) else them[0], *trees)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Inputs and targets of ``N`` rows: every tensor is ``(N, ...)``."""

    inputs: Tree
    targets: Tree

    def __len__(self) -> int:
        return len(tensors(self.inputs)[0])

    def take(self, index: torch.Tensor, labels: torch.Tensor | None = None) -> Rows:
        """The rows at ``index``, of any shape, which replaces the first dimension; ``labels`` are the rows whose
        targets they get, where these are not their own."""
        labelled = index if labels is None else labels
        return Rows(
            on_each(lambda leaf: leaf[index], self.inputs),
            on_each(lambda leaf: leaf[labelled], self.targets),
        )

    def to(self, device: torch.device) -> Rows:
        return Rows(
            on_each(lambda leaf: leaf.to(device), self.inputs), on_each(lambda leaf: leaf.to(device), self.targets)
        )


def joined(parts: list[Rows]) -> Rows:
    """All rows of the parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        on_each(lambda *leaves: torch.cat(leaves), *(part.inputs for part in parts)),
        on_each(lambda *leaves: torch.cat(leaves), *(part.targets for part in parts)),
    )
