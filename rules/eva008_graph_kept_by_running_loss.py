"""A running total of losses keeps the graph of every batch.

## What it finds

A loss that was already used for its backward pass is added to a total, or appended to a list, that lives on from
batch to batch, without `.item()` or `.detach()`; and no backward pass ever takes the total.

## Why it matters

The total holds on to the graph of each loss in it, and through it to tensors of each batch: memory grows with every
step until the program slows down or runs out of it, usually late in an epoch. The number that is reported is the
same.

## Bad

```python
import torch
from torch import nn

model = nn.Linear(20, 1)
optimizer = torch.optim.Adam(model.parameters())
total_loss = 0
for x, y in torch.load("train.pt"):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total_loss += loss
print(total_loss)
```

## Good

```python
import torch
from torch import nn

model = nn.Linear(20, 1)
optimizer = torch.optim.Adam(model.parameters())
total_loss = 0
for x, y in torch.load("train.pt"):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total_loss += loss.item()
print(total_loss)
```

## Not reported

Sums that are differentiated later (gradient accumulation by summing, several tasks, truncated backpropagation through
time); totals that start anew in each turn, or in some turns of the same loop; losses computed without autograd; losses
of an evaluation (EVA002 tells of those).

## Sources

- PyTorch FAQ, "My model reports cuda runtime error(2): out of memory":
  <https://docs.pytorch.org/docs/stable/notes/faq.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Accumulate, Confidence, Evidence, Report, Severity, Sink, Trace, rule


@rule("EVA008", "graph-kept-by-running-loss", Severity.WARNING)
def graph_kept_by_running_loss(trace: Trace) -> Iterator[Report]:
    backward = [sink for sink in trace.all(Sink) if sink.kind == "backward"]
    through = {forward: sink for sink in backward for forward in sink.through}
    differentiated = {total.place for sink in backward for total in sink.sums}
    for total in trace.all(Accumulate):
        if not total.scalar or not total.kept or total.place in differentiated:
            continue
        if any(forward.model.told_in_call for forward in total.attached):
            continue  # its graph is on a tape, which ends with the turn
        used = [through[forward] for forward in total.attached if forward in through]
        if not used:
            continue
        text = total.place.text
        yield Report(
            total.place,
            f"`{text}` keeps the graph of every loss that it takes: memory grows with each batch. Give it the number "
            "(`loss.item()`) or a detached copy (`loss.detach()`).",
            (
                *(Evidence(place, "called from here") for place in total.chain[-3:]),
                Evidence(used[0].place, "the loss is differentiated here, so its graph is of no more use"),
            ),
            Confidence.MEDIUM if total.assumed else Confidence.HIGH,
        )
