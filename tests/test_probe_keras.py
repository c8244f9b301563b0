"""Keras 3 on the torch backend: what `fit` does is what is trained."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from experiments import brief, curve, experiment
from keras import layers

from auditor.errors import ProbeError
from auditor.probe.keras_networks import KerasNetwork

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(40, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int64") + (X[:, 2] > 1)
FROM_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def dense() -> keras.Model:
    regularizer = keras.regularizers.L2(0.02)
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "relu", kernel_regularizer=regularizer), layers.Dense(3)]
    )


def normed() -> keras.Model:
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, "tanh"), layers.BatchNormalization(), layers.Dense(3)])


def declared(**given: Any) -> Any:
    parts: dict[str, Any] = {
        "model": dense,
        "train": (X[:30], Y[:30]),
        "validation": (X[30:], Y[30:]),
        "loss": FROM_LOGITS,
        "optimizer": keras.optimizers.Adam(0.02),
        "epochs": 4,
    }
    return experiment(**{**parts, **given})


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "Adam": lambda: keras.optimizers.Adam(0.02),
    "AdamW": lambda: keras.optimizers.AdamW(0.02, weight_decay=0.3),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "a schedule": lambda: keras.optimizers.RMSprop(keras.optimizers.schedules.ExponentialDecay(0.02, 2, 0.5)),
    "clipped": lambda: keras.optimizers.SGD(0.5, global_clipnorm=0.1),
}


@pytest.mark.parametrize("model", [dense, normed])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_it_is_what_fit_trains(optimizer: Callable[[], Any], model: Callable[[], Any]) -> None:
    """Full batches, so that the order of rows does not matter."""
    given = model()
    before = [weight.copy() for weight in given.get_weights()]
    found = brief(declared(model=given, optimizer=optimizer()))
    assert all(np.array_equal(a, b) for a, b in zip(before, given.get_weights(), strict=True))
    fitted = model()
    fitted.set_weights(before)
    fitted.compile(optimizer(), FROM_LOGITS)
    fitted.fit(X[:30], Y[:30], batch_size=30, epochs=4, verbose=0)
    outputs = fitted.predict(X[30:], verbose=0)
    expected = float(FROM_LOGITS(Y[30:], outputs))
    assert curve(found).scores["validation"]["loss"][-1] == pytest.approx(expected, abs=2e-5)
    assert curve(found).scores["validation"]["accuracy"][-1] == pytest.approx(np.mean(outputs.argmax(1) == Y[30:]))


@pytest.mark.parametrize("model", [dense, normed])
def test_batched_is_one_after_another(model: Callable[[], Any]) -> None:
    given = declared(model=model, batch_size=8)
    batched, alone = (brief(given, remedies=["weight_decay"], batched=batched) for batched in (True, False))
    assert not batched.notes
    for one, other in zip(batched.curves, alone.curves, strict=True):
        np.testing.assert_allclose(one.scores["train"]["loss"], other.scores["train"]["loss"], atol=2e-4)


def test_remedies_find_their_places() -> None:
    found = brief(declared(), remedies=["dropout", "weight_decay"])
    lines = {one.name: one.change for one in found.variants}
    assert lines["dropout 0.5"] == "nn.Dropout(0.5) after each hidden activation (1 place)"
    assert lines["decoupled decay 0.1"] == "weight_decay=0.1 in keras.optimizers.Adam"
    assert lines["coupled L2 0.01"] == "keras.regularizers.L2(0.005) on the weights of every layer"


def test_names_unbuilt_models_and_probabilities() -> None:
    def model() -> keras.Model:
        return keras.Sequential([layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(1, "sigmoid")])

    labels = (Y > 0).astype("float32")
    found = brief(
        declared(
            model=model,
            train=(X[:30], labels[:30]),
            validation=(X[30:], labels[30:]),
            loss="binary_crossentropy",
            optimizer="adam",
            metrics=[keras.metrics.BinaryAccuracy(), keras.metrics.mean_absolute_error],
        ),
        remedies=["dropout"],
    )
    assert [one.name for one in found.metrics] == ["binary_accuracy", "mean_absolute_error"]
    assert "no dropout" in [one.name for one in found.variants]
    assert found.modes is not None
    assert np.all(found.modes["loss"] != 0)


def test_several_inputs() -> None:
    def model() -> keras.Model:
        one, two = keras.Input((2,)), keras.Input((4,))
        hidden = layers.Concatenate()([layers.Dense(4, "relu")(one), layers.Dense(4, "relu")(two)])
        return keras.Model([one, two], layers.Dense(3)(hidden))

    sides = [([X[part, :2], X[part, 2:]], Y[part]) for part in (slice(30), slice(30, 40))]
    found = brief(declared(model=model, train=sides[0], validation=sides[1]), remedies=["dropout"])
    assert len(found.curves) == 8


def test_an_unbuilt_model_of_the_users_is_not_built_by_us() -> None:
    with pytest.raises(ProbeError, match="not built"):
        brief(declared(model=keras.Sequential([layers.Dense(3)])))


def test_a_network_never_writes_to_its_model() -> None:
    model = normed()
    before = [weight.copy() for weight in model.get_weights()]
    network = KerasNetwork(model).train()
    network(torch.from_numpy(X))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    moved = [buffer for buffer in network.buffers() if buffer.numel() == 8]
    assert not torch.equal(moved[0], torch.zeros(8))


JAX = """
import keras, numpy as np
from experiments import brief, curve, experiment
from auditor.probe.treatment import Treatment, remedy
assert keras.backend.backend() == "jax"
generator = np.random.default_rng(0)
x = generator.normal(size=(40, 6)).astype("float32")
y = (x[:, 0] > 0).astype("int64")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
def model():
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "tanh"), keras.layers.BatchNormalization(),
                             keras.layers.Dropout(0.0), keras.layers.Dense(2)])
given = model()
before = [weight.copy() for weight in given.get_weights()]
declared = experiment(model=given, train=(x[:30], y[:30]), validation=(x[30:], y[30:]), loss=loss,
                      optimizer=keras.optimizers.Adam(0.02),
                      metrics=["accuracy", keras.metrics.SparseCategoricalAccuracy()])
def tried(subject):
    return [Treatment(remedy("decoupled", "-"), decoupled=0.1), Treatment(remedy("coupled L2", "-"), coupled=0.1)]
found = brief(declared, seeds=1, remedies=[tried, "early_stopping"])
assert all(np.array_equal(a, b) for a, b in zip(before, given.get_weights()))
for decay, name in ((None, "control"), (0.1, "decoupled")):
    fitted = model()
    fitted.set_weights(before)
    fitted.compile(keras.optimizers.Adam(0.02, weight_decay=decay), loss)
    fitted.fit(x[:30], y[:30], batch_size=30, epochs=3, verbose=0)
    outputs = np.asarray(fitted(x[30:], training=False))
    scores = curve(found, name).scores["validation"]
    assert abs(scores["loss"][-1] - float(loss(y[30:], outputs))) < 2e-5, name
    right = np.mean(outputs.argmax(1) == y[30:])
    assert abs(scores["accuracy"][-1] - right) < 1e-6
    assert abs(scores["sparse_categorical_accuracy"][-1] - right) < 1e-6
names = {one.name for one in found.variants}
assert names == {"control", "early stopping", "decoupled"}
assert any("trains by its own API: " in note and "coupled L2" in note for note in found.notes), found.notes
"""


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
def test_another_backend_trains_by_its_own_api() -> None:
    """In a process of its own, for Keras has one backend a process."""
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": str(Path(__file__).parent),
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # most of the time is compiling
    }
    done = subprocess.run([sys.executable, "-c", JAX], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
