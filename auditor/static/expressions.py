"""Evaluating expressions, and splitting worlds on tests."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from auditor.static import syntax as s
from auditor.static.building import Building
from auditor.static.calls import as_element
from auditor.static.conventions import names_part
from auditor.static.machine import Arguments, Outcome
from auditor.static.row_calls import GROUPED, KEPT, is_path
from auditor.static.sizes import LONGEST
from auditor.static.trails import merged
from auditor.static.values import (
    NONE,
    UNKNOWN,
    Bounds,
    Cls,
    Const,
    Data,
    Either,
    Fn,
    Frame,
    Lib,
    Method,
    Mod,
    Obj,
    Partial,
    Ref,
    Seq,
    Super,
    Value,
    either,
    symbol,
)
from auditor.static.worlds import Modes, World
from auditor.trace import Cut, Turns

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
_NEGATED = {
    "NotEqual": "Equal",
    "IsNot": "Is",
    "NotIn": "In",
    "GreaterThanEqual": "LessThan",
    "LessThanEqual": "GreaterThan",
}
LARGEST_NUMBER = 10**12
LARGEST_POWER = 64
LONGEST_TOLD_APART = 8
"""Of a comprehension."""


class Expressions(Building):
    def evaluate(self, expr: s.Expr) -> Value:
        return _EVALUATE[type(expr)](self, expr)

    def _const(self, expr: s.Const) -> Value:
        return Const(expr.value)

    # names

    def _name(self, expr: s.Name) -> Value:
        return self.lookup(expr.id)

    def lookup(self, name: str) -> Value:
        here = self.frame
        frame: Frame | None = here
        value: Value | None
        while frame is not None:
            function = frame.function
            if function is None:
                break
            if name in function.locals and (frame is here or not isinstance(function, s.Class)):
                value = self.world.get(frame, name)
                if value is not None:
                    return value
            frame = frame.outer
        value = self.world.get(self.module_frame(self.frame.module), name)
        if value is not None:
            return value
        if name == "__name__":
            return Const("__main__")
        canonical = self.libraries.canonical(f"builtins.{name}")
        if self.libraries.call(canonical) is not None or name in _BUILTINS:
            return Lib(canonical)
        return Data(("global", self.frame.module, name))

    def assign(self, target: s.Expr, value: Value) -> None:
        if type(value) is Data and value.trail is not None and value.trail.rows and not value.flows:
            self.name_rows(target, value.trail)
        if isinstance(target, s.Name):
            self.bind_name(target.id, value)
        elif isinstance(target, s.Sequence):
            self._unpack(target, value)
        elif isinstance(target, s.Attr):
            self.assign_attribute(self.evaluate(target.obj), target.name, value)
        elif isinstance(target, s.Item):
            self._assign_item(target, value)
        elif isinstance(target, s.Star):
            self.assign(target.value, value)

    def bind_name(self, name: str, value: Value) -> None:
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is None or name in frame.function.locals:
                self.world.set(frame, name, value)
                return
            frame = frame.outer
        self.world.set(self.module_frame(self.frame.module), name, value)

    def _unpack(self, target: s.Sequence, value: Value) -> None:
        items = self.items(value)
        stars = [index for index, item in enumerate(target.items) if isinstance(item, s.Star)]
        if items is not None and not stars and len(items) == len(target.items):
            for part, item in zip(target.items, items, strict=True):
                self.assign(part, item)
            return
        if type(value) is Either and all(
            type(one) is Seq and len(one.items) == len(target.items) for one in value.values
        ):
            for index, part in enumerate(target.items):
                self.assign(part, either([one.items[index] for one in value.values]))  # type: ignore[attr-defined]
            return
        rows = items is not None or (type(value) is Data and value.trail is not None)
        apart = rows and self.names_parts(target)
        for index, part in enumerate(target.items):
            item = self.item(value, Const(index), part.site)
            if apart and type(item) is Data and item.trail is not None:
                item = item.on(item.trail.cut(Cut(("unpacked", self.frame.module, target.site, self.context), index)))
            self.assign(part, item)

    @staticmethod
    def names_parts(target: s.Sequence) -> bool:
        """``train, test = data``: the names say that these are different rows."""
        parts = {names_part(s.written(part).rpartition(".")[2]) for part in target.items}
        return len(parts - {None}) > 1

    def assign_attribute(self, owner: Value, name: str, value: Value) -> None:
        if type(owner) is Ref:
            self.set_attribute(owner.obj, name, value)
        elif type(owner) is Either:
            for one in owner.values:
                self.assign_attribute(one, name, value)
        elif type(owner) is Mod:
            self.world.set(self.module_frame(owner.name), name, value)
        elif type(owner) is Cls:
            self.world.set(owner.cls, name, value)
        elif type(owner) is Data:
            self._assign_data_attribute(owner, name, value)

    def _assign_data_attribute(self, owner: Data, name: str, value: Value) -> None:
        row = self.libraries.method("tensor", f"{name}_")
        if row is not None and row.does == "leaf":
            self.leaf(owner, Arguments([value], {}), row)
            return
        if self.is_table(owner):
            self.column_written(owner, name, value)
            return
        known = self.known_network(owner)
        if owner.of and type(value) is Const and isinstance(value.value, bool):
            self.set_flag(owner.of, name, value.value)
        if known is not None:
            self.set_attribute(known, name, value)
        elif owner.sym is not None:
            self.world.set(owner.sym, name, value)

    def _assign_item(self, target: s.Item, value: Value) -> None:
        owner, index = self.evaluate(target.obj), self.evaluate(target.index)
        inside = self.spilled(value)
        self.sink("score" if inside.loss else "store", value, target.site)
        if type(owner) is Ref and owner.obj.kind in ("list", "dict"):
            if owner.obj.kind == "dict" and type(index) is Const:
                owner.obj.attrs[str(index.value)] = None
                self.world.set(owner.obj, str(index.value), value)
            else:
                known = self.world.get(owner.obj, "%elem")
                self.world.set(owner.obj, "%elem", value if known is None else either((known, value)))
                if owner.obj.kind == "list":
                    self.world.set(owner.obj, "%items", UNKNOWN)
        elif type(owner) is Ref:
            for part in self.networks_in(value):
                self.adopt(owner.obj, "%items", part)
        elif type(owner) is Data and owner.sym is not None and type(index) is Const and not owner.flows:
            column = value if self.trail_of(owner) is None or self.trail_of(value) is not None else None
            self.world.set(owner.sym, f"[{index.value!r}]", column)
        if type(owner) is Data:
            self.written_into(owner, target, index, value)
        if isinstance(target.obj, s.Name) and type(owner) is Data and (inside.flows or inside.leaf):
            self.bind_name(target.obj.id, self._mixed_into(owner, inside))

    @staticmethod
    def _mixed_into(owner: Data, inside: Data) -> Data:
        return Data(
            owner.sym, owner.flows | inside.flows, owner.grads | inside.grads, owner.of, owner.kind,
            owner.loss or inside.loss, owner.leaf, owner.told, owner.sums, merged((owner.trail, inside.trail)),
        )  # fmt: skip

    # attributes

    def _attr(self, expr: s.Attr) -> Value:
        return self.attribute(self.evaluate(expr.obj), expr.name, expr.site)

    def attribute(self, value: Value, name: str, site: int) -> Value:
        kind = type(value)
        if kind is Ref:
            return self._attribute_of_object(value.obj, name, site)  # type: ignore[attr-defined]
        if kind is Data:
            return self._attribute_of_data(value, name, site)  # type: ignore[arg-type]
        if kind is Lib:
            return Lib(self.libraries.canonical(f"{value.name}.{name}"))  # type: ignore[attr-defined]
        if kind is Mod:
            return self.module_attribute(value.name, name)  # type: ignore[attr-defined]
        if kind is Cls:
            return self._attribute_of_class(value, name, site)  # type: ignore[arg-type]
        if kind is Either:
            return either([self.attribute(one, name, site) for one in value.values])  # type: ignore[attr-defined]
        if kind is Super:
            return self._attribute_of_super(value, name, site)  # type: ignore[arg-type]
        if kind is Const and value.value is None:  # type: ignore[attr-defined]
            return UNKNOWN
        return Method(value, name, site)

    def module_attribute(self, module: str, name: str) -> Value:
        raise NotImplementedError

    def _attribute_of_object(self, obj: Obj, name: str, site: int) -> Value:
        value: Value | None = self.world.get(obj, name) if obj.kind != "dict" else None
        if value is not None:
            return value
        if obj.cls is not None:
            found = self._from_class(obj.cls, name, Ref(obj), site)
            if found is not None:
                return found
        row = self.network_attribute(obj, name) if obj.kind == "module" else self.libraries.attribute(obj.kind, name)
        if obj.kind == "module" and name == "training" and all(one.forward_of is None for one in self.stack):
            return self._saved_mode(obj)
        if row is not None and row.does == "self":
            return Ref(obj)
        if row is not None and row.does == "constant":
            return Data(self.fresh(site))
        if row is not None and row.does in ("parameters", "parts"):
            return Data(("attr", obj, name), of=frozenset((obj,)), kind=row.does)
        if obj.kind == "module" and self.network_row(obj, name) is not None:
            return Method(Ref(obj), name, site)
        if obj.kind in ("module", "instance"):
            if obj.kind == "module" and obj.cls is None and obj.row is not None and not obj.handed:
                return Data(("attr", obj, name), of=frozenset((obj,)), kind="parts")
            return Data(("attr", obj, name))
        return Method(Ref(obj), name, site)

    def _saved_mode(self, obj: Obj) -> Value:
        """``model.training``, read to be given back later."""
        modes = self.modes(obj)
        return Data(("saved", obj, modes))

    def _from_class(self, cls: s.Class, name: str, receiver: Value, site: int) -> Value | None:
        for one in self.linear(cls):
            stored: Value | None = self.world.get(one, name)
            if stored is not None:
                return stored
            scope = self.scopes.get(one)
            if scope is None:
                continue
            value: Value | None = self.world.get(self.class_frame(one), name)
            if value is None:
                continue
            if type(value) is Fn and value.function.owner is not None:
                bound = Fn(value.function, value.frame, receiver, value.grad, value.manager, value.static)
                return self.call(bound, Arguments([], {}), site) if value.prop else bound
            if type(value) is Fn and isinstance(receiver, Ref):
                return Fn(value.function, value.frame, receiver, value.grad, value.manager, value.static)
            return value
        return None

    def class_frame(self, cls: s.Class) -> Frame:
        raise NotImplementedError

    def _attribute_of_data(self, value: Data, name: str, site: int) -> Value:
        known = self.known_network(value)
        if known is not None and (name in known.attrs or known.cls is not None or value.kind == "wrapped"):
            return self._attribute_of_object(known, name, site)
        if value.sym is not None:
            stored: Value | None = self.world.get(value.sym, name)
            if stored is not None:
                return stored
        if self.locates(name) and not value.flows:
            return value
        row = self.libraries.attribute("tensor", name)
        if row is not None and row.does == "shape":
            shape = self.known_shape(value, site)
            if shape is not None:
                return shape
        if row is not None and (value.flows or row.does not in ("constant", "shape")):
            if row.does in ("constant", "shape"):
                return Data(self.fresh(site))
            if row.does == "detach":
                return Data(
                    value.sym, value.flows, frozenset(), value.of, value.kind, value.loss, False, value.told,
                    trail=value.trail,
                )  # fmt: skip
            if row.does == "gradient":
                return Data(self.fresh(site), told=value.told)
        module_row = self.libraries.attribute("module", name)
        if module_row is not None and module_row.does == "self" and known is not None:
            return value
        sym = ("attr", known or value.sym, name) if value.sym is not None else None
        return Data(
            sym, value.flows, value.grads, value.of, self.attribute_kind(value, name), value.loss, value.leaf,
            value.told, value.sums, self.attribute_trail(value, name),
        )  # fmt: skip

    def _attribute_of_class(self, value: Cls, name: str, site: int) -> Value:
        for one in self.linear(value.cls):
            stored: Value | None = self.world.get(one, name)
            if stored is None and one in self.scopes:
                stored = self.world.get(self.class_frame(one), name)
            if stored is not None:
                if type(stored) is Fn and stored.manager is False and _is_classmethod(stored.function):
                    return Fn(stored.function, stored.frame, value, stored.grad)
                return stored
        for base in self.foreign(value.cls):
            row = self.libraries.call(f"{base.name}.{name}") if type(base) is Lib else None
            if row is not None and row.does == "model":
                return Partial(Lib(f"{base.name}.{name}"), (), (("%class", value),))  # type: ignore[attr-defined]
        if any(type(base) is Lib for base in self.foreign(value.cls)):
            return Method(value, name, site)
        return Data(("attr", value.cls, name))

    def _attribute_of_super(self, value: Super, name: str, site: int) -> Value:
        receiver = value.receiver
        start = receiver.obj.cls if type(receiver) is Ref else None
        line = list(self.linear(start)) if start is not None else list(self.linear(value.cls))
        after = line[line.index(value.cls) + 1 :] if value.cls in line else []
        for one in after:
            if name in one.methods and one in self.scopes:
                found: Value | None = self.world.get(self.class_frame(one), name)
                if type(found) is Fn:
                    return Fn(found.function, found.frame, receiver, found.grad, found.manager, found.static)
        return Method(value, name, site)

    # operations

    def _item(self, expr: s.Item) -> Value:
        owner = self.evaluate(expr.obj)
        if isinstance(expr.index, s.Mix):
            return self.elements(owner)
        index = self.evaluate(expr.index)
        if type(owner) is Data and isinstance(index, (Fn, Partial)):  # ``table[lambda rows: rows.year < 2020]``
            index = self.call(index, Arguments([owner], {}), expr.site)
        if type(index) is Bounds:
            value = self.item(owner, UNKNOWN, expr.site) if type(owner) is Data else self._sliced(owner, index)
        else:
            value = self.item(owner, index, expr.site)
        return self._item_with_rows(expr, owner, index, value)

    def _item_with_rows(self, expr: s.Item, owner: Value, index: Value, value: Value) -> Value:
        """The same, with the rows that the index chooses."""
        if type(owner) is Ref and type(index) is Bounds and owner.obj.kind == "list":
            inside = self.elements(owner)
            plain = type(inside) is Data and not inside.flows and not inside.of
            trail = self.sourced(owner) if plain else self.trail_of(owner)
            if trail is None or self.items(owner) is not None:
                return value
            owner = Data(("list", owner.obj), trail=trail)
            value = self.spilled(value).renamed(("item", owner.sym, None))
        if type(owner) is not Data or type(value) is not Data or (type(index) is Const and owner.trail is None):
            return value
        stored = value.sym != ("item", owner.sym, getattr(index, "value", None)) and type(index) is Const
        if stored and value.trail is not None:
            return value
        located = isinstance(expr.obj, s.Attr) and self.locates(expr.obj.name)
        trail = self.chosen(owner, expr.index, index, located)
        if trail is None:
            return value
        kind = owner.kind if owner.kind in KEPT or owner.kind == GROUPED else value.kind
        sym = value.sym if type(index) is Const else ("item", owner.sym, expr.site, self.context)
        made = value.on(trail)
        if type(index) is Bounds:
            self.alike(sym, owner.sym)
        return replace(made, sym=sym, kind=kind) if (made.sym, made.kind) != (sym, kind) else made

    def _sliced(self, owner: Value, bounds: Bounds) -> Value:
        """A stretch of a sequence of numbers; of other things, all of them."""
        items = self.items(owner) if type(owner) is Seq or (type(owner) is Ref and owner.obj.kind == "list") else None
        ends = [end.value for end in (bounds.low, bounds.high, bounds.step) if type(end) is Const]
        whole = [end for end in ends if end is None or isinstance(end, int)]
        if items is None or len(whole) < 3 or whole[2] == 0 or not all(type(item) is Const for item in items):
            return owner
        return Seq(items[slice(*whole)])

    def locates(self, name: str) -> bool:
        """An attribute that takes rows by number or label (``iloc``)."""
        row = self.libraries.attribute("rows", name)
        return row is not None and row.does == "self"

    def _slice(self, expr: s.Slice) -> Value:
        parts = [self.evaluate(part) if part is not None else NONE for part in (*expr.parts, None, None, None)[:3]]
        return Bounds(*parts)

    def _call(self, expr: s.Call) -> Value:
        special = self._special(expr)
        if special is not None:
            return special
        func = self._called(expr.func)
        return self.call(func, self.arguments(expr), expr.site, expr)

    def _called(self, func: s.Expr) -> Value:
        """What is called: a method, where nobody knows what the attribute of an output, or of anything unknown, is."""
        if not isinstance(func, s.Attr):
            return self.evaluate(func)
        receiver = self.evaluate(func.obj)
        if type(receiver) is Data:
            known = self.known_network(receiver)
            stored = self.world.get(receiver.sym, func.name) if receiver.sym is not None else None
            if stored is None and (known is None or (known.cls is None and func.name not in known.attrs)):
                return Method(receiver, func.name, func.site)
        return self.attribute(receiver, func.name, func.site)

    def _special(self, expr: s.Call) -> Value | None:
        """The few builtins that the language leans on."""
        if not isinstance(expr.func, s.Name):
            return None
        name = expr.func.id
        if name == "super" and type(self.lookup(name)) is not Cls:
            return self._super()
        if name == "getattr" and len(expr.args) >= 2:
            key = self.evaluate(expr.args[1].value)
            owner = self.evaluate(expr.args[0].value)
            if type(key) is Const and isinstance(key.value, str):
                return self.attribute(owner, key.value, expr.site)
            return Lib(f"{owner.name}.?") if type(owner) is Lib else Data(self.fresh(expr.site))
        if name == "isinstance" and len(expr.args) == 2:
            known = self._is_instance(*(self.evaluate(arg.value) for arg in expr.args))
            return Const(known) if known is not None else None
        if name == "setattr" and len(expr.args) == 3:
            owner, key, value = (self.evaluate(arg.value) for arg in expr.args)
            text = key.value if type(key) is Const and isinstance(key.value, str) else "%items"
            self.assign_attribute(owner, text, value)
            return NONE
        return None

    def _is_instance(self, value: Value, cls: Value) -> bool | None:
        """``isinstance(net, nn.Module)`` and the project's own classes, where that is certain."""
        if type(value) is not Ref:
            return None
        obj = value.obj
        if type(cls) is Lib and obj.kind == "module":
            row = self.libraries.call(cls.name)
            return True if row is not None and row.does == "base" and row.framework is None else None
        if type(cls) is Cls and obj.cls is not None:
            if cls.cls in self.linear(obj.cls):
                return True
            return None if self.unknown_bases(obj.cls) else False
        return None

    def _super(self) -> Value:
        for one in reversed(self.stack):
            function = one.function
            if function is not None and function.owner is not None and function.params:
                receiver = self.world.get(one.frame, function.params[0].name)
                if receiver is not None:
                    return Super(function.owner, receiver)
        return UNKNOWN

    def arguments(self, expr: s.Call) -> Arguments:
        positional: list[Value] = []
        keyword: dict[str, Value] = {}
        more: Value | None = None
        for arg in expr.args:
            value = self.evaluate(arg.value)
            if arg.star == "*":
                items = self.items(value)
                if items is not None:
                    positional.extend(items)
                else:
                    more = self.elements(value)
            elif arg.star == "**":
                more = self._spread(value, keyword) or more
            elif arg.keyword is not None:
                keyword[arg.keyword] = value
                self.name_file(arg.keyword, value, arg.value)
            else:
                positional.append(value)
        return Arguments(positional, keyword, more)

    def _spread(self, value: Value, keyword: dict[str, Value]) -> Value | None:
        """``**value``: its known keys, and whatever else it may hold."""
        if type(value) is Ref and value.obj.kind == "dict":
            for name in value.obj.attrs:
                found: Value | None = self.world.get(value.obj, name)
                if found is not None:
                    keyword[name] = found
            more: Value | None = self.world.get(value.obj, "%elem")
            return more
        return self.elements(value)

    def _binary(self, expr: s.Bin) -> Value:
        if expr.op == "Divide" and isinstance(expr.right, s.Call):
            self.divisors.add(expr.right)
        left, right = self.evaluate(expr.left), self.evaluate(expr.right)
        return self.arithmetic(expr.op, left, right, expr.site)

    def arithmetic(self, op: str, left: Value, right: Value, site: int) -> Value:
        if type(left) is Const and type(right) is Const and op in _ARITHMETIC:
            return self._constant_arithmetic(op, left.value, right.value)
        if op == "Multiply":
            repeated = self._repeated_items(left, right) or self._repeated_items(right, left)
            if repeated is not None:
                return repeated
        if op == "Add":
            first, second = self.items(left), self.items(right)
            if first is not None and second is not None:
                return Seq((*first, *second))
        if op == "Divide" and type(left) is Data and type(right) is Const and is_path(left.sym):
            return Data(("path", (left.sym, right.value), right.value))
        inside = self.all_spilled([left, right])
        sym = (op, symbol(left), symbol(right))
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

    def _repeated_items(self, listed: Value, times: Value) -> Value | None:
        """``[64] * 3``: of numbers."""
        if type(times) is not Const or type(times.value) is not int or type(listed) not in (Seq, Ref):
            return None
        items = self.items(listed)
        if not items or len(items) * times.value > LONGEST or not all(type(item) is Const for item in items):
            return None
        return Seq(items * times.value)

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
        if len(values) == 1:
            known = self.decided(left, *values[0])
            if known is not None:
                return Const(known)
        everything = self.all_spilled([left, *(value for _, value in values)])
        kept = self.weighed.get(expr)
        best = s.weighed(expr, kept) if kept else ()
        sides = [left, *(value for _, value in values)]
        if any(self.compared_again(name, everything) and not self.compared_once(name, sides) for name in best):
            chosen = self.select(everything, expr.site)
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
        if kind is Ref:
            return None if value.obj.kind in ("list", "dict") else True  # type: ignore[attr-defined]
        if kind is Data and isinstance(value.sym, tuple) and value.sym[0] == "saved":  # type: ignore[attr-defined]
            modes = {mode.value for mode in value.sym[2]}  # type: ignore[attr-defined]
            return modes == {"train"} if len(modes) == 1 and None not in modes else None
        if kind is Either:
            known = {self.truth(one) for one in value.values}  # type: ignore[attr-defined]
            return known.pop() if len(known) == 1 else None
        return None

    # choices in expressions

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
        known = self.truth(value)
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
                    self.assign(subject, either(kept))
        finally:
            self.world = saved

    # displays

    def _sequence(self, expr: s.Sequence) -> Value:
        items: list[Value] = []
        loose: list[Value] = []
        for item in expr.items:
            value = self.evaluate(item.value if isinstance(item, s.Star) else item)
            if isinstance(item, s.Star):
                known = self.items(value)
                if known is None:
                    loose.append(self.elements(value))
                else:
                    items.extend(known)
            else:
                items.append(value)
        if expr.kind == "tuple" and not loose:
            return Seq(tuple(items))
        obj = self.make("list", expr.site)
        if loose:
            self.world.set(obj, "%items", UNKNOWN)
            self.world.set(obj, "%elem", either([*items, *loose]))
        else:
            self.world.set(obj, "%items", Seq(tuple(items)))
            self.world.set(obj, "%elem", None)
        return Ref(obj)

    def _dict(self, expr: s.Dict) -> Value:
        known: dict[str, Value] = {}
        loose: list[Value] = []
        for key, item in expr.pairs:
            value = self.evaluate(item)
            if key is None:
                more = self._spread(value, known)
                loose.extend([more] if more is not None else [])
                continue
            name = self.evaluate(key)
            if type(name) is Const:
                known[str(name.value)] = value
            else:
                loose.append(value)
        made = self.dictionary(known, expr.site)
        assert isinstance(made, Ref)
        self.world.set(made.obj, "%elem", either(loose) if loose else None)
        return made

    def _comprehension(self, expr: s.Comp) -> Value:
        first = self.evaluate(expr.loops[0][1])
        single = len(expr.loops) == 1 and not expr.loops[0][2]
        items = self.items(first) if single else None
        if single and (items is None or len(items) > LONGEST_TOLD_APART):
            items = self.turns(expr, first)
        loops = self.stack[-1].loops if self.stack else []
        loops.append(expr.bound)
        try:
            if items is not None:
                return self._collected(expr, self._turn_by_turn(expr, items), items)
            self.turning.append(Turns(expr, self.turns_of(first) if single else None))
            for number, (target, iterable, tests) in enumerate(expr.loops):
                source = first if number == 0 else self.evaluate(iterable)
                self.assign(target, self.iterated(source, iterable.site))
                for test in tests:
                    self.evaluate(test)
            made = self._collected(expr, [self._element(expr)], None)
            self.turning.pop()
            return made
        finally:
            loops.pop()

    def _turn_by_turn(self, expr: s.Comp, items: tuple[Value, ...]) -> list[Value]:
        made: list[Value] = []
        context = self.context
        for turn, item in enumerate(items):
            self.context = (*context, ("turn", turn))
            self.assign(expr.loops[0][0], item)
            made.append(self._element(expr))
        self.context = context
        return made

    def _element(self, expr: s.Comp) -> Value:
        value = self.evaluate(expr.element)
        if expr.kind != "dict":
            inside = self.spilled(value)
            self.sink("score" if inside.loss else "store", value, expr.site)
        return value

    def _collected(self, expr: s.Comp, made: list[Value], items: tuple[Value, ...] | None) -> Value:
        kind = "dict" if expr.kind == "dict" else "list"
        obj = self.make(kind, expr.site)
        if kind == "dict" and items is not None and all(type(item) is Const for item in items):
            return self.dictionary({str(item.value): value for item, value in zip(items, made, strict=True)}, expr.site)  # type: ignore[attr-defined]
        self.world.set(obj, "%items", Seq(tuple(made)) if items is not None and kind == "list" else UNKNOWN)
        self.world.set(obj, "%elem", either(made) if made else None)
        return Ref(obj)

    def iterated(self, value: Value, site: int) -> Value:
        """One element of something that is iterated over."""
        if type(value) is Either:
            return either([self.iterated(one, site) for one in value.values])
        if type(value) is Ref and value.obj.kind == "dict":
            return Data(self.fresh(site))
        if type(value) is Ref and value.obj.kind not in ("list", "module"):
            if value.obj.cls is not None:
                found = self.method(value.obj.cls, "__iter__")
                if found is not None:
                    fn = Fn(found[1], self.scopes[found[0]].frame, value)
                    return self.elements(self.call(fn, Arguments([], {}), site))
            return Data(self.fresh(site), trail=as_element(self.trail_of(value)))
        if type(value) is Data:
            element = self.elements(self.tracked(value))
            fresh = self.fresh(site)
            assert isinstance(element, Data)
            return Data(
                fresh, element.flows, element.grads, element.of, value.kind if value.of else "", element.loss,
                element.leaf, element.told, trail=element.trail,
            )  # fmt: skip
        return self.elements(value)

    def _lambda(self, expr: s.Lambda) -> Value:
        return Fn(expr.function, self.frame)

    def _yield(self, expr: s.Yield) -> Value:
        value = self.evaluate(expr.value) if expr.value is not None else NONE
        running = next((one for one in reversed(self.stack) if one.frame is self.frame), None)
        if running is None:
            return UNKNOWN
        if running.hook is not None:
            hook = running.hook
            return self.choose(lambda: hook(value))
        running.yields.append(value)
        return UNKNOWN

    def _named(self, expr: s.Named) -> Value:
        value = self.evaluate(expr.value)
        self.assign(expr.target, value)
        return value

    def _mix(self, expr: s.Mix) -> Value:
        """A text made of values holds no graph."""
        values = [self.evaluate(part) for part in expr.parts]
        self.compare("shown beside", values, expr.site)
        return self._plain(values).renamed(None, attached=False)

    def _star(self, expr: s.Star) -> Value:
        return self.evaluate(expr.value)


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


def _is_classmethod(function: s.Function) -> bool:
    return any(isinstance(one, s.Name) and one.id == "classmethod" for one in function.decorators)


_BUILTINS = frozenset(
    "abs all any bool bytes callable classmethod dict dir divmod float frozenset getattr globals hash int isinstance"
    " issubclass iter locals max min next object open pow property repr round set setattr slice staticmethod str sum"
    " super vars Exception ValueError RuntimeError KeyboardInterrupt NotImplementedError".split()
)

_EVALUATE: dict[type[s.Expr], Callable[[Expressions, Any], Value]] = {
    s.Const: Expressions._const,
    s.Name: Expressions._name,
    s.Attr: Expressions._attr,
    s.Item: Expressions._item,
    s.Slice: Expressions._slice,
    s.Call: Expressions._call,
    s.Bin: Expressions._binary,
    s.Compare: Expressions._compare,
    s.Bool: Expressions._bool,
    s.Unary: Expressions._unary,
    s.IfExp: Expressions._conditional,
    s.Sequence: Expressions._sequence,
    s.Star: Expressions._star,
    s.Dict: Expressions._dict,
    s.Comp: Expressions._comprehension,
    s.Lambda: Expressions._lambda,
    s.Yield: Expressions._yield,
    s.Named: Expressions._named,
    s.Mix: Expressions._mix,
}
