"""Small experiments that the probe's tests train, and what their curves say."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from auditor import Experiment
from auditor.probe.curves import Curve, Measurement
from auditor.probe.measure import measure

torch.set_num_threads(1)  # networks this small lose time to threads that wait for one another

Drawn = tuple[torch.Tensor, torch.Tensor]
FEATURES = 6


def rows(count: int, seed: int, dtype: torch.dtype = torch.float32) -> Drawn:
    """Standard normal features and a binary label ``(N, 1)`` that two of them decide."""
    x = torch.randn(count, FEATURES, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return x, (x[:, :1] + 0.5 * x[:, 1:2] > 0).to(dtype)


def chain(width: int = 8) -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))


def experiment(**given: Any) -> Experiment:
    """A classifier of a few rows, with what is given in place of its parts."""
    parts: dict[str, Any] = {
        "model": chain,
        "train": rows(30, 0),
        "validation": rows(40, 1),
        "loss": nn.BCEWithLogitsLoss(),
        "optimizer": partial(torch.optim.Adam, lr=0.01),
        "metrics": "accuracy",
        "epochs": 3,
    }
    return Experiment(**{**parts, **given})


def brief(declared: Experiment, **options: Any) -> Measurement:
    """The control and what is asked for, under two seeds."""
    return measure(declared, **{"seeds": 2, "remedies": [], "fractions": (), "memorization": False, **options})


def curve(measurement: Measurement, variant: str = "control", seed: int = 0) -> Curve:
    (found,) = (one for one in measurement.curves if (one.variant, one.seed) == (variant, seed))
    return found
