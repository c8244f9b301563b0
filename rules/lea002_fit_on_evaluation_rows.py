"""A transformer is fitted anew on the rows that are then scored.

## What it finds

A scaler, imputer, vectoriser or other transformer, or a mean and a deviation by hand, estimated from validation or
test rows whose features it then changes before they, or some of them, are scored; with those of the training rows
or without.

## Why it matters

The model has learnt what a number means on the scale of the training rows. Rows on a scale of their own are other
inputs: a shift between the two sides, which is what a test is to show, is subtracted away, and columns may no
longer mean the same. The score belongs to no model that could be used, since one new row has no mean and no
deviation of its own.

## Bad

```python
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.fit_transform(X_test)
model = SVC().fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Good

```python
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)
model = SVC().fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Not reported

Transformers fitted again on training and validation rows together before the final test; the folds of a
cross-validation, where each learns from its own rows; clusters or an embedding of held-out rows for a plot; figures
of each row by itself; what is computed inside a metric, over predictions or weights that no model is asked about;
a network that another program has trained, whose scaling nobody sees.

## Sources

- scikit-learn, *Common pitfalls*, "Inconsistent preprocessing" and "How to avoid data leakage", which asks for
  `transform` on the test rows: <https://scikit-learn.org/stable/common_pitfalls.html>
- Kaufman et al., *Leakage in Data Mining: Formulation, Detection, and Avoidance*, ACM TKDD 6 (2012):
  <https://doi.org/10.1145/2382577.2382579>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Evidence,
    Mark,
    Report,
    Severity,
    Trace,
    assessments,
    by_place,
    named,
    rule,
    way,
)

ESTIMATES = ("statistic", "vocabulary")


@rule("LEA002", "fit-on-evaluation-rows", Severity.ERROR, over=("LEA001",))
def fit_on_evaluation_rows(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.figure or assessment.held_out or not assessment.learnings:
            continue
        learnt = {mark for one in assessment.learnings for mark in one.marks}
        for mark in sorted(assessment.asked, key=by_place):
            if mark.kind not in ESTIMATES or not assessment.was_in(mark):
                continue
            if assessment.alone_in(mark) or (mark not in learnt and assessment.of_this_side(mark)):
                both = mark in learnt
                yield Report(
                    mark.place, message(mark, assessment, both), evidence(mark, assessment, both), confidence(mark)
                )  # fmt: skip


def message(mark: Mark, assessment: Assessment, both: bool) -> str:
    if both:
        return (
            f"{named(mark)} is fitted on the rows that are scored ({assessment.place.seen_from(mark.place)}) and on no "
            "others: what they are like is in the training rows. Fit it on the training rows."
        )
    return (
        f"{named(mark)} is fitted anew on the rows that are scored ({assessment.place.seen_from(mark.place)}): they "
        "are not scaled as the training rows were. Apply what was fitted on the training rows."
    )


def evidence(mark: Mark, assessment: Assessment, both: bool) -> tuple[Evidence, ...]:
    trained = "trained here, with it" if both else "trained here, without it"
    steps = [Evidence(one.place, trained) for one in assessment.learnings[:3]]
    return (*way(mark), *steps, Evidence(assessment.place, "scored here"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
