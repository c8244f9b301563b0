"""Rows whose label their neighbours contradict: confident learning over out-of-fold class probabilities.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (2021). A class's threshold
is the mean probability of that class among rows that carry it. A row is suspect when some other class reaches its
threshold on it and is more probable than the given one. The probabilities come from nearest neighbours that were fitted
without the row's fold, so a model that memorized its labels has no say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auditor.probe.statistics.duplicates import sampled

_NEIGHBOURS = 10
_FOLDS = 5
_AGREED = 0.8
"""The least probability of the likely class: hard rows are contradicted too, but seldom by nearly all neighbours."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """Row numbers, the positions of given and likely classes among ``classes``, and probability of likely over given.

    ``(K,)`` each, the most confident first; ``looked`` rows were judged.
    """

    rows: NDArray[np.int64]
    given: NDArray[np.int64]
    likely: NDArray[np.int64]
    margin: NDArray[np.float64]
    looked: int


def suspects(features: NDArray[np.float64], labels: NDArray[np.int64], seed: int = 0) -> Suspects | None:
    """``features`` ``(N, ...)``, ``labels`` ``(N,)`` from 0. None where some class has fewer rows than folds."""
    flat = features.reshape(len(features), -1)
    rows = sampled(flat, np.random.default_rng(seed))
    x, y = flat[rows], labels[rows]
    present, compact = np.unique(y, return_inverse=True)
    if len(present) < 2 or np.bincount(compact).min() < _FOLDS:
        return None
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(_NEIGHBOURS, weights="distance"))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    probability = cross_val_predict(neighbours, x, compact, cv=folds, method="predict_proba")
    found = contradicted(probability, compact)
    order = np.argsort(-found.margin, kind="stable")
    order = order[probability[found.rows, found.likely][order] >= _AGREED]
    return Suspects(
        rows[found.rows][order].astype(np.int64),
        present[found.given][order],
        present[found.likely][order],
        found.margin[order],
        len(rows),
    )


def contradicted(probability: NDArray[np.float64], labels: NDArray[np.int64]) -> Suspects:
    """``probability`` ``(N, C)`` out of fold, ``labels`` ``(N,)`` in [0, C), each class present."""
    rows = np.arange(len(labels))
    own = probability[rows, labels]
    thresholds = np.array([own[labels == label].mean() for label in range(probability.shape[1])])
    eligible = np.where(probability >= thresholds, probability, -1.0)
    eligible[rows, labels] = -1.0
    likely = eligible.argmax(axis=1)
    suspect = (eligible.max(axis=1) > own) & (eligible.max(axis=1) >= 0)
    return Suspects(
        rows[suspect], labels[suspect], likely[suspect], eligible.max(axis=1)[suspect] - own[suspect], len(labels)
    )
