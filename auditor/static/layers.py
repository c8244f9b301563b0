"""What the trace is told of a network: its layers in order, with weights and shapes where the program reveals them.

Asked after the program was followed, of what was kept on the way: which calls made the layers, what these were given,
and which tensors went through which of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal

from auditor.libraries import Answer, Shape, Size, Unknown, evaluate
from auditor.static import syntax as s
from auditor.static.machine import Arguments
from auditor.static.objects import Objects
from auditor.static.sizes import Applied, Arguing, Given, Named, Several, as_shape
from auditor.static.values import Const, Data, Obj, Seq, Value
from auditor.trace import Layer, Model, Network, Place

UNKNOWN_SIZE = Size(weights="unknown", fixed="unknown", gives="unknown")
DEEPEST = 30


@dataclass(slots=True)
class Walk:
    """One way through a network."""

    layers: list[Layer] = field(default_factory=list)
    seen: set[Obj] = field(default_factory=set)
    complete: bool = True
    whole: bool = True
    pretrained: bool = False
    stops: bool = False
    offers: tuple[str, ...] = ()
    depth: int = 0
    loops: frozenset[Hashable] = frozenset()
    """The loops that the whole network is made in."""
    shapes: dict[Hashable, Shape | None] = field(default_factory=dict)
    """The shapes of tensors that were asked for on the way: one goes into several layers."""

    def aside(self) -> Walk:
        """A way of its own, begun on this one."""
        return Walk(depth=self.depth + 1, shapes=self.shapes)

    def take(self, other: Walk, path: str) -> None:
        """Take over what another way through a single layer has told, as the layer at this path."""
        self.layers.extend(replace(layer, path=path) for layer in other.layers)
        self.complete &= other.complete
        self.whole &= other.whole
        self.pretrained |= other.pretrained
        self.stops |= other.stops
        self.offers = self.offers or other.offers


@dataclass(frozen=True, slots=True)
class Within:
    """One network, for whoever looks into it."""

    layered: Layered
    obj: Obj

    def network(self) -> Network:
        return self.layered.network(self.obj)

    def last_dropout(self) -> Place | None:
        return self.layered.last_dropout(self.obj)

    def dropped_before_norm(self) -> tuple[Place, ...]:
        return self.layered.dropped_before_norm(self.obj)


class Layered(Objects):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.followed: dict[s.Class, Obj] = {}
        """The network whose own forward was followed, for each class."""
        self._shapes: dict[Hashable, Shape | None] = {}
        """The shapes of tensors, as they were found on the way through any network."""
        self.followed_all = False
        """All constructors and forwards have been seen: what a layer is told does not change any more."""
        self._leaves: dict[Hashable, tuple[Walk, Shape | None]] = {}
        self._ways: dict[Obj, dict[Obj, tuple[tuple[str, int], ...]]] = {}

    def complete_models(self) -> None:
        """Let the networks be looked at, now that all constructors and forwards have been seen."""
        self.followed_all = True
        for obj, model in self.models.items():
            model.inside = Within(self, obj)

    def networks(self) -> list[Model]:
        """Every network that is made and is no part of another one, in the order of making."""
        made = [obj for obj in self._objects.values() if self._is_one(obj)]
        parts = {part for obj in made for held in obj.children.values() for part in held}
        found: list[Model] = []
        told: set[tuple[Place | None, str, tuple[Layer, ...]]] = set()
        for obj in made:
            asked = obj.cls is not None and obj.site == obj.cls.site and len(self.instances[obj.cls]) > 1
            if obj in parts or asked or obj in self.copies:
                continue
            model = self.model(obj)
            model.inside = Within(self, obj)
            key = model.place, model.name, model.network.layers  # made again by another call: told once
            if key not in told and (model.network.weights or model.network.frozen or not model.network.counted):
                found.append(model)
            told.add(key)
        return found

    def _is_one(self, obj: Obj) -> bool:
        learner = obj.kind == "predictor" and obj.lib in self.libraries.sizes
        return learner or (obj.kind == "module" and not obj.handed)

    def last_dropout(self, obj: Obj) -> Place | None:
        raise NotImplementedError

    def dropped_before_norm(self, obj: Obj) -> tuple[Place, ...]:
        raise NotImplementedError

    def network(self, obj: Obj) -> Network:
        walk = Walk(loops=frozenset(turns.loop for turns in obj.loops), shapes=self._shapes)
        self.through(obj, "", None, walk)
        return Network(
            tuple(walk.layers), walk.complete, walk.pretrained, walk.whole, walk.stops, obj.cls is None, walk.offers
        )

    def made_as_layer(self, obj: Obj, args: Arguments) -> None:
        """A class of the project that inherits from a layer hands its arguments on to the layer's constructor."""
        assert obj.cls is not None
        layer = next((name for name, row in self.foreign_rows(obj.cls) if row.does == "layer"), None)
        if layer is not None and obj.kind == "module":
            obj.given = self.given(args, layer)

    def original(self, obj: Obj) -> Obj:
        """What it is a copy of, and so on: what it is made of is known of that one."""
        while obj in self.copies and self.copies[obj] is not obj:
            obj = self.copies[obj]
        return obj

    def known_shape(self, value: Data, site: int) -> Value | None:
        """The shape of an array, or of a tensor of a functional network, with all of its rows."""
        tensor = self.tensors.get(value.sym)
        if tensor is not None and isinstance(tensor.of, Obj) and self.told_in_call(tensor.of):
            shape: Shape | None = self.tensor_shape(value.sym, {}, Walk())
        else:
            shape = self.row_shape(value.sym)
        if shape is None:
            return None
        rows = Data(("rows", value.sym))
        count = self.count_of(value)
        if count is not None:
            self.defaults[rows.sym] = count
        return Seq((rows, *(Const(one) if one is not None else Data(self.fresh(site)) for one in shape)))

    def fresh(self, site: int) -> Hashable:
        raise NotImplementedError

    # one way through

    def through(self, obj: Obj, path: str, inputs: Shape | None, walk: Walk) -> Shape | None:
        """Tell the layers of a network; the shape that comes out, where it is known."""
        if obj in walk.seen or walk.depth > DEEPEST:
            return None
        walk.seen.add(obj)
        walk.depth += 1
        source = self.original(obj)
        known = not source.partial and not obj.handed
        walk.complete &= known
        walk.whole &= known
        told = self._of_class if source.cls is not None else self._of_library
        shape = told(obj, source, path, inputs, walk)
        walk.depth -= 1
        return shape

    def _of_library(self, obj: Obj, source: Obj, path: str, inputs: Shape | None, walk: Walk) -> Shape | None:
        """A layer or a network that a library makes."""
        if source.children or not self.followed_all:
            return self._told(obj, source, path, inputs, walk)
        key = obj, inputs, walk.loops
        known = self._leaves.get(key)
        if known is None:
            alone = Walk(depth=walk.depth, loops=walk.loops, shapes=walk.shapes)
            known = self._leaves[key] = alone, self._told(obj, source, "", inputs, alone)
        alone, shape = known
        walk.take(alone, path)
        return shape

    def _told(self, obj: Obj, source: Obj, path: str, inputs: Shape | None, walk: Walk) -> Shape | None:
        given = source.given if isinstance(source.given, Given) else Given(more=True)
        name = given.name or source.lib
        row = self.libraries.size(name)
        inputs = self._said(name, given) or inputs or self.fed(obj, walk)
        if inputs is None and row is not None and row.rank:
            inputs = (None,) * row.rank
        asked = Asked(self, row or UNKNOWN_SIZE, given, inputs, walk)
        plain = source.cls is not None or source.kind == "predictor"
        said = source.answer if isinstance(source.answer, Answer) else Answer(None, None, plain)
        walk.complete &= said.complete
        walk.pretrained |= asked.pretrained()
        walk.stops |= asked.stops()
        walk.offers = walk.offers or asked.row.offers
        weights, fixed = (self.times(asked.count(formula), obj, walk) for formula in ("weights", "fixed"))
        shape = asked.shape()
        trainable = not obj.frozen and not asked.off("trainable")
        walk.layers.append(Layer(
            path, name, None if source.site < 0 else self.place_in(source), said.sensitivity, said.rate,
            weights, fixed, shape, trainable, row.part if row is not None else "other", asked.penalised(),
            bool(source.children), asked.width(), asked.linear(),
        ))  # fmt: skip
        out = self._parts(source, path, inputs, asked, walk)
        return shape if shape is not None else out

    def _parts(self, source: Obj, path: str, inputs: Shape | None, asked: Asked, walk: Walk) -> Shape | None:
        """What a layer or a container holds."""
        chain = asked.row.threads
        shape = inputs if chain else asked.inside()
        for label, part in parts_of(source):
            made = self.through(part, f"{path}.{label}" if path else label, shape, walk)
            shape = made if chain else shape
        return shape if chain else None

    def times(self, weights: int | None, obj: Obj, walk: Walk) -> int | None:
        """Weights of all that the turns of loops make, where the network as a whole is not made in these loops."""
        own = [turns.count for turns in obj.loops if turns.loop not in walk.loops] if weights else []
        if weights is None or any(turns is None for turns in own):
            return None
        return weights * int(prod(turns for turns in own if turns is not None))

    def _of_class(self, obj: Obj, source: Obj, path: str, inputs: Shape | None, walk: Walk) -> Shape | None:
        """A network of a class of the project."""
        assert source.cls is not None
        inputs = inputs if inputs is not None else self.fed(obj, walk)
        walk.complete &= not self.unknown_bases(source.cls)
        walk.whole &= not self.unknown_bases(source.cls)
        for row in self.base_rows(source.cls):
            walk.whole &= row.does != "model" or row.complete
            if row.does == "model" and (row.sensitivity is not None or not row.complete):
                walk.complete &= row.complete
                if row.sensitivity is not None:
                    walk.layers.append(Layer(path, source.cls.name, self.place_of(source.cls), row.sensitivity))
        if isinstance(source.given, Given):
            self._of_library(obj, source, path, inputs, walk)
        self._own(obj, source, path, walk)
        shape = self._in_order(source, path, inputs, walk)
        for label, part in parts_of(source):
            self.through(part, f"{path}.{label}" if path else label, None, walk)
        for cls in self.linear(source.cls):
            if "training" in cls.mentions and not self.operations.get(cls):
                walk.layers.append(Layer(path, f"{cls.name}.training", self.place_of(cls), "stochastic"))
        return shape

    def _own(self, obj: Obj, source: Obj, path: str, walk: Walk) -> None:
        """Arrays of weights that a class of the project holds itself."""
        for name, sym in source.own.items():
            length, shape = self.length(sym), self.row_shape(sym)
            sizes = (length, *(shape or ()))
            weights = None if None in sizes else prod(size for size in sizes if size is not None)
            walk.layers.append(Layer(
                f"{path}.{name}" if path else name, "parameter", self.place_in(source), weights=self.times(
                    weights, obj, walk
                ), trainable=not obj.frozen,
            ))  # fmt: skip

    def _in_order(self, source: Obj, path: str, inputs: Shape | None, walk: Walk) -> Shape | None:
        """The parts as the network's own forward calls them."""
        assert source.cls is not None
        done: set[str] = set()
        shape: Shape | None = None
        for cls in self.linear(source.cls):
            followed = self.followed.get(cls)
            if followed is None:
                continue
            shapes: dict[Hashable, Shape | None] = {self._first_parameter(cls): inputs}
            for key in followed.calls:
                shape = None
                if isinstance(key, Applied):
                    done.add(key.name)
                    walk.layers.append(Layer(path, key.name, self.place_of(cls), "dropout", key.rate))
                    continue
                sym, called = key
                part, label = self._counterpart(followed, source, called)
                if part is not None:
                    taken = self.tensor_shape(self.tensors[sym].inputs, shapes, walk)
                    shape = self.through(part, f"{path}.{label}" if path else label, taken, walk)
                    shapes[sym] = shape
            break
        for cls in self.linear(source.cls):
            for name in sorted(self.operations.get(cls, set()) - done):
                walk.layers.append(Layer(path, name, self.place_of(cls), "dropout"))
        return shape

    def _first_parameter(self, cls: s.Class) -> Hashable:
        found = self.method(cls, "forward") or self.method(cls, "call")
        if found is None or len(found[1].params) < 2:
            return None
        return ("param", found[1].module, found[1].site, found[1].params[1].name)

    def _counterpart(self, followed: Obj, source: Obj, part: Obj) -> tuple[Obj | None, str]:
        """The part of one network of a class that stands where this part stands in another one."""
        way = self._way(followed, part)
        if way is None:
            return (part, part.name or "") if followed is source and not part.handed else (None, "")
        here: Obj = source
        for name, number in way:
            parts = self.original(here).children.get(name, [])
            if number >= len(parts):
                return None, ""
            here = parts[number]
        return here, ".".join(str(number) if name == "%items" else name for name, number in way)

    def _way(self, whole: Obj, part: Obj) -> tuple[tuple[str, int], ...] | None:
        ways = self._ways.get(whole)
        if ways is None:
            ways = self._ways[whole] = {whole: ()}
            for one in list(self.family(whole)):
                for name, parts in one.children.items():
                    for number, inner in enumerate(parts):
                        ways.setdefault(inner, (*ways.get(one, ()), (name, number)))
        return ways.get(part)

    # shapes

    def _said(self, name: str, given: Given) -> Shape | None:
        """The shape of a row that a layer is told when it is made."""
        row = self.libraries.starts(name)
        if row is None or row.starts is None:
            return None
        try:
            return as_shape(evaluate(row.starts, Arguing(self, row.takes, given)))
        except Unknown:
            return None

    def fed(self, obj: Obj, walk: Walk) -> Shape | None:
        """The shape of a row that goes into a network: of the tensor that it is called with, or begins with."""
        for key in obj.calls:
            if isinstance(key, tuple) and key[1] is obj:
                shape: Shape | None = self.tensor_shape(self.tensors[key[0]].inputs, walk.shapes, walk)
                if shape is not None:
                    return shape
        if obj.fed is not None:
            shape = self.row_shape(obj.fed)
            if shape is not None:
                return shape
        given = obj.given if isinstance(obj.given, Given) else Given()
        for one in (*given.positional, *given.keyword.values()):
            for inner in one if isinstance(one, tuple) else (one,):
                if isinstance(inner, Named) and inner.sym in self.arrays:
                    return self.row_shape(inner.sym)
        return None

    def tensor_shape(self, inputs: Hashable, shapes: dict[Hashable, Shape | None], walk: Walk) -> Any:
        """The shape of a tensor, or the shapes of several, given some of them. Shapes of one row."""
        if isinstance(inputs, Several):
            found = tuple(self.tensor_shape(one, shapes, walk) for one in inputs.syms)
            return found if None not in found else None
        if inputs in shapes:
            return shapes[inputs]
        tensor = self.tensors.get(inputs)
        operation = self.operation(inputs) if tensor is None else None
        if operation is not None:
            sides = [self.tensor_shape(side, shapes, walk) for side in operation[1:]]
            return next((side for side in sides if side), None)
        if tensor is None:
            return self.row_shape(inputs)
        shapes[inputs] = None  # in a loop
        taken = self.tensor_shape(tensor.inputs, shapes, walk)
        if isinstance(tensor.of, Obj):
            shapes[inputs] = self.through(tensor.of, "", taken, walk.aside())
        elif taken is not None:
            row = self.libraries.size(tensor.of.name)
            if row is not None:
                shapes[inputs] = Asked(self, row, tensor.of, taken, walk).shape()
        return shapes[inputs]


class Asked:
    """What a row says of a layer, given what it was made with and what goes in."""

    def __init__(self, layered: Layered, row: Size, given: Given, inputs: Any, walk: Walk) -> None:
        self.row = row
        self._layered = layered
        self._given = given
        self._walk = walk
        self._inputs = inputs
        self._names = Arguing(layered, row.takes, given, {"inputs": inputs} if inputs is not None else {})
        self._functions = {"weights_of": self._weights_of, "shape_of": self._shape_of}
        for name, formula in row.where.items():
            self._name(name, formula)

    def _name(self, name: str, formula: str) -> None:
        """What the row calls by a name of its own; what is not known has none."""
        with suppress(Unknown):
            self._names.beside[name] = evaluate(formula, self._names, self._functions)

    def count(self, what: Literal["weights", "fixed"]) -> int | None:
        try:
            value = evaluate(getattr(self.row, what), self._names, self._functions)
        except Unknown:
            return None
        return int(value) if isinstance(value, (int, float)) and value >= 0 else None

    def width(self) -> int | None:
        try:
            value = self._names(self.row.width) if self.row.width else None
        except Unknown:
            return None
        return value if isinstance(value, int) else None

    def shape(self) -> Shape | None:
        return self._shape(self.row.gives)

    def inside(self) -> Shape | None:
        return self._shape(self.row.inside) if self.row.inside else None

    def _shape(self, formula: str) -> Shape | None:
        try:
            return as_shape(evaluate(formula, self._names, self._functions))
        except Unknown:
            return None

    def off(self, name: str) -> bool:
        """An operand that is False."""
        return self._given.keyword.get(name) is False

    def penalised(self) -> bool:
        """Something is given that takes a penalty on its weights, or may."""
        return any(self._on(name) for name in self.row.decay) or self._holds(self.row.penalty)

    def pretrained(self) -> bool:
        return self._holds(self.row.pretrained)

    def stops(self) -> bool:
        return self._holds(self.row.stops)

    def linear(self) -> bool:
        try:
            return bool(evaluate(self.row.linear, self._names))
        except Unknown:
            return False

    def _holds(self, formula: str) -> bool:
        """It is so, or may be."""
        try:
            return bool(evaluate(formula, self._names))
        except Unknown:
            return True

    def _on(self, name: str) -> bool:
        try:
            return self._names(name) is not None
        except Unknown:
            return True

    def _weights_of(self, part: object) -> int:
        if not isinstance(part, Obj):
            raise Unknown
        inside = self._walk.aside()
        self._layered.through(part, "", self.inside(), inside)
        counted = [layer.weights for layer in inside.layers]
        if not inside.complete or None in counted:
            raise Unknown
        return sum(one for one in counted if one is not None)

    def _shape_of(self, part: object) -> Shape:
        made = None
        if isinstance(part, Obj):
            made = self._layered.through(part, "", self.inside(), self._walk.aside())
        if made is None:
            raise Unknown
        return made


def parts_of(obj: Obj) -> Iterator[tuple[str, Obj]]:
    for name, parts in obj.children.items():
        for number, part in enumerate(parts):
            yield (str(number) if name == "%items" else name), part
