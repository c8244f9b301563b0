"""Rows of one group stand on both sides of a split.

## What it finds

Windows of one recording, frames of one video, patches of one picture, sentences of one text or repeats of one
measurement that are made before a split that draws row by row.

## Why it matters

Neighbouring windows overlap, frames resemble each other, and all patches of a slide share its stain. The model
recognises the person or the slide instead of what is asked, and the score is that for people and slides it has met.
For new ones it can be far lower.

## Bad

```python
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

windows, labels = [], []
for person in range(20):
    signal, label = np.load(f"steps/{person}.npy"), person % 2
    for start in range(0, len(signal) - 100, 50):
        windows.append(signal[start : start + 100])
        labels.append(label)
X, y = np.array(windows), np.array(labels)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)
print(forest.score(X_test, y_test))
```

## Good

```python
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupShuffleSplit

windows, labels, people = [], [], []
for person in range(20):
    signal, label = np.load(f"steps/{person}.npy"), person % 2
    for start in range(0, len(signal) - 100, 50):
        windows.append(signal[start : start + 100])
        labels.append(label)
        people.append(person)
X, y = np.array(windows), np.array(labels)
splitter = GroupShuffleSplit(n_splits=1, random_state=0)
train, test = next(splitter.split(X, y, groups=people))
forest = RandomForestClassifier(random_state=0).fit(X[train], y[train])
print(forest.score(X[test], y[test]))
```

## Not reported

Group splitters; groups that are divided first and cut afterwards; one row for each group.

## Sources

- scikit-learn, *Cross-validation iterators for grouped data*:
  <https://scikit-learn.org/stable/modules/cross_validation.html#cross-validation-iterators-for-grouped-data>
- Kapoor and Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4
  (2023), on training and test samples that are not independent: <https://doi.org/10.1016/j.patter.2023.100804>
- Saeb et al., *The need to approximate the use-case in clinical machine learning*, GigaScience 6 (2017)
  (record-wise against subject-wise): <https://doi.org/10.1093/gigascience/gix019>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Mark, Report, Severity, Split, Trace, by_place, drawn_only, rule

TIES = ("lag", "window")


@rule("LEA011", "groups-split-apart", Severity.WARNING)
def groups_split_apart(trace: Trace) -> Iterator[Report]:
    for split in trace.all(Split):
        if split.how not in ("random", "stratified") or split.folds:
            continue
        ties = sorted((mark for mark in split.marks if mark.kind in TIES and mark.grouped), key=by_place)
        if ties and not drawn_only(trace, split):
            yield Report(split.place, message(split, ties[0]), evidence(ties), confidence(split))


def message(split: Split, tie: Mark) -> str:
    return (
        "overlapping windows are split at random: a held-out window shares most of its values with one that is trained "
        f"on ({tie.place.seen_from(split.place)}). Split the series before cutting it, or by group."
    )


def evidence(ties: list[Mark]) -> tuple[Evidence, ...]:
    return tuple(Evidence(tie.place, "tied here") for tie in ties[:3])


def confidence(split: Split) -> Confidence:
    return Confidence.MEDIUM if split.assumed else Confidence.HIGH
