"""What the rows of an experiment show by themselves: copies across the split, and labels that neighbours contradict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from auditor.probe.gap_report import Duplicates, LabelNoise, Pair, SuspectLabel
from auditor.probe.rows import Ragged, Rows, Tree, tensors
from auditor.probe.statistics.duplicates import chance_copies, closest
from auditor.probe.statistics.label_noise import suspects

_LISTED = 20
_CLASSES = 1_000
"""More different targets than that are no classes."""


@dataclass(frozen=True, slots=True)
class AboutRows:
    """None where rows could not be looked at."""

    duplicates: Duplicates | None = None
    label_noise: LabelNoise | None = None


def about_rows(train: Rows | Ragged, validation: Rows | Ragged) -> AboutRows:
    """Rows of any kind are compared as numbers; labels are looked at where targets are one class a row."""
    if isinstance(train, Ragged) or isinstance(validation, Ragged):
        return AboutRows()  # sequences of different lengths
    ours, theirs = features(train.inputs), features(validation.inputs)
    if ours.shape[1] != theirs.shape[1]:
        return AboutRows()  # sequences that were padded apart
    sides = classes(train.targets), classes(validation.targets)
    return AboutRows(_duplicates(ours, theirs, sides), _label_noise(ours, theirs, sides))


def features(inputs: Tree) -> NDArray[np.float64]:
    """All inputs of a row side by side, ``(N, D)``."""
    parts = [leaf.detach().cpu().double().reshape(len(leaf), -1) for leaf in tensors(inputs)]
    return np.asarray(torch.cat(parts, dim=1).numpy())


def classes(targets: Tree) -> NDArray[np.int64] | None:
    """One class a row, ``(N,)``; None for numbers, sequences and anything else."""
    leaves = tensors(targets)
    if len(leaves) != 1 or leaves[0].numel() != len(leaves[0]):
        return None
    flat = leaves[0].detach().cpu().flatten()
    whole = flat.to(torch.int64)
    if not torch.equal(whole.to(flat.dtype), flat):
        return None
    if flat.is_floating_point() and not set(whole.unique().tolist()) <= {-1, 0, 1}:
        return None  # a count or a price that happens to be whole
    return np.asarray(whole.numpy()) if len(whole.unique()) <= min(_CLASSES, len(whole) // 2) else None


Labels = tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]


def _duplicates(ours: NDArray[np.float64], theirs: NDArray[np.float64], sides: Labels) -> Duplicates:
    found = closest(ours, theirs)
    listed = np.flatnonzero(found.exact | found.near)
    listed = listed[np.argsort(found.distance[listed], kind="stable")]
    same = None
    if sides[0] is not None and sides[1] is not None:
        same = int((sides[0][found.train[listed]] == sides[1][found.validation[listed]]).sum())
    return Duplicates(
        rows=len(theirs),
        exact=int(found.exact.sum()),
        near=int(found.near.sum()),
        expected=chance_copies(ours, theirs),
        same_label=same,
        pairs=tuple(
            Pair(validation=int(found.validation[at]), train=int(found.train[at]), distance=float(found.distance[at]))
            for at in listed[:_LISTED]
        ),
    )


def _label_noise(ours: NDArray[np.float64], theirs: NDArray[np.float64], sides: Labels) -> LabelNoise | None:
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    found = suspects(np.concatenate([ours, theirs]), np.concatenate(known))
    if found is None:
        return None
    worst = [
        SuspectLabel(
            side="train" if row < len(ours) else "validation",
            row=int(row) if row < len(ours) else int(row) - len(ours),
            given=str(given),
            likely=str(likely),
            confidence=float(margin),
        )
        for row, given, likely, margin in zip(
            found.rows[:_LISTED], found.given, found.likely, found.margin, strict=False
        )
    ]
    return LabelNoise(
        rows=found.looked,
        suspects=len(found.rows),
        share=len(found.rows) / found.looked,
        worst=tuple(worst),
    )
