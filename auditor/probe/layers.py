"""Looking into a network's layers and editing copies of them: which are hidden, and what a change of width takes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from auditor.probe.rows import tensors
from auditor.probe.treatment import Subject

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
Edit = Callable[[nn.Module], nn.Module]
Run = Callable[[nn.Module], Any]
WIDTHS: dict[type[nn.Module], tuple[str, str]] = {
    nn.Linear: ("in_features", "out_features"),
    **dict.fromkeys(CONVOLUTIONS, ("in_channels", "out_channels")),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), ("num_features", "num_features")),
    nn.LayerNorm: ("normalized_shape", "normalized_shape"),
    nn.Embedding: ("", "embedding_dim"),
    **dict.fromkeys((nn.LSTM, nn.GRU, nn.RNN), ("input_size", "hidden_size")),
}
"""The attributes that hold what a layer takes and what it makes."""
RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
"""Options of recurrent layers, whose constructors do not name them."""


def called(model: nn.Module, run: Run) -> list[str]:
    """The names of the layers with a width, in the order in which a forward pass calls them."""
    seen: list[str] = []
    handles = [
        layer.register_forward_pre_hook(lambda _, args, name=name: seen.append(name))
        for name, layer in model.named_modules()
        if type(layer) in WIDTHS
    ]
    try:
        with torch.no_grad():
            run(model)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def hidden_layers(model: nn.Module, run: Run) -> list[str]:
    """Linear and convolutional layers that are called once, but for the last, which makes what the network returns."""
    weighted = [
        name for name in called(model, run) if isinstance(model.get_submodule(name), (nn.Linear, *CONVOLUTIONS))
    ]
    return [name for name in weighted if name and weighted.count(name) == 1 and name != weighted[-1]]


def replaced(model: nn.Module, name: str, by: Callable[[nn.Module], nn.Module]) -> None:
    """Puts another module in the place of one."""
    parent, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, by(model.get_submodule(name)))


def feeding(subject: Subject, edit: Edit) -> bool:
    """Whether an edited copy takes the same rows and returns the same shapes."""
    try:
        with torch.no_grad():
            wanted = [leaf.shape for leaf in tensors(subject.run(subject.model))]
            found = [leaf.shape for leaf in tensors(subject.run(edit(copy.deepcopy(subject.model)).eval()))]
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        return False
    return found == wanted


def halved(model: nn.Module, run: Run) -> nn.Module:
    """The network with every width halved but that of the first layer's input and of the last layer's output.

    The layers are freshly initialised. It works by trial: a network with other inputs halfway, or with a width written
    into its code, does not run afterwards (`feeding` tells).
    """
    names = called(model, run)
    weighted = [name for name in names if type(model.get_submodule(name)) in (nn.Linear, *CONVOLUTIONS)]
    if len(weighted) < 2 or "" in names:
        raise ValueError("no layer is hidden")
    for name in dict.fromkeys(names):
        layer = model.get_submodule(name)
        takes, makes = WIDTHS[type(layer)]
        widths = {}
        if takes and name != names[0]:
            widths[takes] = shrunk(getattr(layer, takes))
        if name != weighted[-1] and not (takes == makes and name == names[0]):
            widths[makes] = shrunk(getattr(layer, makes))
        replaced(model, name, lambda layer, widths=widths: remade(layer, widths))  # type: ignore[misc]
    return model


def shrunk(width: int | tuple[int, ...]) -> int | tuple[int, ...]:
    """Half, and at least one; of a shape, half of the last dimension."""
    if isinstance(width, tuple):
        return (*width[:-1], max(1, width[-1] // 2))
    return max(1, width // 2)


def remade(layer: nn.Module, widths: dict[str, Any]) -> nn.Module:
    """A fresh layer with the same options but for these widths."""
    names = RECURRENT if isinstance(layer, nn.RNNBase) else list(inspect.signature(type(layer)).parameters)
    options = {name: getattr(layer, name) for name in names if hasattr(layer, name)}
    like = next(layer.parameters(), torch.empty(0))
    if "bias" in options and not isinstance(options["bias"], bool):
        options["bias"] = options["bias"] is not None
    made = type(layer)(**{**options, **widths, "device": like.device, "dtype": like.dtype})
    return made.train(layer.training)
