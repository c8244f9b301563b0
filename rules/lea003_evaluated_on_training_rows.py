"""Rows are scored as if they were held out, and their targets were trained on.

## What it finds

The same array, dataset or indices on both sides, slices that overlap, a loader over the training set under the name
of a validation, a model fitted on all rows after they were divided; or a training score that is the only score
there is.

## Why it matters

A network with enough weights can learn any labels by heart, even drawn ones. Its score on the rows it has learnt
says that it has learnt them and nothing of other rows. Such a figure rises while the network overfits, which is
when a held-out one falls. The commonest cause is a copied line in which one identifier was not changed.

## Bad

```python
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = KNeighborsClassifier(n_neighbors=1)
model.fit(X, y)
print(model.score(X_test, y_test))
```

## Good

```python
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = KNeighborsClassifier(n_neighbors=1)
model.fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Not reported

Windows that look back over inputs of the training; graphs that pass as a whole and are parted by masks; scores that
ask for no labels; cross-validation; predictions drawn or stored over the whole range; a function that scores both
sides, or a training score in a program that scores held-out rows of the same source with this or another model
(LEA013).

## Sources

- Zhang et al., *Understanding deep learning requires rethinking generalization*, ICLR 2017:
  <https://arxiv.org/abs/1611.03530>
- scikit-learn, *Cross-validation*: learning a prediction function and testing it on the same data is a
  methodological mistake: <https://scikit-learn.org/stable/modules/cross_validation.html>
- Yang et al., *Data Leakage in Notebooks: Static Detection and Better Processes*, ASE 2022 ("overlap leakage"):
  <https://doi.org/10.1145/3551349.3556918>
- Kapoor and Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4
  (2023): <https://doi.org/10.1016/j.patter.2023.100804>
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


@rule("LEA003", "evaluated-on-training-rows", Severity.ERROR)
def evaluated_on_training_rows(trace: Trace) -> Iterator[Report]:
    for one, beside in scored_on_learnt_rows(trace):
        if not beside:
            yield Report(one.place, message(one), learnt_and_judged(one), confidence(one))


def message(one: Assessment) -> str:
    return (
        "this score is taken on rows that were trained on "
        f"({one.on_learnt_rows[0].place.seen_from(one.place)}), and what was learnt there is scored on no others: it "
        "shows what was memorised. Score rows that were held out."
    )


def confidence(one: Assessment) -> Confidence:
    return Confidence.MEDIUM if one.event.assumed else Confidence.HIGH
