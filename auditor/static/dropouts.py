"""Dropout that stands where it does harm, or that nothing passes through: told once the program has been followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from auditor.libraries import Answer
from auditor.static import syntax as s
from auditor.static.interpreter import Interpreter
from auditor.static.layers import parts_of
from auditor.static.sizes import Given
from auditor.static.values import Const, Data, Obj, Value
from auditor.trace import Idle, Place

RATE = re.compile(r"^(p_?)?drop(out)?(_?(rate|prob|probability|p|ratio))?$", re.IGNORECASE)
BY_ANOTHER_NAME = frozenset(
    {"children", "named_children", "modules", "named_modules", "getattr", "_modules", "__dict__", "vars", "locals"}
)
"""Words with which a class may reach its parts, or a function its arguments, without naming them."""
DEEPEST_END = 6


class Dropouts(Interpreter):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.given_back: dict[s.Class, list[Value]] = {}
        """What a network's own forward gives back."""

    def complete_models(self) -> None:
        super().complete_models()
        for cls in self.scopes:
            if self.is_network(cls):
                self._idle(cls)

    def last_dropout(self, obj: Obj) -> Place | None:
        last = self._last(obj)
        return self.place_in(last) if last is not None else None

    def dropped_before_norm(self, obj: Obj) -> tuple[Place, ...]:
        return tuple(dict.fromkeys(self._before_norms(obj)))

    @staticmethod
    def drops(obj: Obj) -> bool:
        """It is a layer that does nothing but drop."""
        said = obj.answer
        return isinstance(said, Answer) and said.sensitivity == "dropout" and said.rate != 0 and not obj.children

    def only_drops(self, obj: Obj) -> bool:
        row = self.libraries.size(obj.lib)
        return self.drops(obj) and row is not None and str(row.weights) == "0"

    # where it stands

    def _last(self, obj: Obj, depth: int = DEEPEST_END) -> Obj | None:
        """The dropout that every output of a network comes from."""
        source = self.original(obj)
        if source.cls is None:
            if self.only_drops(source):
                return source
            parts = self._chain(source)
            return self._last(parts[-1], depth - 1) if depth and parts else None
        values = self.given_back.get(source.cls, [])
        ends = {self._made_by(value, depth) for value in values}
        return ends.pop() if len(ends) == 1 else None

    def _made_by(self, value: Value, depth: int) -> Obj | None:
        tensor = self.tensors.get(value.sym) if type(value) is Data else None
        return self._last(tensor.of, depth - 1) if tensor is not None and isinstance(tensor.of, Obj) and depth else None

    def _before_norms(self, obj: Obj) -> Iterator[Place]:
        source = self.original(obj)
        for part in self.family(source):
            pairs = pairwise(self._chain(part))
            yield from (self.place_in(one) for one, after in pairs if self.only_drops(one) and self._norms(after))
        for key in source.calls:
            if isinstance(key, tuple) and self._norms(key[1]):
                before = self.tensors.get(self.tensors[key[0]].inputs) if key[0] in self.tensors else None
                if before is not None and isinstance(before.of, Obj) and self.only_drops(before.of):
                    yield self.place_in(before.of)

    def _chain(self, obj: Obj) -> list[Obj]:
        """The layers that pass their outputs on to each other, where all of them are written out in this order."""
        row = self.libraries.size(obj.lib) if obj.cls is None else None
        given = obj.given if isinstance(obj.given, Given) else None
        if row is None or not row.threads or given is None or given.more:
            return []
        listed = given.positional
        if len(listed) == 1 and isinstance(listed[0], tuple):
            listed = listed[0]
        parts = [part for _, part in parts_of(obj)]
        return parts if len(parts) == len(listed) else []

    @staticmethod
    def _norms(obj: Obj) -> bool:
        return isinstance(obj.answer, Answer) and obj.answer.sensitivity == "normalisation"

    # what nothing passes through

    def _idle(self, cls: s.Class) -> None:
        found = self.method(cls, "__init__")
        runs = self.method(cls, "forward") or self.method(cls, "call")
        if cls.methods.get("__init__") is None or found is None or runs is None or cls.mentions & BY_ANOTHER_NAME:
            return
        init = cls.methods["__init__"]
        self._unread_argument(cls, init)
        for obj in self.instances.get(cls, ()):
            for name, parts in obj.children.items():
                if name == "%items":
                    continue  # the class is a container itself, which gives its parts to whoever loops over it
                for part in parts:
                    if part.module == cls.module and self.only_drops(part) and not self._reads(cls, name):
                        self._say(part.site, cls, "layer", name)
        for obj in self._made_in(cls):
            given = obj.given if isinstance(obj.given, Given) else None
            if given is not None and self._single(obj):
                self._say(obj.site, cls, "single", obj.lib.rpartition(".")[2])

    def _made_in(self, cls: s.Class) -> Iterator[Obj]:
        for obj in self.instances.get(cls, ()):
            for parts in obj.children.values():
                yield from (part for part in parts if part.module == cls.module and part.cls is None)

    def _single(self, obj: Obj) -> bool:
        """One recurrent layer: its dropout stands between layers only."""
        row = self.libraries.call(obj.lib)
        if row is None or row.layers is None or not isinstance(obj.answer, Answer) or not isinstance(obj.given, Given):
            return False
        layers = obj.given.keyword.get(row.layers.name or "")
        if layers is None and row.layers.at is not None and row.layers.at < len(obj.given.positional):
            layers = obj.given.positional[row.layers.at]
        one = layers is None or (type(layers) is Const and layers.value == 1) or layers == 1
        return one and not obj.given.more and bool(obj.answer.rate)

    def _unread_argument(self, cls: s.Class, init: s.Function) -> None:
        if any(param.kind in ("*", "**") for param in init.params) or init.mentions & BY_ANOTHER_NAME:
            return
        shared = {
            param.name for other in self.scopes if other is not cls and "__init__" in other.methods
            for param in other.methods["__init__"].params
        }  # fmt: skip
        for param in init.params[1:]:
            if RATE.search(param.name) and param.name not in shared and not s.reads_name(init.body, param.name):
                self._say(init.site, cls, "argument", param.name)

    def _reads(self, cls: s.Class, name: str) -> bool:
        """Some method of the class, of its bases or of what inherits from it names the part, or somebody else."""
        family = [one for one in self.scopes if cls in self.linear(one) or one in self.linear(cls)]
        if any(s.reads_attribute(method.body, name) for one in family for method in one.methods.values()):
            return True
        functions = (one for module in self.project.parsed() for one in module.functions if name in one.mentions)
        return any(one.owner is None and s.reads_attribute(one.body, name) for one in functions)

    def _say(self, site: int, cls: s.Class, what: str, name: str) -> None:
        place = Place(self.project.units[cls.module], site)
        self.events.setdefault((Idle, place, what, name), Idle(place=place, what=what, name=name, owner=cls.name))  # type: ignore[arg-type]
