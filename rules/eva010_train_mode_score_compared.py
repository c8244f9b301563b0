"""A training score from passes with dropout active meets a validation score: the gap shown is not the gap.

## What it finds

A score of training passes, in train mode and with dropout, that is subtracted from, drawn or shown beside the same
kind of score of an evaluation of the same network in eval mode.

## Why it matters

Dropout makes the training score worse than the network is, and a running score over an epoch is an average over
weights that were still being learnt. The difference of the two numbers mixes that with the generalization gap: it
may even have the wrong sign, and overfitting is seen late. The gap is the difference of two scores in eval mode by
the same weights.

## Bad

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)
)
optimizer = torch.optim.Adam(model.parameters())
(x, y), (x_val, y_val) = torch.load("rows.pt")
for epoch in range(100):
    model.train()
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = nn.functional.mse_loss(model(x_val), y_val)
    print(f"{epoch}: training {loss.item()}, validation {val_loss.item()}")
```

## Good

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)
)
optimizer = torch.optim.Adam(model.parameters())
(x, y), (x_val, y_val) = torch.load("rows.pt")
for epoch in range(100):
    model.train()
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        train_loss = nn.functional.mse_loss(model(x), y)
        val_loss = nn.functional.mse_loss(model(x_val), y_val)
    print(f"{epoch}: training {train_loss}, validation {val_loss}")
```

## Not reported

Networks without dropout; a loss beside a score of another kind; scores that are both taken in eval mode; the
progress of the training alone.

## Sources

- Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15 (2014)
- Keras FAQ, "Why is my training loss much higher than my testing loss?": <https://keras.io/getting_started/faq/>
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Compare, Confidence, Evidence, Forward, Report, Severity, Trace, by_place, rule


@rule("EVA010", "train-mode-score-compared", Severity.NOTE)
def train_mode_score_compared(trace: Trace) -> Iterator[Report]:
    for compare in trace.all(Compare):
        for training, held_out in ((compare.left, compare.right), (compare.right, compare.left)):
            if not all(with_dropout(forward) for forward in training):
                continue
            if not all(in_eval_mode(forward) for forward in held_out):
                continue
            if {forward.model for forward in training} != {forward.model for forward in held_out}:
                continue
            if not all(trace.trains(forward) and trace.reaches(forward, "score") for forward in training):
                continue
            if not all(trace.evaluates(forward) and trace.reaches(forward, "score") for forward in held_out):
                continue
            yield report(compare, min(training, key=by_place), min(held_out, key=by_place))


def with_dropout(forward: Forward) -> bool:
    """Every mode that it may run in leaves dropout active."""
    active = all(mode.value == "train" for mode in forward.modes)
    return active and any(layer.sensitivity != "normalisation" for layer in forward.model.network.sensitive)


def in_eval_mode(forward: Forward) -> bool:
    return all(mode.value == "eval" for mode in forward.modes)


def report(compare: Compare, training: Forward, held_out: Forward) -> Report:
    name = training.name or training.model.name or "the model"
    return Report(
        compare.place,
        f"a score of `{name}` from training passes with dropout active "
        f"({training.place.seen_from(compare.place)}) is {compare.how} a score in eval mode: the gap shown is not the "
        "gap. Score the training rows again in eval mode.",
        (
            Evidence(training.place, "the training passes, with dropout active"),
            Evidence(held_out.place, "the evaluation, in eval mode"),
        ),
        Confidence.MEDIUM if compare.assumed or training.assumed else Confidence.HIGH,
    )
