"""The weights that are counted from source are those that the libraries count when the network is made for real."""

from __future__ import annotations

import importlib.util
import sys
import types
import warnings
from math import prod
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
    named = [one for one in found if one.name == "model"]
    (model,) = named if named else found
    return model.network


def made(code: str) -> Any:
    """The network that a program makes when it is run."""
    program = types.ModuleType("program")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setitem(sys.modules, "program", program)  # dataclasses look for their module
        patch.setenv("KERAS_BACKEND", "torch")
        exec(compile(code, "program", "exec"), program.__dict__)
    return program.model


@pytest.mark.parametrize("code", constructions("torch"))
def test_torch_counts_the_same(code: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    network = told(code, tmp_path)
    weights = list(made(code).parameters())
    assert network.counted
    assert network.weights == sum(one.numel() for one in weights if one.requires_grad)
    assert network.frozen == sum(one.numel() for one in weights if not one.requires_grad)


@pytest.mark.parametrize("code", constructions("keras"))
def test_keras_counts_the_same(code: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed")
    network = told(code, tmp_path)
    model = made(code)
    assert network.counted
    assert network.weights == sum(prod(one.shape) for one in model.trainable_weights)
    fixed = sum(layer.fixed or 0 for layer in network.layers)
    assert network.weights + network.frozen + fixed == model.count_params()
