"""A dropout rate that is a mistake: 1, a negative number, or most of the layer.

## What it finds

A dropout rate of 1 or more, a negative one, and one of 0.8 or more that is called the share to keep. Any other rate of
0.8 or more is a note: some networks on graphs are meant so.

## Why it matters

At a rate of 0.9 one unit in ten passes; at 1 none does and nothing is learnt. Such a rate is most often the
probability of keeping a unit, as older interfaces and the first papers name it, and the network underfits.

## Bad

```python
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.9), nn.Linear(64, 5)
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
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 5)
)
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for x, y in torch.load("batches.pt"):
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()
```

## Not reported

Rates that are not known, and a rate of 0: dropout that a configuration has switched off.

## Sources

- Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15 (2014), where `p` is
  the probability of keeping a unit: <https://jmlr.org/papers/v15/srivastava14a.html>
- PyTorch, `torch.nn.Dropout`: `p` is the probability of an element to be zeroed:
  <https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Build, Evidence, Layer, Place, Report, Severity, Trace, rule

MOST = 0.8
KEPT = "keep"
"""How the share that is kept is called by those who hand it over."""


@rule("REG004", "dropout-rate-implausible", Severity.WARNING)
def dropout_rate_implausible(trace: Trace) -> Iterator[Report]:
    seen: set[Place] = set()
    for build in trace.all(Build):
        for layer in build.model.network.layers:
            rate, place = layer.rate, layer.place
            if layer.sensitivity != "dropout" or rate is None or place is None or place in seen or 0 <= rate < MOST:
                continue
            seen.add(place)
            sure = rate < 0 or rate >= 1 or KEPT in place.text.lower()
            severity = None if sure else Severity.NOTE
            yield Report(place, message(layer, rate), (Evidence(build.place, "in this network"),), severity=severity)


def message(layer: Layer, rate: float) -> str:
    if rate < 0:
        return f"`{layer.name}` is given the rate {rate:g}: a rate is a share, from 0 to 1."
    if rate >= 1:
        return f"`{layer.name}` is given the rate {rate:g}: everything is dropped, and nothing is learnt behind it."
    return (
        f"`{layer.name}` drops {rate:.0%} of its units: the rate is the share that is dropped. If {rate:g} was to be "
        f"the share that is kept, give it {1 - rate:.3g}."
    )
