"""A model is evaluated while it may still be in train mode.

## What it finds

A forward pass whose output is scored, stored or selected on, and never reaches a backward pass, while the model may be
in train mode on some path that leads there: it was never switched, or it was switched back before. Where a training
comes through the same lines, the finding stands at the call that asks for the evaluation. And a training pass over all
rows at once (the nodes of a graph) whose output is scored on those that its loss leaves out: they were not passed in
eval mode.

## Why it matters

In train mode dropout still drops units and batch norm normalises with the statistics of the batch at hand (and updates
its running averages with rows it should only be tested on). The score is noisy, depends on the batch size, and is not
the score of the model that you ship. A gap between training and validation that is measured so is not the
generalization gap.

## Bad

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


def accuracy(loader):
    right = 0
    with torch.no_grad():
        for features, target in loader:
            right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Good

```python
import torch
from torch import nn

model = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


def accuracy(loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for features, target in loader:
            right += (model(features).argmax(dim=1) == target).sum().item()
    return right / len(loader.dataset)


print(accuracy(torch.load("validation.pt")))
```

## Not reported

Networks whose every layer is known and none depends on the mode, or of which none is known and that another network's
output goes into (losses and metrics that are written as modules); models of frameworks that switch the mode themselves
(Lightning, Keras, the Trainer of transformers, ignite's evaluators); Monte-Carlo dropout, where the same rows pass
again and again; agents that act in an environment; networks that produce samples for another network under training;
models that come in eval mode; networks whose own forward takes the backward pass; networks that hold what they were
made with and are tried out on random numbers; functions that nobody calls in a script that leaves its network in train
mode. A model handed in by a caller that nobody knows is taken to be in the caller's mode: it is reported only where it
is trained in that very mode too, and nothing in the program switches a network of a caller.

## Sources

- PyTorch, `torch.nn.Module.eval`: <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>
- PyTorch, *Autograd mechanics*, "Evaluation Mode": <https://docs.pytorch.org/docs/stable/notes/autograd.html>
- Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15 (2014)
- Ioffe and Szegedy, *Batch Normalization*, ICML (2015)
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Confidence,
    Edit,
    Evidence,
    Fix,
    Forward,
    Mode,
    Place,
    Report,
    Severity,
    Sink,
    Trace,
    rule,
    way,
)


@rule("EVA001", "missing-eval-mode", Severity.ERROR)
def missing_eval_mode(trace: Trace) -> Iterator[Report]:
    for forward in trace.all(Forward):
        model = forward.model
        if forward.driven or forward.forced or model.learns_in_call:
            continue
        mode = next((one for one in trace.in_mode(forward, "train") if not left_by_script(forward, one)), None)
        training = trace.trained_alike(forward) if mode is None else None
        if mode is None:
            if training is None:
                continue
            mode = Mode(None)
        if model.network.indifferent or (model.network.sensitive and not trace.exposed(forward)):
            continue
        sinks = trace.judges(forward)
        beside = trace.scored_beside(forward) if model.network.sensitive and not sinks and training is None else []
        if beside:
            yield Report(forward.place, scored_beside(forward), evidence_beside(forward, beside), Confidence.MEDIUM)
        if not sinks or produces_samples(trace, forward, sinks):
            continue
        if mode.cause is not None and trace.averaged(forward):
            continue
        sensitive = model.network.sensitive
        if not sensitive and trace.fed(forward):
            continue
        place = where(trace, forward, mode)
        yield Report(
            place,
            message(forward, place, mode, training),
            evidence(forward, place, mode, training, sinks),
            confidence(forward, mode),
            Severity.ERROR if sensitive else Severity.WARNING,
            fix(forward) if place == forward.place else None,
        )


def left_by_script(forward: Forward, mode: Mode) -> bool:
    """Nobody calls the function: the mode is that in which the last line of a script left its network."""
    return bool(forward.assumed) and mode.cause is not None and not mode.cause.assumed


def scored_beside(forward: Forward) -> str:
    name = forward.name or forward.model.name or "the model"
    return (
        f"the output of this training pass of `{name}` is scored on rows that its loss leaves out: "
        f"{forward.model.network.sensitive[0].in_training} and the numbers are not those of the trained network. Make "
        f"another pass for them after `{name}.eval()`."
    )


def evidence_beside(forward: Forward, sinks: list[Sink]) -> tuple[Evidence, ...]:
    return (
        *way(forward),
        Evidence(sinks[0].place, f"the other rows are used for an evaluation here ({sinks[0].kind})"),
    )


def where(trace: Trace, forward: Forward, mode: Mode) -> Place:
    """The pass; or the call that asks for it, where it serves a training too and does not switch the mode itself."""
    place = trace.asked_from(forward)
    return forward.place if mode.cause is not None and place in mode.cause.chain else place


def produces_samples(trace: Trace, forward: Forward, sinks: list[Sink]) -> bool:
    """A generator under adversarial training shows what it makes, in the mode it is trained in."""
    if any(sink.kind in ("score", "select") for sink in sinks):
        return False
    return any(trace.feeds(other) and trace.trains(other) for other in trace.passes(forward.model))


def message(forward: Forward, place: Place, mode: Mode, training: Forward | None) -> str:
    name = forward.name or forward.model.name or "the model"
    sensitive = forward.model.network.sensitive
    if training is not None:
        since = f"in the mode that it is trained in at {training.place.seen_from(place)}"
    elif mode.cause is not None:
        since = f"in train mode since {mode.cause.place.seen_from(place)}"
    else:
        since = "still in train mode, as it was built"
    if sensitive:
        effect = f"{sensitive[0].in_training} and the numbers are not those of the trained network"
    else:
        effect = "if it holds dropout or batch norm, the numbers are not those of the trained network"
    return f"`{name}` is evaluated {since}: {effect}. Call `{name}.eval()` before this pass."


def evidence(
    forward: Forward, asked: Place, mode: Mode, training: Forward | None, sinks: list[Sink]
) -> tuple[Evidence, ...]:
    model = forward.model
    steps = []
    if training is not None:
        steps.append(Evidence(training.place, "it is trained here, in the mode that it comes in, and never switched"))
    elif model.place is not None:
        steps.append(Evidence(model.place, f"`{model.name or model.kind}` is made here, in train mode"))
    for layer in model.network.sensitive[:1]:
        if layer.place is not None:
            held = "its code asks `self.training` here" if layer.asks_mode else f"it holds {layer.kind}"
            steps.append(Evidence(layer.place, held))
    if mode.cause is not None:
        steps.append(Evidence(mode.cause.place, "it is put in train mode here"))
    steps.extend(Evidence(call, "called from here") for call in forward.chain[-3:] if call != asked)
    if asked != forward.place:
        steps.append(Evidence(forward.place, "the pass is here; a training comes through it too"))
    steps.extend(Evidence(place, "its layers are called here") for place in forward.inside)
    steps.append(Evidence(sinks[0].place, f"the output is used as an evaluation here ({sinks[0].kind})"))
    return tuple(steps)


def confidence(forward: Forward, mode: Mode) -> Confidence:
    if not mode.told:
        return Confidence.LOW
    unsure = len(forward.modes) > 1 or forward.assumed or not forward.model.network.sensitive
    return Confidence.MEDIUM if unsure else Confidence.HIGH


def fix(forward: Forward) -> Fix | None:
    name = forward.name
    if not name.isidentifier() or forward.inside:
        return None
    return Fix(True, f"call `{name}.eval()` first", (Edit(forward.place, f"{name}.eval()", "before"),))
