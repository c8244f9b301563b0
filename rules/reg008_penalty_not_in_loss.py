"""A penalty on the weights is computed and never joins the loss that is differentiated.

## What it finds

An L1 or L2 term over the weights of a network that is added to a loss under a new name, while the backward pass starts
from the old one; and a penalty that is computed and never read.

## Why it matters

The weights are not regularised at all, whatever the strength is set to. Nothing fails, and the logs may even show the
penalty.

## Bad

```python
import torch
from torch import nn

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for x, y in torch.load("batches.pt"):
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    l2 = sum(weight.pow(2).sum() for weight in net.parameters())
    total = loss + 1e-4 * l2
    loss.backward()
    optimizer.step()
```

## Good

```python
import torch
from torch import nn

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(net.parameters())
criterion = nn.CrossEntropyLoss()
for x, y in torch.load("batches.pt"):
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    l2 = sum(weight.pow(2).sum() for weight in net.parameters())
    total = loss + 1e-4 * l2
    total.backward()
    optimizer.step()
```

## Not reported

A penalty that is only logged; figures of the weights by other names (norms, distances); models whose backward pass
nobody sees. Layer losses of Keras in a loop of one's own are not looked for yet.

## Sources

- Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 7.1: <https://www.deeplearningbook.org>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Penalty, Report, Severity, Sink, Trace, by_place, rule


@rule("REG008", "penalty-not-in-loss", Severity.ERROR)
def penalty_not_in_loss(trace: Trace) -> Iterator[Report]:
    for penalty in trace.all(Penalty):
        if penalty.read and not penalty.joined:
            continue
        passes = [one for model in penalty.models for one in trace.passes(model) if trace.trains(one)]
        sinks = {sink for one in passes for sink in trace.sinks(one) if sink.kind == "backward"}
        if not sinks or any(sink.penalised & penalty.models or not sink.told for sink in sinks):
            continue
        steps = (Evidence(min(sinks, key=by_place).place, "the backward pass starts here"),)
        yield Report(penalty.place, message(penalty, sinks), steps, sure(penalty))


def message(penalty: Penalty, sinks: set[Sink]) -> str:
    where = min(sinks, key=by_place).place.seen_from(penalty.place)
    what = "holds a loss with a penalty on the weights" if penalty.joined else "is a penalty on the weights"
    return (
        f"`{penalty.name}` {what}, and {where} differentiates a loss without it: the weights are not penalised. Call "
        f"`backward` on the loss that the penalty is a part of."
    )


def sure(penalty: Penalty) -> Confidence:
    return Confidence.MEDIUM if penalty.assumed or not penalty.joined else Confidence.HIGH
