"""The best weights, or the end of the training, are chosen by a training score although there is validation.

## What it finds

Early stopping or a best checkpoint that watches `loss`, `accuracy` or another score of the training rows, in a training
that scores validation rows too; code of one's own that compares a training loss with the best so far to keep weights; a
checkpoint that is scored by the output of a training batch. A learning rate that follows a training score is reported
as a note.

## Why it matters

The training loss falls as long as the network memorises. What is chosen by it are the most overfitted weights, and
early stopping by it does not stop: it waits for a training loss that no longer improves, long after the validation
loss has turned.

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
    monitor="loss", patience=5, restore_best_weights=True
)
model.fit(
    x, y, epochs=200, validation_split=0.2, callbacks=[stopping]
)
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

Trainings without validation rows (SEL001 says so); scores whose rows nobody knows, or that the training never computes
(SEL005); the smallest training loss kept only to be printed; a training loss that stands in where a setting says that
there are no validation rows.

## Sources

- Prechelt, *Early Stopping - But When?*, Neural Networks: Tricks of the Trade (1998):
  <https://doi.org/10.1007/3-540-49430-8_3>
- Keras, `EarlyStopping`, `ModelCheckpoint`: `monitor`: <https://keras.io/api/callbacks/early_stopping/>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Confidence,
    Event,
    Evidence,
    Keep,
    Report,
    Select,
    Severity,
    Step,
    Trace,
    Watch,
    rule,
    way,
)


@rule("SEL002", "selected-on-training-score", Severity.WARNING)
def selected_on_training_score(trace: Trace) -> Iterator[Report]:
    for watch in trace.all(Watch):
        if watch.by_batch:
            yield Report(watch.made, one_batch(watch), (Evidence(watch.place, "attached here"),), Confidence.MEDIUM)
        elif watch.side == "train" and watch.validated and not watch.never_computed:
            severity = Severity.NOTE if watch.does == "schedule" else None
            yield Report(
                watch.made, watching(trace, watch), (Evidence(watch.place, "in this training"),), sure(watch), severity
            )
    for select in trace.all(Select):
        if select.how == "best" and on_training(trace, select) and decides(trace, select) and validates(trace, select):
            yield Report(select.place, comparing(), way(select), Confidence.MEDIUM)


def on_training(trace: Trace, select: Select) -> bool:
    """All that is compared comes from passes that train, and is no figure of the rows that their loss leaves out."""
    trains = bool(select.forwards) and not select.scores and all(trace.trains(one) for one in select.forwards)
    return trains and not any(sink.rows & select.rows for one in select.forwards for sink in trace.scored_beside(one))


def decides(trace: Trace, select: Select) -> bool:
    """Weights are kept, or the training is ended, by what the comparison says."""
    models = {one.model for one in select.forwards}
    near = trace.after(select, lambda one: isinstance(one, Step))
    kept = any(isinstance(one, Keep) and select.place in one.by and one.model in models for one in near)
    return kept or any(one.does == "stop" and select in one.selects for one in trace.all(Watch))


def validates(trace: Trace, select: Select) -> bool:
    """The same model is scored again and again beside its training."""
    models = {one.model for one in select.forwards}
    again = trace.before(select) & trace.after(select)
    return any(
        one in again and not one.never_with(select) and any(sink.kind == "score" for sink in trace.evaluates(one))
        for model in models
        for one in trace.passes(model)
    )


def watching(trace: Trace, watch: Watch) -> str:
    does = {
        "stop": "ends the training by",
        "best": "keeps the weights with the best",
        "schedule": "lowers the learning rate by",
    }[watch.does]
    better = f"val_{watch.monitor}" if not watch.monitor or "train" not in watch.monitor else "the validation score"
    beside = [rows for one in trace.all(Select) if one.place == watch.place for rows in one.rows]
    if any(trace.part(rows) == "test" for rows in beside):
        return (
            f"`{watch.name}` {does} `{watch.monitor}`, a score on the training rows: it follows the memorising. The "
            f"rows that are scored beside are test rows and not for this: hold out validation rows, and watch "
            f"`{better}` on them."
        )
    return (
        f"`{watch.name}` {does} `{watch.monitor}`, a score on the training rows, although validation rows are scored "
        f"in the same training: it follows the memorising. Watch `{better}`."
    )


def one_batch(watch: Watch) -> str:
    return (
        f"`{watch.name}` keeps the weights with the best score of the last training batch of an epoch: that follows "
        f"the memorising, and the luck of one batch. Choose by a score over the validation rows."
    )


def comparing() -> str:
    return (
        "the best weights, or the end of the training, are chosen by a score on the training rows, although the model "
        "is scored on other rows in the same loop: it follows the memorising. Compare the validation score."
    )


def sure(event: Event) -> Confidence:
    return Confidence.MEDIUM if event.assumed else Confidence.HIGH
