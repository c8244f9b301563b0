"""The forward pass of a stacked chain of linear layers and elementwise activations: one `baddbmm` a layer.

It skips what `vmap` costs at each call, which is most of the time of small networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

import torch
from torch import nn
from torch.nn import functional

from auditor.probe.rows import Tree
from auditor.probe.stack import Forward, Stack

ELEMENTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Tanh),
    *(nn.Hardswish, nn.Hardtanh, nn.Sigmoid, nn.Softsign, nn.Identity),
)
ACTIVATIONS = tuple(set(ELEMENTWISE) - {nn.Sigmoid, nn.Identity})


def chain(model: nn.Module, prefix: str = "") -> list[tuple[str, nn.Module]] | None:
    """The layers by their names, when a network is a chain that this can stack; else None."""
    if type(model) is not nn.Sequential or hooked(model):
        return None
    layers: list[tuple[str, nn.Module]] = []
    for name, layer in model.named_children():
        if type(layer) is nn.Sequential:
            inner = chain(layer, f"{prefix}{name}.")
            if inner is None:
                return None
            layers += inner
        elif type(layer) in (nn.Linear, nn.Dropout, *ELEMENTWISE) and not hooked(layer) and not list(layer.children()):
            layers.append((prefix + name, layer))
        else:
            return None
    known = [name for name, layer in layers if isinstance(layer, nn.Linear)]
    distinct = len({id(layer) for _, layer in layers}) == len(layers)
    return layers if distinct and known else None


def hooked(module: nn.Module) -> bool:
    """A hook or a parametrization does what the layer alone does not."""
    return bool(module._forward_hooks or module._forward_pre_hooks) or hasattr(module, "parametrizations")


def linears(layers: Sequence[tuple[str, nn.Module]], hidden: frozenset[int], droppers: int) -> Forward:
    """How a stack of such chains goes forward."""

    def forward(stack: Stack, inputs: Tree, training: bool) -> Tree:
        weights = stack.weights | stack.others
        rates = stack.rates
        seen = 0
        x: torch.Tensor = inputs
        for name, layer in layers:
            if isinstance(layer, nn.Linear):
                x = linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))
            elif isinstance(layer, nn.Dropout):
                own = layer.p
                x = dropped(x, [own if math.isnan(rate) else rate for rate in rates]) if training else x
            else:
                x = layer(x)
                if isinstance(layer, ACTIVATIONS):
                    if training and not droppers and seen in hidden:
                        x = dropped(x, [0.0 if math.isnan(rate) else rate for rate in rates])
                    seen += 1
        return x

    return forward


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """``(V, N, ..., F)`` times ``(V, G, F)`` transposed, plus ``(V, G)``."""
    flat = x.flatten(1, -2)
    if bias is None:
        y = torch.bmm(flat, weight.transpose(1, 2))
    else:
        y = torch.baddbmm(bias.unsqueeze(1), flat, weight.transpose(1, 2))
    return y.unflatten(1, x.shape[1:-1]) if x.ndim > 3 else y


def dropped(x: torch.Tensor, rates: Sequence[float]) -> torch.Tensor:
    """Dropout of neighbours with one rate at once, and none where there is none."""
    if not any(rates):
        return x
    parts = []
    start = 0
    for rate, run in groupby(rates):
        end = start + len(list(run))
        part = x[start:end]
        parts.append(functional.dropout(part, rate) if rate else part)
        start = end
    return torch.cat(parts)
