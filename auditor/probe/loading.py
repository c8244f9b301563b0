"""Rows out of whatever a user holds them in: arrays, a Dataset, a DataLoader, Keras' sequences."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import BatchSampler as TorchBatchSampler
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, SequentialSampler, default_collate

from auditor.errors import ProbeError
from auditor.probe.rows import Ragged, Rows, Tree, merged, on_each, tensors

TARGETS = ("labels", "label", "targets", "target", "y")
ENOUGH = 2 << 30
"""Bytes that are read of one side at most."""
LONG = 240
"""Characters of another library's message that are worth repeating."""
AT_ONCE = 256
"""Rows that are collated together while a dataset is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Rows, the batch size that their loader has, and what a reader must know of how they were read."""

    rows: Rows | Ragged
    batch_size: int | None = None
    notes: tuple[str, ...] = ()


def load(source: Any, side: str) -> Loaded:
    """All rows of one side, in memory.

    Raises:
        ProbeError: nothing that rows can be read from, no rows, inputs and targets of different lengths, or inputs
            that are no finite numbers.
    """
    loaded = read(source, side)
    if isinstance(loaded.rows, Rows):
        check(loaded.rows, side)
    elif not len(loaded.rows):
        raise ProbeError(f"{side} rows: there are none")
    return loaded


def read(source: Any, side: str) -> Loaded:
    if source is None:
        raise ProbeError(f"{side} rows: there are none; give inputs and targets, a Dataset or a loader")
    if isinstance(source, DataLoader):
        return from_loader(source, side)
    if isinstance(source, IterableDataset):
        return from_batches(DataLoader(source, batch_size=AT_ONCE), side)
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(source, keras.utils.PyDataset):
        return from_batches([source[number] for number in range(len(source))], side)
    if isinstance(source, Dataset):
        return from_dataset(source, default_collate, side)
    if not isinstance(source, tuple | list | Mapping) and hasattr(source, "__iter__"):
        return from_batches(source, side)
    return Loaded(pair(source, side))


def from_loader(loader: DataLoader[Any], side: str) -> Loaded:
    """The rows of a loader's dataset; where its sampler does more than shuffle, one pass through the loader."""
    generator = loader.generator
    kept = generator.get_state() if generator is not None else None
    try:
        size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
        plain = type(loader.sampler) is SequentialSampler or (
            type(loader.sampler) is RandomSampler and not loader.sampler.replacement
        )
        own = loader.batch_sampler is not None and type(loader.batch_sampler) is not TorchBatchSampler
        if isinstance(loader.dataset, IterableDataset) or not plain or own or loader.batch_size is None:
            loaded = from_batches(loader, side)
            notes = (*loaded.notes, f"{side} rows are those of one pass through the loader, as its sampler drew them")
            return Loaded(loaded.rows, size or loaded.batch_size, notes)
        loaded = from_dataset(loader.dataset, loader.collate_fn, side)
        return Loaded(loaded.rows, size, loaded.notes)
    finally:
        if generator is not None and kept is not None:
            generator.set_state(kept)


def from_dataset(dataset: Any, collate: Callable[[list[Any]], Any], side: str) -> Loaded:
    """Every row of a map-style dataset, read once."""
    try:
        n = len(dataset)
    except TypeError:
        raise ProbeError(f"{side} rows: a {type(dataset).__name__} has no length; give a map-style dataset") from None
    if not n:
        raise ProbeError(f"{side} rows: there are none")
    samples = [dataset[number] for number in range(n)]
    notes: tuple[str, ...] = ()
    if not alike(samples[0], dataset[0]):
        notes = (f"{side} rows are random each time they are read: they were read once, so augmentation stands still",)

    def collated(some: list[Any]) -> Rows:
        return pair(collate(some), side)

    try:
        parts = [collated(samples[start : start + AT_ONCE]) for start in range(0, n, AT_ONCE)]
    except RuntimeError as error:
        raise ProbeError(f"{side} rows do not fit into one batch: {in_one_line(error)}") from error
    halves = [collated(samples[:1]), *parts] if n > 1 else parts
    if fits(halves):
        return Loaded(merged(parts), notes=notes)
    return Loaded(Ragged(samples, collated), notes=notes)


def from_batches(batches: Any, side: str) -> Loaded:
    """The rows of whatever yields batches, up to `ENOUGH` bytes."""
    parts: list[Rows] = []
    size = 0
    notes: tuple[str, ...] = ()
    for batch in batches:
        parts.append(pair(batch, side))
        size += sum(leaf.nbytes for leaf in tensors(parts[-1]))
        if size > ENOUGH:
            notes = (f"{side} rows: the first {sum(map(len, parts))} were read, and the rest left",)
            break
    if not parts:
        raise ProbeError(f"{side} rows: there are none")
    if not fits(parts):
        raise ProbeError(f"{side} rows: batches have different shapes; give a map-style dataset, which is batched anew")
    return Loaded(merged(parts), len(parts[0]), notes)


def fits(parts: list[Rows]) -> bool:
    """Whether batches differ in their number of rows only."""
    shapes = [[one.shape[1:] for one in tensors(part)] for part in parts]
    return all(one == shapes[0] for one in shapes)


def alike(one: Any, other: Any) -> bool:
    """Two readings of one sample are equal."""
    return all(torch.equal(a, b) for a, b in zip(tensors(arrayed(one)), tensors(arrayed(other)), strict=True))


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
    """The same tree with tensors for arrays, in memory of their own. Sparse matrices become dense."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().clone()
    if isinstance(tree, Mapping):
        return {key: arrayed(value) for key, value in tree.items()}
    if isinstance(tree, tuple) or (isinstance(tree, list) and tree and hasattr(tree[0], "shape")):
        return tuple(arrayed(value) for value in tree)
    array = np.asarray(tree.toarray() if hasattr(tree, "toarray") else tree)
    if array.dtype.kind not in "fiub":
        raise ProbeError(f"rows of type {array.dtype} are no numbers: encode them first")
    return torch.tensor(array.astype(np.int64) if array.dtype.kind in "iu" else array)


def check(rows: Rows, side: str) -> None:
    """There are rows, as many of each part, and inputs are finite."""
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in tensors(rows)}
    if len(lengths) > 1:
        counts = " and ".join(str(leaf.shape[0]) for leaf in tensors(rows))
        raise ProbeError(f"{side} rows: inputs and targets have different lengths ({counts})")
    if not lengths or lengths == {0}:
        raise ProbeError(f"{side} rows: there are none")
    for leaf in tensors(rows.inputs):
        if leaf.is_floating_point() and not bool(torch.isfinite(leaf).all()):
            raise ProbeError(f"{side} rows: inputs hold NaN or infinity; clean or impute them first")


def in_one_line(error: BaseException) -> str:
    """What an error says, in one line that is not too long."""
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split()) or type(error).__name__
    return said if len(said) <= LONG else f"{said[:LONG]} ..."


def ready(rows: Rows, dtype: torch.dtype | None, device: torch.device) -> Rows:
    """The rows on the device, with floats of the network's own type: arrays are often in double precision."""

    def moved(leaf: torch.Tensor) -> torch.Tensor:
        return leaf.to(device, dtype) if dtype is not None and leaf.is_floating_point() else leaf.to(device)

    result: Rows = on_each(moved, rows)
    return result
