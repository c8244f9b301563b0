"""Operations on values, and what a test of them leaves to assume."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from auditor.static import syntax as s
from auditor.static.best_so_far import sides_of, stands_for, weighed
from auditor.static.machine import Outcome
from auditor.static.names import Names
from auditor.static.row_calls import counts_rows, is_path
from auditor.static.sizes import LONGEST
from auditor.static.trails import Trail
from auditor.static.values import (
    FILLED,
    NONE,
    UNKNOWN,
    Cls,
    Const,
    Data,
    Either,
    Fn,
    Lib,
    Method,
    Mod,
    Obj,
    Partial,
    Ref,
    Seq,
    Value,
    either,
    symbol,
)
from auditor.static.worlds import Modes, World
from auditor.trace import Cut, Origin, Rows
from auditor.trace.rows import POSITIONS

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "Divide": operator.truediv,
    "FloorDivide": operator.floordiv,
    "Modulo": operator.mod,
    "Power": operator.pow,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "LessThan": operator.lt,
    "LessThanEqual": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEqual": operator.ge,
    "Is": lambda a, b: a is b if a is None or b is None else a == b,
    "IsNot": lambda a, b: a is not b if a is None or b is None else a != b,
    "In": lambda a, b: a in b,
    "NotIn": lambda a, b: a not in b,
}
_ALIKE = {"Equal": True, "Is": True, "NotEqual": False, "IsNot": False}
_NEGATED = {
    "NotEqual": "Equal",
    "IsNot": "Is",
    "NotIn": "In",
    "GreaterThanEqual": "LessThan",
    "LessThanEqual": "GreaterThan",
}
LARGEST_NUMBER = 10**12
LARGEST_POWER = 64


class Operations(Names):
    def _binary(self, expr: s.Bin) -> Value:
        if expr.op == "Divide" and isinstance(expr.right, s.Call):
            self.divisors.add(expr.right)
        left, right = self.evaluate(expr.left), self.evaluate(expr.right)
        if left == Const(1):
            self._inflates(expr, right)
        return self.arithmetic(expr.op, left, right, expr.site)

    def _inflates(self, expr: s.Bin, right: Value) -> None:
        """``1 / (1 - r2)``"""
        if expr.op == "Divide" and isinstance(expr.right, s.Bin):
            for score in self.unexplained.get(expr.right, ()):
                score.inflates = True
        trail = self.trail_of(right) if expr.op == "Subtract" else None
        if trail is not None and trail.scores:
            self.unexplained[expr] = trail.scores

    def arithmetic(self, op: str, left: Value, right: Value, site: int) -> Value:
        if type(left) is Const and type(right) is Const and op in _ARITHMETIC:
            return self._constant_arithmetic(op, left.value, right.value)
        if op == "Multiply":
            repeated = self._repeated_items(left, right, site) or self._repeated_items(right, left, site)
            if repeated is not None:
                return repeated
        if op == "Add":
            first, second = self.items(left), self.items(right)
            if first is not None and second is not None:
                return Seq((*first, *second))
        if op == "Divide" and type(left) is Data and type(right) is Const and is_path(left.sym):
            return Data(("path", (left.sym, right.value), right.value))
        inside = self.all_spilled([left, right])
        if inside.trail is not None and inside.trail.bundle:
            inside = inside.on(inside.trail.array)
        if op in ("Subtract", "Divide"):
            inside = self._measured_by(left, right, inside)
        sym = (op, symbol(left), symbol(right))
        if inside.trail is not None and inside.trail.role == "index" and not op.startswith("Bit"):
            inside = self._renumbered(left, right, inside, self.fresh(site) if None in sym else self.numbered(sym))
        if inside is UNKNOWN or not (inside.flows or inside.of or inside.leaf):
            if None in sym:
                return Data(trail=inside.trail)
            named = ("op", *sym) if op == "BitAnd" else self.numbered(sym)  # a mask is asked for its parts
            for one in (left, right) if self.arrays else ():
                self.alike(named, symbol(one))
            return Data(named, trail=inside.trail)
        text = type(left) is Const and isinstance(left.value, str)
        if inside.flows and (text or op == "Subtract"):
            self.compare("shown beside" if text else "subtracted from", [left, right], site)
        tensors = None not in sym and any(symbol(one) in self.tensors for one in (left, right))
        made = inside.renamed(
            self.numbered(sym) if tensors else None, attached=self.world.grad is not False and not text
        )
        made.leaf = inside.leaf
        made.loss = inside.loss and not (op in ("Multiply", "Divide") and weighted_by_outputs(left, right))
        return made

    def _measured_by(self, left: Value, right: Value, inside: Data) -> Data:
        """``(x - mean) / deviation``: what is subtracted or divided by lends its figures, and no rows of its own."""
        of, by = self.trail_of(left), self.trail_of(right)
        if of is None and by is not None and by.figures:
            return self._by_own_figures(left, by, inside)
        if by is None or by.learnt or not by.rows:
            return inside
        if of is None and type(left) is Data and left.sym is not None and not left.flows:
            return inside.on(by.cut(Cut(("some", "measured", left.sym))))  # nobody knows whether it has rows
        if inside.trail is None or of is None or not of.rows or of.learnt:
            return inside
        sources = {one.origin for one in of.rows}
        if any(one.origin in sources for one in by.rows):
            return inside
        return inside.on(replace(inside.trail, rows=of.rows, role=of.role, stacked=of.stacked))

    def _by_own_figures(self, left: Value, figures: Trail, inside: Data) -> Data:
        """``x - x.mean(0)``: nobody knew that these were rows before somebody computed figures over them."""
        rows = self.sourced(left)
        over = {one.origin for mark in figures.found for one in mark.rows}
        if rows is None or not any(one.origin in over for one in rows.rows):
            return inside
        return inside.on(rows.marked(figures.found))

    def _renumbered(self, left: Value, right: Value, inside: Data, key: Hashable) -> Data:
        """``numbers + step``: the numbers of other rows. Two lists of numbers are put one behind the other."""
        sides = [trail for trail in map(self.trail_of, (left, right)) if trail is not None and trail.rows]
        if len(sides) != 1 or inside.trail is None or not all(counts_rows(one) for one in inside.trail.rows):
            return inside
        others = Rows(Origin(POSITIONS), frozenset((Cut(("some", "renumbered", key)),)))
        return inside.on(replace(inside.trail, rows=frozenset((others,))))

    def _repeated_items(self, listed: Value, times: Value, site: int) -> Value | None:
        """``[64] * 3``, and ``[None] * folds``: of constants. A list can be filled later, one by one."""
        if type(listed) not in (Seq, Ref):
            return None
        items = self.items(listed)
        if not items or not all(type(item) is Const for item in items):
            return None
        several = times.value if type(times) is Const and type(times.value) is int else None
        known = several is not None and len(items) * several <= LONGEST
        if type(listed) is Seq:
            return Seq(items * several) if known and several is not None else None
        if not known and not (type(times) is Data and not times.flows):
            return None
        made = self.make("list", site)
        self.world.set(made, "%items", Seq(items * several) if known and several is not None else UNKNOWN)
        self.world.set(made, "%elem", None if known else either(items))
        return Ref(made)

    @staticmethod
    def _constant_arithmetic(op: str, left: Any, right: Any) -> Value:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if not numbers and not (op == "Add" and isinstance(left, str) and isinstance(right, str) and len(left) < 200):
            return UNKNOWN
        try:
            value = _ARITHMETIC[op](left, right) if op != "Power" or abs(right) < LARGEST_POWER else None
        except (ArithmeticError, ValueError):
            return UNKNOWN
        if value is None or (isinstance(value, (int, float, complex)) and abs(value) > LARGEST_NUMBER):
            return UNKNOWN
        return Const(value)

    def _unary(self, expr: s.Unary) -> Value:
        value = self.evaluate(expr.value)
        if expr.op == "Not":
            known = self.truth(value)
            return Const(not known) if known is not None else Data(("not", value.sym) if type(value) is Data else None)
        if expr.op == "BitInvert" and type(value) is Data and value.sym is not None:
            return replace(value, sym=("not", value.sym))
        if type(value) is Const and isinstance(value.value, (int, float)) and expr.op == "Minus":
            return Const(-value.value)
        return value

    def _compare(self, expr: s.Compare) -> Value:
        left = self.evaluate(expr.left)
        values = [(op, self.evaluate(right)) for op, right in expr.ops]
        known = self._decided_in_turn(left, values)
        if known is not None:
            return Const(known)
        everything = self.all_spilled([left, *(value for _, value in values)])
        kept = self.weighed.get(expr)
        best = weighed(expr, kept) if kept else ()
        sides = [left, *(value for _, value in values)]
        if any(self.compared_again(name, everything) and not self.compared_once(name, sides) for name in best):
            rivals = [value for side, value in zip(sides_of(expr), sides, strict=True) if not stands_for(side, best)]
            chosen = self.select(everything, expr.site) if self.scored(rivals or sides) else None
            if chosen is not None:
                self.selections.setdefault(expr, []).append(chosen)
        identity = values[0][0] in ("Is", "IsNot", "In", "NotIn")
        if everything.flows and not identity:
            self.sink("score", everything, expr.site, self.labels_among(sides))
        sym = self._test_symbol(left, *values[0]) if len(values) == 1 else None
        trail = everything.trail.as_("mask") if everything.trail is not None else None
        return Data(
            sym, everything.flows, frozenset(), frozenset(), "", False, False, everything.told, trail=trail
        )  # fmt: skip

    def _decided_in_turn(self, left: Value, values: list[tuple[str, Value]]) -> bool | None:
        """``a == b == 0``: false where one of its comparisons is, true where all are."""
        answers = []
        for op, right in values:
            answers.append(self.decided(self._as_compared(left) if op in ("In", "NotIn") else left, op, right))
            left = right
        return False if False in answers else None if None in answers else True

    def _as_compared(self, value: Value) -> Value:
        """The constant that an earlier test has found it to be equal to."""
        if type(value) is Data and value.sym is not None:
            for key, truth in self.world.assumed.items():
                if truth and isinstance(key, tuple) and key[0] == "truth" and isinstance(key[1], tuple):
                    asked = key[1]
                    if asked[:2] == ("cmp", "Equal") and asked[2] == value.sym and _literal(asked[3]):
                        return Const(asked[3][2])
        return value

    @staticmethod
    def _test_symbol(left: Value, op: str, right: Value) -> Hashable:
        a, b = symbol(left), symbol(right)
        if a is None or b is None:
            return None
        return ("not", ("cmp", _NEGATED[op], a, b)) if op in _NEGATED else ("cmp", op, a, b)

    def decided(self, left: Value, op: str, right: Value) -> bool | None:
        """What a comparison gives, where both sides are known."""
        if type(left) is Const and type(right) is Const:
            try:
                return bool(_COMPARISONS[op](left.value, right.value))
            except TypeError:
                return None
        if op in ("Equal", "NotEqual") and {type(left), type(right)} <= {Seq, Const}:  # members of an enumeration
            parts = [one for side in (left, right) for one in (side.items if isinstance(side, Seq) else (side,))]
            return (left == right) == (op == "Equal") if all(type(one) is Const for one in parts) else None
        if type(left) is Lib and type(right) is Lib and left.name.startswith("builtins.") and op in _ALIKE:
            return (left.name == right.name) == _ALIKE[op] if right.name.startswith("builtins.") else None
        if op in ("In", "NotIn") and type(left) is Const:
            items = self.items(right)
            if items is not None and all(type(item) is Const for item in items):
                return (left in items) == (op == "In")
        if op in ("Is", "IsNot", "Equal", "NotEqual") and right == NONE and type(left) not in (Const, Data, Either):
            return op in ("IsNot", "NotEqual")
        return None

    def truth(self, value: Value) -> bool | None:
        kind = type(value)
        if kind is Const:
            return bool(value.value)  # type: ignore[attr-defined]
        if kind in (Fn, Cls, Lib, Mod, Method, Partial):
            return True
        items = self.items(value)
        if items is not None and kind is not Data:
            return bool(items)
        if type(value) is Ref:
            some = value.obj.kind not in ("list", "dict") or self.world.get(value.obj, FILLED) is not None
            return True if some else None
        if kind is Data and isinstance(value.sym, tuple) and value.sym[0] == "saved":  # type: ignore[attr-defined]
            modes = {mode.value for mode in value.sym[2]}  # type: ignore[attr-defined]
            return modes == {"train"} if len(modes) == 1 and None not in modes else None
        if kind is Either:
            known = {self.truth(one) for one in value.values}  # type: ignore[attr-defined]
            return known.pop() if len(known) == 1 else None
        return None

    def _bool(self, expr: s.Bool) -> Value:
        left = self.evaluate(expr.left)
        known = self.truth(left)
        if known is not None:
            return self.evaluate(expr.right) if known == (expr.op == "and") else left
        right = self.evaluate(expr.right)
        return (
            either((left, right)) if type(left) is not Data or type(right) is not Data else self._plain([left, right])
        )

    def _plain(self, values: list[Value]) -> Data:
        inside = self.all_spilled(values)
        return Data(
            None, inside.flows, inside.grads, inside.of, "", inside.loss, inside.leaf, inside.told, trail=inside.trail
        )  # fmt: skip

    def _conditional(self, expr: s.IfExp) -> Value:
        start = self.world

        def outcomes() -> list[Outcome]:
            found: list[Outcome] = []
            for truth, worlds in zip((True, False), self.branch(expr.test, start), strict=True):
                side = expr.body if truth else expr.orelse
                for world in worlds:
                    found.extend(self.in_every_world(lambda: self.evaluate(side), world))
            return self.merged(found)

        return self.choose(outcomes)

    def branch(self, test: s.Expr, world: World) -> tuple[list[World], list[World]]:
        """The worlds in which a test holds, and those in which it does not."""
        if isinstance(test, s.Unary) and test.op == "Not":
            yes, no = self.branch(test.value, world)
            return no, yes
        if isinstance(test, s.Bool):
            yes, no = self.branch(test.left, world)
            if test.op == "and":
                further = [self.branch(test.right, one) for one in yes]
                return [w for pair in further for w in pair[0]], [*no, *(w for pair in further for w in pair[1])]
            further = [self.branch(test.right, one) for one in no]
            return [*yes, *(w for pair in further for w in pair[0])], [w for pair in further for w in pair[1]]
        yes, no = [], []
        for after, value in self.in_every_world(lambda: self.evaluate(test), world):
            known = self._known_truth(value, after)
            if known is not False:
                yes.append(self._supposed(test, value, after, True, known))
            if known is not True:
                no.append(self._supposed(test, value, after, False, known))
        return yes, no

    def _known_truth(self, value: Value, world: World) -> bool | None:
        saved, self.world = self.world, world  # a list may have grown since
        known = self.truth(value)
        self.world = saved
        if known is not None or type(value) is not Data or value.sym is None:
            return known
        sym, flip = _plain_symbol(value.sym)
        if ("truth", sym) in world.assumed:
            return world.assumed["truth", sym] != flip
        if isinstance(sym, tuple) and sym[0] == "cmp" and sym[1] in ("Equal", "Is"):
            for key, truth in world.assumed.items():
                if truth and isinstance(key, tuple) and key[0] == "truth" and _excludes(key[1], sym):
                    return flip
        return None

    def _supposed(self, test: s.Expr, value: Value, world: World, truth: bool, known: bool | None) -> World:
        """The world in which the test came out like this: it remembers, and it knows its variables better."""
        made = world.fork()
        if known is None and type(value) is Data and value.sym is not None:
            sym, flip = _plain_symbol(value.sym)
            made = world.assume(("truth", sym), truth != flip)
            if isinstance(sym, tuple) and sym[0] == "saved":
                self._suppose_mode(made, sym[1], sym[2], truth != flip)
        self._narrow(test, made, truth)
        return made

    def _suppose_mode(self, world: World, obj: Obj, saved: Modes, training: bool) -> None:
        """``if was_training: model.train()``: where it was not in train mode, it is as it was."""
        if training:
            return
        kept = frozenset(mode for mode in saved if mode.value != "train") or saved
        saved_world, self.world = self.world, world
        self.set_modes([obj], kept)
        self.world = saved_world

    def _narrow(self, test: s.Expr, world: World, truth: bool) -> None:
        """``x is None`` and ``x`` tell which of several values x is."""
        subject, wants_none = test, not truth
        if isinstance(test, s.Compare) and len(test.ops) == 1 and isinstance(test.ops[0][1], s.Const):
            op, right = test.ops[0]
            if (
                not isinstance(right, s.Const)
                or right.value is not None
                or op not in ("Is", "IsNot", "Equal", "NotEqual")
            ):
                return
            subject, wants_none = test.left, (op in ("Is", "Equal")) == truth
        if not isinstance(subject, (s.Name, s.Attr)):
            return
        saved, self.world = self.world, world
        try:
            value = self.lookup(subject.id) if isinstance(subject, s.Name) else self.evaluate(subject)
            if type(value) is Either:
                kept = [
                    one for one in value.values if (self.truth(one) is False) == wants_none or self.truth(one) is None
                ]
                if kept and len(kept) < len(value.values):
                    if all(one == NONE or type(one) is Ref for one in value.values):
                        world.assumed = {**world.assumed, ("missing", value): wants_none}
                    self.assign(subject, either(kept))
        finally:
            self.world = saved


def weighted_by_outputs(left: Value, right: Value) -> bool:
    """The number of a loss, and an output with a graph that is none: what keeps the graph then is no loss."""
    return any(
        type(one) is Data and type(other) is Data and one.loss and not one.grads and other.grads and not other.loss
        for one, other in ((left, right), (right, left))
    )


def _plain_symbol(sym: Hashable) -> tuple[Hashable, bool]:
    flip = False
    while isinstance(sym, tuple) and len(sym) == 2 and sym[0] == "not":
        sym, flip = sym[1], not flip
    return sym, flip


def _excludes(assumed: Hashable, asked: tuple[Any, ...]) -> bool:
    """``x == "train"`` holds, so ``x == "val"`` does not."""
    if not isinstance(assumed, tuple) or assumed[0] != "cmp" or assumed[1] not in ("Equal", "Is"):
        return False
    return bool(assumed[2] == asked[2] and assumed[3] != asked[3] and _literal(assumed[3]) and _literal(asked[3]))


def _literal(sym: Hashable) -> bool:
    return isinstance(sym, tuple) and sym[0] == "const"
