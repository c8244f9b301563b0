"""Objects and networks: attributes, classes, modes that belong to an object and to all of its parts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from auditor.libraries import Attribute, Call, Method
from auditor.static import syntax as s
from auditor.static.conventions import MODEL_CLASS, names_generative, names_model
from auditor.static.sizes import Sizes
from auditor.static.values import (
    UNKNOWN,
    Cls,
    Const,
    Data,
    Either,
    Lib,
    Obj,
    Ref,
    Seq,
    Value,
    alternatives,
    either,
    in_order,
    mixed,
    still,
)
from auditor.static.worlds import MODE, Modes
from auditor.trace import Build, Mode, Model, ModeName, Place, Switch

NETWORK_ROLES = ("base", "layer", "model")
AS_BUILT: Modes = frozenset({Mode("train")})
HANDED_IN: Modes = frozenset({Mode(None)})


class Objects(Sizes):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._objects: dict[Hashable, Obj] = {}
        self.bases: dict[s.Class, list[Value]] = {}
        self.scopes: dict[s.Class, Cls] = {}
        self.instances: dict[s.Class, list[Obj]] = {}
        self.leaves = False
        """Gradients of something that is no weight were asked for somewhere."""
        self.operations: dict[s.Class, set[str]] = {}
        self.copies: dict[Obj, Obj] = {}

    # making

    def make(self, kind: str, site: int, cls: s.Class | None = None, lib: str = "") -> Obj:
        """The object made at this place in this call context."""
        key = (kind, self.frame.module, site, self.context, cls, lib)
        obj = self._objects.get(key)
        if obj is None:
            obj = self._objects[key] = Obj(kind, site, self.frame.module, cls, lib)
            obj.many = bool(self.stack and self.stack[-1].loops)
            if self.turning:
                obj.loops = tuple(self.turning)
            if cls is not None:
                self.instances.setdefault(cls, []).append(obj)
        return obj

    def part_of_object(self, whole: Obj, name: str, kind: str, like: Obj | None) -> Obj:
        """What another object has made of one that it was given, and holds under a name."""
        key = ("part", whole, name)
        obj = self._objects.get(key)
        if obj is None:
            obj = self._objects[key] = Obj(kind, whole.site, whole.module, lib=like.lib if like is not None else "")
            obj.many, obj.loops = whole.many, whole.loops
            if like is not None:
                obj.row, obj.given = like.row, like.given
        return obj

    def handed_in(self, sym: Hashable, name: str) -> Obj:
        """The network behind a value that nobody in the project makes."""
        obj = self._objects.get(("handed", sym))
        if obj is None:
            obj = self._objects["handed", sym] = Obj("module", -1, self.frame.module)
            obj.handed = True
            obj.name = name
            obj.many = sym in self.made_in_turns
            if isinstance(sym, tuple) and len(sym) == 3 and sym[0] == "attr" and isinstance(sym[1], Obj):
                owner = sym[1]
                if owner.cls is not None:
                    obj.row = self.given_by(owner.cls)
                if owner.kind == "module" and owner.handed:
                    self.adopt(owner, str(sym[2]), obj)
                    self.world.set(obj, MODE, self.modes(owner))
        return obj

    def given_by(self, cls: s.Class) -> Call | None:
        """The row of the framework's class that this one inherits from, whose networks it is handed (callbacks)."""
        rows = self.foreign_rows(cls)
        return next((row for _, row in rows if row.keras and row.does not in NETWORK_ROLES), None)

    def known_network(self, value: Value) -> Obj | None:
        """The network that a value is, where that is known."""
        if type(value) is Ref and value.obj.kind == "module":
            return value.obj
        if type(value) is Data:
            if value.kind == "wrapped" and len(value.of) == 1:
                return next(iter(value.of))
            if value.sym is not None:
                return self._objects.get(("handed", value.sym))
        return None

    def network_of(self, value: Value, name: str, sure: bool = False) -> Obj | None:
        """The network that a value is, or is taken for: it is used like one (`sure`), or is called one."""
        known = self.known_network(value)
        if known is not None:
            return known
        if type(value) is Data and value.sym is not None and not value.flows and value.kind in ("", "loaded"):
            if isinstance(value.sym, tuple) and value.sym[0] == "import":
                return None
            if sure or names_model(name):
                obj = self.handed_in(value.sym, name)
                obj.sure |= sure
                if value.kind == "loaded":
                    obj.handed = True
                    obj.lib = "loaded"
                return obj
        return None

    # classes

    def linear(self, cls: s.Class) -> Iterator[s.Class]:
        """A class and its bases in the project, nearest first."""
        seen: set[s.Class] = set()
        todo = [cls]
        while todo:
            one = todo.pop(0)
            if one in seen:
                continue
            seen.add(one)
            yield one
            for base in self.bases.get(one, []):
                todo.extend(each.cls for each in alternatives(base) if type(each) is Cls)

    def foreign(self, cls: s.Class) -> Iterator[Value]:
        """The bases of a class that are not of the project."""
        for one in self.linear(cls):
            for base in self.bases.get(one, []):
                for each in alternatives(base):
                    if type(each) is not Cls:
                        yield each

    def foreign_rows(self, cls: s.Class) -> Iterator[tuple[str, Call]]:
        """The bases that libraries know, by name."""
        for base in self.foreign(cls):
            row = self.libraries.call(base.name) if type(base) is Lib else None
            if type(base) is Lib and row is not None:
                yield base.name, row

    def base_rows(self, cls: s.Class) -> Iterator[Call]:
        return (row for _, row in self.foreign_rows(cls) if row.does in NETWORK_ROLES)

    def unknown_bases(self, cls: s.Class) -> bool:
        return any(type(base) is not Lib for base in self.foreign(cls))

    def is_network(self, cls: s.Class) -> bool:
        if any(True for _ in self.base_rows(cls)):
            return True
        if not self.unknown_bases(cls):
            return False
        return any("forward" in one.methods for one in self.linear(cls)) and bool(MODEL_CLASS.search(cls.name))

    def told_in_call(self, obj: Obj) -> bool:
        """The mode is an argument of each call of this network."""
        if obj.cls is not None:
            return any(row.keras for row in self.base_rows(obj.cls))
        return isinstance(obj.row, Call) and obj.row.keras

    def is_whole(self, cls: s.Class) -> bool:
        """It has a training loop of its framework's own."""
        return any(
            table.get("fit") is not None and table["fit"].does == "fit"
            for row in self.base_rows(cls)
            if row.kind is not None
            for table in [self.libraries.methods.get(row.kind, {})]
        )

    def framework(self, cls: s.Class) -> str | None:
        return next((row.framework for row in self.base_rows(cls) if row.framework), None)

    def driven_by(self, cls: s.Class) -> str | None:
        """The framework that calls the methods of this class, a network or not."""
        return next((row.framework for _, row in self.foreign_rows(cls) if row.framework), None)

    def method(self, cls: s.Class, name: str) -> tuple[s.Class, s.Function] | None:
        for one in self.linear(cls):
            if name in one.methods:
                return one, one.methods[name]
        return None

    def network_row(self, obj: Obj, name: str) -> Method | None:
        """What a method of a network does: of its own kind, or of any network."""
        kinds = [row.kind for row in self.base_rows(obj.cls)] if obj.cls is not None else []
        if isinstance(obj.row, Call):
            kinds.append(obj.row.kind)
        for kind in (*kinds, "module"):
            row = self.libraries.method(kind, name) if kind is not None else None
            if row is not None:
                return row
        return None

    def network_attribute(self, obj: Obj, name: str) -> Attribute | None:
        """What an attribute of a network is: of its own kind, or of any network."""
        kinds = [row.kind for row in self.base_rows(obj.cls)] if obj.cls is not None else []
        if isinstance(obj.row, Call):
            kinds.append(obj.row.kind)
        rows = (self.libraries.attribute(kind, name) for kind in (*kinds, obj.kind) if kind is not None)
        return next((row for row in rows if row is not None), None)

    # attributes

    def set_attribute(self, obj: Obj, name: str, value: Value) -> None:
        obj.attrs[name] = None
        self.world.set(obj, name, value)
        if obj.kind != "module":
            return
        if name == "training" and type(value) is Const:
            self.set_modes([obj], frozenset({Mode("train" if value.value else "eval")}))
        elif type(value) is Data and value.kind == "leaf":
            obj.own[name] = value.sym
        elif type(value) is Const and isinstance(value.value, bool):
            self.set_flag(frozenset((obj,)), name, value.value)
        for part in self.networks_in(value):
            self.adopt(obj, name, part)

    def set_flag(self, objs: frozenset[Obj], name: str, on: bool) -> None:
        """``base.trainable = False``"""
        for obj in in_order(objs):
            row = self.network_attribute(obj, name)
            if row is not None and row.does == "freeze":
                self.freeze(objs, not on)

    def freeze(self, objs: frozenset[Obj], frozen: bool) -> None:
        raise NotImplementedError

    def adopt(self, obj: Obj, name: str, part: Obj) -> None:
        held = obj.children.setdefault(name, [])
        if part is not obj and part not in held:
            held.append(part)
            part.held_by.append(obj)

    def networks_in(self, value: Value) -> Iterator[Obj]:
        """The networks that a value is or holds."""
        if type(value) is Ref:
            if value.obj.kind == "module":
                yield value.obj
            elif value.obj.kind in ("list", "dict"):
                yield from self.networks_in(self.elements(value))
        elif isinstance(value, (Seq, Either)):
            for item in value.items if isinstance(value, Seq) else value.values:
                yield from self.networks_in(item)
        elif type(value) is Data and value.kind == "wrapped":
            yield from in_order(value.of)

    # containers

    def items(self, value: Value) -> tuple[Value, ...] | None:
        """The elements of a sequence, where each is known."""
        if type(value) is Seq:
            return value.items
        if type(value) is Ref and value.obj.kind == "list":
            items = self.world.get(value.obj, "%items")
            return items.items if type(items) is Seq else None
        if type(value) is Ref and value.obj.kind == "module" and value.obj.children.get("%items"):
            return tuple(Ref(part) for part in value.obj.children["%items"])
        return None

    def elements(self, value: Value) -> Value:
        """What any element of a container may be."""
        items = self.items(value)
        if items is not None:
            return either(items) if items else UNKNOWN
        if type(value) is Ref and value.obj.kind in ("list", "dict"):
            known = [self.world.get(value.obj, name) for name in ("%elem", *value.obj.attrs)]
            parts = [one for one in known if one is not None]
            lengths = self.world.get(value.obj, "%items")
            if type(lengths) is Either:
                parts.extend(item for one in lengths.values if type(one) is Seq for item in one.items)
            return either(parts) if parts else UNKNOWN
        if type(value) is Data:
            if value.sym is not None:
                trail = value.trail.as_("element") if value.trail is not None else None
                return Data(
                    ("elem", value.sym), value.flows, value.grads, value.of, still(value), value.loss, value.leaf,
                    value.told, trail=trail,
                )  # fmt: skip
            return value
        if type(value) is Either:
            return either(self.elements(one) for one in value.values)
        return UNKNOWN

    def spilled(self, value: Value, depth: int = 3) -> Data:
        """Everything of forward passes and networks that a value holds, at any depth."""
        if type(value) is Data:
            return self.leafed(value) if self.leaves else value
        if depth:
            if isinstance(value, (Seq, Either)):
                parts = value.items if isinstance(value, Seq) else value.values
                return mixed([self.spilled(part, depth - 1) for part in parts]) if parts else UNKNOWN
            if type(value) is Ref and value.obj.kind in ("list", "dict"):
                return self.spilled(self.elements(value), depth - 1)
        return UNKNOWN

    def leafed(self, value: Data) -> Data:
        """With the mark of a value that gradients were asked of after it was made."""
        if value.leaf or value.sym is None or not self.world.get(value.sym, "%leaf"):
            return value
        return replace(value, leaf=True)

    def all_spilled(self, values: Iterable[Value]) -> Data:
        parts = [self.spilled(value) for value in values]
        parts = [part for part in parts if part.flows or part.of or part.leaf or part.sums or not part.told]
        return mixed(parts) if parts else UNKNOWN

    # modes

    def modes(self, obj: Obj) -> Modes:
        known: Modes | None = self.world.get(obj, MODE)
        if known is not None:
            return known
        return HANDED_IN if obj.handed else AS_BUILT

    def family(self, obj: Obj) -> list[Obj]:
        """A network and all of its parts."""
        found = [obj]
        seen = {obj}
        for one in found:
            for parts in one.children.values():
                for part in parts:
                    if part not in seen:
                        seen.add(part)
                        found.append(part)
        return found

    @staticmethod
    def wholes(obj: Obj) -> list[Obj]:
        """The networks that a network is a part of."""
        found: list[Obj] = []
        todo = [obj]
        while todo:
            for one in todo.pop().held_by:
                if one.kind == "module" and one is not obj and one not in found:
                    found.append(one)
                    todo.append(one)
        return found

    def set_modes(self, objs: Iterable[Obj], modes: Modes) -> None:
        for obj in objs:
            for part in self.family(obj):
                self.world.set(part, MODE, modes)

    def switch(self, obj: Obj, mode: ModeName | None, site: int, whole: bool = True) -> None:
        """``model.train(mode)``, as called."""
        model = self.model(obj)
        event = self.emit(
            Switch, site, (model, mode, whole), lambda place: Switch(place=place, model=model, mode=mode, whole=whole)
        )
        if whole:
            self.set_modes([obj], frozenset({Mode(mode, event)}))

    def touch(self, value: Value) -> None:
        """Something unknown had these networks in its hands."""
        for obj in self.networks_in(value):
            modes = self.modes(obj)
            self.world.set(obj, MODE, frozenset(Mode(mode.value, mode.cause, False) for mode in modes))
        handed = self.known_network(value) if type(value) is Data else None
        if handed is not None and self.modes(handed) == HANDED_IN:
            self.world.set(handed, MODE, frozenset({Mode(None, None, False)}))

    # what the trace is told of a network

    def model(self, obj: Obj) -> Model:
        model = self.models.get(obj)
        if model is None:
            place = None if obj.site < 0 else self.place_in(obj)
            model = Model(obj.name, "handed-in" if obj.handed else "built", place)
            if obj.cls is not None:
                model.kind = obj.cls.name
                model.framework = self.framework(obj.cls)
            else:
                model.kind = obj.lib
                row = obj.row
                if isinstance(row, Call):
                    model.framework = row.framework or (obj.lib.partition(".")[0] if row.keras else None)
                    if row.mode == "unknown" or (row.rows is not None and row.rows.does == "loads"):
                        model.origin = "loaded"
                if obj.lib == "loaded":
                    model.origin = "loaded"
            model.told_in_call = self.told_in_call(obj)
            file = obj.module.rpartition("/")[2].partition(".")[0]
            maker = self.stack[-1].function
            words = (obj.name, model.kind, file, maker.name if maker is not None else "")
            model.generative = any(map(names_generative, words))
            model.loops = frozenset(turns.loop for turns in obj.loops)
            self.asked_of[model] = len(self.models), obj
            self.models[obj] = model
        return model

    def place_in(self, obj: Obj) -> Place:
        return Place(self.project.units[obj.module], obj.site)

    def built(self, obj: Obj, site: int) -> None:
        model = self.model(obj)
        self.emit(Build, site, model, lambda place: Build(place=place, model=model))
