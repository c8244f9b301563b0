"""A network is trained over many passes, and nothing in model, optimizer, data or stopping regularises it.

## What it finds

A training of at least 20 passes over the rows with no dropout, no norm layer, no penalty, no weight decay that can move
a weight, no augmentation, and nothing that stops it or keeps the best weights, for a network with at least one weight
for each row, or whose rows nobody knows.

## Why it matters

What is learnt in the first passes holds for other rows too; what comes later is more and more about these rows alone.
Each of the means above works against that in its own way, and most cost one line. Which of them pays here, only a
measurement tells: `audit probe` tries them on a declared experiment.

## Bad

```python
import torch
from torch import nn

x, y = torch.randn(500, 10), torch.randn(500, 1)
x_val, y_val = torch.randn(200, 10), torch.randn(200, 1)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(200):
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

x, y = torch.randn(500, 10), torch.randn(500, 1)
x_val, y_val = torch.randn(200, 10), torch.randn(200, 1)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.5)
for epoch in range(200):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(nn.functional.mse_loss(model(x_val), y_val))
```

## Not reported

Networks with fewer weights than rows; networks that come trained, generate, reconstruct, act, or answer for each token
or pixel; networks of which a part is not known. Where one layer is much too large for the rows, it is REG001.

## Sources

- Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 7:
  <https://www.deeplearningbook.org/contents/regularization.html>
- Prechelt, *Early stopping - but when?* (1998): <https://doi.org/10.1007/978-3-642-35289-8_5>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Report, Severity, Trace, Training, rule, trainings


@rule("REG002", "no-regularisation", Severity.NOTE)
def no_regularisation(trace: Trace) -> Iterator[Report]:
    for training in trainings(trace):
        if not training.fits_rows or not training.network.complete or training.regularised:
            continue
        if training.passes is None or training.passes < trace.limits.passes:
            continue
        a_row = training.weights_per_row
        if a_row is None or a_row < 1:
            continue
        yield Report(
            training.place,
            f"`{training.model.name or training.model.kind}` learns for {training.passes} passes, {a_row:,.1f} weights "
            "a row, and nothing regularises it: no dropout, norm layer, penalty, effective decay, augmentation or "
            "stopping. `audit probe` measures which of them pays, once the experiment is declared.",
            evidence(training),
            Confidence.MEDIUM if training.event.assumed else Confidence.HIGH,
        )


def evidence(training: Training) -> tuple[Evidence, ...]:
    made = training.model.place
    return (Evidence(made, f"{training.weights:,} weights are made here"),) if made is not None else ()
