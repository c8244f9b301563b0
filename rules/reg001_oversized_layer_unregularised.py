"""A large layer learns a few rows by heart, and nothing regularises it.

## What it finds

A layer that holds at least a quarter of the weights of a network with 20 or more weights for each training row, trained
for at least 20 passes over the rows, with nothing that acts on it: no dropout after it, no norm layer, no penalty, no
weight decay that can move a weight in the steps there are, no augmentation, no stopping that keeps the best weights.
Dropout before it is said, and is not enough. From 5 weights a row on, and where the source does not say how many rows
there are, it is a note.

## Why it matters

A network with many times more weights than rows can give every row the answer that it was shown, noise included. It
will, when it sees each of them often enough and nothing holds it back: the training score goes on rising while the
validation score falls. How much a narrower layer, dropout or decay is worth differs from case to case; the figures
in the message are where to begin, and `audit probe` measures them.

## Bad

```python
import torch
from torch import nn

x, y = torch.randn(60, 20), torch.rand(60, 1).round()
x_val, y_val = torch.randn(400, 20), torch.rand(400, 1).round()
model = nn.Sequential(
    nn.Linear(20, 256),
    nn.ReLU(),
    nn.Linear(256, 256),
    nn.ReLU(),
    nn.Linear(256, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
for epoch in range(100):
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(((model(x_val) > 0).float() == y_val).float().mean())
```

## Good

```python
import torch
from torch import nn

x, y = torch.randn(60, 20), torch.rand(60, 1).round()
x_val, y_val = torch.randn(400, 20), torch.rand(400, 1).round()
model = nn.Sequential(
    nn.Linear(20, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)
)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
for epoch in range(100):
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(((model(x_val) > 0).float() == y_val).float().mean())
```

## Not reported

Layers that are frozen or come trained; embeddings, whose rows are the vocabulary; networks that generate, reconstruct,
act in an environment, or answer for each token or pixel; linear layers in a row that together compute what a small one
would; networks of which a part is not known; runs whose passes are not known. `training-rows`, and under `capacity` the
figures `weights-per-row`, `noted-weights-per-row`, `share` and `passes`, are settings.

## Sources

- Zhang et al., *Understanding deep learning requires rethinking generalization*, ICLR 2017: networks learn random
  labels by heart: <https://arxiv.org/abs/1611.03530>
- Srivastava et al., *Dropout*, JMLR 15 (2014), rates of about 0.5 for hidden units:
  <https://jmlr.org/papers/v15/srivastava14a.html>
- Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019: <https://arxiv.org/abs/1711.05101>
- Keras, *Overfit and underfit*: the smaller network, dropout and penalties side by side:
  <https://www.tensorflow.org/tutorials/keras/overfit_and_underfit>
"""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log2, sqrt

from auditor.trace import Confidence, Evidence, Layer, Report, Severity, Trace, Training, rule, trainings

NEGLIGIBLE = 5_000
"""Weights of a network that is not worth a word where nobody knows its rows."""
SHRINKS = 0.1
"""What the proposed decay takes of a weight over the run."""
LARGEST_DECAY = 0.5
"""More is in no use (0.3 for vision transformers: Dosovitskiy et al. 2021): a run that asks for it is too short."""
COUPLED_DECAY = 0.01
"""Measured on 60 rows, 100 steps of Adam: it lowers the held-out loss where decoupled decays up to 0.1 do nothing."""


@rule("REG001", "oversized-layer-unregularised", Severity.WARNING, over=("REG002",))
def oversized_layer_unregularised(trace: Trace) -> Iterator[Report]:
    for training in trainings(trace):
        limits = trace.limits
        if not training.fits_rows or training.passes is None or training.passes < limits.passes:
            continue
        layer = oversized(training, limits.share)
        if layer is None or layer.place is None:
            continue
        a_row = training.weights_per_row
        if a_row is not None and a_row < limits.noted_weights_per_row:
            continue
        if a_row is None and training.free < NEGLIGIBLE:
            continue
        severe = a_row is not None and a_row >= limits.weights_per_row
        yield Report(
            layer.place,
            f"{what_is(training, layer)} {proposals(training, layer)}",
            evidence(training),
            Confidence.MEDIUM if training.event.assumed or a_row is None else Confidence.HIGH,
            None if severe else Severity.NOTE,
            explains=frozenset((training.place,)),
        )


def oversized(training: Training, share: float) -> Layer | None:
    """The largest layer that nothing acts on, where it holds this share of the weights."""
    loose = [
        layer
        for layer in training.learning
        if layer.part == "other"
        and not training.regularises(layer)
        and (layer.weights or 0) >= share * training.weights
    ]
    return max(loose, key=lambda layer: layer.weights or 0, default=None)


def what_is(training: Training, layer: Layer) -> str:
    weights = layer.weights or 0
    noised = any(one.drops for one in training.network.before(layer))
    idle = "only the dropout before it regularises it" if noised else "nothing regularises it"
    held = f"{layer.name} holds {weights:,} of the {training.weights:,} weights ({weights / training.weights:.0%})"
    name = training.model.name or training.model.kind
    if training.rows is None:
        return (
            f"{held} of `{name}`, and {idle} in {training.passes} passes. How many rows it learns "
            "from, the source does not say: state `training-rows`."
        )
    return (
        f"{held} of `{name}`, which learns from {training.rows:,} rows: {training.weights_per_row:,.0f} weights a row, "
        f"{training.passes} passes, and {idle}."
    )


def proposals(training: Training, layer: Layer) -> str:
    """Where to begin: hypotheses, each with its reason."""
    width, ways = narrower(training, layer), []
    if width is not None:
        goal = training.trace.limits.noted_weights_per_row
        ways.append(f"a width of {width} instead of {layer.width} ({goal:g} weights a row)")
    if training.network.offers:
        return hypotheses([*ways, *(f"`{one}`" for one in training.network.offers)])
    rate = 0.5 if layer.shape is None or len(layer.shape) == 1 else 0.2
    ways.append(f"dropout of {rate} after it (Srivastava et al. 2014)")
    decay = training.decay_taking(SHRINKS)
    if decay is None:
        ways.append(f"a decoupled weight decay (learning rate x decay x steps about {SHRINKS})")
    elif decay <= LARGEST_DECAY:
        ways.append(
            f"a decoupled weight decay of {decay:g} ({SHRINKS:.0%} of each weight over {training.steps:,} steps)"
        )
    else:
        ways.append(
            f"L2 in the loss, as `Adam(weight_decay={COUPLED_DECAY})` has it: to take {SHRINKS:.0%} of each weight in "
            f"{training.steps:,} steps, a decoupled decay would have to be {decay:g}"
        )
    return hypotheses(ways)


def hypotheses(ways: list[str]) -> str:
    return f"Hypotheses: {'; '.join(ways)}. `audit probe` measures them, once the experiment is declared."


def narrower(training: Training, layer: Layer) -> int | None:
    """The width, as a power of two, at which all layers narrowed alike come down to a few weights a row."""
    if training.rows is None or layer.width is None:
        return None
    sizes = [one.weights or 0 for one in training.learning]
    ends, inner = sizes[0] + (sizes[-1] if len(sizes) > 1 else 0), sum(sizes[1:-1])
    goal = training.trace.limits.noted_weights_per_row * training.rows
    factor = goal / ends if not inner else (sqrt(ends**2 + 4 * inner * goal) - ends) / (2 * inner)
    width = layer.width * factor
    answers = max(training.learning[-1].width or 0, 2)  # a bottleneck below them would lose what is asked for
    return 2 ** floor(log2(width)) if answers <= width < layer.width and layer is not training.learning[-1] else None


def evidence(training: Training) -> tuple[Evidence, ...]:
    made = training.model.place
    steps = [Evidence(made, f"`{training.model.name or training.model.kind}` is made here")] if made is not None else []
    return (
        *steps,
        Evidence(training.place, "it learns here"),
        *(Evidence(one, "called from here") for one in training.event.chain[-2:]),
    )
