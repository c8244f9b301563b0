"""An evaluation records the graph for gradients that nobody takes.

## What it finds

A forward pass whose output is scored, stored or selected on while autograd records, and whose gradients nobody uses.
Where a training comes through the same lines, the finding stands at the call that asks for the evaluation.

## Why it matters

The graph of every batch is built and, where results are collected, kept: evaluation takes more time and up to several
times the memory, and the batch size that still fits is smaller than it could be. The numbers stay right, so this is a
matter of cost; it is also the commonest cause of running out of memory in the middle of a validation.

## Bad

```python
import torch
from torch import nn

model = nn.Linear(20, 2)


def accuracy(loader):
    model.eval()
    right = 0
    for features, target in loader:
        right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Good

```python
import torch
from torch import nn

model = nn.Linear(20, 2)


@torch.no_grad()
def accuracy(loader):
    model.eval()
    right = 0
    for features, target in loader:
        right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Not reported

Passes whose gradients are used: attacks, saliency, sampling and projection that move the inputs, networks that
differentiate inside their own forward or train themselves there, outputs that train another network; networks that
hold no weights, or whose weights ask for no gradients; networks that hold what they were made with and are tried out
on random numbers; a single row that is asked outside of loops; agents that act in an environment; frameworks that
switch autograd themselves.

## Sources

- PyTorch, `torch.no_grad`: <https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html>
- PyTorch, *Autograd mechanics*, "Locally disabling gradient computation":
  <https://docs.pytorch.org/docs/stable/notes/autograd.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Forward, Place, Report, Severity, Sink, Trace, rule


@rule("EVA002", "missing-no-grad", Severity.WARNING)
def missing_no_grad(trace: Trace) -> Iterator[Report]:
    for forward in trace.all(Forward):
        model = forward.model
        if forward.grad is not True or forward.frozen or forward.driven:
            continue
        if model.own_gradients or model.learns_in_call:
            continue
        if of_unknown_caller(forward) or (model.weightless and not trace.learns(model)) or of_one_row(forward):
            continue
        sinks = trace.evaluates(forward)
        if not sinks:
            continue
        place = trace.asked_from(forward)
        yield Report(
            place,
            f"`{forward.name or model.name or 'the model'}` is evaluated while autograd records: the graph of "
            f"{'every batch' if forward.turns else 'the pass'} is built for gradients that nobody takes. Wrap the "
            "evaluation in `torch.no_grad()`.",
            evidence(forward, place, sinks),
            confidence(forward),
        )


def of_one_row(forward: Forward) -> bool:
    """A single answer is asked for, and not turn by turn: its graph is gone at once."""
    return forward.single and not forward.turns


def of_unknown_caller(forward: Forward) -> bool:
    """The network comes from a caller that nobody knows, and so may the context: nothing here is set for evaluation."""
    handed = forward.model.origin == "handed-in" and forward.assumed
    return bool(handed) and not any(mode.cause is not None and mode.value == "eval" for mode in forward.modes)


def evidence(forward: Forward, place: Place, sinks: list[Sink]) -> tuple[Evidence, ...]:
    steps = [Evidence(call, "called from here") for call in forward.chain[-3:] if call != place]
    if place != forward.place:
        steps.append(Evidence(forward.place, "the pass is here; a training comes through it too"))
    steps.extend(Evidence(place, "its layers are called here") for place in forward.inside)
    steps.append(Evidence(sinks[0].place, f"the output is used as an evaluation here ({sinks[0].kind})"))
    return tuple(steps)


def confidence(forward: Forward) -> Confidence:
    return Confidence.MEDIUM if forward.assumed or forward.model.origin == "handed-in" else Confidence.HIGH
