"""Validation rows that the training rows hold already: copies, and rows nearer than training rows are to each other.

Near: the distance to the closest training row is below a hundredth of the usual one, which is the median distance from
a training row to its closest other. Features are scaled to unit spread over the training rows first. Barz and Denzler,
"Do We Train on Test Data?" (2020), found 3.3% and 10% of the CIFAR-10 and CIFAR-100 test images in the training images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

NEAR = 0.01
"""Of the median distance from a training row to its closest other."""
_COST = 5e9
"""Most multiplications: rows of one side times rows of the other times features. More rows are sampled."""


@dataclass(frozen=True, slots=True)
class Closest:
    """For each validation row that was looked at: its closest training row.

    ``validation`` and ``train`` are row numbers ``(M,)``, ``distance`` ``(M,)`` is in units of the usual distance
    between training rows; 0 is a copy, value for value.
    """

    validation: NDArray[np.int64]
    train: NDArray[np.int64]
    distance: NDArray[np.float64]

    @property
    def exact(self) -> NDArray[np.bool_]:
        return np.equal(self.distance, 0)

    @property
    def near(self) -> NDArray[np.bool_]:
        return np.logical_and(self.distance > 0, self.distance < NEAR)


def closest(train: NDArray[np.float64], validation: NDArray[np.float64], seed: int = 0) -> Closest:
    """``train`` is ``(N, ...)`` and ``validation`` ``(M, ...)``, numbers of any meaning; trailing axes are flattened.

    Copies are looked for among all rows, near rows among those that `sampled` takes of each side.
    """
    ours, theirs = train.reshape(len(train), -1), validation.reshape(len(validation), -1)
    spread = ours.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    draw = np.random.default_rng(seed)
    kept, looked = sampled(ours, draw), sampled(theirs, draw)
    neighbours = NearestNeighbors(n_neighbors=min(2, len(kept))).fit(ours[kept] / scale)
    apart = neighbours.kneighbors(ours[kept] / scale)[0][:, -1]
    usual = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
    distance, index = neighbours.kneighbors(theirs[looked] / scale, n_neighbors=1)
    found = Closest(looked, kept[index[:, 0]], np.maximum(distance[:, 0] / usual, np.finfo(np.float64).tiny))
    return _with_copies(found, ours, theirs)


def chance_copies(train: NDArray[np.float64], validation: NDArray[np.float64]) -> float:
    """How many validation rows would equal some training row if columns were independent of each other.

    Rows of four yes-or-no answers are copies of each other and no contamination; measured numbers are not. Columns
    that go together make chance copies likelier than this, so it is a lower bound for them.
    """
    ours, theirs = train.reshape(len(train), -1), validation.reshape(len(validation), -1)
    pairs = float(len(ours)) if len(ours) > 1 else 0.0
    for column in range(ours.shape[1]):
        counts = np.unique(ours[:, column], return_counts=True)[1]
        pairs *= float(np.sum(counts * (counts - 1)) / (len(ours) * (len(ours) - 1)))  # two rows agree, unbiased
        if pairs < 1e-9:
            return 0.0
    return len(theirs) * -math.expm1(-pairs)


def _with_copies(found: Closest, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Closest:
    """Distances are rounded, so that copies are told by their bytes and never by a distance."""
    known = {row.tobytes(): number for number, row in reversed(list(enumerate(ours + 0.0)))}  # -0.0 is 0.0
    train, distance = found.train.copy(), found.distance.copy()
    copies = {number: known[row.tobytes()] for number, row in enumerate(theirs + 0.0) if row.tobytes() in known}
    position = {int(number): place for place, number in enumerate(found.validation)}
    unseen = [number for number in copies if number not in position]
    for number, original in copies.items():
        if number in position:
            train[position[number]], distance[position[number]] = original, 0.0
    return Closest(
        np.concatenate([found.validation, np.array(unseen, dtype=np.int64)]),
        np.concatenate([train, np.array([copies[number] for number in unseen], dtype=np.int64)]),
        np.concatenate([distance, np.zeros(len(unseen))]),
    )


def sampled(features: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of the rows of ``features`` ``(N, D)``, all or as many as can be compared with as many others."""
    rows, most = len(features), max(2, int((_COST / features.shape[1]) ** 0.5))
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(draw.choice(rows, most, replace=False)).astype(np.int64)
