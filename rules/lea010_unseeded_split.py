"""Rows are drawn without a seed, and drawn again in the next run.

## What it finds

A random split with no seed, no generator and no global seed, in a program that saves a model and goes on from it,
or that splits the same rows in two places.

## Why it matters

Each run draws other rows. A model that is loaded and trained on, or loaded and scored, has learnt rows that are
held out this time: after a few restarts it has seen them all. Within a single run nothing is wrong, which is why it
stays unnoticed.

## Bad

```python
import os

import pandas as pd
from keras import Sequential, layers, models
from sklearn.model_selection import train_test_split

table = pd.read_csv("heating.csv")
y = table.pop("kwh")
x_train, x_test, y_train, y_test = train_test_split(table, y)
if os.path.exists("heating.keras"):
    model = models.load_model("heating.keras")
else:
    model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mae")
model.fit(x_train, y_train, epochs=20)
model.save("heating.keras")
print(model.evaluate(x_test, y_test))
```

## Good

```python
import os

import pandas as pd
from keras import Sequential, layers, models
from sklearn.model_selection import train_test_split

table = pd.read_csv("heating.csv")
y = table.pop("kwh")
x_train, x_test, y_train, y_test = train_test_split(table, y, random_state=0)
if os.path.exists("heating.keras"):
    model = models.load_model("heating.keras")
else:
    model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mae")
model.fit(x_train, y_train, epochs=20)
model.save("heating.keras")
print(model.evaluate(x_test, y_test))
```

## Not reported

Splits in a program that runs from the first row to the last figure at once; seeded splits; splits that are written
to a file and read again; samples that are only drawn; two programs that each divide, train and score by themselves; a
state that is loaded to be asked and not to be trained on.

## Sources

- scikit-learn, *Common pitfalls*, "Controlling randomness":
  <https://scikit-learn.org/stable/common_pitfalls.html#controlling-randomness>
- PyTorch, `torch.utils.data.random_split`, whose `generator` makes it repeatable:
  <https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Confidence,
    Cut,
    Evidence,
    Named,
    Report,
    Resume,
    Severity,
    Split,
    Step,
    Trace,
    Train,
    assessments,
    holds,
    learnings,
    rule,
)


@rule("LEA010", "unseeded-split", Severity.WARNING)
def unseeded_split(trace: Trace) -> Iterator[Report]:
    splits = [one for one in trace.all(Split) if unseeded(one)]
    if not splits:
        return
    resumed = {one.place.path: one for one in trace.all(Resume) if learns_on(trace, one)}
    learnt, held = sides(trace)
    for split in splits:
        others = (one for one in splits if again(split, one))
        other = next((one for one in others if learnt_from_one(split, one, learnt, held)), None)
        if other is not None:
            yield Report(split.place, message(split, other), evidence(other), confidence(split))
        elif split.place.path in resumed and split.cuts & (learnt | held):
            yield going_on(split, resumed[split.place.path])


def learns_on(trace: Trace, resumed: Resume) -> bool:
    """Something is learnt in one run with what an earlier one has left, and it is not only asked."""
    return any(isinstance(one, Step | Train) for one in trace.after(resumed) | trace.before(resumed))


def sides(trace: Trace) -> tuple[frozenset[Cut], frozenset[Cut]]:
    """The parts that are learnt from, and those that are judged, or called so: a mere sample is neither."""
    learnt = {cut for one in learnings(trace) for rows in one.rows for cut in rows.cuts}
    held = {cut for one in assessments(trace) for rows in one.rows for cut in rows.cuts}
    return frozenset(learnt), frozenset(held | {one.cut for one in trace.all(Named) if one.part != "train"})


def learnt_from_one(split: Split, other: Split, learnt: frozenset[Cut], held: frozenset[Cut]) -> bool:
    """What was learnt with one division is judged with the other: two trainings are two programs."""
    one, two = (split, other) if split.cuts & learnt else (other, split)
    return bool(one.cuts & learnt) and not two.cuts & learnt and bool(two.cuts & held)


def again(split: Split, other: Split) -> bool:
    """The same rows are divided elsewhere, or here on another way."""
    if other is split or (other.place == split.place and (other.chain, other.assumed) == (split.chain, split.assumed)):
        return False
    return holds(split.rows, other.rows) and holds(other.rows, split.rows)


def going_on(split: Split, resumed: Resume) -> Report:
    return Report(
        split.place,
        "the rows are divided at random anew in each run, and a training is resumed "
        f"({resumed.place.seen_from(split.place)}): rows that were learnt from are held out after it. "
        "Seed the split, or save it.",
        (Evidence(resumed.place, "resumed here"),),
        confidence(split),
    )


def unseeded(split: Split) -> bool:
    return split.how in ("random", "stratified") and split.seeded is False and not split.folds


def message(split: Split, other: Split) -> str:
    return (
        f"the same rows are divided at random again ({other.place.seen_from(split.place)}), and neither is seeded: "
        "rows change sides from one to the other. Split once, or give both the same seed."
    )


def evidence(other: Split) -> tuple[Evidence, ...]:
    return (Evidence(other.place, "divided again here"),)


def confidence(split: Split) -> Confidence:
    return Confidence.MEDIUM if split.assumed else Confidence.HIGH
