"""Keras on the TensorFlow and JAX backends: one model after the other, trained by Keras' own `train_on_batch`.

Rows and scores stay torch's and cross over as numpy arrays. What remedies do inside torch cannot be done there; a
decay by the optimizer itself can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from auditor.probe.keras_networks import keras
from auditor.probe.rows import Rows, Tree, on_each
from auditor.probe.treatment import Treatment


def crossed(tree: Tree) -> Tree:
    """The same tree with numpy arrays for tensors, and lists for tuples, as Keras takes several inputs."""
    arrays = on_each(lambda leaf: leaf.detach().cpu().numpy(), tree)
    return list(arrays) if isinstance(arrays, tuple) else arrays


def returned(tree: Tree) -> Tree:
    """The same tree with tensors for a backend's arrays."""
    if isinstance(tree, dict):
        return {key: returned(value) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        return tuple(returned(value) for value in tree)
    return torch.from_numpy(np.array(tree))


class KerasAlone(torch.nn.Module):
    """A Keras model of our own on another backend, called like a torch network. It has no torch weights."""

    def __init__(self, model: Any, *, ours: bool) -> None:
        super().__init__()
        self.model = model if ours else cloned(model)

    def forward(self, inputs: Tree) -> Tree:
        return returned(self.model(crossed(inputs), training=self.training))

    @property
    def size(self) -> int:
        """Trainable weights."""
        return sum(int(np.prod(one.shape)) for one in self.model.trainable_variables)


def cloned(model: Any) -> Any:
    """A copy that shares no weights with the user's model."""
    copy = keras().models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


class AloneStep(torch.optim.Optimizer):
    """Stands for a Keras optimizer where torch has nothing to step over: its options, and a new one each time."""

    def __init__(self, optimizer: Any) -> None:
        self.serialized = keras().optimizers.serialize(optimizer)
        config = self.serialized["config"]
        options = {"lr": float(optimizer.learning_rate), "weight_decay": float(config.get("weight_decay") or 0.0)}
        super().__init__([torch.nn.Parameter(torch.zeros(1))], options)
        self.kind = str(self.serialized["class_name"])

    def made(self, decay: float | None) -> Any:
        """A new Keras optimizer, with this decay where one is given."""
        config = self.serialized["config"] | ({} if decay is None else {"weight_decay": decay})
        return keras().optimizers.deserialize({**self.serialized, "config": config})


class Alone:
    """One Keras model in training, with the interface of a stack of one."""

    def __init__(self, network: KerasAlone, step: AloneStep, treatment: Treatment, loss: Callable[..., Any]) -> None:
        self.network = network
        self.treatments = [treatment]
        network.model.compile(optimizer=step.made(treatment.decoupled), loss=loss)

    @property
    def size(self) -> int:
        return len(self.treatments)

    def step(self, batch: Rows) -> None:
        """One step on rows ``(1, B, ...)``."""
        rows = on_each(lambda leaf: leaf[0], batch)
        self.network.model.train_on_batch(crossed(rows.inputs), crossed(rows.targets))

    def outputs(self, inputs: Tree, *, training: bool = False) -> Tree:
        """What the model returns, ``(1, N, ...)``; its moving statistics stay as they are."""
        kept = self.network.model.get_weights() if training else None
        result = self.network.train(training)(on_each(lambda leaf: leaf[0], inputs))
        if kept is not None:
            self.network.model.set_weights(kept)
        return on_each(lambda leaf: leaf.unsqueeze(0), result)

    def keep(self, variants: Sequence[int]) -> None:
        """Goes on, or not."""
        self.treatments = [self.treatments[number] for number in variants]


def possible(treatment: Treatment) -> bool:
    """Whether Keras' own API can train it."""
    inside = (treatment.dropout, treatment.coupled, treatment.edit, treatment.loss)
    return all(one is None for one in inside) and not treatment.l1
