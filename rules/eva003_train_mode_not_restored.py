"""A model is trained while it may still be in the eval mode of an evaluation before.

## What it finds

A training pass (its loss reaches a backward pass, and an optimizer steps over the model's weights) while the model may
still be in the eval mode that an evaluation set: from the second epoch on, or for the rest of an epoch after a
validation in its middle.

## Why it matters

Dropout is off and batch norm no longer updates its statistics for the rest of the run, silently: the regularisation
that the code claims is not there, and the network overfits as if it had none.

## Bad

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()


@torch.no_grad()
def accuracy(loader):
    model.eval()
    hits = [(model(x).argmax(1) == y).float().mean() for x, y in loader]
    return torch.stack(hits).mean().item()


def fit(train_loader, validation_loader):
    model.train()
    for epoch in range(10):
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        print(epoch, accuracy(validation_loader))


fit(torch.load("train.pt"), torch.load("validation.pt"))
```

## Good

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()


@torch.no_grad()
def accuracy(loader):
    model.eval()
    hits = [(model(x).argmax(1) == y).float().mean() for x, y in loader]
    return torch.stack(hits).mean().item()


def fit(train_loader, validation_loader):
    for epoch in range(10):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        print(epoch, accuracy(validation_loader))


fit(torch.load("train.pt"), torch.load("validation.pt"))
```

## Not reported

Networks without layers that depend on the mode; networks that are frozen while their input learns; parts that are
frozen in eval mode on purpose while the rest trains (`backbone.eval()` after `model.train()`, or `head.train()` where
the optimizer has the weights of the head); a network put in eval
mode for good by its own training code, with no evaluation in between, and no pass with autograd off that nothing learns
from. A network that comes in eval mode (`from_pretrained`) and is trained so is a warning where its layers are not
known.

## Sources

- PyTorch, `torch.nn.Module.train`: <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>
- Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15 (2014)
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Forward, Mode, Report, Severity, Step, Switch, Trace, rule


@rule("EVA003", "train-mode-not-restored", Severity.ERROR)
def train_mode_not_restored(trace: Trace) -> Iterator[Report]:
    for forward in trace.all(Forward):
        model = forward.model
        if forward.driven:
            continue
        modes = [mode for mode in trace.in_mode(forward, "eval") if left_by_evaluation(trace, forward, mode)]
        if not modes or model.network.indifferent or not trace.trains(forward):
            continue
        if part_by_part(trace, forward):
            continue
        mode = modes[0]
        guessed = mode.cause is None and not model.network.sensitive
        yield Report(
            forward.place,
            message(forward, mode),
            evidence(forward, mode),
            confidence(forward, mode),
            Severity.WARNING if guessed else None,
        )


def part_by_part(trace: Trace, forward: Forward) -> bool:
    """The part whose weights are moved is put in train mode by itself: the others stay as they are on purpose."""
    if not any(switch.mode == "train" for switch in forward.apart):
        return False
    steps = [one for one in trace.after(forward) if isinstance(one, Step)]
    moved = [one.optimizer.models for one in steps if one.optimizer is not None]
    return bool(moved) and all(one is not None and not one & forward.behind for one in moved)


def left_by_evaluation(trace: Trace, forward: Forward, mode: Mode) -> bool:
    """The switch to eval mode was made for an evaluation: one of its passes runs in it, or beside it.

    A network that comes in eval mode (``from_pretrained``) and is trained so was never put in train mode.
    """
    cause = mode.cause
    if cause is None:
        return forward.model.origin == "built"
    return any(
        other is not forward
        and (any(one.cause is cause for one in other.modes) or beside(other, cause))
        and (trace.evaluates(other) or for_no_gradient(trace, other))
        for other in trace.passes(forward.model)
    )


def beside(forward: Forward, switch: Switch) -> bool:
    """The function of the pass is the one that switches, or calls what switches for it."""
    if forward.function is None:
        return False
    return forward.function == switch.function or switch.chain[: len(forward.chain)] == forward.chain


def for_no_gradient(trace: Trace, forward: Forward) -> bool:
    """A pass with autograd off that nothing learns from: an evaluation, wherever its output goes."""
    return forward.grad is False and not forward.on_leaf and not trace.reaches(forward, "backward", "gradient", "act")


def message(forward: Forward, mode: Mode) -> str:
    name = forward.name or forward.model.name or "the model"
    if mode.cause is None:
        return (
            f"`{name}` is trained in the eval mode that it comes in: its dropout is off and its batch norm stands"
            f" still. Call `{name}.train()` before training."
        )
    return (
        f"`{name}` may be trained in eval mode here: {mode.cause.place.seen_from(forward.place)} switches it for an "
        f"evaluation and nothing switches it back, so dropout is off and batch norm stands still from then on. "
        f"Call `{name}.train()` before training goes on."
    )


def evidence(forward: Forward, mode: Mode) -> tuple[Evidence, ...]:
    if mode.cause is None:
        made = forward.model.place
        return (Evidence(made, "it is made here, in eval mode"),) if made is not None else ()
    steps = [Evidence(place, "the evaluation is called from here") for place in mode.cause.chain[-3:]]
    steps.append(Evidence(mode.cause.place, "it is put in eval mode here"))
    steps.extend(Evidence(place, "training goes on from here") for place in forward.chain[-1:])
    return tuple(steps)


def confidence(forward: Forward, mode: Mode) -> Confidence:
    if not mode.told:
        return Confidence.LOW
    if mode.cause is None:
        return Confidence.MEDIUM
    if forward.assumed != mode.cause.assumed or not forward.model.network.sensitive:
        return Confidence.MEDIUM
    return Confidence.HIGH
