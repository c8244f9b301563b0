"""What a user declares: a model, its data, and how it is trained. Declaring it trains nothing and imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.errors import ProbeError


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """One training, as its author would run it.

    ``model`` is a torch module or a Keras model, whose weights every seed starts from, or a factory without arguments,
    which is called once for each seed. ``train`` and ``validation`` are ``(inputs, targets)`` of tensors or arrays, a
    Dataset, a DataLoader, or a factory ``f(seed)`` of one of these: then every seed has rows of its own. Inputs are
    one array, a tuple of them (``model(*inputs)``) or a dict (``model(**inputs)``); of a batch that is one dict,
    ``labels``, ``label``, ``targets``, ``target`` or ``y`` is the target. ``loss(outputs, targets)`` is a mean over
    rows, and what the model returns is what it is given.

    ``optimizer`` is a factory from the model's parameters (``partial(torch.optim.Adam, lr=1e-3)``) or an optimizer over
    the given model's own parameters, whose groups are kept. ``metrics`` are names (``"accuracy"``, or a function of
    torchmetrics), callables ``f(outputs, targets)``, or a mapping from names to either; a callable is better when
    higher, unless it has ``higher_is_better = False``. ``epochs`` may be left out where a time budget is given.
    ``batch_size=None`` is the full batch for arrays and a loader's own for a loader.
    """

    model: Any
    train: Any
    validation: Any
    loss: Callable[..., Any]
    optimizer: Any
    metrics: Sequence[str | Callable[..., Any]] | Mapping[str, str | Callable[..., Any]] | str = ()
    epochs: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ProbeError(f"Experiment: {name} must be a whole number of at least 1, not {value!r}")
        for name in ("model", "loss", "optimizer"):
            value = getattr(self, name)
            named = isinstance(value, str) and name != "model"  # Keras takes names
            if not (callable(value) or named or hasattr(value, "step") or hasattr(value, "get_config")):
                raise ProbeError(f"Experiment: {name} is {getattr(self, name)!r}, which cannot be called")
