"""A training pass is computed with autograd off, so that its backward pass has nothing to go through.

## What it finds

A backward pass on a result that comes from passes of the network under training, each of them computed under
`no_grad`, `inference_mode` or `set_grad_enabled(False)`.

## Why it matters

No gradient reaches the weights. PyTorch stops with "element 0 of tensors does not require grad", or, where another
term of the loss still has a graph, goes on and trains without this network. An evaluation that switches autograd
off by a statement and leaves it like that does it from the second epoch on.

## Bad

```python
import torch
from torch import nn

model = nn.Linear(20, 2)
optimizer = torch.optim.Adam(model.parameters())


@torch.no_grad()
def train(loader):
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


train(torch.load("train.pt"))
```

## Good

```python
import torch
from torch import nn

model = nn.Linear(20, 2)
optimizer = torch.optim.Adam(model.parameters())


def train(loader):
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


train(torch.load("train.pt"))
```

## Not reported

A frozen encoder or a teacher under `no_grad` beside a network that is trained; losses that hold a tensor of their own
that asks for gradients (latents, prompts, images under optimisation), or anything unknown; a model in eval mode.

## Sources

- PyTorch, *Autograd mechanics*, "Locally disabling gradient computation":
  <https://docs.pytorch.org/docs/stable/notes/autograd.html>
- PyTorch, `torch.set_grad_enabled`: <https://docs.pytorch.org/docs/stable/generated/torch.set_grad_enabled.html>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Confidence, Evidence, Forward, Report, Severity, Sink, Trace, rule


@rule("EVA006", "gradients-disabled-in-training", Severity.ERROR, over=("EVA002",))
def gradients_disabled_in_training(trace: Trace) -> Iterator[Report]:
    for sink in trace.all(Sink):
        if sink.kind != "backward" or sink.through or not sink.forwards or not sink.told:
            continue
        if not all(forward.grad is False for forward in sink.forwards):
            continue
        lost = [forward for forward in sink.forwards if was_to_learn(trace, forward)]
        if not lost:
            continue
        first = min(lost, key=lambda forward: forward.place.node)
        name = first.name or first.model.name or "the model"
        yield Report(
            sink.place,
            f"this backward pass has nothing to go through: autograd is off where `{name}` computes what arrives here "
            f"({first.place.seen_from(sink.place)}). Run the training pass with autograd on.",
            (Evidence(first.place, "the forward pass, with autograd off"),),
            Confidence.MEDIUM if sink.assumed or first.model.origin == "handed-in" else Confidence.HIGH,
            explains=frozenset(forward.place for forward in sink.forwards),
        )


def was_to_learn(trace: Trace, forward: Forward) -> bool:
    """An optimizer moves its weights, nobody froze them, and it is not in the eval mode of an evaluation."""
    active = any(mode.value != "eval" for mode in forward.modes)
    return active and not forward.frozen and not forward.on_leaf and trace.learns(forward.model)
