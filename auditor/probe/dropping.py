"""Dropout after hidden activations of any network, without touching its modules.

A `TorchFunctionMode` sees every call of a torch function, whether a module, a forward of the user's own or a Keras
layer makes it. It counts the activations of one forward pass and drops after those that are hidden: the ones whose
result is not what the network returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from auditor.probe.rows import tensors

ACTIVATIONS: frozenset[Any] = frozenset(
    (
        *(torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_, torch.tanh, torch.Tensor.tanh),
        *(torch.selu, torch.celu, torch.rrelu, torch.prelu),
        *(functional.relu, functional.relu6, functional.leaky_relu, functional.elu, functional.selu, functional.celu),
        *(functional.gelu, functional.silu, functional.mish, functional.softplus, functional.tanh, functional.prelu),
        *(functional.hardswish, functional.hardtanh, functional.rrelu, functional.softsign),
    )
)
RECURRENT: frozenset[Any] = frozenset((torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu))
"""What recurrent layers call; they return all steps' activations, the last step's, and what else they carry on."""
CHANNELS: frozenset[Any] = frozenset([functional.dropout1d, functional.dropout2d, functional.dropout3d])
"""Dropout of whole channels, ``(N, C, ...)``."""
DROPPERS: frozenset[Any] = frozenset([functional.dropout, torch.dropout]) | CHANNELS


def dropped(x: torch.Tensor, rate: float | torch.Tensor, *, channels: bool = False) -> torch.Tensor:
    """``x`` with each element (or channel) zeroed with probability ``rate`` and the others scaled up.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.
    """
    like = x[(...,) + (slice(1),) * (x.ndim - 2)] if channels else x
    return x * (torch.rand_like(like) >= rate) / (1 - rate)


class Survey(TorchFunctionMode):
    """Remembers what each activation returned, and counts dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[list[torch.Tensor]] = []
        self.droppers = 0

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in ACTIVATIONS or func in RECURRENT:
            self.results.append(tensors(result)[:2])
        self.droppers += func in DROPPERS
        return result


def survey(forward: Callable[[], Any]) -> tuple[frozenset[int], int]:
    """Which activations of a forward pass are hidden, by the order of their calls, and how much dropout it has."""
    with Survey() as seen, torch.no_grad():
        final = {tensor.data_ptr() for tensor in tensors(forward())}
    hidden = (number for number, made in enumerate(seen.results) if not final & {one.data_ptr() for one in made})
    return frozenset(hidden), seen.droppers


class Dropping(TorchFunctionMode):
    """Sets the rate of the dropout that a network has; one without any drops after its hidden activations.

    ``rate`` is a tensor without dimensions (below a vmap: one for each variant); NaN leaves what the network itself
    does. ``hidden`` and ``droppers`` are what `survey` found. Enter it around one forward pass in train mode.
    """

    def __init__(self, rate: torch.Tensor, hidden: frozenset[int], droppers: int) -> None:
        super().__init__()
        self.rate = rate
        self.hidden = hidden
        self.replaces = droppers > 0
        self.seen = 0

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self.replaces and func in DROPPERS:
            return self.replaced(func, args, kwargs or {})
        result = func(*args, **(kwargs or {}))
        if not self.replaces and (func in ACTIVATIONS or func in RECURRENT):
            if self.seen in self.hidden:
                result = self.placed(result)
            self.seen += 1
        return result

    def placed(self, result: Any) -> Any:
        """Dropout after an activation; of a recurrent layer, on all steps' and on the last step's."""
        rate = self.rate.nan_to_num(0.0)
        if isinstance(result, torch.Tensor):
            return dropped(result, rate)
        return (*(dropped(one, rate) for one in result[:2]), *result[2:])

    def replaced(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
        """Dropout as torch's own functions take it, ``(input, p, training)``, at our rate."""
        given = dict(zip(("input", "p", "training"), args, strict=False)) | kwargs
        x: torch.Tensor = given["input"]
        if not given.get("training", True):
            return x
        rate = torch.where(self.rate.isnan(), given.get("p", 0.5), self.rate)
        return dropped(x, rate, channels=func in CHANNELS)
