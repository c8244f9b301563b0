"""Names and attributes: what they hold, and what is assigned to them."""

from __future__ import annotations

from dataclasses import replace

from auditor.static import syntax as s
from auditor.static.building import Building
from auditor.static.conventions import losses_among, names_part
from auditor.static.machine import Arguments
from auditor.static.trails import merged, one_side
from auditor.static.values import (
    NONE,
    UNKNOWN,
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
)
from auditor.trace import Cut

_BUILTINS = frozenset(
    "abs all any bool bytes callable classmethod dict dir divmod float frozenset getattr globals hash int isinstance"
    " issubclass iter locals max min next object open pow property repr round set setattr slice staticmethod str sum"
    " super vars Exception ValueError RuntimeError KeyboardInterrupt NotImplementedError".split()
)


class Names(Building):
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
                    return value if type(value) is not Either else self.as_supposed(value)
            frame = frame.outer
        value = self.world.get(self.module_frame(self.frame.module), name)
        if value is not None:
            return value if type(value) is not Either else self.as_supposed(value)
        if name == "__name__":
            return Const("__main__")
        canonical = self.libraries.canonical(f"builtins.{name}")
        if self.libraries.call(canonical) is not None or name in _BUILTINS:
            return Lib(canonical)
        return self._of_a_star(name) or Data(("global", self.frame.module, name))

    def _of_a_star(self, name: str) -> Lib | None:
        """``from fastai.vision.all import *``: a name that nothing binds, where one library knows what it does."""
        module = self.project.module(self.frame.module)
        stars = [one for one in module.imports if one.name == "*"] if module is not None else []
        if not stars or any(one.level for one in stars):
            return None
        names = [self.libraries.canonical(f"{one.module}.{name}") for one in stars]
        rows = [self.libraries.call(one) for one in names]
        if None in rows:  # of a module that nobody knows
            return None
        telling = [one for one, row in zip(names, rows, strict=True) if row is not None and row.does != "value"]
        return Lib(telling[0]) if len(set(telling)) == 1 else None

    def as_supposed(self, value: Either) -> Value:
        """What is left of a value where a test has told whether it is missing, under whatever name that was asked."""
        missing = self.world.assumed.get(("missing", value))
        return value if missing is None else either([one for one in value.values if (one == NONE) == missing])

    def assign(self, target: s.Expr, value: Value) -> None:
        if type(value) is Data and value.trail is not None and value.trail.rows and not value.flows:
            self.name_rows(target, value.trail)
        if isinstance(target, s.Name):
            self.bind_name(target.id, value)
        elif isinstance(target, s.Sequence):
            self._unpack(target, value)
        elif isinstance(target, s.Attr):
            self.assign_attribute(self.evaluate(target.obj), target.name, value)
            self.altered_by(target, value)
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
        losses = losses_among([s.written(part).rpartition(".")[2] for part in target.items])
        for index, part in enumerate(target.items):
            item = self.item(value, Const(index), part.site)
            if type(item) is Data and item.loss and index not in losses:
                item = replace(item, loss=False)
            if type(item) is Data and item.trail is not None:
                trail = one_side(item.trail)
                chosen = Cut(("unpacked", self.frame.module, target.site, self.context), index)
                item = item.on(trail.cut(chosen) if apart or trail is not item.trail else trail)
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
            # Names say nothing about the rows under them
            self.column_written(owner, name, UNKNOWN if name == "columns" else value)
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
            return value if type(value) is not Either else self.as_supposed(value)
        if obj.cls is not None:
            found = self._from_class(obj.cls, name, Ref(obj), site)
            if found is not None:
                return found
        row = self.network_attribute(obj, name) if obj.kind == "module" else self.libraries.attribute(obj.kind, name)
        if obj.kind == "module" and name == "training" and all(one.forward_of is None for one in self.stack):
            return self._saved_mode(obj)
        if row is not None and row.does == "self":
            return self.held_inside(obj, name, row.kind) if row.kind else Ref(obj)
        if row is not None and row.does == "constant":
            trail = self.figures_of_columns(Ref(obj), site) if row.rows == "association" else None
            return Data(self.fresh(site), trail=trail)
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
            value.told, value.sums, self.attribute_trail(value, name, site),
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

    def locates(self, name: str) -> bool:
        """An attribute that takes rows by number or label (``iloc``)."""
        row = self.libraries.attribute("rows", name)
        return row is not None and row.does == "self"


def _is_classmethod(function: s.Function) -> bool:
    return any(isinstance(one, s.Name) and one.id == "classmethod" for one in function.decorators)
