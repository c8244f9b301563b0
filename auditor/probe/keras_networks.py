"""Keras 3 on the torch backend, as torch networks, optimizers and losses. Keras is never imported here: a user who has
a Keras object has imported it, and has chosen the backend by then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from auditor.probe.rows import Tree, on_each

ELEMENTWISE = ("SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Lion")
"""Optimizers of Keras that treat each element by itself."""
ACROSS = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
"""Options of theirs that do not."""


def keras() -> Any:
    """Keras, where the user has imported it; else None."""
    return sys.modules.get("keras")


def on_torch() -> bool:
    """Keras runs on torch here."""
    return bool(keras().backend.backend() == "torch")


def is_model(thing: object) -> bool:
    return keras() is not None and isinstance(thing, keras().Model)


def is_optimizer(thing: object) -> bool:
    return keras() is not None and isinstance(thing, keras().optimizers.Optimizer)


class KerasNetwork(torch.nn.Module):
    """A Keras model with weights of its own: `stateless_call` reads ours and never writes the model's.

    Parameters and buffers are copies of the model's variables, in their order. In train mode what the model would
    have written (moving statistics, seeds) is written to the buffers, and ``extra`` is what its layers add to the loss
    (regularizers).
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.extra: Any = None
        self.held = (model,)  # in a tuple, for a Keras model is a torch module and would be registered
        for number, variable in enumerate(model.trainable_variables):
            self.register_parameter(f"weight_{number}", torch.nn.Parameter(variable.value.detach().clone()))
        for number, variable in enumerate(model.non_trainable_variables):
            self.register_buffer(f"state_{number}", variable.value.detach().clone())

    def __deepcopy__(self, memo: dict[int, Any]) -> KerasNetwork:
        other = KerasNetwork(self.held[0])
        other.load_state_dict(self.state_dict())
        return other.train(self.training)

    def forward(self, inputs: Tree) -> Tree:
        weights, state = list(self.parameters()), list(self.buffers())
        taken = list(inputs) if isinstance(inputs, tuple) else inputs
        with keras().device(weights[0].device.type):
            result, written, losses = self.held[0].stateless_call(
                weights, state, taken, training=self.training, return_losses=True
            )
        if self.training:
            for buffer, new in zip(state, written, strict=True):
                buffer.copy_(new.detach())
            self.extra = sum(losses) if losses else None
        return result


class KerasStep(torch.optim.Optimizer):
    """A Keras optimizer over torch weights. The optimizer is made anew from its configuration; the user's is not used.

    ``weight_decay`` is decoupled in all optimizers of Keras; here it is an option of the group, so that it can be set
    for each variant, and the Keras optimizer inside has none.
    """

    def __init__(self, params: Iterable[Any], *, keras: dict[str, Any] | None = None) -> None:  # a group may have it
        super().__init__(params, {"keras": keras, "lr": 0.0, "weight_decay": 0.0})
        serialized = self.param_groups[0]["keras"]
        own = serialized["config"].get("weight_decay")
        config = {**serialized["config"], "weight_decay": None if own is None else 0.0}
        module: Any = sys.modules["keras"]
        self.inside = module.optimizers.deserialize({**serialized, "config": config})
        self.shadows: list[Any] = []
        for group in self.param_groups:
            group["weight_decay"] = group["weight_decay"] or own or 0.0
            group["lr"] = float(self.inside.learning_rate)

    @property
    def kind(self) -> str:
        """The name of the Keras optimizer's class."""
        return str(self.param_groups[0]["keras"]["class_name"])

    @property
    def stackable(self) -> bool:
        """Whether a step over stacked weights is a step of each network alone."""
        serialized = self.param_groups[0]["keras"]
        across = any(serialized["config"].get(option) for option in ACROSS)
        return self.kind in ELEMENTWISE and not across

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        value = closure() if closure is not None else None
        weights = [one for group in self.param_groups for one in group["params"]]
        if not self.shadows or any(a.shape != b.shape for a, b in zip(self.shadows, weights, strict=True)):
            self.shadows = [keras().Variable(one.detach()) for one in weights]
            self.inside.build(self.shadows)
        with torch.no_grad():
            for group in self.param_groups:
                group["lr"] = float(self.inside.learning_rate)
            for shadow, weight in zip(self.shadows, weights, strict=True):
                shadow.value.copy_(weight)  # a decay may have changed it since the last step
            self.inside.apply([one.grad for one in weights], self.shadows)
            for shadow, weight in zip(self.shadows, weights, strict=True):
                weight.copy_(shadow.value)
        return value


def stepping(optimizer: Any, parameters: list[torch.nn.Parameter]) -> KerasStep:
    """The same optimizer over torch weights."""
    return KerasStep(parameters, keras=keras().optimizers.serialize(optimizer))


def scoring(loss: Any) -> Any:
    """A loss or metric of Keras, ``f(targets, outputs)``, as ``f(outputs, targets)``; anything else as it is.

    Its name says, as those of torch's losses do, whether it reads logits.
    """
    if keras() is None:
        return loss
    if isinstance(loss, str):
        loss = keras().losses.get(loss)
    if isinstance(loss, keras().losses.Loss):
        config = loss.get_config()
        name = type(loss).__name__
        if config.get("from_logits"):
            name = "binary_cross_entropy_with_logits" if "Binary" in name else "cross_entropy"
    elif str(getattr(loss, "__module__", "")).startswith("keras.") and not isinstance(loss, torch.nn.Module):
        name = getattr(loss, "__name__", type(loss).__name__)
    else:
        return loss

    def turned(outputs: Tree, targets: Tree) -> Any:
        if isinstance(targets, torch.Tensor) and outputs.shape == (*targets.shape, 1):
            outputs = outputs.squeeze(-1)  # as `compile` does around its functions
        if on_torch():
            return loss(targets, outputs).mean()
        crossed = (on_each(lambda leaf: leaf.detach().cpu().numpy(), side) for side in (targets, outputs))
        return torch.tensor(float(np.mean(np.asarray(loss(*crossed)))))

    turned.__name__ = name
    return turned


def built(model: Any, inputs: Tree | None) -> KerasNetwork:
    """A network with the weights of this model, which is called once where it has none yet."""
    if not model.built and inputs is not None:
        model(list(inputs) if isinstance(inputs, tuple) else inputs)
    return KerasNetwork(model)
