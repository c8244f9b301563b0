"""A statistic over rows of both sides shapes what the model sees.

## What it finds

A scaler, imputer, selector, decomposition, vectoriser, vocabulary, quantile or mean that is estimated from rows of
which some are held out later, and whose value enters the features or the labels; also before a cross-validation.
So are columns that are chosen over all rows by what says how they go with the labels: importances, coefficients,
correlations, a selector's scores. Figures of some rows count too, where a random draw holds out some of those, and
so do gaps that a model has filled.

## Why it matters

The held-out rows stand for rows that do not exist yet. When they help to choose the features, to weigh the words or
to fill the gaps, the score says how well the model does on rows it has already been told about. How much that
flatters differs: a mean over many rows gives away little, features selected with the help of the labels can turn
pure noise into a perfect score. Only the same experiment with the statistic taken from the training rows tells
which.

## Bad

```python
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = LogisticRegression().fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Good

```python
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = make_pipeline(StandardScaler(), LogisticRegression())
model.fit(X_train, y_train)
print(model.score(X_test, y_test))
```

## Not reported

Columns that are dropped for what they are without the labels (gaps, types, spreads, how they go with each other);
sizes, class counts and padding lengths; a `LabelEncoder` on the target; figures of each row by itself (`axis=1`);
known constants such as 255; stateless hashing; what only feeds a plot or a table; shifts and differences (LEA008);
categories without the target (LEA012); a table that is completed by itself before it is put below another; what was
computed over held-out rows alone (LEA002); predictions of rows that nobody is known to hold out.

## Sources

- scikit-learn, *Common pitfalls*, "Data leakage during pre-processing":
  <https://scikit-learn.org/stable/common_pitfalls.html#data-leakage>
- Ambroise and McLachlan, *Selection bias in gene extraction on the basis of microarray gene-expression data*, PNAS
  99 (2002): <https://doi.org/10.1073/pnas.102102699>
- Yang et al., *Data Leakage in Notebooks: Static Detection and Better Processes*, ASE 2022:
  <https://doi.org/10.1145/3551349.3556918>
- Kapoor and Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4
  (2023): <https://doi.org/10.1016/j.patter.2023.100804>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Evidence,
    Mark,
    Place,
    Report,
    Severity,
    Split,
    Trace,
    assessments,
    divided,
    named,
    others_untouched,
    rule,
    split_before,
    way,
)

ESTIMATES = ("statistic", "vocabulary")


@rule("LEA001", "fit-before-split", Severity.ERROR)
def fit_before_split(trace: Trace) -> Iterator[Report]:
    told = set()
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.learnings or assessment.inside_search:
            continue
        if others_untouched(trace, assessment) or not (assessment.figure or assessment.of_other_rows):
            continue
        for mark in assessment.marks_met:
            if mark.kind not in ESTIMATES or not assessment.was_in(mark) or assessment.alone_in(mark):
                continue
            if not assessment.learnt_with(mark) or assessment.of_this_side(mark):
                continue
            told.add(mark.place)
            yield Report(
                mark.place,
                message(mark, assessment.place),
                evidence(trace, mark, assessment),
                confidence(mark, assessment),
            )
    for mark, split, place in divided(trace):
        if mark.kind in ESTIMATES and mark.place not in told:
            yield Report(mark.place, message(mark, place), parted(mark, split, place), Confidence.MEDIUM)


def message(mark: Mark, held_out: Place) -> str:
    with_labels, shape = (", and from their labels", "choose or shape") if mark.target else ("", "shape")
    return (
        f"{named(mark)} is computed over rows that are held out later ({held_out.seen_from(mark.place)}){with_labels}: "
        f"they {shape} the features that they are judged on. Compute it from the training rows, after the split or "
        "inside a pipeline."
    )


def evidence(trace: Trace, mark: Mark, assessment: Assessment) -> tuple[Evidence, ...]:
    split = split_before(trace, assessment.rows)
    steps = [Evidence(split.place, "the rows are divided here")] if split is not None else []
    learnt = [one.place for one in assessment.learnings[:3] if one.place != assessment.place]
    taught = [Evidence(place, "learnt from here") for place in learnt]
    return (
        *way(mark),
        *steps,
        *taught,
        Evidence(assessment.place, "and judged here on rows that it was computed over"),
    )


def parted(mark: Mark, split: Split | None, place: Place) -> tuple[Evidence, ...]:
    steps = [Evidence(split.place, "the rows are divided here")] if split is not None else []
    return (*way(mark), *steps, Evidence(place, "these rows are held out, by their name"))


def confidence(mark: Mark, assessment: Assessment) -> Confidence:
    certain = assessment.surely_in(mark) and not mark.assumed and not assessment.event.assumed
    return Confidence.HIGH if certain else Confidence.MEDIUM
