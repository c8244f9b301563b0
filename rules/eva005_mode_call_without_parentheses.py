"""A mode or a gradient context is named, and never called.

## What it finds

`model.eval` or `model.train` as a statement of its own, and `with torch.no_grad:` without parentheses.

## Why it matters

Naming a method does nothing: the line looks as if it switched the model and does not, so an evaluation runs with
dropout and batch norm as in training, or a training goes on in eval mode. The context without its parentheses ends
the program when it gets there.

## Bad

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


def accuracy(loader):
    model.eval
    right = 0
    with torch.no_grad():
        for features, target in loader:
            right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Good

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


def accuracy(loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for features, target in loader:
            right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Not reported

A method that is handed on or kept as a value (`switch = net.eval`); the decorator `@torch.no_grad`, which PyTorch
takes with and without parentheses.

## Sources

- PyTorch, `torch.nn.Module.eval`: <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>
- PyTorch, `torch.no_grad`: <https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html>
- Python, *Expression statements*: <https://docs.python.org/3/reference/simple_stmts.html#expression-statements>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Edit, Fix, Forward, Grad, Place, Report, Severity, Switch, Trace, rule


@rule("EVA005", "mode-call-without-parentheses", Severity.ERROR, over=("EVA001", "EVA002", "EVA003"))
def mode_call_without_parentheses(trace: Trace) -> Iterator[Report]:
    for switch in trace.all(Switch):
        if switch.called:
            continue
        text = switch.place.text
        sure = switch.model.origin == "built"
        yield Report(
            switch.place,
            f"`{text}` names the method and does not call it: the model stays in its mode. Write `{text}()`.",
            confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
            fix=parentheses(switch.place),
            explains=left_unswitched(trace, switch),
        )
    for grad in trace.all(Grad):
        if grad.called:
            continue
        text = grad.place.text
        yield Report(
            grad.place,
            f"`with {text}:` names the context and does not make one: the program ends here. Write `with {text}():`.",
            fix=parentheses(grad.place),
            explains=left_recording(trace, grad),
        )


def parentheses(place: Place) -> Fix:
    text = f"{place.text}()"
    return Fix(True, f"write `{text}`", (Edit(place, text),))


def left_unswitched(trace: Trace, switch: Switch) -> frozenset[Place]:
    """The passes of the model that run after it in the mode that it was to end."""
    ended = "train" if switch.mode == "eval" else "eval"
    return frozenset(
        forward.place
        for forward in trace.passes(switch.model)
        if trace.in_mode(forward, ended) and trace.may_follow(forward, switch)
    )


def left_recording(trace: Trace, grad: Grad) -> frozenset[Place]:
    """The passes below the context, as far as the calls that lead there tell."""
    depth = len(grad.chain)
    return frozenset(
        forward.place
        for forward in trace.all(Forward)
        if forward.chain[:depth] == grad.chain
        and (forward.function == grad.function or len(forward.chain) > depth)
        and trace.may_follow(forward, grad)
    )
