"""An evaluation switches one part of what it evaluates to eval mode and leaves another in train mode.

## What it finds

An evaluation pass of a network in train mode while only a sub-module of it was switched to eval mode, or while a
network whose output it takes, or that takes its output, was switched and it was not; and the network holds layers
that depend on the mode.

## Why it matters

The switch shows that somebody meant to evaluate without dropout and with the statistics that batch norm has learnt.
The part that was forgotten still drops units and normalises by the batch at hand, so the score is not that of the
trained networks.

## Bad

```python
import torch
from torch import nn

encoder = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU())
decoder = nn.Sequential(
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


@torch.no_grad()
def accuracy(loader):
    encoder.eval()
    hits = [(decoder(encoder(x)).argmax(1) == y).float() for x, y in loader]
    return torch.cat(hits).mean().item()


print(accuracy(torch.load("validation.pt")))
```

## Good

```python
import torch
from torch import nn

encoder = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU())
decoder = nn.Sequential(
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 2)
)


@torch.no_grad()
def accuracy(loader):
    encoder.eval()
    decoder.eval()
    hits = [(decoder(encoder(x)).argmax(1) == y).float() for x, y in loader]
    return torch.cat(hits).mean().item()


print(accuracy(torch.load("validation.pt")))
```

## Not reported

A part that is frozen in eval mode while the rest is trained; a network without layers that depend on the mode;
networks that have nothing to do with each other. Where nothing at all was switched, it is EVA001.

## Sources

- PyTorch, `torch.nn.Module.eval`: <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>
- PyTorch, *Autograd mechanics*, "Evaluation Mode": <https://docs.pytorch.org/docs/stable/notes/autograd.html>
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from auditor.trace import Confidence, Edit, Evidence, Fix, Forward, Report, Severity, Switch, Trace, by_place, rule


@rule("EVA009", "eval-on-part-of-the-model", Severity.WARNING, over=("EVA001",))
def eval_on_part_of_the_model(trace: Trace) -> Iterator[Report]:
    neighbours: dict[Forward, list[Forward]] | None = None
    for forward in trace.all(Forward):
        model = forward.model
        modes = trace.in_mode(forward, "train")
        if forward.driven or not modes or not trace.evaluates(forward) or trace.averaged(forward):
            continue
        if not trace.exposed(forward):
            continue
        neighbours = neighbouring(trace) if neighbours is None else neighbours
        switches = [*to_eval(forward.apart), *others_switched(trace, neighbours[forward])]
        if not switches:
            continue
        switch = switches[0]
        name = forward.name or model.name or "the model"
        yield Report(
            forward.place,
            f"`{name}` is evaluated in train mode while {switch.place.seen_from(forward.place)} puts only "
            f"`{switch.model.name or switch.model.kind}` in eval mode: {trace.exposed(forward)[0].in_training}. "
            f"Call `{name}.eval()` too.",
            (
                Evidence(switch.place, "this part is put in eval mode here"),
                *(Evidence(place, "called from here") for place in forward.chain[-3:]),
            ),
            Confidence.MEDIUM if len(forward.modes) > 1 or forward.assumed or not modes[0].told else Confidence.HIGH,
            fix=fix(forward, name),
            explains=frozenset((forward.place,)),
        )


def neighbouring(trace: Trace) -> dict[Forward, list[Forward]]:
    """For each pass those whose output it takes, and those that take its output."""
    found: dict[Forward, list[Forward]] = defaultdict(list)
    for forward in trace.all(Forward):
        for taken in forward.takes:
            if taken.model is not forward.model:
                found[taken].append(forward)
                found[forward].append(taken)
    return found


def others_switched(trace: Trace, others: list[Forward]) -> list[Switch]:
    """What put the neighbours in eval mode, where they are in no other."""
    return [
        mode.cause
        for other in sorted(others, key=by_place)
        if all(one.value == "eval" for one in other.modes) and trace.evaluates(other)
        for mode in other.modes
        if mode.cause is not None
    ]


def to_eval(switches: tuple[Switch, ...]) -> list[Switch]:
    return [switch for switch in switches if switch.mode == "eval"]


def fix(forward: Forward, name: str) -> Fix | None:
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    return Fix(True, f"call `{name}.eval()` too", (Edit(forward.place, f"{name}.eval()", "before"),))
