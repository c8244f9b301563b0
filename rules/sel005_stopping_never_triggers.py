"""Early stopping or a best checkpoint that cannot do what it is there for.

## What it finds

A callback that watches a validation score in a training without validation rows; a score of a name that the training
does not compute; the wrong direction (`mode="min"` of an accuracy, `mode="max"` of a loss); and a patience as long as
the training itself.

## Why it matters

Nothing fails: the callback warns once, or not at all, and the training runs to its last epoch as if it were not there.
The wrong direction is worse: training ends, and the weights of the worst epoch are kept as the best.

## Bad

```python
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
model = keras.Sequential(
    [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
stopping = keras.callbacks.EarlyStopping(
    monitor="val_loss", patience=5, restore_best_weights=True
)
model.fit(x, y, epochs=200, callbacks=[stopping])
```

## Good

```python
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
model = keras.Sequential(
    [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
stopping = keras.callbacks.EarlyStopping(
    monitor="val_loss", patience=5, restore_best_weights=True
)
model.fit(
    x, y, epochs=200, validation_split=0.2, callbacks=[stopping]
)
```

## Not reported

Names that may be logged through calls that nobody knows; validation rows that may be handed in by a caller; a patience
as long as the training of a callback that brings the best weights back in any case.

## Sources

- Keras, `EarlyStopping`: <https://keras.io/api/callbacks/early_stopping/>
- Lightning, *Early Stopping*: `monitor`, `mode`: <https://lightning.ai/docs/pytorch/stable/common/early_stopping.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Report, Severity, Trace, Watch, backwards, rule, way

LEAST_EPOCHS = 2
"""One epoch is the default of some frameworks, under whose older names of the operand nobody looks."""


@rule("SEL005", "stopping-never-triggers", Severity.ERROR)
def stopping_never_triggers(trace: Trace) -> Iterator[Report]:
    for watch in trace.all(Watch):
        if watch.does == "schedule":
            continue
        why = no_validation(watch) or never_logged(watch) or wrong_way(watch) or too_patient(watch)
        if why:
            steps = (*way(watch), Evidence(watch.place, "it watches this training"))
            yield Report(watch.made, why, steps, Confidence.MEDIUM if watch.assumed else Confidence.HIGH)


def no_validation(watch: Watch) -> str:
    if watch.side != "validation" or watch.validated is not False:
        return ""
    return (
        f"`{watch.name}` watches `{watch.monitor}`, and the training at {watch.place.seen_from(watch.made)} is given "
        f"no validation rows: there is no such score, so it never acts. Give the training validation rows."
    )


def never_logged(watch: Watch) -> str:
    if not watch.never_computed:
        return ""
    names = ", ".join(f"`{name}`" for name in sorted(watch.logged or ()))
    return (
        f"`{watch.name}` watches `{watch.monitor}`, which the training at {watch.place.seen_from(watch.made)} never "
        f"computes, so it never acts. It computes {names}."
    )


def wrong_way(watch: Watch) -> str:
    right = backwards(watch)
    if right is None:
        return ""
    less = "less" if watch.mode == "min" else "more"
    return (
        f"`{watch.name}` takes {less} `{watch.monitor}` for better: it keeps and waits for the worst epoch. "
        f'Set it to "{right}".'
    )


def too_patient(watch: Watch) -> str:
    if watch.does != "stop" or watch.restores or watch.patience is None or watch.epochs is None:
        return ""
    if watch.patience < watch.epochs or watch.epochs < LEAST_EPOCHS:
        return ""
    return (
        f"`{watch.name}` bears {watch.patience} epochs without a better score, and the training at "
        f"{watch.place.seen_from(watch.made)} has {watch.epochs}: it never ends one early."
    )
