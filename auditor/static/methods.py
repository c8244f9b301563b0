"""Methods: of networks, tensors, containers and what nobody knows."""

from __future__ import annotations

from collections.abc import Hashable

from auditor.static import syntax as s
from auditor.static.conventions import names_optimizer
from auditor.static.machine import (
    Arguments,
    Dead,
)
from auditor.static.rows import Provenance
from auditor.static.trails import Trail
from auditor.static.values import (
    FILLED,
    NONE,
    UNKNOWN,
    WEIGHTS,
    Const,
    Data,
    Either,
    Fn,
    Lib,
    Obj,
    Partial,
    Ref,
    Seq,
    Super,
    Value,
    either,
    in_order,
    still,
)

LONGEST_LIST = 12
"""Of a list whose elements are told apart..."""
MOST_LAYERS = 200
"""...and of one of layers."""


class Methods(Provenance):
    def call_method(self, receiver: Value, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        """A method of something that is not an object of the project with that method."""
        value = self._called_method(receiver, name, args, site, expr)
        if self.watched:
            self.attached(receiver, name, args, site)
        row = self.method_row(receiver, name, args)
        if row is not None and row.makes is not None and type(value) is Data and value.sym is not None:
            self.makes(row.makes, args, value.sym)
        if row is None or row.rows is None:
            return value
        return self.flowed(row.rows, receiver, args, site, value, expr, row)

    def _called_method(self, receiver: Value, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        kind = type(receiver)
        if kind is Ref:
            return self._method_of_object(receiver.obj, name, args, site, expr)  # type: ignore[attr-defined]
        if kind is Data:
            return self._method_of_data(receiver, name, args, site, expr)  # type: ignore[arg-type]
        if kind is Super:
            return self._method_of_super(receiver, name, args, site, expr)  # type: ignore[arg-type]
        if kind is Either:
            return either([self.call(self.attribute(one, name, site), args, site, expr) for one in receiver.values])  # type: ignore[attr-defined]
        if kind is Const:
            plain = receiver.value  # type: ignore[attr-defined]
            if isinstance(plain, (int, float)) and not hasattr(plain, name):
                raise Dead  # ``loss = 0`` still stands: this way ends in an AttributeError
            self.compare("shown beside", args.all(), site)
            return self.result(args, site, attached=False)
        if kind is Seq:
            return self._method_of_tuple(receiver, name, args, site)
        return self.unknown_method(receiver, name, args, site)

    def _method_of_tuple(self, receiver: Value, name: str, args: Arguments, site: int) -> Value:
        inside = self.all_spilled([receiver])
        row = self.libraries.method("tensor", name)
        return (
            self.tensor_method(row, inside, args, site)
            if row is not None
            else self.unknown_method(inside, name, args, site)
        )

    def _method_of_object(self, obj: Obj, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        if obj.kind == "module":
            return self._method_of_network(obj, name, args, site, expr)
        if obj.kind in ("list", "dict"):
            if name == "append" and expr is not None and isinstance(expr.func, s.Attr) and len(args.positional) == 1:
                self.kept(expr.func.obj, args.positional[0], expr.args[0].value, added=True)
            return self.container_method(obj, name, args, site)
        row = self.libraries.method(obj.kind, name)
        if row is not None:
            return self.kind_method(row, obj, args, site, expr)
        if obj.kind == "environment" and name == "step":
            self.sink("act", self.all_spilled(args.all()), site)
            return Data(self.fresh(site))
        if obj.cls is not None:
            for value in args.all():
                self.touch(value)
        return self.result(args, site, told=bool(obj.lib))

    def _method_of_network(self, obj: Obj, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        row = self.network_row(obj, name)
        if row is not None:
            return self.network_method(row, obj, args, site, expr)
        for value in args.all():
            for part in self.networks_in(value):
                self.adopt(obj, "%items", part)
        self._may_learn(obj, args, site)
        if (
            obj.cls is not None
            and not self.unknown_bases(obj.cls)
            and not any(r.does == "model" for r in self.base_rows(obj.cls))
        ):
            return self.result(args, site, told=False)
        if self.passes_rows(args) and not self.answers_learner(name):
            return self.loss_like(name, self._as_data(self.forward(obj, args, site, expr)))
        return self.result(args, site, told=False)

    def answers_learner(self, name: str) -> bool:
        """What learners answer to, of any library. Whoever predicts sees to its mode and gradients itself."""
        return self.libraries.method("predictor", name) is not None

    def _may_learn(self, obj: Obj, args: Arguments, site: int) -> None:
        """A network that is handed its loss by a name that nobody knows may learn from it in a way of its own."""
        inside = self.all_spilled(args.all())
        if inside.loss and inside.grads:
            self.sink("gradient", inside, site)
            self.model(obj).own_gradients = True

    def passes_rows(self, args: Arguments) -> bool:
        """Something that may be rows of data goes in: a tensor, a batch, anything unknown that is not a setting."""
        return any(type(value) is Data or type(value) is Seq for value in args.all())

    def _method_of_data(self, receiver: Data, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        module_row = self.libraries.method("module", name)
        text = receiver_name(expr)
        if receiver.of and not receiver.flows and module_row is not None:
            if module_row.does == "step":
                return self._unknown_step(receiver, text, args, site)
            return self._method_of_parts(receiver, name, args, site)
        if module_row is not None and module_row.does == "mode" and not receiver.flows:
            known = self.network_of(receiver, text, sure=self.mode_call(name, args))
            if known is not None:
                known.sure = True
                return self.network_method(module_row, known, args, site, expr)
        known = self.known_network(receiver)
        if known is None and not receiver.flows and module_row is not None:
            known = self.network_of(receiver, text)
            if known is not None:
                known.sure |= module_row.does in ("parameters", "parts", "forward", "freeze")
        if known is None and module_row is not None and module_row.does in ("parameters", "restore"):
            known = (
                self.stateful(receiver, text) if module_row.kind == WEIGHTS or module_row.does == "restore" else None
            )
        if known is not None and (known.sure or not known.handed or module_row is not None):
            return self._method_of_network(known, name, args, site, expr)
        if receiver.kind:
            row = self.libraries.method(receiver.kind, name)
            if row is not None:
                return self.tensor_method(row, receiver, args, site)
        if name == "step" and not receiver.flows:
            return self._unknown_step(receiver, text, args, site)
        row = self.libraries.method("tensor", name) or self.libraries.method("unknown", name)
        if row is not None:
            if row.does == "leaf" and receiver.sym is None and expr is not None and isinstance(expr.func, s.Attr):
                marked = self.tensor_method(row, receiver, args, site)
                self.assign(expr.func.obj, marked)
                return marked
            return self.tensor_method(row, receiver, args, site)
        if known is not None:
            self._may_learn(known, args, site)
        elif isinstance(receiver.sym, tuple) and receiver.sym[0] == "import":  # a member of a module that is not here
            return self.call(Data((*receiver.sym, name)), args, site, expr)
        return self.loss_like(name, self._as_data(self.unknown_method(receiver, name, args, site)))

    @staticmethod
    def _as_data(value: Value) -> Data:
        return value if type(value) is Data else UNKNOWN

    def mode_call(self, name: str, args: Arguments) -> bool:
        """``x.eval()`` or ``x.train(flag)`` as networks take it, and not ``agent.train(env, 100)``."""
        return not args.keyword and len(args.positional) <= (0 if name == "eval" else 1)

    def _method_of_parts(self, receiver: Data, name: str, args: Arguments, site: int) -> Value:
        """Weights or sub-modules taken out of a network (``for m in net.modules(): m.eval()``)."""
        row = self.libraries.method("module", name)
        assert row is not None
        if row.does == "mode":
            for obj in in_order(receiver.of):
                self.switch(obj, self.asked_mode(row, args, site), site, whole=False)
        if row.does == "freeze":
            flag = self.operand(args, row.arg)
            if type(flag) is Const:
                self.freeze(receiver.of, not flag.value)
        own = self.libraries.method(receiver.kind, name)
        return self.tensor_method(own, receiver, args, site) if own is not None else receiver

    def _unknown_step(self, receiver: Data, text: str, args: Arguments, site: int) -> Value:
        inside = self.all_spilled(args.all())
        if inside.flows:
            self.sink("act", inside, site)
        elif names_optimizer(text) or receiver.of:
            for value in args.all():
                if type(value) in (Fn, Partial):
                    self.call(value, Arguments([], {}), site)
            self.optimizer_step(receiver.of or None, site)
        return Data(self.fresh(site))

    def _method_of_super(self, receiver: Super, name: str, args: Arguments, site: int, expr: s.Call | None) -> Value:
        target = receiver.receiver
        if type(target) is Ref and target.obj.kind == "module":
            row = self.network_row(target.obj, name)
            if row is not None and row.does != "forward":
                return self.network_method(row, target.obj, args, site, expr)
        if name == "__init__":
            if type(target) is Ref and target.obj.cls is not None:
                self.made_by_base(target.obj, args, site, expr)
                self.made_as_layer(target.obj, args)
            if type(target) is Ref:
                for value in args.all():
                    for part in self.networks_in(value):
                        self.adopt(target.obj, "%items", part)
                self.adopt_called(target.obj, args)
            return NONE
        if type(target) is Ref and target.obj.kind == "module" and self.passes_rows(args):
            return self.forward(target.obj, args, site, expr)
        return self.result(args, site, told=False)

    def container_method(self, obj: Obj, name: str, args: Arguments, site: int) -> Value:
        """What lists and dicts do with what they hold."""
        if name in ("append", "add", "insert", "appendleft", "extend", "update", "setdefault") and args.all():
            value = args.all()[-1]
            value = self.elements(value) if name in ("extend", "update") else self.appended(value)
            self._grow(obj, self.by_branch(value), site)
            return value if name == "setdefault" else NONE
        if name in ("items", "keys", "values", "copy"):
            return self.view(obj, name, site)
        if name in ("pop", "popitem", "clear") and obj.kind == "dict":
            self.world.set(obj, FILLED, None)
        if name in ("get", "pop") and args.positional and obj.kind == "dict":
            return self.item(Ref(obj), args.positional[0], site)
        if name in ("index", "count"):
            return self.result(args, site)
        if name == "clear":
            self.world.set(obj, "%items", Seq(()))
            self.world.set(obj, "%elem", None)
            return NONE
        return self.elements(Ref(obj))

    def _grow(self, obj: Obj, value: Value, site: int) -> None:
        items = self.items(Ref(obj))
        inside = self.spilled(value)
        self.sink("score" if inside.loss else "store", value, site)
        if items is not None and self._told_apart(obj, items, value):
            self.world.set(obj, "%items", Seq((*items, value)))
            return
        known = self.elements(Ref(obj))
        empty = items == ()
        if inside.flows and self.in_a_loop():
            value = self.summed(value, self.accumulate("", known, value, site))
        self.world.set(obj, "%elem", value if empty or known == UNKNOWN else either((known, value)))
        self.world.set(obj, "%items", NONE)

    def _told_apart(self, obj: Obj, items: tuple[Value, ...], value: Value) -> bool:
        """Each element of a list is known on its own; layers also where a loop that is told turn by turn adds them."""
        if len(items) < LONGEST_LIST and not (self.stack and self.stack[-1].loops):
            return True
        layer = type(value) is Ref and value.obj.kind == "module"
        return layer and len(items) < MOST_LAYERS and obj.loops == tuple(self.turning)

    def view(self, obj: Obj, name: str, site: int) -> Value:
        if obj.kind == "list" or name == "copy":
            return Ref(obj)
        known = [(key, self.world.get(obj, key)) for key in obj.attrs]
        pairs = [(key, value) for key, value in known if value is not None]
        if self.world.get(obj, "%elem") is None:
            keys = [Const(key) for key, _ in pairs]
            if name == "keys":
                return Seq(tuple(keys))
            if name == "values":
                return Seq(tuple(value for _, value in pairs))
            return Seq(tuple(Seq((Const(key), value)) for key, value in pairs))
        element = self.elements(Ref(obj))
        if name == "items":
            element = Seq((Data(self.fresh(site)), element))
        return self.iterating(Data(self.fresh(site)) if name == "keys" else element, site)

    def item(self, value: Value, index: Value, site: int) -> Value:
        """``value[index]``"""
        if type(value) is Either:
            return either([self.item(one, index, site) for one in value.values])
        if type(index) is Const:
            items = self.items(value)
            if items is not None and type(index.value) is int and -len(items) <= index.value < len(items):
                return items[index.value]
            if type(value) is Ref and value.obj.kind == "dict":
                found: Value | None = self.world.get(value.obj, str(index.value))
                if found is not None:
                    return found
            if type(value) is Data and value.sym is not None and not value.flows:
                stored: Value | None = self.world.get(value.sym, f"[{index.value!r}]")
                if stored is not None:
                    return stored
                trail = self.trail_of(value)
                if trail is not None and trail.bundle:
                    trail = trail.member(index.value)
                return Data(
                    ("item", value.sym, index.value), of=value.of, kind=still(value), told=value.told, leaf=value.leaf,
                    trail=trail,
                )  # fmt: skip
        if type(value) is Data:
            if value.sym is not None:
                return Data(
                    self._item_symbol(value.sym, index, site), value.flows, value.grads, value.of,
                    still(value), value.loss, value.leaf, value.told, value.sums, self.trail_of(value),
                )  # fmt: skip
            return value
        if type(value) is Ref and value.obj.kind not in ("list", "dict"):
            return self._item_of_object(value, index, site)
        if type(value) is Lib:
            value = Lib(value.name.removesuffix(".__dict__"))
            return Lib(f"{value.name}.{index.value}") if type(index) is Const else Lib(f"{value.name}.?")
        if type(value) in (Seq, Ref):
            return self.one_of(value, index, self.elements(value))
        return UNKNOWN

    def _item_symbol(self, owner: Hashable, index: Value, site: int) -> Hashable:
        """What stands at an index that nobody knows is not what stands at another one."""
        if type(index) is Data and index.sym is None:
            return self.fresh(site)
        return "item", owner, index.sym if type(index) is Data else None

    def _item_of_object(self, value: Ref, index: Value, site: int) -> Value:
        if value.obj.cls is not None:
            found = self.method(value.obj.cls, "__getitem__")
            if found is not None:
                fn = Fn(found[1], self.scopes[found[0]].frame, value)
                return self.call(fn, Arguments([index], {}), site)
        parts = value.obj.children.get("%items")
        if value.obj.kind == "module" and parts:
            return either(Ref(part) for part in parts)
        trail = self.trail_of(value)
        return Data(("item", value.obj, index.value if type(index) is Const else None), trail=as_element(trail))


def as_element(trail: Trail | None) -> Trail | None:
    return trail.as_("element") if trail is not None else None


def called_name(expr: s.Call | None) -> str:
    """The last name of what is called."""
    return last_name(expr.func) if expr is not None else ""


def receiver_name(expr: s.Call | None) -> str:
    return last_name(expr.func.obj) if expr is not None and isinstance(expr.func, s.Attr) else ""


def last_name(expr: s.Expr) -> str:
    if isinstance(expr, s.Name):
        return expr.id
    if isinstance(expr, s.Attr):
        return expr.name
    if isinstance(expr, s.Item):
        return last_name(expr.obj)
    if isinstance(expr, s.Call):
        return last_name(expr.func)
    return ""
