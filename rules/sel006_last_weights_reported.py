"""The best weights are written out by the validation score, and the last ones are tested.

## What it finds

A training that keeps the weights of the best epoch, and then scores the network as the last epoch has left it on other
rows, without loading the best ones.

## Why it matters

The test score is not that of the weights that were chosen and are kept: it is the score of the last epoch, which is as
far past the best as the training went on. Readers take it for the score of the checkpoint.

## Bad

```python
import torch
from torch import nn

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss()
x, y = torch.load("train.pt")
x_val, y_val = torch.load("val.pt")
x_test, y_test = torch.load("test.pt")
best = float("inf")
for epoch in range(100):
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        loss = criterion(net(x_val), y_val).item()
    if loss < best:
        best = loss
        torch.save(net.state_dict(), "best.pt")
with torch.no_grad():
    print("test", criterion(net(x_test), y_test).item())
```

## Good

```python
import torch
from torch import nn

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss()
x, y = torch.load("train.pt")
x_val, y_val = torch.load("val.pt")
x_test, y_test = torch.load("test.pt")
best = float("inf")
for epoch in range(100):
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        loss = criterion(net(x_val), y_val).item()
    if loss < best:
        best = loss
        torch.save(net.state_dict(), "best.pt")
net.load_state_dict(torch.load("best.pt"))
with torch.no_grad():
    print("test", criterion(net(x_test), y_test).item())
```

## Not reported

Programs that load the best weights at any time after they were written, or load another network from a file; a training
that was stopped early (SEL003); the last weights saved beside the best ones.

## Sources

- Prechelt, *Early Stopping - But When?*, Neural Networks: Tricks of the Trade (1998):
  <https://doi.org/10.1007/3-540-49430-8_3>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Confidence,
    Event,
    Evidence,
    Forward,
    Keep,
    Report,
    Restore,
    Severity,
    Step,
    Trace,
    Train,
    Use,
    Watch,
    rule,
    way,
)


@rule("SEL006", "last-weights-reported", Severity.NOTE)
def last_weights_reported(trace: Trace) -> Iterator[Report]:
    reported = set()
    for keep in trace.all(Keep):
        if keep.form == "reference" or keep.when != "better" or not trace.trained_after(keep, keep.model):
            continue
        if keep.form == "copy" and keep.read:
            continue  # whatever reads it may load it
        later = trace.after(keep, lambda one: isinstance(one, (Step, Train)))
        if any(map(loads, later)):
            continue
        for forward in trace.passes(keep.model):
            if forward in later and forward.place not in reported and is_last(trace, forward, keep):
                reported.add(forward.place)
                yield Report(forward.place, message(forward, keep), evidence(forward, keep), confidence(forward, keep))
    for watch in trace.all(Watch):
        for use in left_by(trace, watch):
            if use.place not in reported:
                reported.add(use.place)
                yield Report(use.place, written_by(watch, use), noted(watch, use), Confidence.MEDIUM)


def left_by(trace: Trace, watch: Watch) -> list[Event]:
    """Where a framework scores the last weights, of a training that wrote out the best ones and ran to its end."""
    if watch.does != "best" or watch.restores is not False or watch.selects or watch.model is None:
        return []
    if watch.never_computed or any(one.does == "stop" for one in trace.beside(watch)):
        return []
    if any(
        loads(one) and not (isinstance(one, Restore) and one.model is not watch.model) for one in trace.after(watch)
    ):
        return []
    return [one for one in trace.used_as_left(watch, watch.model) if isinstance(one, Use)]


def loads(event: Event) -> bool:
    """Weights are loaded, or a network from a file is asked."""
    return isinstance(event, Restore) or (isinstance(event, Forward) and event.model.origin == "loaded")


def is_last(trace: Trace, forward: Forward, keep: Keep) -> bool:
    """It is scored when the training is over."""
    if not any(sink.kind in ("score", "store") for sink in trace.evaluates(forward)):
        return False
    return keep not in trace.after(forward)


def message(forward: Forward, keep: Keep) -> str:
    name = forward.name or forward.model.name or "the model"
    return (
        f"`{name}` is scored here as its last epoch has left it, and the weights of the best epoch, which "
        f"{keep.place.seen_from(forward.place)} keeps, are not loaded: this is not the score of what was chosen. "
        f"Load them first."
    )


def written_by(watch: Watch, use: Event) -> str:
    return (
        f"this scores the weights of the last epoch, and those of the best one, which `{watch.name}` "
        f"({watch.made.seen_from(use.place)}) writes, are not loaded: this is not the score of what was chosen. Load "
        "them first."
    )


def noted(watch: Watch, use: Event) -> tuple[Evidence, ...]:
    return (
        *way(use),
        Evidence(watch.made, "the weights of the best epoch are written by this"),
        Evidence(watch.place, "in this training"),
    )


def evidence(forward: Forward, keep: Keep) -> tuple[Evidence, ...]:
    return (*way(forward), Evidence(keep.place, "the weights of the best epoch are kept here"))


def confidence(forward: Forward, keep: Keep) -> Confidence:
    return Confidence.MEDIUM if forward.assumed or keep.assumed else Confidence.HIGH
