"""Norm layers after hidden linear and convolutional layers, in networks that have none.

Sources: Ba et al., "Layer normalization", 2016; Ioffe and Szegedy, "Batch normalization", ICML 2015.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from auditor.probe.layers import CONVOLUTIONS, feeding, hidden_layers, replaced
from auditor.probe.treatment import Subject, Treatment, remedy

NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
)


def norm_layers(subject: Subject) -> Iterator[Treatment | str]:
    """Layer norm after linear layers, batch norm after convolutions."""
    if any(isinstance(module, NORMS) for module in subject.model.modules()):
        return
    if subject.pretrained:
        yield "norm layers were not tried: the given model's weights were trained without them"
        return
    hidden = hidden_layers(subject)
    if not hidden:
        yield "norm layers were not tried: no hidden layer was found that they could follow"
        return

    def normed(model: nn.Module) -> nn.Module:
        for name in hidden:
            replaced(model, name, lambda layer: nn.Sequential(layer, norm_for(layer)))
        return model

    kinds = {type(norm_for(subject.model.get_submodule(name))).__name__ for name in hidden}
    if not feeding(subject, normed):
        yield "norm layers were not tried: the network does not run with them"
        return
    change = f"nn.{' and nn.'.join(sorted(kinds))} after each hidden layer ({len(hidden)})"
    yield Treatment(remedy("norm layers", change), edit=normed)


def norm_for(layer: nn.Module) -> nn.Module:
    """The norm that goes with a layer, of its type and on its device."""
    norm: nn.Module
    if isinstance(layer, CONVOLUTIONS):
        kinds = {nn.Conv1d: nn.BatchNorm1d, nn.Conv2d: nn.BatchNorm2d, nn.Conv3d: nn.BatchNorm3d}
        norm = kinds[type(layer)](layer.out_channels)
    else:
        assert isinstance(layer, nn.Linear)
        norm = nn.LayerNorm(layer.out_features)
    return norm.to(next(layer.parameters()))
