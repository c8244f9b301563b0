"""Training curves written by hand: known gaps, onsets and effects, without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.probe.curves import CONTROL, Curve, Measurement, Metric, Side, Variant

ACCURACY = Metric("accuracy", "higher", bounded=True)
CONTROL_VARIANT = Variant(CONTROL, "as it is", "control")
Shape = NDArray[np.float64]


def rising(epochs: int = 100, lowest: int = 30, rise: float = 0.5) -> Shape:
    """A loss that falls from 1 to .5 at epoch ``lowest`` and then rises by ``rise`` of that to the end."""
    at = np.arange(1, epochs + 1, dtype=np.float64)
    down = 0.5 + 0.5 * np.clip((lowest - at) / (lowest - 1), 0, None) ** 2
    return np.asarray(down + 0.5 * rise * np.clip((at - lowest) / (epochs - lowest), 0, None))


def falling(epochs: int = 100) -> Shape:
    return np.asarray(0.1 + 0.6 * np.exp(-np.arange(1, epochs + 1) / 15))


def curve(
    variant: str = CONTROL,
    seed: int = 0,
    *,
    train: Mapping[str, Shape],
    validation: Mapping[str, Shape],
    apart: float = 0.0,
    **more: Any,
) -> Curve:
    """``apart``: by how much the first half of the validation rows scores above the second, in every quantity."""
    sides: dict[Side, Mapping[str, Shape]] = {
        "train": train,
        "validation": validation,
        "first": {name: values + apart / 2 for name, values in validation.items()},
        "second": {name: values - apart / 2 for name, values in validation.items()},
    }
    length = len(next(iter(train.values())))
    return Curve(variant, seed, tuple(range(1, length + 1)), sides, **more)


def run(
    variant: str = CONTROL,
    seed: int = 0,
    *,
    accuracy: float = 0.8,
    loss: Shape | None = None,
    noise: float = 0.0,
    **more: Any,
) -> Curve:
    """Learns its training rows by heart and scores ``accuracy`` on the others, with noise of its seed."""
    draw = np.random.default_rng([seed, sum(map(ord, variant))])
    loss = rising() if loss is None else loss
    shift = noise * draw.standard_normal(2) + 1e-9 * seed  # no two trainings are the same to the last bit
    ramp = np.minimum(1.0, np.arange(1, len(loss) + 1) / 20)
    return curve(
        variant,
        seed,
        train={"accuracy": 0.5 + 0.5 * ramp, "loss": falling(len(loss))},
        validation={"accuracy": 0.5 + (accuracy + shift[0] - 0.5) * ramp, "loss": loss + shift[1]},
        **more,
    )


def remedy(name: str, **more: Any) -> Variant:
    return Variant(name, f"write {name}", "remedy", **more)


def measurement(curves: Sequence[Curve], *variants: Variant, **more: Any) -> Measurement:
    given: dict[str, Any] = {"metrics": (ACCURACY,), "rows": {"train": 60, "validation": 400}} | more
    return Measurement(tuple(curves), (CONTROL_VARIANT, *variants), **given)


def typical(seeds: int = 8) -> Measurement:
    """An overfitted control, a remedy of each verdict, one that was stopped, sizes and permuted labels."""
    curves = []
    for seed in range(seeds):
        curves += [
            run(seed=seed, noise=0.004),
            run("l2 0.01", seed, accuracy=0.84, noise=0.003, loss=rising(rise=0.1)),
            run("dropout 0.4", seed, noise=0.004, loss=rising(rise=0.2)),
            run("adamw 0.01", seed, noise=0.004),
            run("norm layers", seed, accuracy=0.7, noise=0.004),
            run("l1 0.001", seed, noise=0.03),
            run("dropout 0.9", seed, loss=rising(epochs=20, lowest=10), complete=False),
            run("width 16", seed, accuracy=0.7, loss=falling() + 0.5 - np.arange(100) * 0.003, weights=10),
            run("25% of the rows", seed, accuracy=0.62, noise=0.004),
            run("50% of the rows", seed, accuracy=0.72, noise=0.004),
            run("random labels", seed, accuracy=0.5, noise=0.004),
        ]
    names = ["l2 0.01", "dropout 0.4", "adamw 0.01", "norm layers", "l1 0.001", "dropout 0.9", "width 16"]
    return measurement(
        [replaced if replaced.weights else _weighing(replaced, 100) for replaced in curves],
        *map(remedy, names),
        Variant("25% of the rows", "", "fraction", 0.25),
        Variant("50% of the rows", "", "fraction", 0.5),
        Variant("random labels", "", "memorization"),
        modes={"loss": np.full(seeds, 0.05), "accuracy": np.linspace(-0.06, -0.02, seeds)},
        notes=("Racing stopped 1 of 7 remedies.",),
    )


def _weighing(curve: Curve, weights: int) -> Curve:
    from dataclasses import replace

    return replace(curve, weights=weights)
