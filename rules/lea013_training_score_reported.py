"""A score on rows that were learnt stands beside scores on other rows.

## What it finds

A finished model that is scored on the rows it was trained on, in a program that also scores it, or another model, on
rows of the same source that were held out.

## Why it matters

The two figures together show how far the model is overfitted, which is a good reason to compute both. Alone the
training score says nothing of new rows, and in a table or a title it is easily the one that is quoted. So this is
advice: say beside the figure which rows it comes from, and report the difference as a difference.

## Bad

```python
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
print("accuracy", forest.score(X_train, y_train))
print("accuracy", forest.score(X_test, y_test))
```

## Good

```python
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score, train_test_split

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0)
print("folds", cross_val_score(forest, X_train, y_train).mean())
forest.fit(X_train, y_train)
print("test", forest.score(X_test, y_test))
```

## Not reported

The running loss of the training; out-of-bag and out-of-fold figures of the training rows; residuals that are drawn.
A training score without any other is LEA003.

## Sources

- Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2009), section 7.2: training error is no
  good estimate of test error: <https://hastie.su.domains/ElemStatLearn/>
- Zhang et al., *Understanding deep learning requires rethinking generalization*, ICLR 2017:
  <https://arxiv.org/abs/1611.03530>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Report,
    Severity,
    Trace,
    learnt_and_judged,
    rule,
    scored_on_learnt_rows,
)


@rule("LEA013", "training-score-reported", Severity.NOTE)
def training_score_reported(trace: Trace) -> Iterator[Report]:
    for one, beside in scored_on_learnt_rows(trace):
        if beside:
            yield Report(one.place, message(one), learnt_and_judged(one), confidence(one))


def message(one: Assessment) -> str:
    return (
        "this score is taken on rows that were trained on "
        f"({one.on_learnt_rows[0].place.seen_from(one.place)}): it is no estimate of what new rows will give."
    )


def confidence(one: Assessment) -> Confidence:
    return Confidence.MEDIUM if one.event.assumed else Confidence.HIGH
