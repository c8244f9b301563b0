"""Rows that have an order are divided as if they had none, or rows sorted by label as if they were mixed.

## What it finds

A random split of rows that lags, rolling figures, windows or a target shifted in time tie to their neighbours; and
rows sorted by label of which the last ones are held out (Keras `validation_split`, a slice). Rows that only carry
dates: a note.

## Why it matters

A day between two learnt days is easy: its lagged columns are the targets of one neighbour, and its own target is a
column of the other. What will be asked is a day after all of them. In rows sorted by label the last ones are of one
kind, and the model may never have seen it.

## Bad

```python
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

sales = pd.read_csv("sales.csv")
sales["yesterday"] = sales["sold"].shift(1)
sales["last_week"] = sales["sold"].shift(7)
sales = sales.dropna()
X, y = sales[["yesterday", "last_week"]], sales["sold"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestRegressor(random_state=0).fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Good

```python
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

sales = pd.read_csv("sales.csv")
sales["yesterday"] = sales["sold"].shift(1)
sales["last_week"] = sales["sold"].shift(7)
sales = sales.dropna()
X, y = sales[["yesterday", "last_week"]], sales["sold"]
X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)
forest = RandomForestRegressor(random_state=0).fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Not reported

Splits that keep the order (`shuffle=False`, `TimeSeriesSplit`, slices, a date as the border); batches of the
training part that are shuffled; rows that were mixed before the slice; rolling means that are only drawn; stretches
of a series that lie side by side; draws that only make a table smaller.

## Sources

- scikit-learn, *Cross-validation of time series data*:
  <https://scikit-learn.org/stable/modules/cross_validation.html#cross-validation-of-time-series-data>
- Keras, *Model training APIs*: `validation_split` takes the last rows, before any shuffling:
  <https://keras.io/api/models/model_training_apis/>
- Kapoor and Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4
  (2023), "temporal leakage": <https://doi.org/10.1016/j.patter.2023.100804>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Mark, Report, Severity, Split, Trace, by_place, drawn_only, rule

TIES = ("lag", "window")


@rule("LEA008", "order-ignored", Severity.WARNING)
def order_ignored(trace: Trace) -> Iterator[Report]:
    for split in trace.all(Split):
        if split.how not in ("random", "stratified"):
            continue
        ties = sorted((mark for mark in split.marks if mark.kind in TIES and not mark.grouped), key=by_place)
        if ties and not drawn_only(trace, split):
            yield Report(split.place, message(split, ties[0]), evidence(ties), confidence(split))


def message(split: Split, tie: Mark) -> str:
    return (
        "rows that hold parts of their neighbours are split at random: what is held out is known from the rows beside "
        f"it ({tie.place.seen_from(split.place)}). Split by time."
    )


def evidence(ties: list[Mark]) -> tuple[Evidence, ...]:
    return tuple(Evidence(tie.place, "tied here") for tie in ties[:3])


def confidence(split: Split) -> Confidence:
    return Confidence.MEDIUM if split.assumed else Confidence.HIGH
