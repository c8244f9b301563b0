"""One weight decay for everything: the scales of norm layers and the biases are shrunk too.

## What it finds

An optimizer with weight decay over all parameters of a network that has norm layers, in one group.

## Why it matters

Decay is there to keep weights small whose size says how much the network has fitted. The scale of a norm layer and a
bias say nothing of that; shrinking them moves the function instead, mostly a little. Recipes for large networks leave
them out.

## Bad

```python
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5)
)
optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.1)
```

## Good

```python
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5)
)
matrices = [p for p in net.parameters() if p.ndim > 1]
others = [p for p in net.parameters() if p.ndim <= 1]
optimizer = torch.optim.AdamW(
    [
        {"params": matrices, "weight_decay": 0.1},
        {"params": others, "weight_decay": 0.0},
    ]
)
```

## Not reported

Networks without norm layers; groups of parameters; a decay of less than 0.01, which does little to anything.

## Sources

- He et al., *Bag of Tricks for Image Classification with Convolutional Neural Networks*, CVPR 2019, section 3.1 ("No
  bias decay"): <https://arxiv.org/abs/1812.01187>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Configure, Evidence, Report, Severity, Trace, rule

LEAST = 0.01


@rule("REG007", "decay-on-norms-and-biases", Severity.NOTE)
def decay_on_norms_and_biases(trace: Trace) -> Iterator[Report]:
    for optimizer in trace.all(Configure):
        if optimizer.models is None or (optimizer.decay or 0) <= LEAST:
            continue
        layers = [layer for model in optimizer.models for layer in model.network.layers]
        norms = (layer.place for layer in layers if layer.part == "norm" and layer.place is not None)
        norm = min(norms, key=lambda place: (place.path, place.node), default=None)
        if norm is None:
            continue
        yield Report(
            optimizer.place,
            f"the decay of {optimizer.decay:g} shrinks the scales of norm layers and the biases too: these say nothing "
            f"of how much was fitted. Give the optimizer a second group for them, without decay.",
            (Evidence(norm, "a norm layer"),),
            Confidence.MEDIUM if optimizer.assumed else Confidence.HIGH,
        )
