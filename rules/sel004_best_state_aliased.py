"""The best weights are kept by reference, and are the last ones in the end.

## What it finds

The weights of the best epoch, kept as `model.state_dict()`, as a shallow copy or a dict of it, or as the model itself,
by the training code, a callback, an early-stopping class or a helper, while training goes on in the same tensors.

## Why it matters

`state_dict()` holds the live parameters. An optimizer changes them in place, so what was kept as the best changes with
every step: the program reports the best validation score, and restores, saves or tests the overfitted weights of the
last epoch. Nothing fails, and the curve looks right.

## Bad

```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
x, y = torch.load("train.pt")
x_val, y_val = torch.load("val.pt")
best_loss, best_state = float("inf"), None
for epoch in range(100):
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        loss = criterion(model(x_val), y_val).item()
    if loss < best_loss:
        best_loss = loss
        best_state = model.state_dict()
model.load_state_dict(best_state)
```

## Good

```python
import copy

import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
x, y = torch.load("train.pt")
x_val, y_val = torch.load("val.pt")
best_loss, best_state = float("inf"), None
for epoch in range(100):
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        loss = criterion(model(x_val), y_val).item()
    if loss < best_loss:
        best_loss = loss
        best_state = copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
```

## Not reported

Copies (`copy.deepcopy`, `clone` of each tensor); what is written to a file, or loaded into another network, before
training goes on; a network made anew for each setting that is tried; weights kept after the training.

## Sources

- PyTorch, *Saving and Loading Models*: `best_model_state = model.state_dict()` returns a reference to the state and not
  its copy: <https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html>
- Python, *copy: shallow and deep copy operations*: <https://docs.python.org/3/library/copy.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Build,
    Confidence,
    Edit,
    Event,
    Evidence,
    Fix,
    Keep,
    Report,
    Restore,
    Severity,
    Trace,
    by_place,
    named_best,
    rule,
    way,
)


@rule("SEL004", "best-state-aliased", Severity.ERROR)
def best_state_aliased(trace: Trace) -> Iterator[Report]:
    kept = [keep for keep in trace.all(Keep) if keep.form == "reference"]
    for keep in kept:
        best = keep.when == "better" or (keep.when == "perhaps" and named_best(keep.name))
        if not best and any(other.name == keep.name and other.when != "always" for other in kept):
            continue
        trained = trace.trained_after(keep, keep.model)
        back = [one for one in trace.all(Restore) if brings_back(trace, keep, one, trained)]
        lasting = best and keep.read and trained and not written_at_once(trace, keep, trained)
        if back or lasting:
            severity = Severity.WARNING if keep.moved else None
            steps = evidence(keep, trained, back)
            yield Report(keep.place, message(keep, back), steps, confidence(keep, back), severity, fix(keep))


def brings_back(trace: Trace, keep: Keep, restore: Restore, trained: list[Event]) -> bool:
    """What is loaded is what was kept, and the same network has learnt in between.

    In a class that nobody drives: what one method keeps and another loads under the same name, into what goes by the
    same name.
    """
    if restore.model is keep.model and keep.model in restore.kept:
        if keep.states and restore.states and not keep.states & restore.states:
            return False
        return any(restore in trace.after(one, lambda it: ends(it, keep)) for one in trained)
    if not keep.assumed or keep.assumed == restore.assumed or "." not in keep.name or keep.when == "always":
        return False
    same = restore.source == keep.name and restore.model.name == keep.model.name
    return same and keep.owner is not None and restore.owner == keep.owner


def ends(event: Event, keep: Keep) -> bool:
    """The network is made anew, or its weights are kept anew."""
    return (event is keep and not keep.added) or (isinstance(event, Build) and event.model is keep.model)


def written_at_once(trace: Trace, keep: Keep, trained: list[Event]) -> bool:
    """It goes to a file before the next step, and nobody is seen to load it back from memory."""

    def written(event: Event) -> bool:
        return isinstance(event, Keep) and event.form == "file" and event.model is keep.model

    return not any(one in trained for one in trace.after(keep, written))


def message(keep: Keep, back: list[Restore]) -> str:
    name = f"`{keep.subject}`" if keep.subject else "the model"
    end = (
        f"{back[0].place.seen_from(keep.place)} loads back what {name} holds by then"
        if back
        else f"`{keep.name}` holds the last weights in the end"
    )
    if keep.moved:
        return (
            f"`{keep.name}` keeps the weights of {name} as they are moved to a device, which copies them only where "
            f"they are on another one: trained on that device, {end}. Copy them: `.clone()`."
        )
    copied = keep.place.text if keep.state else "..."
    return (
        f"`{keep.name}` refers to the live weights of {name} and is no copy of them: training goes on and changes "
        f"them in place, so {end}. Keep a copy: `copy.deepcopy({copied})`."
    )


def evidence(keep: Keep, trained: list[Event], back: list[Restore]) -> tuple[Evidence, ...]:
    steps = sorted(trained, key=by_place)[:1]
    return (
        *way(keep),
        *(Evidence(one.place, "this changes them afterwards") for one in steps),
        *(Evidence(one.place, "and here they are loaded as the best") for one in back[:1]),
    )


def confidence(keep: Keep, back: list[Restore]) -> Confidence:
    return Confidence.HIGH if back and not keep.assumed and not keep.moved else Confidence.MEDIUM


def fix(keep: Keep) -> Fix | None:
    if not keep.state:
        return None
    text = f"{{name: value.clone() for name, value in {keep.place.text}.items()}}"
    return Fix(True, "keep copies of the tensors", (Edit(keep.place, text),))
