"""A network is trained for several epochs and saved, and nothing in the program scores it on other rows.

## What it finds

A supervised training of several epochs, by a loop of one's own or a framework's `fit`, whose network is written out,
in a program in which no network is ever scored on rows outside its training: no validation, no test, no metric.

## Why it matters

A training loss says how well the rows were memorised. Without a score on rows that were held out nobody can tell
whether the network has learnt anything else, when to stop, or whether a change helped.

## Bad

```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rows = TensorDataset(*torch.load("rows.pt"))
loader = DataLoader(rows, 32, shuffle=True)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for epoch in range(1000):
    for features, labels in loader:
        optimizer.zero_grad()
        loss = criterion(net(features), labels)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
torch.save(net.state_dict(), "net.pt")
```

## Good

```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

rows = TensorDataset(*torch.load("rows.pt"))
generator = torch.Generator().manual_seed(0)
train_rows, held_out = random_split(rows, [0.8, 0.2], generator)
loader = DataLoader(train_rows, 32, shuffle=True)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for epoch in range(1000):
    for features, labels in loader:
        optimizer.zero_grad()
        loss = criterion(net(features), labels)
        loss.backward()
        optimizer.step()
    features, labels = held_out[:]
    with torch.no_grad():
        print(epoch, criterion(net(features), labels).item())
torch.save(net.state_dict(), "net.pt")
```

## Not reported

Generative and self-supervised training, reinforcement learning, style transfer, and networks that another one teaches;
programs with another entry point that scores the network, or that mention one; programs in which outputs go to
something that nobody knows.

## Sources

- Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd edition, section 7.2:
  <https://hastie.su.domains/ElemStatLearn/>
- scikit-learn, *Cross-validation: evaluating estimator performance*:
  <https://scikit-learn.org/stable/modules/cross_validation.html>
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.trace import (
    Build,
    Confidence,
    Event,
    Evidence,
    Forward,
    Keep,
    Model,
    Report,
    Score,
    Select,
    Severity,
    Step,
    Trace,
    Train,
    Use,
    rule,
    way,
)

SCORED = re.compile(
    r"(?i:(^|_)(eval[a-z_]|valid|val(?!u)|test|score|metric|accuracy|benchmark|dev(?!i)))"
    r"|[a-z](Eval|Valid|Val(?!u)|Test|Score|Metric|Accuracy)"
)
"""Names that speak of a score somewhere: the absence is then not claimed."""
UNSUPERVISED = re.compile(
    r"(^|_)gans?(_|$)|vae|autoenc|generat(e|ive|or)|discriminat|diffus|denois|reward|episode|policy|style_|contrast|"
    r"pretrain|teacher|distill|latent|language_?model|gpt|translat|nerf|pde|physic|reconstruct",
    re.IGNORECASE,
)
"""Names that speak of a training without labels of its own, or whose quality no held-out score tells."""


@rule("SEL001", "no-validation", Severity.WARNING)
def no_validation(trace: Trace) -> Iterator[Report]:
    for event, model, saved in (*by_hand(trace), *by_framework(trace)):
        files = trace.program(event)
        if is_scored(trace, files) or trace.mentions(SCORED, files) or trace.mentions(UNSUPERVISED, files):
            continue
        if any(one.model is not model for one in trace.all(Build) if one.place.path in files and teaches(trace, one)):
            continue
        moved = [one for one in trace.all(Step) if one.models is not None and model in one.models]
        optimizers = dict.fromkeys(one.optimizer for one in moved if one.optimizer is not None)
        steps = [*way(event), *(Evidence(one.place, "this optimizer moves its weights") for one in optimizers)]
        steps.append(Evidence(saved.place, "it is saved here"))
        yield Report(event.place, message(model, epochs(event, moved)), tuple(steps), Confidence.MEDIUM)


def epochs(event: Event, moved: list[Step]) -> str:
    """How often the rows pass, where that is known."""
    counts = {one.turns[0].count for one in moved if one.turns and not one.turns[0].batches}
    known = event.epochs if isinstance(event, Train) else counts.pop() if len(counts) == 1 else None
    return f"{known} epochs" if known else "several epochs"


def teaches(trace: Trace, build: Build) -> bool:
    """Another network is trained beside it: one may be there for the other."""
    return any(trace.reaches(one, "backward") for one in trace.passes(build.model))


def by_hand(trace: Trace) -> Iterator[tuple[Event, Model, Keep]]:
    """Supervised passes in a loop of one's own, that come round again, of networks that are written out."""
    for forward in trace.all(Forward):
        if forward.labelled and forward.turns > 1 and trace.trains(forward):
            saved = written(trace, forward.model)
            if saved is not None:
                yield forward, forward.model, saved


def by_framework(trace: Trace) -> Iterator[tuple[Event, Model, Keep]]:
    for train in trace.all(Train):
        if train.framework and train.model is not None and train.validated is False and (train.epochs or 0) > 1:
            saved = written(trace, train.model)
            if saved is not None:
                yield train, train.model, saved


def written(trace: Trace, model: Model) -> Keep | None:
    return next((one for one in trace.all(Keep) if one.form == "file" and one.model is model), None)


def is_scored(trace: Trace, files: frozenset[str]) -> bool:
    """Somebody is scored, or an output goes where nobody sees what becomes of it."""
    if any(isinstance(event, (Score, Select, Use)) and event.place.path in files for event in trace):
        return True
    passes = [one for one in trace.all(Forward) if one.place.path in files and not trace.reaches(one, "backward")]
    return any(perhaps_scored(trace, one) for one in passes)


def perhaps_scored(trace: Trace, forward: Forward) -> bool:
    sinks = trace.sinks(forward)
    return forward.open or not sinks or any(sink.loss or sink.against or not sink.told for sink in sinks)


def message(model: Model, long: str) -> str:
    name = f"`{model.name}`" if model.name else "the network"
    return (
        f"{name} is trained here for {long} and saved, and nothing in this program scores it on rows that it was "
        f"not trained on: nobody can tell how it does on others. Hold some rows out and score them each epoch."
    )
