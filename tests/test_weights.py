"""The weights that are counted from source are those that the libraries count when the network is made for real."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from auditor.sources import discover
from auditor.static import networks
from auditor.trace import Network

FOLDER = Path(__file__).parent / "constructions"


def constructions(library: str) -> list[Any]:
    """The programs of a file, one after each line ``# name``; the network is called ``model``."""
    parts = (FOLDER / f"{library}.txt").read_text(encoding="utf-8").split("\n# ")[1:]
    return [pytest.param(code, id=name) for name, _, code in (part.partition("\n") for part in parts)]


def told(code: str, folder: Path) -> Network:
    file = folder / "program.py"
    file.write_text(code, encoding="utf-8")
    telling, found = networks(discover([str(file)]).files)
    assert not telling.failures
    assert not telling.problems
    (model,) = (one for one in found if one.name == "model")
    return model.network


@pytest.mark.parametrize("code", constructions("torch"))
def test_torch_counts_the_same(code: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    made: dict[str, Any] = {"__name__": "program"}
    exec(compile(code, "program", "exec"), made)
    network = told(code, tmp_path)
    weights = list(made["model"].parameters())
    assert network.counted
    assert network.weights == sum(one.numel() for one in weights if one.requires_grad)
    assert network.frozen == sum(one.numel() for one in weights if not one.requires_grad)


@pytest.mark.parametrize("code", constructions("keras"))
def test_keras_counts_the_same(code: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = pytest.importorskip("keras")
        made: dict[str, Any] = {"__name__": "program"}
        exec(compile(code, "program", "exec"), made)
    network = told(code, tmp_path)
    model = made["model"]
    assert network.counted
    assert network.weights == sum(keras.ops.size(one) for one in model.trainable_weights)
    fixed = sum(layer.fixed or 0 for layer in network.layers)
    assert network.weights + network.frozen + fixed == model.count_params()
