"""A Keras network is told the wrong mode, or is never told that it is being trained.

## What it finds

A network called with `training=True` for an evaluation; a training loop with a gradient tape that calls the network
without `training=True`; a layer inside a network's own `call` whose `training` is a literal; a model under `fit`
whose `call` takes no `training`, so that Keras 3 cannot hand the mode on to the layers below.

## Why it matters

In Keras the mode is an argument of the call, and without it a layer takes itself to be used and not trained. A
training loop that forgets it trains without dropout and with the batch-norm statistics of the first step: the
regularisation that the code claims is not there. An evaluation that passes `training=True` scores another network
than the one that is used.

## Bad

```python
import tensorflow as tf
from tensorflow.keras.layers import Dense, Dropout

model = tf.keras.Sequential([Dense(64, "relu"), Dropout(0.4), Dense(2)])
optimizer = tf.keras.optimizers.Adam()
criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = criterion(y, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
import tensorflow as tf
from tensorflow.keras.layers import Dense, Dropout

model = tf.keras.Sequential([Dense(64, "relu"), Dropout(0.4), Dense(2)])
optimizer = tf.keras.optimizers.Adam()
criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = criterion(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Not reported

Monte-Carlo dropout, where the same rows pass again and again, and calls with a comment that says so; a base network
that is kept in inference mode while a head is trained; layers called without `training` where the call around them
has it (the value is handed on by itself); custom layers without it, which take it over from the model around them;
models of `tf.keras`, which hands it on in the releases of TensorFlow before 2.16. A literal `training=True` inside
a network is somebody's choice and a note.

## Sources

- Keras, *Making new layers and models via subclassing*, "Privileged `training` argument in the `call()` method":
  <https://keras.io/guides/making_new_layers_and_models_via_subclassing/>
- Keras FAQ, "What's the difference between the `training` argument in `call()` and the `trainable` attribute?":
  <https://keras.io/getting_started/faq/>
- Keras, *Writing a training loop from scratch in TensorFlow*:
  <https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/>
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.trace import Apply, Confidence, Evidence, Forward, Place, Report, Severity, Step, Trace, Train, rule

ON_PURPOSE = re.compile(r"purpose|intention|deliberate|intended|monte.?carlo|\bmc\b|bayes|uncertain", re.IGNORECASE)


@rule("EVA007", "training-flag-pinned", Severity.ERROR)
def training_flag_pinned(trace: Trace) -> Iterator[Report]:
    for forward in trace.all(Forward):
        model = forward.model
        if not model.told_in_call:
            continue
        name = forward.name or model.name or "the model"
        if forward.forced == "train":
            if not scored(trace, forward) or meant(forward.place) or model.network.indifferent:
                continue
            yield Report(
                forward.place,
                f"`{name}` is called with `training=True` for an evaluation: dropout and batch norm act as in training."
                " Leave it out, or pass `training=False`.",
                chain(forward.chain),
                confidence(forward),
                Severity.ERROR if model.network.sensitive else Severity.WARNING,
            )
        elif untold(trace, forward) and model.network.sensitive:
            layer = model.network.sensitive[0].kind.rpartition(".")[2]
            yield Report(
                forward.place,
                f"`{name}` is trained through this call and not told so: its {layer} layers act as in inference. "
                "Pass `training=True`.",
                chain(forward.chain),
                confidence(forward),
            )
    fitted = {train.model.kind for train in trace.all(Train) if train.model is not None}
    for apply in trace.all(Apply):
        if apply.layer is not None and not meant(apply.place):
            yield from inside(apply, fitted)


def scored(trace: Trace, forward: Forward) -> bool:
    """A number is made of it, once, and no step is taken: many passes over the same rows are a Monte-Carlo estimate."""
    if forward.repeated or any(step.function == forward.function is not None for step in trace.all(Step)):
        return False
    return any(sink.kind in ("score", "select") for sink in trace.evaluates(forward))


def untold(trace: Trace, forward: Forward) -> bool:
    """Its weights are differentiated, and the call takes the mode of inference because nothing is said."""
    through = any(sink.kind == "backward" and forward in sink.through for sink in trace.sinks(forward))
    if trace.reaches(forward, "gradient"):
        return False  # gradients of its inputs: a penalty, an attack
    return through and not forward.forced and all(mode.value == "eval" for mode in forward.modes)


def inside(apply: Apply, fitted: set[str]) -> Iterator[Report]:
    """A layer in a network's own call."""
    assert apply.layer is not None
    layers = apply.layer.network.sensitive
    if not layers:
        return
    kind = apply.layer.kind.rpartition(".")[2]
    if apply.active == "always":
        text = f"`{kind}` in `{apply.owner}` is active in evaluation too: `training=True` is written out."
        yield Report(apply.place, f"{text} If it is meant, say so in a comment.", severity=Severity.NOTE)
    elif apply.handed and len(apply.layer.network.layers) == 1 and layers[0].sensitivity != "normalisation":
        text = f"`{kind}` in `{apply.owner}` is never active: `training=False` is written out."
        yield Report(apply.place, f"{text} Hand on `training`.", severity=Severity.WARNING)
    elif not apply.handed and apply.owner in fitted:
        text = f"`{kind}` is never told that `{apply.owner}` is trained: `fit` of Keras 3 passes `training` only to"
        yield Report(
            apply.place,
            f"{text} a `call` that takes it. Write `def call(self, ..., training=None)`.",
            confidence=Confidence.MEDIUM,
            severity=Severity.WARNING,
        )


def meant(place: Place) -> bool:
    return ON_PURPOSE.search(place.source.remark(place.node)) is not None


def chain(places: tuple[Place, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(place, "called from here") for place in places[-3:])


def confidence(forward: Forward) -> Confidence:
    return Confidence.MEDIUM if forward.assumed or forward.model.origin == "handed-in" else Confidence.HIGH
