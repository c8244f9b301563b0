"""Rows are multiplied before they are split, so that a row and its copies fall on both sides.

## What it finds

Over-sampling, drawing with replacement, repeating, or augmented versions that are stored beside their originals,
before the split or the cross-validation.

## Why it matters

A copy of a held-out row, or a point between it and its neighbour, is among the training rows: the model is asked
what it has been told. Besides, the held-out rows then have class shares that the world does not have, so that
precision and accuracy are those of another problem. The rarer the class, the more often a row was copied and the
larger the effect.

## Bad

```python
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

X, y = make_classification(2000, weights=[0.97], random_state=0)
X, y = SMOTE(random_state=0).fit_resample(X, y)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = RandomForestClassifier(random_state=0).fit(X_train, y_train)
print(f1_score(y_test, model.predict(X_test)))
```

## Good

```python
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

X, y = make_classification(2000, weights=[0.97], random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_more, y_more = SMOTE(random_state=0).fit_resample(X_train, y_train)
model = RandomForestClassifier(random_state=0).fit(X_more, y_more)
print(f1_score(y_test, model.predict(X_test)))
```

## Not reported

Under-sampling, which copies nothing; resampling of the training part, by hand, in a sampler or inside a pipeline;
the bootstrap of a score; time series brought to another frequency; demonstrations in which nothing is held out.

## Sources

- imbalanced-learn, *Common pitfalls and recommended practices*, "Data leakage":
  <https://imbalanced-learn.org/stable/common_pitfalls.html>
- Yang et al., *Data Leakage in Notebooks: Static Detection and Better Processes*, ASE 2022 (over-sampling and
  augmentation as causes of overlap): <https://doi.org/10.1145/3551349.3556918>
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
    rule,
    way,
)


@rule("LEA004", "resampled-before-split", Severity.ERROR, over=("LEA003",))
def resampled_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        learnt = {mark for one in assessment.learnings for mark in one.marks}
        for mark in sorted(assessment.marks & learnt, key=by_place):
            if mark.kind == "resample" and assessment.was_in(mark) and not assessment.on_learnt_rows:
                yield Report(mark.place, message(mark, assessment), evidence(mark, assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    inside = "inside each fold, with an imblearn Pipeline"
    remedy = inside if assessment.by_folds else "the training rows, after the split"
    return (
        "rows are multiplied before they are split: copies of one row are trained on and judged on "
        f"({assessment.place.seen_from(mark.place)}). Resample {remedy}."
    )


def evidence(mark: Mark, assessment: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(one.place, "trained on here") for one in assessment.learnings[:3]]
    return (*way(mark), *steps, Evidence(assessment.place, "judged on here"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
