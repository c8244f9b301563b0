"""Dropout that is asked for and never acts.

## What it finds

A dropout layer that is made in a constructor and that no method calls; an argument for the dropout rate that reaches no
layer; the `dropout` of a recurrent network with one layer, which stands between layers only.

## Why it matters

The code claims a regulariser that is not there. Whoever turns its rate up sees no effect and draws the wrong
conclusion.

## Bad

```python
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 64)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(64, 5)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


net = Net()
```

## Good

```python
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 64)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(64, 5)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))


net = Net()
```

## Not reported

Classes that reach their parts without naming them (`children`, `modules`, `getattr`); parts that a subclass or other
code names; arguments that other classes share (an interface), and those of constructors that take any (`**kwargs`).

## Sources

- PyTorch, `torch.nn.LSTM`: dropout is introduced on the outputs of each layer except the last one:
  <https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Idle, Report, Severity, Trace, rule


@rule("REG005", "dropout-unused", Severity.WARNING)
def dropout_unused(trace: Trace) -> Iterator[Report]:
    for idle in trace.all(Idle):
        yield Report(idle.place, message(idle), (), Confidence.MEDIUM)


def message(idle: Idle) -> str:
    if idle.what == "layer":
        return f"nothing passes through `{idle.name}`: no method of `{idle.owner}` calls it, so no dropout acts there."
    if idle.what == "argument":
        return f"`{idle.name}` of `{idle.owner}` reaches no layer: whatever rate it is given, nothing is dropped."
    return (
        f"this `{idle.name}` has one layer, and its dropout stands between layers only: nothing is dropped. Put a "
        f"dropout layer behind it, or give it a second layer."
    )
