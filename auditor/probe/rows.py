"""Rows in memory: trees of tensors whose first dimension is the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch
from torch.utils._pytree import tree_leaves, tree_map

Tree: TypeAlias = Any
"""A tensor, or tuples, lists and dicts of trees."""


def tensors(tree: Tree) -> list[torch.Tensor]:
    """The tensors of a tree, in order."""
    if isinstance(tree, Rows):
        return [*tensors(tree.inputs), *tensors(tree.targets)]
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def on_each(function: Callable[..., Any], *trees: Tree) -> Tree:
    """The tree of what ``function`` makes of each tensor; whatever else a tree holds stays as it is."""
    if isinstance(trees[0], Rows):
        sides = ([one.inputs for one in trees], [one.targets for one in trees])
        return Rows(*(on_each(function, *side) for side in sides))
    return tree_map(lambda *them: function(*them) if isinstance(them[0], torch.Tensor) else them[0], *trees)


class Source(Protocol):
    """Where rows are taken from."""

    def __len__(self) -> int: ...

    def take(self, index: torch.Tensor, labels: torch.Tensor, /) -> Rows:
        """The rows at ``index``, with the targets of the rows at ``labels``."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Inputs and targets of ``N`` rows: every tensor is ``(N, ...)``."""

    inputs: Tree
    targets: Tree

    def __len__(self) -> int:
        return self.count()

    def count(self, dim: int = 0) -> int:
        """How many rows, where these are another dimension than the first."""
        return tensors(self.inputs)[0].shape[dim]

    def take(self, index: torch.Tensor, labels: torch.Tensor) -> Rows:
        """An index ``(V, B)`` makes rows ``(V, B, ...)``."""
        return Rows(on_each(lambda leaf: leaf[index], self.inputs), on_each(lambda leaf: leaf[labels], self.targets))


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Rows of different shapes, as sequences are: only what ``collate`` makes of some fits together, in a batch."""

    samples: Sequence[Any]
    collate: Callable[[list[Any]], Rows]

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, index: torch.Tensor, labels: torch.Tensor) -> Rows:
        """One variant's rows, for these cannot be stacked; ``index`` is ``(B,)``."""
        rows = self.collate([self.samples[at] for at in index.tolist()])
        if torch.equal(index, labels):
            return rows
        return Rows(rows.inputs, self.collate([self.samples[at] for at in labels.tolist()]).targets)


def same_shapes(parts: Sequence[Rows]) -> bool:
    """Whether parts ``(V, n, ...)`` differ in ``n`` only."""
    shapes = [[(one.shape[:1], one.shape[2:]) for one in tensors(part)] for part in parts]
    return all(one == shapes[0] for one in shapes)


def merged(parts: Sequence[Rows], dim: int = 0) -> Rows:
    """All rows of the parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    whole: Rows = on_each(lambda *leaves: torch.cat(leaves, dim), *parts)
    return whole
