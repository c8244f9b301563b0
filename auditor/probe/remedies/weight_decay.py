"""Decay of the weights: decoupled from the gradient (AdamW), or coupled to it (an L2 penalty).

Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from auditor.probe.keras_alone import AloneStep
from auditor.probe.keras_networks import KerasStep
from auditor.probe.treatment import Subject, Treatment, remedy

DECOUPLED = (0.01, 0.1)
COUPLED = (0.001, 0.01)
LINES = {"Adam": "torch.optim.AdamW(..., weight_decay={:g})", "AdamW": "weight_decay={:g} in AdamW"}
"""Optimizers of torch whose decay a user can decouple, and how."""


def weight_decay(subject: Subject) -> Iterator[Treatment | str]:
    """Each kind at two strengths, with what a strength can do in the steps that there are."""
    own = {float(group.get("weight_decay", 0.0)) for group in subject.optimizer.param_groups}
    line = decoupled_line(subject.optimizer)
    for strength in DECOUPLED:
        if line and (subject.decay != "decoupled" or strength not in own):
            variant = remedy(f"decoupled decay {strength:g}", line.format(strength), reach(strength, subject))
            yield Treatment(variant, decoupled=strength)
    for strength in COUPLED:
        if subject.decay != "coupled" or strength not in own:
            yield coupled(strength, subject)


def decoupled_line(optimizer: torch.optim.Optimizer) -> str | None:
    """What a user writes for a decoupled decay; None where the optimizer offers none."""
    if isinstance(optimizer, KerasStep | AloneStep):
        return f"weight_decay={{:g}} in keras.optimizers.{optimizer.kind}"
    return LINES.get(type(optimizer).__name__)


def coupled(strength: float, subject: Subject) -> Treatment:
    """An L2 penalty of ``strength / 2`` times the squared weights; in place of AdamW's own decay, as Adam has it."""
    name, kind = f"coupled L2 {strength:g}", type(subject.optimizer).__name__
    if isinstance(subject.optimizer, KerasStep | AloneStep):
        change = f"keras.regularizers.L2({strength / 2:g}) on the weights of every layer"
        return Treatment(remedy(name, change), coupled=strength)
    if subject.decay == "decoupled":
        change = f"torch.optim.Adam(..., weight_decay={strength:g})"
        return Treatment(remedy(name, change), coupled=strength, decoupled=0.0)
    if subject.decay == "unknown":
        change = f"loss + {strength / 2:g} * sum((w**2).sum() for w in model.parameters())"
        return Treatment(remedy(name, change), coupled=strength)
    notes = [reach(strength, subject)] if kind == "SGD" else []
    return Treatment(remedy(name, f"weight_decay={strength:g} in {kind}", *notes), coupled=strength)


def reach(strength: float, subject: Subject) -> str:
    """How far such a decay can shrink weights: by ``1 - (1 - lr * decay) ** steps``."""
    lr = max(float(group["lr"]) for group in subject.optimizer.param_groups)
    share = 1 - max(0.0, 1 - lr * strength) ** subject.steps
    return f"this decay can shrink the weights by {share:.2%} over these {subject.steps} steps"
