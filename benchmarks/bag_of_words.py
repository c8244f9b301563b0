"""The comparison of network sizes on bags of words that textbooks make on IMDB, with intervals.

The textbook (Chollet, "Deep Learning with Python", 2017, section 4.4; TensorFlow's "Overfit and underfit") has
networks of 4, 16 and 512 hidden units, twice, on 10,000 binary features. The larger starts overfitting sooner; an L2
penalty of .001 and dropout of .5 let the middle one overfit less. IMDB is not at hand offline: reviews are generated,
60 to 240 words from a Zipf law, where a writer with an opinion prefers words that lean its way by a little, and one
label in twenty is wrong.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import torch
from torch import nn

import auditor
from auditor.probe.conclude import conclude
from auditor.probe.gap_report import GapReport
from auditor.probe.measure import measure

WORDS = 10_000


def reviews(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """``(count, 10000)`` of 0 and 1, and labels ``(count, 1)``."""
    language = np.random.default_rng(0)
    frequency = 1 / (np.arange(WORDS) + 10.0)
    leaning = language.standard_t(3, WORDS) * (np.arange(WORDS) > 100)  # the most frequent words say nothing
    draw = np.random.default_rng([seed, 1])
    rows = np.zeros((count, WORDS), dtype=np.float32)
    labels = np.zeros((count, 1), dtype=np.float32)
    for row in range(count):
        wanted = draw.integers(0, 2)
        weight = frequency * np.exp(0.2 * leaning * (2 * wanted - 1))
        words = draw.choice(WORDS, draw.integers(60, 240), p=weight / weight.sum())
        rows[row, words] = 1
        labels[row] = wanted if draw.random() > 0.05 else 1 - wanted
    return torch.from_numpy(rows), torch.from_numpy(labels)


def net(width: int, rate: float) -> nn.Sequential:
    drop = [nn.Dropout(rate)] if rate else []
    return nn.Sequential(
        nn.Linear(WORDS, width), nn.ReLU(), *drop, nn.Linear(width, width), nn.ReLU(), *drop, nn.Linear(width, 1)
    )


def told(name: str, report: GapReport) -> str:
    onset, accuracy, loss = report.onset, report.gap["accuracy"], report.gap_at_best["loss"]
    since = f"{onset.epoch} ({onset.earliest} to {onset.latest}), +{onset.rise:.0%}" if onset else "none"
    return (
        f"{name:<18} overfits since {since:<24} held-out accuracy {accuracy.validation:.3f}, gap {accuracy.value:.3f}, "
        f"lowest loss {loss.validation:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 16, 512])
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, validation = reviews(options.rows, 0), reviews(options.rows // 2, 1)
    for width in options.widths:
        for rate, decay in ((0.0, 0.0), (0.0, 0.001), (0.5, 0.0)):
            began = time.process_time()
            experiment = auditor.Experiment(
                model=partial(net, width, rate),
                train=train,
                validation=validation,
                loss=nn.BCEWithLogitsLoss(),
                optimizer=partial(torch.optim.RMSprop, lr=1e-3, weight_decay=decay),
                metrics=["accuracy"],
                epochs=options.epochs,
                batch_size=128,
            )
            report = conclude(measure(experiment, seeds=options.seeds, remedies=[], fractions=(), memorization=False))
            name = f"width {width}" + (f", L2 {decay}" if decay else "") + (f", dropout {rate}" if rate else "")
            print(told(name, report), f"({time.process_time() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
