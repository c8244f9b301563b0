"""Evaluating expressions: items, calls, displays and comprehensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.static import syntax as s
from auditor.static.machine import Arguments
from auditor.static.methods import as_element
from auditor.static.operations import (
    Operations,
)
from auditor.static.row_calls import GROUPED, KEPT
from auditor.static.values import (
    NONE,
    UNKNOWN,
    Bounds,
    Cls,
    Const,
    Data,
    Either,
    Fn,
    Lib,
    Method,
    Partial,
    Ref,
    Seq,
    Super,
    Value,
    either,
)
from auditor.trace import Turns

LONGEST_TOLD_APART = 8
"""Of a comprehension."""


_PLAIN_TYPES: dict[str, type] = {
    f"builtins.{one.__name__}": one for one in (bool, int, float, str, bytes, dict, list, tuple)
}


class Expressions(Operations):
    def evaluate(self, expr: s.Expr) -> Value:
        return _EVALUATE[type(expr)](self, expr)

    def _const(self, expr: s.Const) -> Value:
        return Const(expr.value)

    # operations

    def _item(self, expr: s.Item) -> Value:
        owner = self.evaluate(expr.obj)
        index = self.evaluate(expr.index)
        if isinstance(expr.index, s.Mix) and type(index) is not Const:
            return self.elements(owner)
        if type(owner) is Data and isinstance(index, (Fn, Partial)):  # ``table[lambda rows: rows.year < 2020]``
            index = self.call(index, Arguments([owner], {}), expr.site)
        if type(index) is Bounds:
            value = self.item(owner, UNKNOWN, expr.site) if type(owner) is Data else self._sliced(owner, index)
        else:
            value = self.item(owner, index, expr.site)
        return self._item_with_rows(expr, owner, index, value)

    def _item_with_rows(self, expr: s.Item, owner: Value, index: Value, value: Value) -> Value:
        """The same, with the rows that the index chooses."""
        if type(owner) is Ref and type(index) in (Bounds, Data) and owner.obj.kind == "list":
            inside = self.elements(owner)
            plain = type(inside) is Data and not inside.flows and not inside.of
            if type(index) is Data and not (plain and self._holds_rows(inside)):
                return value
            trail = self.sourced(owner) if plain and type(index) is Bounds else self.trail_of(owner)
            if trail is None or self.items(owner) is not None:
                return value
            owner = Data(("list", owner.obj), trail=trail)
            value = self.spilled(value).renamed(("item", owner.sym, None))
        if type(owner) is Ref and type(index) in (Data, Bounds) and self.served_by_base(owner.obj):
            owner = Data(("served", owner.obj), trail=self.trail_of(owner))
            value = Data(("item", owner.sym, None))
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

    def _holds_rows(self, inside: Value) -> bool:
        """A list holds one row after the other, and not tables."""
        trail = self.trail_of(inside)
        return trail is not None and trail.role == "element"

    def _sliced(self, owner: Value, bounds: Bounds) -> Value:
        """A stretch of a sequence of numbers; of other things, all of them."""
        items = self.items(owner) if type(owner) is Seq or (type(owner) is Ref and owner.obj.kind == "list") else None
        ends = [end.value for end in (bounds.low, bounds.high, bounds.step) if type(end) is Const]
        whole = [end for end in ends if end is None or isinstance(end, int)]
        if items is None or len(whole) < 3 or whole[2] == 0 or not all(type(item) is Const for item in items):
            return owner
        return Seq(items[slice(*whole)])

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
        if name == "type" and len(expr.args) == 1:
            made = self._type_of(self.evaluate(expr.args[0].value))
            return Lib(f"builtins.{made.__name__}") if made is not None else None
        if name == "setattr" and len(expr.args) == 3:
            owner, key, value = (self.evaluate(arg.value) for arg in expr.args)
            if type(key) is Const and isinstance(key.value, str):
                self.assign_attribute(owner, key.value, value)
                return NONE
            self.assign_attribute(owner, "%items", value)
            self._unsettled(owner, expr.site)
            return NONE
        return None

    def _unsettled(self, owner: Value, site: int) -> None:
        """Some attribute is set, nobody knows which: the settings are no more what they were."""
        if type(owner) is not Ref:
            return
        classes = self.linear(owner.obj.cls) if owner.obj.cls is not None else ()
        own = {name for cls in classes for name in cls.locals if name not in cls.methods}
        for name in sorted({*owner.obj.attrs, *own}):
            if type(self.attribute(owner, name, site)) is Const:
                self.set_attribute(owner.obj, name, Data(("set", self.frame.module, site, self.context, name)))

    def _type_of(self, value: Value) -> type | None:
        """Python's own type of a value, where it is certain: what is kept as a list may be a generator."""
        if type(value) is Const:
            return type(value.value) if value.value is not None else None
        if type(value) is not Ref:
            return None
        if value.obj.kind == "dict":
            return dict
        return list if value.obj.kind == "list" and self.items(value) is not None else None

    def _is_instance(self, value: Value, cls: Value) -> bool | None:
        """``isinstance(net, nn.Module)``, the project's own classes and Python's types, where that is certain."""
        plain = self._type_of(value)
        if plain is not None:
            among = cls.items if type(cls) is Seq else (cls,)
            asked = [_PLAIN_TYPES.get(one.name) if type(one) is Lib else None for one in among]
            return None if None in asked else issubclass(plain, tuple(one for one in asked if one is not None))
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

    def gone_over(self, iterable: s.Expr) -> Value:
        """What a loop goes over: of a dictionary, its keys."""
        value = self.evaluate(iterable)
        known = type(value) is Ref and value.obj.kind == "dict"
        return self.view(value.obj, "keys", iterable.site) if known else value  # type: ignore[attr-defined]

    def _comprehension(self, expr: s.Comp) -> Value:
        first = self.gone_over(expr.loops[0][1])
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
            passed: list[Value] = []
            for number, (target, iterable, tests) in enumerate(expr.loops):
                source = first if number == 0 else self.gone_over(iterable)
                self.assign(target, self.iterated(source, iterable.site))
                for test in tests:
                    passed.append(self.evaluate(test))
                    self.narrow(target, test)
            made = self._collected(expr, [self.passing(self._element(expr), passed)], None)
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
        if items is None:
            self.gather(obj, expr, made)
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
            if value.kind == GROUPED:
                return self.one_group(element, fresh)
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

    def _text(self, expr: s.Text) -> Value:
        """A name that is put together of names that are known."""
        values = [self.evaluate(part) for part in expr.parts]
        known = [str(one.value) for one in values if type(one) is Const and type(one.value) in (str, int)]
        if len(known) < len(values):
            return self._mixed_of(values, expr.site)
        first, *others = expr.between
        return Const(first + "".join(shown + text for shown, text in zip(known, others, strict=True)))

    def _mix(self, expr: s.Mix) -> Value:
        return self._mixed_of([self.evaluate(part) for part in expr.parts], expr.site)

    def _mixed_of(self, values: list[Value], site: int) -> Value:
        """A text made of values holds no graph."""
        self.compare("shown beside", values, site)
        return self._plain(values).renamed(None, attached=False)

    def _star(self, expr: s.Star) -> Value:
        return self.evaluate(expr.value)


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
    s.Text: Expressions._text,
}
