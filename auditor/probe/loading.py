"""Rows out of whatever a user holds them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from auditor.errors import ProbeError
from auditor.probe.rows import Rows, Tree, on_each, tensors

TARGETS = ("labels", "label", "targets", "target", "y")


def load(source: Any, side: str) -> Rows:
    """``(inputs, targets)`` as rows in memory.

    Raises:
        ProbeError: nothing that rows could be read from, no rows, or inputs and targets of different lengths.
    """
    return checked(pair(source, side), side)


def pair(batch: Any, side: str) -> Rows:
    """A batch, or all rows at once, divided into inputs and targets."""
    if isinstance(batch, Mapping):
        for name in TARGETS:
            if name in batch:
                named = {key: arrayed(value) for key, value in batch.items() if key != name}
                return Rows(named, arrayed(batch[name]))
        raise ProbeError(f"{side} rows: none of {', '.join(batch)} is named like a target ({', '.join(TARGETS)})")
    if isinstance(batch, tuple | list) and len(batch) >= 2:
        *inputs, targets = batch
        return Rows(arrayed(inputs[0] if len(inputs) == 1 else tuple(inputs)), arrayed(targets))
    raise ProbeError(f"{side} rows: a {type(batch).__name__} is no pair of inputs and targets")


def arrayed(tree: Tree) -> Tree:
    """The same tree with tensors for arrays, in memory of their own."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().clone()
    if isinstance(tree, Mapping):
        return {key: arrayed(value) for key, value in tree.items()}
    if isinstance(tree, tuple):
        return tuple(arrayed(value) for value in tree)
    array = np.asarray(tree)
    if array.dtype.kind not in "fiub":
        raise ProbeError(f"rows of type {array.dtype} are no numbers: encode them first")
    return torch.tensor(array)


def checked(rows: Rows, side: str) -> Rows:
    """The rows, when there are any and all parts have as many."""
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in tensors([rows.inputs, rows.targets])}
    if len(lengths) > 1:
        raise ProbeError(f"{side} rows: inputs and targets have different lengths ({', '.join(map(str, lengths))})")
    if not lengths or lengths == {0}:
        raise ProbeError(f"{side} rows: there are none")
    for leaf in tensors(rows.inputs):
        if leaf.is_floating_point() and not bool(torch.isfinite(leaf).all()):
            raise ProbeError(f"{side} rows: inputs hold NaN or infinity; clean or impute them first")
    return rows


def floating(rows: Rows, dtype: torch.dtype | None) -> Rows:
    """The rows with floats of the network's own type, as arrays are often in double precision."""
    if dtype is None:
        return rows
    return Rows(
        on_each(lambda leaf: leaf.to(dtype) if leaf.is_floating_point() else leaf, rows.inputs),
        on_each(lambda leaf: leaf.to(dtype) if leaf.is_floating_point() else leaf, rows.targets),
    )
