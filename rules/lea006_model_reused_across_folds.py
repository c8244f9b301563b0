"""One network is trained on through the folds of a cross-validation.

## What it finds

A network, an optimizer with its state, or an estimator that learns on (`partial_fit`, `warm_start=True`), made
before the folds and trained in each of them without being made anew.

## Why it matters

From the second fold on the network has already been trained on the rows that are now held out. The scores rise from
fold to fold, and their mean is closer to a training score than to a held-out one; their spread says nothing either.

## Bad

```python
import numpy as np
from keras import Sequential, layers
from sklearn.model_selection import KFold

data = np.load("fields.npz")
x, y = data["x"], data["y"]
model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(1)])
model.compile(optimizer="adam", loss="mae")
errors = []
for train, test in KFold(5, shuffle=True, random_state=0).split(x):
    model.fit(x[train], y[train], epochs=20)
    errors.append(model.evaluate(x[test], y[test]))
print(np.mean(errors))
```

## Good

```python
import numpy as np
from keras import Sequential, layers
from sklearn.model_selection import KFold

data = np.load("fields.npz")
x, y = data["x"], data["y"]
errors = []
for train, test in KFold(5, shuffle=True, random_state=0).split(x):
    model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mae")
    model.fit(x[train], y[train], epochs=20)
    errors.append(model.evaluate(x[test], y[test]))
print(np.mean(errors))
```

## Not reported

Weights put back at the start of each fold (`load_state_dict` of a copy of the first ones, `set_weights`,
`reset_parameters`, `clone_model`); estimators whose `fit` starts afresh; a list with a model for each fold; a loop by
hand whose network nobody judges.

## Sources

- Keras, *Model training APIs*: `fit` goes on with the weights there are (`initial_epoch` serves to resume):
  <https://keras.io/api/models/model_training_apis/>
- Keras, `clone_model`: new layers, newly initialised weights:
  <https://keras.io/api/models/model_saving_apis/model_config_serialization/#clonemodel-function>
- scikit-learn, *Developing scikit-learn estimators*: a second `fit` forgets the first, unless `warm_start` asks
  otherwise: <https://scikit-learn.org/stable/developers/develop.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Forward, Report, Severity, Trace, Train, assessments, rule, split_before


@rule("LEA006", "model-reused-across-folds", Severity.ERROR)
def model_reused_across_folds(trace: Trace) -> Iterator[Report]:
    for train in trace.all(Train):
        if train.again:
            yield report(trace, train, train.name)
    judged = frozenset[object]().union(*(one.judged for one in assessments(trace) if one.figure))
    for forward in trace.all(Forward):
        if forward.again and forward.model in judged and trace.trains(forward):
            yield report(trace, forward, forward.name or forward.model.name)


def report(trace: Trace, event: Train | Forward, name: str) -> Report:
    split = split_before(trace, event.rows)
    steps = [Evidence(split.place, "the folds are made here")] if split is not None else []
    place = event.model.place if event.model is not None else None
    if place is not None:
        steps.append(Evidence(place, "the network is made here, once for all folds"))
    return Report(
        event.place,
        f"`{name or 'the network'}` goes on from fold to fold: from the second on it has already learnt from the rows "
        "that it is judged on. Make the network and its optimizer anew in each fold.",
        tuple(steps),
        Confidence.MEDIUM if event.assumed else Confidence.HIGH,
    )
