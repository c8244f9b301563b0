"""Categories are listed from all rows before they are split.

## What it finds

`get_dummies`, an encoder of categories or category codes that look at every row before the split, without the
target.

## Why it matters

The model has a column for categories that only held-out rows have. That gives away next to nothing; what it hides
is that the program does not know what to do with a category it has never seen, which is the first thing that new
rows bring. So this is advice, and no reason to distrust a score. Encoders that use the target are another matter
(LEA001).

## Bad

```python
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

people = pd.read_csv("incomes.csv")
y = people.pop("rich")
X = pd.get_dummies(people)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Good

```python
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

people = pd.read_csv("incomes.csv")
y = people.pop("rich")
X_train, X_test, y_train, y_test = train_test_split(people, y, random_state=0)
model = make_pipeline(
    OneHotEncoder(handle_unknown="ignore"), RandomForestClassifier()
)
model.fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Not reported

The target, as numbers or columns; categories written out in the program; encoders inside a pipeline or fitted on
the training rows.

## Sources

- scikit-learn, `OneHotEncoder` and its `handle_unknown`:
  <https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OneHotEncoder.html>
- scikit-learn, *Common pitfalls*, "How to avoid data leakage":
  <https://scikit-learn.org/stable/common_pitfalls.html#how-to-avoid-data-leakage>
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
    named,
    others_untouched,
    rule,
    split_before,
)


@rule("LEA012", "encoded-before-split", Severity.NOTE)
def encoded_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.learnings or assessment.inside_search:
            continue
        if others_untouched(trace, assessment):
            continue
        for mark in assessment.marks_met:
            if mark.kind == "encoding" and assessment.was_in(mark) and not assessment.alone_in(mark):
                yield Report(mark.place, message(mark, assessment), evidence(trace, assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    return (
        f"{named(mark)} looks for categories in rows that are held out later "
        f"({assessment.place.seen_from(mark.place)}): a category that only they have is no "
        "surprise any more. Fit the encoder on the training rows."
    )


def evidence(trace: Trace, assessment: Assessment) -> tuple[Evidence, ...]:
    split = split_before(trace, assessment.rows)
    steps = [Evidence(split.place, "the rows are divided here")] if split is not None else []
    return (*steps, Evidence(assessment.place, "and judged here on rows that it was computed over"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
