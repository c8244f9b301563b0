"""A weight decay is asked for that can shrink no weight by as much as a hundredth in the steps that are taken.

## What it finds

An optimizer with a weight decay for which learning rate times decay, step after step, takes less than 1% of a weight
over the whole run. That is what a decoupled decay does (AdamW, Keras), and a coupled one with plain gradients (SGD).

## Why it matters

A decay is relative to the learning rate and to the number of steps: 0.01 at a learning rate of 0.0005 over 100 steps
takes 0.05% of a weight. Whoever reads the program takes the net for regularised, and it is not. A larger decay is a
hypothesis like any other: `audit probe` measures what it is worth.

## Bad

```python
import torch
from torch import nn

x, y = torch.randn(4000, 10), torch.randn(4000, 1)
x_val, y_val = torch.randn(400, 10), torch.randn(400, 1)
model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01)
for epoch in range(100):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(nn.functional.mse_loss(model(x_val), y_val))
```

## Good

```python
import torch
from torch import nn

x, y = torch.randn(4000, 10), torch.randn(4000, 1)
x_val, y_val = torch.randn(400, 10), torch.randn(400, 1)
model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=1.0)
for epoch in range(100):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(nn.functional.mse_loss(model(x_val), y_val))
```

## Not reported

Runs whose steps, learning rate or decay are not known; a decay of 0; a decay coupled to the gradients of an optimizer
that divides them by their scale (Adam with `weight_decay`): what that does depends on the gradients, and neither form
is better without a measurement.

## Sources

- Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019: <https://arxiv.org/abs/1711.05101>
- PyTorch, `torch.optim.AdamW`: <https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Report, Severity, Trace, rule, trainings

MOVES = 0.01
"""The share of a weight below which nothing can be measured."""


@rule("REG006", "decay-cannot-act", Severity.NOTE)
def decay_cannot_act(trace: Trace) -> Iterator[Report]:
    for training in trainings(trace):
        for optimizer in training.optimizers:
            share = training.shrinks(optimizer)
            if not optimizer.decay or share is None or share >= MOVES:
                continue
            yield Report(
                optimizer.place,
                f"a weight decay of {optimizer.decay:g} takes {share:.2%} of a weight over the whole run (learning "
                f"rate {optimizer.rate:g} x decay x {training.steps:,} steps): it regularises nothing. To take a "
                f"tenth, it would have to be about {training.decay_taking(0.1, optimizer):g}.",
                (Evidence(training.place, "it learns here"),),
                Confidence.MEDIUM if optimizer.assumed or training.event.assumed else Confidence.HIGH,
            )
