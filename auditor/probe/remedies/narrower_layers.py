"""Half as wide: every hidden width is halved, where the network still runs then.

A narrower network often needs more steps, so it is judged only where its training loss has converged.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from auditor.probe.layers import feeding, halved
from auditor.probe.treatment import Subject, Treatment, remedy


def narrower_layers(subject: Subject) -> Iterator[Treatment | str]:
    """One network of half the widths, freshly initialised."""
    if subject.pretrained:
        yield "narrower layers were not tried: they would start without the weights of the given model"
        return

    def narrow(model: nn.Module) -> nn.Module:
        return halved(model, subject)

    if not feeding(subject, narrow):
        yield "narrower layers were not tried: the network's widths could not be halved together"
        return
    change = "half of every hidden width"
    note = "fewer weights need more steps: judged only when its training loss has converged"
    yield Treatment(remedy("narrower layers", change, note), edit=narrow)
