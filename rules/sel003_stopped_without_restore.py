"""Early stopping keeps the last weights, from after the best epoch, and these are used.

## What it finds

A training that ends early because a score has not improved for some epochs, and weights that are then saved, tested or
used as they are: nothing brings back those of the best epoch.

## Why it matters

Early stopping regularises by taking the weights of the epoch with the best validation score. With a patience of ten,
the weights at hand when it stops are those of ten epochs further on: the overfitting that was to be avoided has been
trained into them, and the score that stopped the run is not theirs.

## Bad

```python
import keras
import numpy as np

x, y = np.load("x.npy"), np.load("y.npy")
model = keras.Sequential(
    [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=10)
model.fit(
    x, y, epochs=200, validation_split=0.2, callbacks=[stopping]
)
model.save("model.keras")
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
    monitor="val_loss", patience=10, restore_best_weights=True
)
model.fit(
    x, y, epochs=200, validation_split=0.2, callbacks=[stopping]
)
model.save("model.keras")
```

## Not reported

The best checkpoint is loaded before the weights are used (`load_weights`, `load_state_dict`, `ckpt_path="best"`,
`load_best_model_at_end`), in a branch too that only asks whether there are any, or another model is made from it; a
program that scores the last weights and, beside them, a network read from the best file; weights that nobody is seen to
use after the training; a training that ends by its own loss, past whose best epoch nothing is overfitted (SEL002), or
that waits for the worst score or cannot end early, for a score that is never computed or a patience as long as the
training (SEL005), unless the best weights are written to a file that nobody loads.

## Sources

- Prechelt, *Early Stopping - But When?*, Neural Networks: Tricks of the Trade (1998):
  <https://doi.org/10.1007/3-540-49430-8_3>
- Keras, `EarlyStopping`: if `restore_best_weights` is False, the model weights obtained at the last step of training
  are used: <https://keras.io/api/callbacks/early_stopping/>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Confidence,
    Event,
    Evidence,
    Forward,
    Report,
    Severity,
    Trace,
    Use,
    Watch,
    backwards,
    by_place,
    rule,
    way,
)


@rule("SEL003", "stopped-without-restore", Severity.WARNING, over=("SEL006",))
def stopped_without_restore(trace: Trace) -> Iterator[Report]:
    for watch in trace.all(Watch):
        beside = trace.beside(watch)
        if watch.does != "stop" or watch.restores is not False or any(one.restores is not False for one in beside):
            continue
        if watch.selects and not stops_by_validation(trace, watch):
            continue
        written = any(one.does == "best" for one in beside)
        if watch.side == "train" or backwards(watch) or (never_ends(watch) and not written):
            continue
        if watch.fetched:
            if not written:
                yield Report(watch.made, latest(watch), evidence(watch, []), confidence(watch))
            continue
        if watch.selects and watch.model is not None and not trace.learns(watch.model):
            continue  # a loss that is a module too
        used = trace.used_as_left(watch, watch.model) if watch.model is not None else []
        if used and not (written and compares_with_loaded(trace, watch)):
            yield Report(
                watch.made, message(watch, used[0]), evidence(watch, used), confidence(watch),
                explains=frozenset(one.place for one in used),
            )  # fmt: skip


def compares_with_loaded(trace: Trace, watch: Watch) -> bool:
    """What was written as the best is read as a network of its own, and is asked too."""
    return any(
        isinstance(one, (Use, Forward)) and one.model.origin == "loaded" and one.model is not watch.model
        for one in trace.after(watch)
        if one.chain[: len(watch.chain)] == watch.chain
    )


def never_ends(watch: Watch) -> bool:
    """There is no such score, or no epoch left in which the patience could be lost (SEL005)."""
    if watch.never_computed or (watch.side == "validation" and watch.validated is False):
        return True
    return watch.patience is not None and watch.epochs is not None and watch.patience >= watch.epochs


def stops_by_validation(trace: Trace, watch: Watch) -> bool:
    """Code of the user's own compares scores of passes that do not train, and leaves the weights as they are."""
    passes = [one for select in watch.selects for one in select.forwards if one.model is watch.model]
    return not trace.restored_before(watch, watch.model) and any(
        trace.evaluates(one) or trace.scored_beside(one) for one in passes
    )


def message(watch: Watch, used: Event) -> str:
    if watch.selects:
        return (
            f"the loop ends here since the score has not improved for a while, with weights from past the best epoch: "
            f"{used.place.seen_from(watch.made)} uses these. Load the best ones first."
        )
    if never_ends(watch):
        return (
            f"the best weights are written beside `{watch.name}`, which cannot end this training early, and nothing "
            f"loads them: {used.place.seen_from(watch.made)} uses the last ones. Load the best checkpoint before."
        )
    bears = f"after {watch.patience} epochs without" if watch.patience else "at the first epoch without"
    if watch.patience is None:
        bears = "after its patience is spent without"
    score = f"a better {watch.monitor}" if watch.monitor else "a better score"
    late = f"{watch.patience} epochs past the best" if watch.patience else "those past the best epoch"
    remedy = f"Set `{watch.remedy}`." if watch.remedy else "Load the best checkpoint before the weights are used."
    return (
        f"`{watch.name}` ends the training {bears} {score} and leaves the weights as they are then, {late}: "
        f"{used.place.seen_from(watch.made)} uses these. {remedy}"
    )


def latest(watch: Watch) -> str:
    score = watch.monitor or "a score"
    return (
        f"`{watch.name}` ends the training, and `{watch.fetched}` is taken for the best weights: nothing that writes "
        f"checkpoints watches {score}, so it names the last ones. Add a checkpoint that watches the same score."
    )


def evidence(watch: Watch, used: list[Event]) -> tuple[Evidence, ...]:
    return (
        *way(watch),
        *(
            Evidence(one.place, "the score is compared with the best so far")
            for one in sorted(watch.selects, key=by_place)[:1]
        ),
        *(() if watch.selects else (Evidence(watch.place, "it watches this training"),)),
        *(Evidence(one.place, "the last weights are used here") for one in used[:2]),
    )


def confidence(watch: Watch) -> Confidence:
    return Confidence.MEDIUM if watch.assumed else Confidence.HIGH
