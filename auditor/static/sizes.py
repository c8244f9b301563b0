"""Numbers that a program reveals of its networks and rows: what layers are made with, shapes of arrays, turns of loops.

Nothing is computed while the program is followed: what a call was given is kept, and read when somebody asks. A number
that is only a default (of a parameter, of a command line) decides no branch, but it says how large a network is.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from auditor.libraries import Array, Shape, Size, Unknown, evaluate
from auditor.libraries.formulas import MOST
from auditor.static.machine import Arguments, Machine
from auditor.static.values import Const, Data, Lib, Obj, Ref, Seq, Value
from auditor.trace import Forward, Turns

LONGEST = 64
"""Of a list of sizes that is kept."""


class _NotKnown:
    def __repr__(self) -> str:
        return "?"


NOT_KNOWN = _NotKnown()


@dataclass(frozen=True, slots=True)
class Named:
    """A number that has a name: a parameter, an option of the command line, what was computed from one."""

    sym: Hashable


@dataclass(slots=True)
class Given:
    """The operands of a call, as far as they are numbers, texts, sequences of them, or networks."""

    positional: tuple[Any, ...] = ()
    keyword: dict[str, Any] = field(default_factory=dict)
    more: bool = False
    """There were others, that nobody knows."""
    name: str = ""
    """The library's name of what was called."""

    def met(self, other: Given) -> Given:
        """What both of two calls at one place were given."""
        if self == other:
            return self
        if len(self.positional) != len(other.positional) or self.keyword.keys() != other.keyword.keys():
            return Given(more=True, name=self.name)
        return Given(
            tuple(_same(one, two) for one, two in zip(self.positional, other.positional, strict=True)),
            {key: _same(value, other.keyword[key]) for key, value in self.keyword.items()},
            self.more or other.more,
            self.name,
        )


@dataclass(frozen=True, slots=True)
class Tensor:
    """What comes out of a layer or of an operation inside a network, and what went in: a symbol, or several."""

    of: Obj | Given
    inputs: Hashable


@dataclass(frozen=True, slots=True)
class Several:
    """Tensors that go in together."""

    syms: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A functional operation in a network's forward."""

    name: str
    rate: float | None


def _same(one: Any, two: Any) -> Any:
    return one if type(one) is type(two) and one == two else NOT_KNOWN


class Sizes(Machine):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # the layers add no arguments of their own
        self.defaults: dict[Hashable, Any] = {}
        """What a value is unless somebody says otherwise, by its symbol."""
        self.arrays: dict[Hashable, tuple[Array | Size, Given]] = {}
        """The calls that made arrays, and tensors that networks begin with, by symbol, with what data say of them."""
        self.written: dict[Hashable, int] = {}
        """How many rows an array has whose numbers stand in the source: an example, and no data set."""
        self.ranges: dict[Hashable, tuple[Any, ...]] = {}
        """The operands of calls of ``range``, by the symbol of what they give."""
        self.turning: list[Turns] = []
        """The loops that run whose turns are not told apart."""
        self._by_number: list[Any] = []
        self.went_in: dict[Forward, set[Hashable]] = {}
        """What went into each pass: symbols, and the user's words."""
        self.options: dict[Hashable, Obj] = {}
        """Who described the options of a command line, by the symbol of what holds them."""
        self.flags: dict[Obj, dict[str, Any]] = {}
        """The options that a parser of the command line was told of, with their defaults."""
        self.tensors: dict[Hashable, Tensor] = {}
        """What made a tensor inside a network, by its symbol."""

    def count_of(self, value: Value) -> int | None:
        """How many rows a value holds."""
        raise NotImplementedError

    # what is kept

    def given(self, args: Arguments, name: str = "") -> Given:
        return Given(
            tuple(self.plain(value) for value in args.positional),
            {key: self.plain(value) for key, value in args.keyword.items()},
            args.more is not None,
            name,
        )

    def plain(self, value: Value, depth: int = 3) -> Any:
        """A value as a formula reads it."""
        kind = type(value)
        if kind is Const:
            return value.value  # type: ignore[attr-defined]
        if kind is Data:
            return Named(value.sym) if value.sym is not None and not value.flows else NOT_KNOWN  # type: ignore[attr-defined]
        if kind is Lib:
            return value.name  # type: ignore[attr-defined]
        if kind is Ref and value.obj.kind in ("module", "penalty"):  # type: ignore[attr-defined]
            return value.obj  # type: ignore[attr-defined]
        if kind is Seq:
            listed: Any = value.items  # type: ignore[attr-defined]
        elif kind is Ref and value.obj.kind == "list":  # type: ignore[attr-defined]
            held = self.world.get(value.obj, "%items")  # type: ignore[attr-defined]
            listed = held.items if type(held) is Seq else None
        else:
            listed = None
        if listed is None or not depth or len(listed) > LONGEST:
            return NOT_KNOWN
        return tuple(self.plain(one, depth - 1) for one in listed)

    def shaped(self, name: str, args: Arguments, sym: Hashable) -> None:
        """A library's call makes an array whose shape it is told, or a tensor of tensors."""
        row = self.libraries.arrays.get(name)
        if row is not None:
            self.makes(row, args, sym)
        elif not isinstance(sym, Obj) and name in self.libraries.sizes:
            inputs, given = self.syms_in(args), self.given(args, name)
            if inputs is None:
                self.arrays[sym] = self.libraries.sizes[name], given
            else:
                self.tensors[sym] = Tensor(given, inputs)

    def describes(self, parser: Obj, args: Arguments) -> None:
        """A parser of the command line is told of an option."""
        given = self.given(args)
        names = [one for one in given.positional if isinstance(one, str)]
        long = next((one for one in names if one.startswith("--")), names[0] if names else "")
        name = given.keyword.get("dest", long.lstrip("-").replace("-", "_"))
        if isinstance(name, str):
            usual = False if given.keyword.get("action") == "store_true" else NOT_KNOWN
            self.flags.setdefault(parser, {})[name] = given.keyword.get("default", usual)

    def options_of(self, parser: Obj, value: Data) -> Data:
        """What holds the options of a command line, alone or as the first of several."""
        self.options[value.sym] = self.options["item", value.sym, 0] = parser
        return value

    def alike(self, sym: Hashable, other: Hashable) -> None:
        """The rows of one array have the shape of another's."""
        made = self.arrays.get(other)
        if made is not None:
            self.arrays.setdefault(sym, made)

    def makes(self, row: Array, args: Arguments, sym: Hashable) -> None:
        """An array, as a row describes it."""
        given = self.given(args)
        if row.counts:
            self.ranges[sym] = given.positional
        elif row.like:
            like = Arguing(self, row.takes, given).kept(row.like)
            made = self.arrays.get(like.sym) if isinstance(like, Named) else None
            if isinstance(like, tuple):
                self.written[sym] = len(like)
            if made is not None:
                self.arrays[sym] = made
        else:
            self.arrays[sym] = row, given

    def computed(self, what: str, args: Arguments) -> Value | None:
        """The number that a function of numbers gives, or its name where some of them are only named."""
        if args.keyword or args.more is not None:
            return None
        given = tuple(self.plain(value) for value in args.positional)
        count = self.count_of(args.positional[0]) if what == "len" and args.positional else None
        if count is not None:
            sym = ("computed", what, given)
            self.defaults[sym] = count
            return Data(sym)
        if NOT_KNOWN in given or not given:
            return None
        try:
            return Const(figured(what, self.told(given)))
        except Unknown:
            return Data(("computed", what, given)) if _has_names(given) else None

    def told(self, value: Any) -> Any:
        """What was kept, without what is only a default. Raises `Unknown`."""
        if isinstance(value, tuple):
            return tuple(self.told(one) for one in value)
        if isinstance(value, (Named, _NotKnown)):
            raise Unknown
        return value

    def went_through(self, obj: Obj, owner: Obj, args: Arguments, sym: Hashable) -> None:
        """A tensor comes out of a layer that is called, inside a network or to make one."""
        self.tensors[sym] = Tensor(obj, self.syms_in(args))
        owner.calls[sym, obj] = None

    def length(self, sym: Hashable, part: str | None = None) -> int | None:
        """How many rows an array has, or this part of a published data set."""
        row, given = self.arrays.get(sym, (None, None))
        if given is None or not isinstance(row, Array) or not row.rows:
            return None
        if not isinstance(row.rows, str):
            return row.rows.get(part) if part is not None else None  # type: ignore[call-overload]
        try:
            count = evaluate(row.rows, Arguing(self, row.takes, given))
        except Unknown:
            return None
        return int(count) if isinstance(count, (int, float)) and count >= 0 else None

    def drawn(self, value: Value | None) -> bool:
        """Its numbers, or those of the array that it is a part of, are drawn at random."""
        sym = value.sym if type(value) is Data else None
        while isinstance(sym, tuple) and sym[0] == "item":
            sym = sym[1]
        row, _ = self.arrays.get(sym, (None, None))
        return isinstance(row, Array) and row.drawn

    def row_shape(self, sym: Hashable) -> Shape | None:
        """The shape of one row of an array, or of a tensor that a network begins with."""
        row, given = self.arrays.get(sym, (None, None))
        formula = row.row if isinstance(row, Array) else row.gives if row is not None else ""
        if row is None or given is None or not formula:
            return None
        try:
            return as_shape(evaluate(formula, Arguing(self, row.takes, given)))
        except Unknown:
            return None

    def known(self, value: Value | None) -> Any:
        """A number that is told, or is the default; None where neither is known."""
        try:
            number = self.read(self.plain(value)) if value is not None else None
        except Unknown:
            return None
        return number if isinstance(number, (int, float)) and not isinstance(number, bool) else None

    def turns_of(self, value: Value) -> int | None:
        """How often a loop over this goes round."""
        if type(value) is Data:
            given = self.ranges.get(value.sym)
            try:
                ends = self.read(given) if given is not None else None
                return len(range(*ends)) if ends is not None else None
            except (Unknown, TypeError, ValueError):
                return None
        held = self.world.get(value.obj, "%items") if type(value) is Ref and value.obj.kind == "list" else value
        return len(held.items) if type(held) is Seq else None

    def syms_in(self, args: Arguments) -> Hashable:
        """The tensors among the operands of a call: the first one, or those of a list."""
        for value in args.all():
            if type(value) is Data:
                return value.sym
            listed = value.items if type(value) is Seq else None
            if type(value) is Ref and value.obj.kind == "list":
                held = self.world.get(value.obj, "%items")
                listed = held.items if type(held) is Seq else None
            if listed and all(type(one) is Data for one in listed):
                return Several(tuple(one.sym for one in listed if type(one) is Data))
        return None

    # what is read

    def number(self, sym: Hashable) -> Any:
        """The number that a symbol stands for. Raises `Unknown`."""
        if sym in self.defaults:
            return self.defaults[sym]
        if isinstance(sym, tuple) and sym:
            if sym[0] == "const":
                return sym[2]
            operation = self.operation(sym)
            if operation is not None and operation[0] in _SIGNS:
                names = {"a": self.number(operation[1]), "b": self.number(operation[2])}
                return evaluate(f"a {_SIGNS[operation[0]]} b", names.__getitem__)
            if sym[0] == "attr" and sym[1] in self.options:
                flags = self.flags.get(self.options[sym[1]], {})
                if sym[2] in flags:
                    return self.read(flags[sym[2]])
            if sym[0] == "computed":
                return figured(sym[1], self.read(sym[2]))
        raise Unknown(sym)

    def operation(self, sym: Hashable) -> tuple[Any, ...] | None:
        """The operation that a short symbol stands for: its name, and the symbols of both sides."""
        if not isinstance(sym, tuple) or len(sym) != 2 or sym[0] != "op":
            return None
        if len(self._by_number) != len(self._operations):
            self._by_number = list(self._operations)
        found = self._by_number[sym[1]]
        return found if isinstance(found, tuple) and len(found) == 3 and found[0] in _SIGNS else None

    def read(self, value: Any) -> Any:
        """What was kept, as numbers. Raises `Unknown`."""
        if isinstance(value, Named):
            return self.number(value.sym)
        if isinstance(value, tuple):
            return tuple(self.read(one) for one in value)
        if value is NOT_KNOWN:
            raise Unknown
        return value


_COMPUTATIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "float": float,
    "floor": math.floor,
    "int": int,
    "len": len,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "prod": math.prod,
    "round": round,
    "sqrt": math.sqrt,
    "sum": sum,
}


def figured(what: str, values: tuple[Any, ...]) -> Any:
    """Raises `Unknown` where it gives no number."""
    compute = _COMPUTATIONS[what]
    try:
        value = compute(*values)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise Unknown from error
    if not isinstance(value, (int, float)) or abs(value) > MOST:
        raise Unknown
    return value


def _has_names(value: Any) -> bool:
    return isinstance(value, Named) or (isinstance(value, tuple) and any(_has_names(one) for one in value))


_SIGNS = {
    "Add": "+",
    "Subtract": "-",
    "Multiply": "*",
    "Divide": "/",
    "FloorDivide": "//",
    "Modulo": "%",
    "Power": "**",
}


@lru_cache(maxsize=512)
def signature(takes: str) -> tuple[tuple[str, ...], str, Mapping[str, Any]]:
    """Names by position, the name of ``*args``, and defaults."""
    function = ast.parse(f"def f({takes}): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    found = function.args
    positional = tuple(one.arg for one in (*found.posonlyargs, *found.args))
    late = positional[len(positional) - len(found.defaults) :]
    defaults = dict(zip(late, found.defaults, strict=True))
    defaults.update({one.arg: value for one, value in zip(found.kwonlyargs, found.kw_defaults, strict=True) if value})
    return (
        positional,
        found.vararg.arg if found.vararg is not None else "",
        {name: ast.literal_eval(value) for name, value in defaults.items()},
    )


class Arguing:
    """The arguments of a call by the names of its parameters, each read when a formula asks for it."""

    def __init__(self, sizes: Sizes, takes: str, given: Given, beside: dict[str, Any] | None = None) -> None:
        self._sizes = sizes
        self._given = given
        self._positional, self._rest, self._defaults = signature(takes)
        self.beside = beside or {}
        """Names that the formula knows from elsewhere."""

    def __call__(self, name: str) -> Any:
        return self.beside[name] if name in self.beside else self._sizes.read(self.kept(name))

    def kept(self, name: str) -> Any:
        """The argument as it was kept."""
        given = self._given
        if name == self._rest:
            return given.positional[len(self._positional) :]
        if name in given.keyword:
            return given.keyword[name]
        where = self._positional.index(name) if name in self._positional else None
        if where is not None and where < len(given.positional):
            return given.positional[where]
        return self._defaults[name] if name in self._defaults and not given.more else NOT_KNOWN


def as_shape(value: Any) -> Shape:
    """Raises `Unknown` for what is no shape."""
    if not isinstance(value, tuple) or not all(one is None or isinstance(one, int) for one in value):
        raise Unknown
    return value
