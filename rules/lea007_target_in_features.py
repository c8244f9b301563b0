"""The label, or something computed from it, is among the features.

## What it finds

A fit whose features still hold the label's column, a column that was computed from the label of the same row, or
the column that the label was computed from.

## Why it matters

The model copies the answer from the question. The score is nearly perfect on held-out rows too, because they carry
the answer as well, and nothing of it is left where the label is not known yet.

## Bad

```python
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

ship = pd.read_csv("passengers.csv")
X, y = ship.drop(columns="name"), ship["survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0)
forest.fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Good

```python
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

ship = pd.read_csv("passengers.csv")
X, y = ship.drop(columns=["name", "survived"]), ship["survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0)
forest.fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Not reported

Earlier values of the label (lags) where the order is kept; the next token or value of a sequence; autoencoders,
whose target is their input; `stratify=y`; means of the label by category (LEA001).

## Sources

- Kaufman et al., *Leakage in Data Mining: Formulation, Detection, and Avoidance*, ACM TKDD 6 (2012) (leaking
  features): <https://doi.org/10.1145/2382577.2382579>
- Kapoor and Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4
  (2023), on features that are not legitimate: <https://doi.org/10.1016/j.patter.2023.100804>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Report, Severity, Trace, Train, rule


@rule("LEA007", "target-in-features", Severity.ERROR)
def target_in_features(trace: Trace) -> Iterator[Report]:
    for train in trace.all(Train):
        if train.label:
            yield Report(train.place, message(train), evidence(train), confidence(train))


def message(train: Train) -> str:
    return (
        f"the column `{train.label}` is learnt as the label and is among the features too: the score measures how well "
        "it is copied. Drop it from the features."
    )


def evidence(train: Train) -> tuple[Evidence, ...]:
    places = {rows.origin.place for rows in train.rows} - {None}
    return tuple(Evidence(place, "the table is read here") for place in places if place is not None)


def confidence(train: Train) -> Confidence:
    return Confidence.MEDIUM if train.assumed else Confidence.HIGH
