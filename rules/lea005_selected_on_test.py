"""A choice is made on the rows that also give the final score.

## What it finds

Early stopping, the best checkpoint, a schedule, a threshold, a search over settings or a best-of loop that is
decided by the test rows, while no other rows are left untouched; also rows that are given both as validation and as
test rows, that choose and are then scored again. Rows that are only watched during the training are reported as a note.

## Why it matters

The best of many noisy figures is too good: part of its lead is luck on exactly these rows. Each epoch and each
setting that is compared on the test rows is another draw, and the fewer the rows, the larger the luck. On large
benchmarks the harm has been found small, on small data it can exceed the differences between the methods that are
compared; nobody can tell afterwards.

## Bad

```python
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
best = 0.0
for depth in range(1, 20):
    model = DecisionTreeClassifier(max_depth=depth, random_state=0)
    model.fit(X_train, y_train)
    accuracy = model.score(X_test, y_test)
    if accuracy > best:
        best = accuracy
print("test accuracy", best)
```

## Good

```python
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.tree import DecisionTreeClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = DecisionTreeClassifier(random_state=0)
search = GridSearchCV(model, {"max_depth": range(1, 20)}, cv=5)
search.fit(X_train, y_train)
print("test accuracy", search.score(X_test, y_test))
```

## Not reported

The test score at the epoch that the validation chose; a table or a curve of test scores that decides nothing;
choices on rows called test when others are tested in the end; a choice among figures of one scoring (the best span of a
text, the likeliest class); rows called held out or evaluation rows, which may be validation rows; folds whose test rows
are the validation rows of the next.

## Sources

- Cawley and Talbot, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation*,
  JMLR 11 (2010): <https://jmlr.org/papers/v11/cawley10a.html>
- scikit-learn, *Cross-validation*: settings can be tweaked until the estimator performs optimally on the test set:
  <https://scikit-learn.org/stable/modules/cross_validation.html>
- Recht et al., *Do ImageNet Classifiers Generalize to ImageNet?*, ICML 2019 (little harm on a large benchmark):
  <https://proceedings.mlr.press/v97/recht19a.html>
- Yang et al., *Data Leakage in Notebooks: Static Detection and Better Processes*, ASE 2022 ("multi-test leakage"):
  <https://doi.org/10.1145/3551349.3556918>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Evidence,
    Named,
    Report,
    Select,
    Severity,
    Trace,
    apart,
    assessments,
    by_place,
    compared,
    holds,
    of_folds,
    rule,
    way,
)


@rule("LEA005", "selected-on-test", Severity.WARNING)
def selected_on_test(trace: Trace) -> Iterator[Report]:
    judged = [one for one in assessments(trace) if one.learnings]
    for select in trace.all(Select):
        if not any(trace.part(rows) == "test" for rows in select.rows) and not asked_twice(trace, judged, select):
            continue
        if select.how == "noted" and not noted_between_trainings(trace, select):
            continue
        chosen = who(select)
        if any(one.judged & chosen and untouched(trace, one, select) for one in judged):
            continue
        yield Report(select.place, message(select), evidence(trace, select), confidence(select), severity(select))


def asked_twice(trace: Trace, judged: list[Assessment], select: Select) -> bool:
    """Rows that are called both validation and test rows: they choose, and are scored again.

    What tests in one fold may validate in the next: that is no second use of them.
    """
    both = {rows for rows in select.rows if trace.names(rows) == {"validation", "test"} and not of_folds(rows)}
    others = (one for one in judged if one.figure and one.event not in select.forwards | select.scores)
    return bool(both) and any(holds(both, one.rows) for one in others)


def noted_between_trainings(trace: Trace, select: Select) -> bool:
    """The scores are those of several epochs, and the training is over by now."""
    passes = [one for one in select.forwards if trace.evaluates(one)]
    return any(
        one in trace.after(trained)
        for one in passes
        if not trace.trained_after(select, one.model)
        for trained in trace.trained_after(one, one.model)
    )


def severity(select: Select) -> Severity:
    """That somebody may look at a score, or a learning rate follow it, chooses little."""
    return Severity.NOTE if select.how in ("watch", "schedule") else Severity.WARNING


def who(select: Select) -> frozenset[object]:
    """The networks and fits that the choice is made among."""
    taught = {train for score in select.scores for train in score.trained}
    models = {one.model for one in select.forwards} | {one.model for one in taught if one.model is not None}
    return frozenset((*models, *taught))


def untouched(trace: Trace, one: Assessment, select: Select) -> bool:
    """Rows that neither the training nor this choice has seen give a score of their own."""
    if not compared(trace, one) or one.on_learnt_rows or not apart(one.rows, select.rows):
        return False
    return not any(trace.part(rows) in ("train", "validation") for rows in one.rows)


def message(select: Select) -> str:
    if select.how == "watch":
        done = (
            "the test rows are scored while the network learns: whoever stops, tunes or picks by what is seen there "
            "has chosen by them, and their score is no estimate any more."
        )
    elif select.how == "schedule":
        done = "the learning rate follows a score on the test rows: that score is no estimate any more."
    else:
        done = (
            "the best weights or settings are chosen by a score on the test rows: that score is the best of many tries "
            "on them and no estimate any more."
        )
    return f"{done} Choose on validation rows, and score the test rows once."


def evidence(trace: Trace, select: Select) -> tuple[Evidence, ...]:
    passes = sorted(select.forwards, key=by_place)
    scores = sorted(select.scores, key=by_place)
    steps = [Evidence(one.place, "the test rows are scored here") for one in (*passes[:2], *scores[:2])]
    sources = {rows.origin.place for rows in select.rows if trace.part(rows) == "test"}
    places = sorted((one for one in sources if one is not None), key=lambda one: (one.path, one.node))
    steps.extend(Evidence(place, "this acts on the score") for place in select.by[:3])
    steps.extend(Evidence(place, "they come from here") for place in places)
    both = {rows.origin.cut for rows in select.rows if len(trace.names(rows)) > 1}
    called = sorted((one for one in trace.all(Named) if one.cut in both), key=lambda one: (one.part, by_place(one)))
    steps.extend(Evidence(one.place, f"they are {one.part} rows here") for one in called)
    return (*way(select), *steps)


def confidence(select: Select) -> Confidence:
    return Confidence.MEDIUM if select.assumed else Confidence.HIGH
