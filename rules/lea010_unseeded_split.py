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

Splits in a program that runs from the first row to the last figure at once, and in two such programs; seeded splits;
splits that are written to a file and read again.

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
    Event,
    Evidence,
    Named,
    Report,
    Resume,
    Severity,
    Split,
    Trace,
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
    resumed = {one.place.path: one for one in trace.all(Resume)}
    learnt, held = sides(trace)
    alone = whole(trace)
    for split in splits:
        others = (one for one in splits if again(split, one) and not apart(split, one, alone))
        other = next((one for one in others if one.cuts & (held if split.cuts & learnt else learnt)), None)
        if not split.cuts & (learnt | held):
            continue
        if other is not None:
            yield Report(split.place, message(split, other), evidence(other), confidence(split))
        elif split.place.path in resumed:
            yield going_on(split, resumed[split.place.path])


def sides(trace: Trace) -> tuple[frozenset[Cut], frozenset[Cut]]:
    """The parts that are learnt from, and those that are held out: a sample that is only drawn is no split."""
    named = list(trace.all(Named))
    learnt = {cut for one in learnings(trace) for rows in one.rows for cut in rows.cuts}
    held = {cut for one in assessments(trace) for rows in one.rows for cut in rows.cuts}
    learnt |= {one.cut for one in named if one.part == "train"}
    held |= {one.cut for one in named if one.part != "train"}
    return frozenset(learnt), frozenset(held)


def program(event: Event) -> str:
    """The file that is run."""
    return (event.chain[0] if event.chain else event.place).path


def whole(trace: Trace) -> frozenset[Cut]:
    """The parts of splits that one program learns from and judges by itself: no model comes to it from another."""
    judged = (
        (one, learning)
        for one in assessments(trace)
        for learning in one.learnings
        if program(one.event) == program(learning.event)
    )
    return frozenset(cut for one, learning in judged for rows in (*one.rows, *learning.rows) for cut in rows.cuts)


def apart(split: Split, other: Split, alone: frozenset[Cut]) -> bool:
    """Two programs, each of which is done when it has judged what it has learnt."""
    return program(split) != program(other) and bool(split.cuts & alone) and bool(other.cuts & alone)


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
