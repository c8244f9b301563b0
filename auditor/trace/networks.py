"""The second vocabulary: a network, its layers, what regularises each and which of them change with the mode."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Literal, Protocol

from auditor.trace.places import Place

Sensitivity = Literal["dropout", "normalisation", "stochastic"]
"""Why a layer answers differently in train and eval mode."""
Part = Literal["norm", "embedding", "network", "other"]
"""What a layer is for, where that matters; ``network``: a whole one of a library, whose layers are not told."""
Shape = tuple["int | None", ...]


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
    weights: int | None = 0
    """How many numbers gradients move, over all its copies; None: not known."""
    fixed: int | None = 0
    """How many more it keeps (running statistics), where its library counts them."""
    shape: Shape | None = None
    """The shape of one row that comes out, without the batch; None, in it too: not known."""
    trainable: bool = True
    """False: frozen."""
    part: Part = "other"
    penalised: bool = False
    """A penalty on its weights is asked for where it is made."""
    holds: bool = False
    """It has parts, which are layers of their own."""
    width: int | None = None
    """How many units or channels come out."""
    linear: bool = False
    """It computes a linear map and nothing beyond it."""

    @property
    def name(self) -> str:
        """The last part of its kind: ``Linear``."""
        return self.kind.rpartition(".")[2]

    @property
    def asks_mode(self) -> bool:
        """It is no layer but code of the user's own that asks for the mode."""
        return self.name == "training"

    @property
    def in_training(self) -> str:
        """What it does in train mode, of a network: ``its Dropout layers act as in training``."""
        if self.asks_mode:
            return "its own code that asks `self.training` acts as in training"
        name = next((word for word in reversed(self.kind.split(".")) if word[:1].isupper()), "")
        return f"its {name} layers act as in training" if name else "its layers act as in training"

    @property
    def drops(self) -> bool:
        """Dropout, or dropout inside of it, at a rate that is not known to be 0."""
        return self.sensitivity == "dropout" and self.rate != 0


@dataclass(frozen=True, slots=True)
class Network:
    """The layers of a model as far as they are known, in the order of its forward pass, else of construction.

    ``complete`` is False when something of it is not known (a layer handed in, an unknown base class, weights that
    came as a pickled module): then the absence of a layer says nothing.
    """

    layers: tuple[Layer, ...] = ()
    complete: bool = False
    pretrained: bool = False
    """Some of its weights come from an earlier training."""
    whole: bool = False
    """Every part that holds weights is known, whatever its mode does."""

    stops: bool = False
    """Its own loop stops in time."""
    in_order: bool = False
    """The layers are all that happens: nothing is computed between them."""
    offers: tuple[str, ...] = ()
    """The settings of its own that regularise it, where its layers are out of reach."""

    @property
    def sensitive(self) -> tuple[Layer, ...]:
        """The layers that answer differently in train and eval mode; a dropout rate known to be 0 does not count."""
        return tuple(layer for layer in self.layers if layer.sensitivity is not None and layer.rate != 0)

    @property
    def indifferent(self) -> bool:
        """Every layer is known and none is mode-sensitive: train and eval mode give the same numbers."""
        return self.complete and not self.sensitive

    @property
    def counted(self) -> bool:
        """The weights of every layer are known."""
        return self.whole and all(layer.weights is not None for layer in self.layers)

    @property
    def weights(self) -> int:
        """The weights that gradients move: all, or at least so many where they are not all known."""
        return sum(layer.weights or 0 for layer in self.layers if layer.trainable)

    @property
    def frozen(self) -> int:
        """The weights that are kept as they are."""
        return sum(layer.weights or 0 for layer in self.layers if not layer.trainable)

    @property
    def one_map(self) -> bool:
        """Its layers but the last are linear, so that together they compute no more than one layer would."""
        last = max((place for place, one in enumerate(self.layers) if one.weights), default=0)
        own = [one for one in self.layers[:last] if one.weights or not one.holds]
        return self.in_order and all(one.linear or one.sensitivity == "dropout" for one in own)

    def after(self, layer: Layer) -> tuple[Layer, ...]:
        """What comes between this layer and the next one that has weights to learn with, norms not counted."""
        rest = self.layers[self.layers.index(layer) + 1 + len(self.inside(layer)) :]
        end = next((n for n, one in enumerate(rest) if one.weights != 0 and one.part != "norm"), len(rest))
        return rest[:end]

    def inside(self, layer: Layer) -> tuple[Layer, ...]:
        """The layers that it holds: the recurrent layer in a wrapper that runs it in both directions."""
        if not layer.holds:
            return ()
        rest = self.layers[self.layers.index(layer) + 1 :]
        return tuple(takewhile(lambda one: one.path.startswith(f"{layer.path}."), rest))

    def acting_on(self, layer: Layer) -> tuple[str, ...]:
        """What in the network acts on a layer's weights: on itself, or between it and the next one with weights.

        On the last one also what comes before it: nothing that is random may stand between it and the loss.
        """
        if layer.part == "norm":
            return ()
        near, where = self.after(layer), "after it"
        if not any(one.weights and one.part != "norm" for one in self.layers[self.layers.index(layer) + 1 :]):
            near, where = (*near, *self.before(layer)), "beside it"
        found = ["a penalty"] if layer.penalised else []
        found += ["dropout inside"] if layer.drops or any(one.drops for one in self.inside(layer)) else []
        for one in near:
            if one.drops:
                found.append(f"dropout {one.rate:g} {where}" if one.rate else f"dropout {where}")
            elif one.part == "norm" or one.sensitivity == "normalisation":
                found.append(f"a norm layer {where}")
            elif one.sensitivity is not None and one.rate != 0:
                found.append(f"noise {where}")
        return tuple(dict.fromkeys(found))

    def before(self, layer: Layer) -> tuple[Layer, ...]:
        """What comes between the layer with weights before this one and this one."""
        rest = self.layers[: self.layers.index(layer)][::-1]
        end = next((n for n, one in enumerate(rest) if one.weights != 0 and one.part != "norm"), len(rest))
        return rest[:end]


class Inside(Protocol):
    """Looks into a model once the whole program has been followed."""

    def network(self) -> Network: ...

    def last_dropout(self) -> Place | None: ...

    def dropped_before_norm(self) -> tuple[Place, ...]: ...


@dataclass(eq=False)
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
    inside: Inside | None = field(default=None, repr=False)
    """Tells the layers when somebody asks: a program may make thousands of networks that no rule looks into."""
    framework: str | None = None
    own_gradients: bool = False
    """It takes gradients in its own forward (energies, forces, physics losses), or may learn from losses by itself."""
    learns_in_call: bool = False
    """Its own forward takes a backward pass: whoever calls it trains it."""
    told_in_call: bool = False
    """The mode is an argument of each call (Keras) and no state of the object."""
    reconstructs: bool = False
    """Its loss compares what comes out with what went in: rows are their own targets."""
    generative: bool = False
    """Its name says that it generates, reconstructs or acts: rows are no measure of what it learns from."""
    loops: frozenset[Hashable] = frozenset()
    """The loops that it is made anew in."""

    @cached_property
    def network(self) -> Network:
        return self.inside.network() if self.inside is not None else Network()

    @cached_property
    def ends_in(self) -> Place | None:
        """The dropout layer that all of its outputs come from."""
        return self.inside.last_dropout() if self.inside is not None else None

    @cached_property
    def dropped_before_norm(self) -> tuple[Place, ...]:
        """Its dropout layers whose output goes right into a batch norm."""
        return self.inside.dropped_before_norm() if self.inside is not None else ()

    @property
    def weightless(self) -> bool:
        """Every layer is known and none holds numbers (a softmax, a loss): it records nothing of its own."""
        network = self.network
        return network.complete and network.whole and all(one.weights == one.fixed == 0 for one in network.layers)
