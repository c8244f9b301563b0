"""Dropout stands where it harms: on what the loss sees, or right before a batch norm.

## What it finds

A network that is trained against labels and whose last layer is dropout, and dropout whose output goes right into a
batch norm (a note: wide residual networks are built so).

## Why it matters

Dropout on the output sets some of the predictions to zero before the loss compares them with the labels: what is
punished is the dice, not the network. Before a batch norm it changes the variance that the norm has learnt in training
and is gone when the network is asked, so that the norm divides by the wrong number.

## Bad

```python
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5), nn.Dropout(0.5)
)
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for x, y in torch.load("batches.pt"):
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()
```

## Good

```python
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 5)
)
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for x, y in torch.load("batches.pt"):
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()
```

## Not reported

Blocks and backbones that end in dropout and feed other layers; networks whose parts or order nobody knows; a dropout
rate of 0.

## Sources

- Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15 (2014):
  <https://jmlr.org/papers/v15/srivastava14a.html>
- Li et al., *Understanding the Disharmony between Dropout and Batch Normalization by Variance Shift*, CVPR 2019:
  <https://arxiv.org/abs/1801.05134>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Build, Confidence, Evidence, Forward, Report, Severity, Trace, rule


@rule("REG003", "dropout-misplaced", Severity.WARNING)
def dropout_misplaced(trace: Trace) -> Iterator[Report]:
    for forward in trace.all(Forward):
        place = forward.model.ends_in if forward.labelled else None
        if place is not None and trace.trains(forward):
            yield Report(place, on_the_output(forward), (Evidence(forward.place, "a loss compares it with labels"),))
    for build in trace.all(Build):
        for place in build.model.dropped_before_norm:
            steps = (Evidence(build.place, "in this network"),)
            yield Report(place, BEFORE_NORM, steps, Confidence.MEDIUM, Severity.NOTE)


BEFORE_NORM = (
    "the output of this dropout goes right into a batch norm: its variance is another one in training than when the "
    "network is asked, and the norm has learnt the first. Put the dropout after the norm and its activation, or leave "
    "it out."
)


def on_the_output(forward: Forward) -> str:
    name = f"`{forward.name or forward.model.name}`" if forward.name or forward.model.name else "the network"
    return (
        f"this dropout is the last layer of {name}: it sets outputs to zero that the loss then compares with "
        f"labels. Put it before the last layer with weights."
    )
