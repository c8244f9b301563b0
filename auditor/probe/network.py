"""The user's network: copies of it, how it is called, and what it starts from under a seed."""

from __future__ import annotations

import copy
import inspect
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import UninitializedParameter

from auditor.errors import ProbeError
from auditor.probe.experiment import Experiment
from auditor.probe.keras_alone import AloneStep, KerasAlone
from auditor.probe.keras_networks import KerasNetwork, built, is_model, is_optimizer, keras, on_torch, stepping
from auditor.probe.rows import Tree

STRIPPED = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def seeded(seed: int) -> None:
    """Every generator that a network or a loader may draw from. Call it inside `untouched`.

    `torch.manual_seed` would queue calls, with their tracebacks, for each kind of device that is not there.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


@dataclass(frozen=True, slots=True, eq=False)
class Trainee:
    """A network of our own and its optimizer, at the start of a training."""

    model: torch.nn.Module
    optimizer: torch.optim.Optimizer


class Nursery:
    """Makes trainees: a new network for each seed from a factory, or copies of the user's own."""

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        self.experiment = experiment
        self.device = device
        self.few: Tree | None = None
        """Inputs of a few rows, that give lazy layers their shapes."""
        self.given = isinstance(experiment.model, torch.nn.Module) or is_model(experiment.model)
        if is_model(experiment.model) and not experiment.model.built:
            raise ProbeError("Experiment: the Keras model is not built; call it once, or give a factory")
        if isinstance(experiment.optimizer, torch.optim.Optimizer) and (not self.given or is_model(experiment.model)):
            raise ProbeError(
                "Experiment: the optimizer holds the weights of one network, the model is a factory of others;"
                " give a factory of the optimizer: partial(torch.optim.Adam, lr=...)"
            )

    def trainee(self, seed: int, edit: Callable[[torch.nn.Module], torch.nn.Module] | None = None) -> Trainee:
        """A network as it is before its training under this seed, on the device, and its optimizer."""
        seeded(seed)
        model, optimizer = self.copies() if self.given else (self.fresh(), None)
        if edit is not None:
            known = {id(parameter) for parameter in model.parameters()}
            model = edit(model).to(self.device)
            if optimizer is not None:
                adopt(optimizer, model, known)
        return Trainee(model, optimizer or self.optimizer(model))

    def dtype(self, seed: int) -> torch.dtype | None:
        """The floating type of the weights."""
        seeded(seed)
        model = self.experiment.model if self.given else self.experiment.model()
        if is_model(model):
            return getattr(torch, str(model.variable_dtype))  # type: ignore[no-any-return]
        if not isinstance(model, torch.nn.Module):
            raise ProbeError(f"Experiment: the model factory returned {type(model).__name__}, not a network")
        return next((one.dtype for one in model.parameters() if one.is_floating_point()), None)

    def copies(self) -> tuple[torch.nn.Module, torch.optim.Optimizer | None]:
        """The user's network and, where it is an object, its optimizer: copied together, so that the copy of the
        optimizer holds the copied weights."""
        model, own = self.experiment.model, self.experiment.optimizer
        own = own if isinstance(own, torch.optim.Optimizer) else None
        if own is not None:
            mine = {id(parameter) for parameter in model.parameters()}
            if not all(id(one) in mine for group in own.param_groups for one in group["params"]):
                raise ProbeError("Experiment: the optimizer holds weights that are not the model's")
        if is_model(model):
            return (built(model, None).to(self.device) if on_torch() else KerasAlone(model, ours=False)), None
        copied, optimizer = copy.deepcopy((model, own))
        unhooked(copied)
        return copied.to(self.device), optimizer

    def fresh(self) -> torch.nn.Module:
        made = self.experiment.model()
        if is_model(made):
            return built(made, self.few).to(self.device) if on_torch() else KerasAlone(made, ours=True)
        if not isinstance(made, torch.nn.Module):
            raise ProbeError(f"Experiment: the model factory returned {type(made).__name__}, not a network")
        made = made.to(self.device)
        if self.few is not None and any(isinstance(one, UninitializedParameter) for one in made.parameters()):
            with torch.no_grad():
                called(made, self.few)
        return made

    def optimizer(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        parameters = [one for one in model.parameters() if one.requires_grad]
        made = self.experiment.optimizer
        if isinstance(made, str) and keras() is not None:
            made = keras().optimizers.get(made)
        if not is_optimizer(made):
            made = made(parameters)
        if is_optimizer(made):
            return AloneStep(made) if isinstance(model, KerasAlone) else stepping(made, parameters)
        if isinstance(model, KerasAlone):
            raise ProbeError("Experiment: on this backend Keras models take optimizers of Keras only")
        if not isinstance(made, torch.optim.Optimizer):
            raise ProbeError(f"Experiment: the optimizer factory returned {type(made).__name__}, not an optimizer")
        return made


def adopt(optimizer: torch.optim.Optimizer, model: torch.nn.Module, known: set[int]) -> None:
    """Gives the optimizer the weights that an edit brought, in its first group, and takes away those that are gone."""
    present = {id(parameter) for parameter in model.parameters()}
    for group in optimizer.param_groups:
        group["params"] = [one for one in group["params"] if id(one) in present]
    brought = [one for one in model.parameters() if id(one) not in known and one.requires_grad]
    optimizer.param_groups[0]["params"].extend(brought)


def unhooked(model: torch.nn.Module) -> None:
    """Takes the user's hooks off a copy, for they may write into the user's objects; torch's own are part of a network
    (weight norm, spectral norm)."""
    for module in model.modules():
        for kind in STRIPPED:
            hooks = getattr(module, kind)
            for key, hook in list(hooks.items()):
                if not (getattr(hook, "__module__", None) or type(hook).__module__).startswith("torch."):
                    del hooks[key]


Arguments = Callable[[Tree], tuple[tuple[Any, ...], dict[str, Any]]]
"""From a batch of inputs to the positions and keywords that a network is called with."""


def extra_loss(model: torch.nn.Module) -> torch.Tensor:
    """What a forward pass in train mode adds to the loss by itself, as layers of Keras do; 0 elsewhere."""
    if not isinstance(model, KerasNetwork) or model.extra is None:
        return torch.zeros(())
    extra, model.extra = model.extra, None
    return extra  # type: ignore[no-any-return]


def called(model: torch.nn.Module, inputs: Tree) -> Any:
    """What a network returns for inputs that it has not seen before."""
    positions, keywords = arguments(model, inputs)(inputs)
    return model(*positions, **keywords)


def arguments(model: torch.nn.Module, inputs: Tree) -> Arguments:
    """How this network takes such inputs: one tensor, positions or keywords.

    A dict is keywords where forward has parameters of these names, a tuple is positions where it has that many.
    """
    parameters = inspect.signature(model.forward).parameters
    kinds = {one.kind for one in parameters.values()}
    if isinstance(inputs, Mapping):
        if inspect.Parameter.VAR_KEYWORD in kinds or set(inputs) <= set(parameters):
            return lambda batch: ((), dict(batch))
    elif isinstance(inputs, tuple) and (inspect.Parameter.VAR_POSITIONAL in kinds or len(parameters) >= len(inputs)):
        return lambda batch: (tuple(batch), {})
    return lambda batch: ((batch,), {})
