"""The second vocabulary: a network, its layers, what regularises each and which of them change with the mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from auditor.trace.places import Place

Sensitivity = Literal["dropout", "normalisation", "stochastic"]
"""Why a layer answers differently in train and eval mode."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network.

    ``path`` is the attribute path inside the network (``encoder.drop``), ``kind`` the qualified name of its class
    (``torch.nn.Dropout``) or of the functional operation. ``sensitivity`` is None for layers that ignore the mode.
    ``rate`` is a dropout rate in [0, 1] where known.
    """

    path: str
    kind: str
    place: Place | None
    sensitivity: Sensitivity | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """The layers of a model as far as they are known, in the order of construction.

    ``complete`` is False when something of it is not known (a layer handed in, an unknown base class, weights that
    came as a pickled module): then the absence of a layer says nothing.
    """

    layers: tuple[Layer, ...] = ()
    complete: bool = False

    @property
    def sensitive(self) -> tuple[Layer, ...]:
        """The layers that answer differently in train and eval mode; a dropout rate known to be 0 does not count."""
        return tuple(layer for layer in self.layers if layer.sensitivity is not None and layer.rate != 0)

    @property
    def indifferent(self) -> bool:
        """Every layer is known and none is mode-sensitive: train and eval mode give the same numbers."""
        return self.complete and not self.sensitive


UNKNOWN = Network()


@dataclass(slots=True, eq=False)
class Model:
    """One model object of the program under audit: what shares its mode and weights is one model.

    ``name`` is what the user calls it. ``origin`` says where it comes from: ``"built"`` in the code under audit,
    ``"handed-in"`` by a caller that nobody knows, ``"loaded"`` with a mode of its own. ``framework`` names a
    framework that switches the mode by itself.
    """

    name: str
    origin: Literal["built", "handed-in", "loaded"]
    place: Place | None
    kind: str = ""
    """Qualified name of its class, where known."""
    network: Network = field(default=UNKNOWN)
    framework: str | None = None
    own_gradients: bool = False
    """It takes gradients in its own forward (energies, forces, physics losses), or may learn from losses by itself."""
    told_in_call: bool = False
    """The mode is an argument of each call (Keras) and no state of the object."""
