"""What the interpreter knows of a value: the abstract domain.

Values are immutable and compared by content, so that a loop can tell that nothing changed. Whatever can be mutated
(instances, networks, lists, dicts) is a :class:`Ref` to an :class:`Obj`, whose attributes live in the world's store.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from typing import Any

from auditor.static import syntax as s
from auditor.static.trails import Trail, merged
from auditor.static.trails import alternatives as perhaps
from auditor.trace import Accumulate, Forward, Turns

_NUMBERS = count()
_NUMBER = attrgetter("number")


class Frame:
    """The variables of one function in one call context, or of one module."""

    __slots__ = ("function", "module", "outer")

    def __init__(self, function: s.Function | s.Class | None, outer: Frame | None, module: str) -> None:
        self.function = function
        self.outer = outer
        self.module = module


class Obj:
    """An object by the place and the calls it is made in. Making it again in a loop gives the same object.

    ``kind`` names the rows of methods that it answers to: ``module`` for networks, ``instance`` for objects of the
    project's own classes, ``list``, ``dict``, ``optimizer``, ...
    """

    __slots__ = (
        "answer",
        "attrs",
        "calls",
        "children",
        "cls",
        "fed",
        "frozen",
        "given",
        "handed",
        "held_by",
        "kind",
        "lib",
        "loops",
        "many",
        "module",
        "name",
        "number",
        "own",
        "partial",
        "row",
        "site",
        "sure",
    )

    def __init__(self, kind: str, site: int, module: str, cls: s.Class | None = None, lib: str = "") -> None:
        self.number = next(_NUMBERS)
        self.kind = kind
        self.cls = cls
        self.lib = lib
        self.site = site
        self.module = module
        self.attrs: dict[str, None] = {}
        self.children: dict[str, list[Obj]] = {}
        """Networks held by this one, by attribute, over all paths."""
        self.held_by: list[Obj] = []
        self.handed = False
        self.name = ""
        self.row: object = None
        self.answer: object = None
        """What the row says of its sensitivity, given how it was made."""
        self.sure = False
        """It is used as only networks are: its mode is set, its parameters are taken."""
        self.many = False
        """It stands for all that the turns of a loop make."""
        self.partial = False
        """Something of it is not known: an unknown value is called as a part of it."""
        self.given: Any = None
        """What the call that made it was given."""
        self.calls: dict[Any, None] = {}
        """The calls in its own forward, where that was followed, else those of itself: tensor and layer, in order."""
        self.fed: Hashable = None
        """The tensor that it begins with."""
        self.own: dict[str, Hashable] = {}
        """Arrays of weights of its own, by attribute."""
        self.frozen = False
        """No gradients are taken of its weights, as it was left last."""
        self.loops: tuple[Turns, ...] = ()
        """The loops that it is made in whose turns are not told apart, with the number of their turns."""

    def __repr__(self) -> str:
        return f"<{self.kind} {self.cls.name if self.cls else self.lib} {self.module}:{self.site}>"


def in_order(objs: Iterable[Obj]) -> list[Obj]:
    """As they were made: sets have no order of their own, and what depends on it would differ from run to run."""
    return sorted(objs, key=_NUMBER)


class Value:
    """Any abstract value."""

    __slots__ = ()


class Const(Value):
    """A value that is known: None, a bool, a number, a string."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Const and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __repr__(self) -> str:
        return f"Const({self.value!r})"


@dataclass(slots=True, unsafe_hash=True)
class Data(Value):
    """Anything else: a tensor, a number, an object of unknown make.

    ``sym`` names a value that is not known but is itself (a parameter, an attribute of one): tests of it agree.
    ``flows`` are the forward passes whose output it may hold, ``grads`` those to which gradients can flow back.
    ``of`` are the networks that it belongs to (their parameters, their parts, their state). ``told`` is False when an
    unknown call had a hand in it. ``sums`` are the running totals that it is. ``trail`` is what is known of its rows.
    """

    sym: Hashable = None
    flows: frozenset[Forward] = frozenset()
    grads: frozenset[Forward] = frozenset()
    of: frozenset[Obj] = frozenset()
    kind: str = ""
    loss: bool = False
    leaf: bool = False
    told: bool = True
    sums: frozenset[Accumulate] = frozenset()
    trail: Trail | None = None

    def renamed(self, sym: Hashable, attached: bool = True) -> Data:
        """Another value made of this one; not `attached`, it holds no graph."""
        grads = self.grads if attached else frozenset()
        leaf = self.leaf and attached
        return Data(sym, self.flows, grads, self.of, "", self.loss, leaf, self.told, self.sums, self.trail)

    def on(self, trail: Trail | None) -> Data:
        """The same value with another trail."""
        if trail is self.trail:
            return self
        return Data(
            self.sym, self.flows, self.grads, self.of, self.kind, self.loss, self.leaf, self.told, self.sums, trail
        )  # fmt: skip

    def __repr__(self) -> str:
        said = {"rows": self.trail, "loss": self.loss, "leaf": self.leaf, "of": self.of}
        marks = "".join(f" {word}" for word, one in said.items() if one)
        return f"Data({self.sym!r} {self.kind} flows={len(self.flows)}/{len(self.grads)}{marks})"


@dataclass(slots=True, unsafe_hash=True)
class Ref(Value):
    obj: Obj


@dataclass(slots=True, unsafe_hash=True)
class Seq(Value):
    """A tuple."""

    items: tuple[Value, ...]


@dataclass(slots=True, unsafe_hash=True)
class Fn(Value):
    """A function of the project, with the frame it closes over and the receiver it is bound to.

    ``grad`` is what a decorator does to autograd while it runs.
    """

    function: s.Function
    frame: Frame
    receiver: Value | None = None
    grad: bool | None = None
    manager: bool = False
    """Decorated as a context manager."""
    static: bool = False
    prop: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Partial(Value):
    """A callable with arguments filled in."""

    func: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(slots=True, unsafe_hash=True)
class Cls(Value):
    cls: s.Class
    frame: Frame


@dataclass(slots=True, unsafe_hash=True)
class Lib(Value):
    """Something of a library, by its canonical dotted name."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Mod(Value):
    """A module of the project."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Method(Value):
    """A method of something that is not of the project, not called yet."""

    receiver: Value
    name: str
    site: int


@dataclass(slots=True, unsafe_hash=True)
class Gradients(Value):
    """A context that switches autograd, not entered yet. ``on`` None: from a value that nobody knows."""

    on: bool | None
    was: bool | None = None
    flag: Hashable = None


@dataclass(slots=True, unsafe_hash=True)
class Bounds(Value):
    """A slice, as an index."""

    low: Value
    high: Value
    step: Value


@dataclass(slots=True, unsafe_hash=True)
class Super(Value):
    cls: s.Class
    receiver: Value


@dataclass(slots=True, unsafe_hash=True)
class Either(Value):
    """One of a few values; which, is not known."""

    values: tuple[Value, ...]


FILLED = "%filled"
"""A dictionary certainly has a key."""
WEIGHTS = "weights"
"""The kind of a value that is the state of a network, or a part of it: the live weights."""


def still(value: Data) -> str:
    """The kind of a part of a value: a part of live weights is live weights."""
    return WEIGHTS if value.kind == WEIGHTS else ""


MOST_ALTERNATIVES = 24
UNKNOWN = Data()
LOST = Data(told=False)
"""What held more alternatives than are kept."""
NONE = Const(None)


def alternatives(value: Value) -> tuple[Value, ...]:
    return value.values if type(value) is Either else (value,)


def either(values: Iterable[Value]) -> Value:
    values = list(values)
    if values and type(values[0]) is not Either and all(one is values[0] for one in values):
        return values[0]
    made: list[Value] = []
    for value in values:
        for one in alternatives(value):
            if one not in made:
                made.append(one)
    if len(made) == 1:
        return made[0]
    data = [one for one in made if type(one) is Data]
    rest = [one for one in made if type(one) is not Data]
    numbers = [one for one in rest if type(one) is Const and one.value is not None]
    if len(numbers) > 1 or (numbers and data):
        rest = [one for one in rest if one not in numbers]
        data.append(UNKNOWN)
    merged = [possible(data)] if data else []
    if merged and all(type(one) is Const for one in rest):
        return merged[0]
    made = merged + rest
    if len(made) > MOST_ALTERNATIVES:
        return mixed([*data, LOST])
    return made[0] if len(made) == 1 else Either(tuple(made))


def possible(parts: list[Data]) -> Data:
    """One of these values; which, is not known."""
    first = parts[0].trail
    if all(one.trail is first for one in parts):
        return mixed(parts)
    return mixed(parts, perhaps(one.trail for one in parts))


def mixed(parts: Iterable[Data], trail: Trail | None = None) -> Data:
    """A value that may hold what any of the parts holds."""
    parts = list(parts)
    first = parts[0]
    if all(part is first for part in parts):
        return first
    same = all(part.sym == first.sym for part in parts)
    kinds = {part.kind for part in parts}
    return Data(
        first.sym if same else None,
        frozenset().union(*(part.flows for part in parts)),
        frozenset().union(*(part.grads for part in parts)),
        frozenset().union(*(part.of for part in parts)),
        kinds.pop() if len(kinds) == 1 else "",
        any(part.loss for part in parts),
        any(part.leaf for part in parts),
        all(part.told for part in parts),
        frozenset().union(*(part.sums for part in parts)),
        trail if trail is not None else merged(part.trail for part in parts),
    )


def join(a: Value, b: Value) -> Value:
    """What both paths allow."""
    if a is b or a == b:
        return a
    if type(a) is Seq and type(b) is Seq and len(a.items) == len(b.items):
        return Seq(tuple(join(x, y) for x, y in zip(a.items, b.items, strict=True)))
    return either((a, b))


def is_true(value: Value) -> bool:
    return type(value) is Const and value.value is True


def symbol(value: Value) -> Hashable:
    """What names a value in a test: its symbol, or itself where it is known."""
    if type(value) is Data:
        return value.sym
    if type(value) is Const:
        return ("const", type(value.value).__name__, value.value)
    if type(value) is Ref:
        return value.obj
    return None
