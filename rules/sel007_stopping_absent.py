"""A long training watches its validation score, and neither stops by it nor keeps the best weights.

## What it finds

A framework's training of twenty or more epochs that is given validation rows, while nothing ends it early, restores or
writes the best weights.

## Why it matters

The validation score is there and nothing acts on it. Where the network is large for its rows the score turns some way
into the training, and the weights that remain are those of the last epoch.

## Bad

```python
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
model = keras.Sequential(
    [keras.layers.Dense(512, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, epochs=200, validation_split=0.2)
```

## Good

```python
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
model = keras.Sequential(
    [keras.layers.Dense(512, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
stopping = keras.callbacks.EarlyStopping(
    monitor="val_loss", patience=10, restore_best_weights=True
)
model.fit(
    x, y, epochs=200, validation_split=0.2, callbacks=[stopping]
)
```

## Not reported

Trainings with a callback that stops or keeps the best weights, one of the user's own among them, or with callbacks that
nobody knows; trainings of which the number of epochs is not known; loops of one's own.

## Sources

- Prechelt, *Early Stopping - But When?*, Neural Networks: Tricks of the Trade (1998):
  <https://doi.org/10.1007/3-540-49430-8_3>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Report, Severity, Trace, Train, rule, way

MANY_EPOCHS = 20


@rule("SEL007", "stopping-absent", Severity.NOTE)
def stopping_absent(trace: Trace) -> Iterator[Report]:
    for train in trace.all(Train):
        if train.watched is not False or not train.validated or (train.epochs or 0) < MANY_EPOCHS:
            continue
        yield Report(train.place, message(train), way(train), Confidence.MEDIUM if train.assumed else Confidence.HIGH)


def message(train: Train) -> str:
    return (
        f"validation rows are scored in each of the {train.epochs} epochs of this training, and nothing acts on that "
        f"score: the weights that remain are those of the last epoch, however far past the best. Stop early and "
        f"restore the best weights, or write them out."
    )
