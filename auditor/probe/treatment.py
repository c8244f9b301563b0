"""One thing to try, as remedies say it and as engines train it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch

from auditor.probe.curves import CONTROL, Variant


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """A variant and what differs in its training. None means: as the experiment has it.

    ``dropout`` is the rate after each hidden activation. ``coupled`` is an L2 penalty whose gradient the optimizer
    sees, ``decoupled`` a decay beside the optimizer's step, ``l1`` the factor of the sum of absolute weights (of
    matrices and kernels, no biases). ``edit`` changes a network in place or returns another one; treatments that share
    an edit train together. ``permuted``: the targets of the training rows are shuffled among these. ``posthoc``:
    nothing is trained, the control's curves are read in another way. ``draws`` other than 0: weights, order and dropout
    are drawn anew instead of being the control's (a null remedy, to test the testing).
    """

    variant: Variant
    dropout: float | None = None
    coupled: float | None = None
    decoupled: float | None = None
    l1: float = 0.0
    edit: Callable[[torch.nn.Module], torch.nn.Module] | None = None
    loss: Callable[..., Any] | None = None
    permuted: bool = False
    posthoc: bool = False
    draws: int = 0


THE_CONTROL = Treatment(Variant(CONTROL, "nothing: the experiment as it is", "control"))


def remedy(name: str, change: str, *notes: str, chooses: bool = False) -> Variant:
    """A variant that is compared with the control."""
    return Variant(name, change, "remedy", chooses=chooses, notes=notes)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What a remedy may know of the experiment before it says what to try."""

    model: torch.nn.Module
    """A copy of the network; a remedy may look and try, nothing that it does here is trained."""
    optimizer: torch.optim.Optimizer
    steps: int
    """Optimizer steps of one training."""
    epochs: int
    activations: int
    """Hidden activations that dropout can be placed after."""
    droppers: int
    """Dropout that the network already has."""
    decay: Literal["coupled", "decoupled", "unknown"]
    """What the optimizer's own ``weight_decay`` is."""
    pretrained: bool
    """The network was given with its weights: a remedy that draws new ones would be compared unfairly."""
    inputs: Any
    """A few training rows' inputs."""
    run: Callable[[torch.nn.Module], Any]
    """What a network returns for them."""


class Remedy(Protocol):
    """A file of ``auditor.probe.remedies``, or what the entry-point group ``auditor.remedies`` names."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, subject: Subject, /) -> Iterable[Treatment | str]:
        """Treatments to try; a string is a note that says why one cannot be."""
