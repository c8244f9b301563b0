"""Looking into a network's layers and editing copies of them: which are hidden, and what a change of width takes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from auditor.probe.rows import Tree, tensors
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


def called(model: nn.Module, run: Run, inputs: Tree) -> dict[str, bool]:
    """The names of the layers with a width, in the order in which a forward pass first calls them, and whether it is
    the network's inputs that they take."""
    given = {leaf.untyped_storage().data_ptr() for leaf in tensors(inputs)}
    seen: dict[str, bool] = {}

    def note(name: str, args: tuple[Any, ...]) -> None:
        takes = any(leaf.untyped_storage().data_ptr() in given for leaf in tensors(args))
        seen[name] = seen.pop(name, False) or takes

    handles = [
        layer.register_forward_pre_hook(lambda _, args, name=name: note(name, args))
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


def hidden_layers(subject: Subject) -> list[str]:
    """Linear and convolutional layers, but for the last that is called, which makes what the network returns."""
    names = called(subject.model, subject.run, subject.inputs)
    weighted = [name for name in names if isinstance(subject.model.get_submodule(name), (nn.Linear, *CONVOLUTIONS))]
    return [name for name in weighted[:-1] if name]


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


def halved(model: nn.Module, subject: Subject) -> nn.Module:
    """The network with every width halved but those of the inputs and of what it returns, freshly initialised.

    It works by trial: a network with a width written into its code, or whose inputs are changed before a layer takes
    them, does not run afterwards (`feeding` tells).
    """
    names = called(model, subject.run, subject.inputs)
    weighted = [name for name in names if type(model.get_submodule(name)) in (nn.Linear, *CONVOLUTIONS)]
    if len(names) < 2 or not weighted or "" in names:
        raise ValueError("no layer is hidden")
    for name, takes_inputs in names.items():
        layer = model.get_submodule(name)
        takes, makes = WIDTHS[type(layer)]
        widths = {}
        if takes and not takes_inputs:
            widths[takes] = shrunk(getattr(layer, takes))
        if name != weighted[-1] and not (takes == makes and takes_inputs):
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
