"""Decay of the weights: decoupled from the gradient (AdamW), or coupled to it (an L2 penalty).

Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.probe.treatment import Subject, Treatment, remedy

DECOUPLED = (0.01, 0.1)
COUPLED = (0.001, 0.01)
DECOUPLES = {"Adam": "torch.optim.AdamW(..., weight_decay={})", "AdamW": "weight_decay={} in AdamW"}
"""Optimizers whose decay a user can decouple, and how."""


def weight_decay(subject: Subject) -> Iterator[Treatment | str]:
    """Each kind at two strengths, with what a strength can do in the steps that there are."""
    kind = type(subject.optimizer).__name__
    own = {float(group.get("weight_decay", 0.0)) for group in subject.optimizer.param_groups}
    for strength in DECOUPLED:
        if kind in DECOUPLES and (subject.decay != "decoupled" or strength not in own):
            variant = remedy(
                f"decoupled decay {strength:g}", DECOUPLES[kind].format(strength), reach(strength, subject)
            )
            yield Treatment(variant, decoupled=strength)
    for strength in COUPLED:
        if subject.decay == "decoupled":
            change = f"torch.optim.Adam(..., weight_decay={strength:g})"
            yield Treatment(remedy(f"coupled L2 {strength:g}", change), coupled=strength, decoupled=0.0)
        elif strength not in own:
            change = f"weight_decay={strength:g} in {kind}"
            notes = [reach(strength, subject)] if kind == "SGD" else []
            yield Treatment(remedy(f"coupled L2 {strength:g}", change, *notes), coupled=strength)


def reach(strength: float, subject: Subject) -> str:
    """How far such a decay can shrink weights: by ``1 - (1 - lr * decay) ** steps``."""
    lr = max(float(group["lr"]) for group in subject.optimizer.param_groups)
    share = 1 - max(0.0, 1 - lr * strength) ** subject.steps
    return f"this decay can shrink the weights by {share:.2%} over these {subject.steps} steps"
