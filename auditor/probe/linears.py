"""The forward pass of a stacked chain of linear layers and elementwise activations: one `baddbmm` a layer.

It skips what `vmap` costs at each call, which is most of the time of small networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

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
    """Dropout of each variant at its rate; those side by side that have none are left out."""
    first = next((number for number, rate in enumerate(rates) if rate), None)
    if first is None:
        return x
    last = max(number for number, rate in enumerate(rates) if rate) + 1
    part = x[first:last]
    thresholds = [round(rate * LEVELS) for rate in rates[first:last]]
    drop = torch.tensor(thresholds, device=x.device).view(-1, *[1] * (x.ndim - 1))
    keep = noise(part) >= drop - LEVELS // 2
    scale = (LEVELS / (LEVELS - drop).clamp(min=1)).to(x.dtype)
    return torch.cat([x[:first], part * (keep * scale), x[last:]])


LEVELS = 1 << 16
"""Rates are rounded to this many levels."""


def noise(like: torch.Tensor) -> torch.Tensor:
    """Uniform 16-bit integers, ``(V, N, ...)``, four from each number that is drawn: drawing is by far the most of what
    dropout costs on a CPU."""
    count = like.numel()
    drawn = torch.empty(-(-count // 4), dtype=torch.int64, device=like.device).random_(-(1 << 63), None)
    return drawn.view(torch.int16)[:count].view(like.shape)


def layout(weights: dict[str, torch.Tensor], layers: Sequence[tuple[str, nn.Module]]) -> None:
    """Lays the matrices out in memory as `linear` reads them, transposed; their shapes stay."""
    for name, layer in layers:
        weight = weights.get(f"{name}.weight")
        if isinstance(layer, nn.Linear) and weight is not None:
            weight.data = weight.data.transpose(1, 2).contiguous().transpose(1, 2)
