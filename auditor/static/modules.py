"""Modules: what their top levels define, and what imports bring."""

from __future__ import annotations

from auditor.static import syntax as s
from auditor.static.calls import Flow
from auditor.static.machine import Activation
from auditor.static.project import Unit
from auditor.static.stops import Stops
from auditor.static.values import (
    NONE,
    Data,
    Fn,
    Frame,
    Lib,
    Mod,
    Value,
)
from auditor.static.worlds import World


class Modules(Stops):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._modules: dict[str, Frame] = {}
        self._started: set[str] = set()
        self._resolving: set[str] = set()
        self._class_frames: dict[s.Class, Frame] = {}
        self.mains: list[tuple[str, list[s.Stmt]]] = []
        self.definitions: dict[s.Function, Fn] = {}
        self._callables: dict[tuple[str, str], Lib] = {}
        """What the user declares, by module and name."""
        for name in sorted(self.libraries.callables):
            self._declare(name)

    def _declare(self, name: str) -> None:
        """Whoever defines it: a file of the program, or a package that is not read."""
        called = Lib(self.libraries.canonical(name))
        path = name.split(".")
        for unit in self.project.units.values():
            if goes_by(unit, path[:-1]):
                self._callables[unit.name, path[-1]] = called
        value: Value = called
        for depth in range(len(path) - 1, 0, -1):
            package = ("import", ".".join(path[:depth]))
            self.root.set(package, path[depth], value)
            value = Data(package)

    def bind_name(self, name: str, value: Value) -> None:
        if self._callables and self.frame.function is None:
            value = self._callables.get((self.frame.module, name), value)
        super().bind_name(name, value)

    def module_frame(self, name: str) -> Frame:
        frame = self._modules.get(name)
        if frame is None:
            frame = self._modules[name] = Frame(None, None, name)
        return frame

    def ensure(self, name: str) -> None:
        """Run a module's top level once, for everybody; what stands under ``__main__`` is kept for later."""
        if name in self._started:
            return
        self._started.add(name)
        module = self.project.module(name)
        if module is None:
            return
        saved = (
            self.world,
            self.frame,
            self.stack,
            self.context,
            self._tape,
            self._position,
            self._pending,
            self.assumed,
            self.turning,
        )
        self.frame, self.context, self.assumed, self.turning = self.module_frame(name), (), (), []
        self.stack = [Activation(None, self.frame, None)]
        world = World(self.root)
        world.grad = True
        try:
            ends = [end for _, end, _ in self.run(module.body, world)]
            merged = self.reduced(ends, 1)
            if merged:
                self.root.absorb(merged[0])
                self.root.assumed, self.root.grad, self.root.last = {}, True, frozenset()
        finally:
            (self.world, self.frame, self.stack, self.context, self._tape, self._position, self._pending,
             self.assumed, self.turning) = saved  # fmt: skip

    def module_attribute(self, module: str, name: str) -> Value:
        self.ensure(module)
        value: Value | None = self.world.get(self.module_frame(module), name)
        if value is not None:
            return value
        unit = self.project.units[module]
        if unit.file.file.name == "__init__.py":
            inner = self.project.in_folder(unit.folder, name)
            if inner is not None:
                return Mod(inner.name)
        return Data(("global", module, name))

    def _import(self, statement: s.Import, world: World) -> Flow:
        self.world = world
        bindings = self.imported(statement)
        for name, value in bindings:
            self.bind_name(name, value)
        return [("next", world, NONE)]

    def imported(self, statement: s.Import) -> list[tuple[str, Value]]:
        """The names that an import binds, and to what."""
        here = self.frame.module
        unit = self.project.find(here, statement.module, statement.level, self._is_library(statement))
        if unit is None and not self._is_library(statement):
            folder = self.project.folder(here, statement.module, statement.level)
            if folder is not None and statement.name not in (None, "*"):
                assert statement.name is not None
                inner = self.project.in_folder(folder, statement.name)
                if inner is not None:
                    return [(statement.alias or statement.name, self._module_value(inner.name))]
            if not statement.level:
                unit = self.project.guess(here, statement.module)
        if statement.name is None:
            return [self._imported_module(statement, unit.name if unit is not None else None)]
        if statement.name == "*":
            return self._star_import(unit.name) if unit is not None else self._library_star(statement)
        if unit is not None:
            return [(statement.alias or statement.name, self._member(unit.name, statement.name))]
        if statement.level:
            return [(statement.alias or statement.name, Data(("import", statement.module, statement.name)))]
        return [(statement.alias or statement.name, self._outside(f"{statement.module}.{statement.name}"))]

    def _outside(self, name: str) -> Value:
        canonical = self.libraries.canonical(name)
        known = canonical.partition(".")[0] in self.libraries.roots or name in self.libraries.callables
        return Lib(canonical) if known else Data(("import", name))

    def _is_library(self, statement: s.Import) -> bool:
        return not statement.level and statement.module.partition(".")[0] in self.libraries.roots

    def _module_value(self, name: str) -> Value:
        self.ensure(name)
        return Mod(name)

    def _member(self, module: str, name: str) -> Value:
        self.ensure(module)
        value: Value | None = self.world.get(self.module_frame(module), name)
        if value is not None:
            return value
        inner = self.project.in_folder(self.project.units[module].folder, name)
        if inner is not None and inner.name != module:
            return self._module_value(inner.name)
        return Data(("global", module, name))

    def _imported_module(self, statement: s.Import, unit: str | None) -> tuple[str, Value]:
        if unit is not None and (statement.alias or "." not in statement.module):
            return statement.alias or statement.module, self._module_value(unit)
        head = statement.module.partition(".")[0]
        if unit is not None:
            self.ensure(unit)
            top = self.project.find(self.frame.module, head, 0)
            return head, self._package(statement.module, unit) if top is None else self._module_value(top.name)
        if statement.alias:
            return statement.alias, self._outside(statement.module)
        return head, self._outside(head)

    def _package(self, dotted: str, unit: str) -> Value:
        """``import a.b`` where ``a`` has no file: an object whose attribute path leads to the module."""
        value: Value = Mod(unit)
        parts = dotted.split(".")
        for depth in range(len(parts) - 1, 0, -1):
            sym = ("package", ".".join(parts[:depth]))
            self.world.set(sym, parts[depth], value)
            value = Data(sym)
        return value

    def _star_import(self, module: str) -> list[tuple[str, Value]]:
        self.ensure(module)
        source = self.project.module(module)
        if source is None:
            return []
        frame = self.module_frame(module)
        found = [(name, self.world.get(frame, name)) for name in sorted(source.locals) if not name.startswith("_")]
        bound: list[tuple[str, Value]] = []
        if module not in self._resolving:
            self._resolving.add(module)
            saved, self.frame = self.frame, frame
            for one in source.imports:
                if one.name == "*":
                    bound.extend(self.imported(one))
            self.frame = saved
            self._resolving.discard(module)
        return [*bound, *((name, value) for name, value in found if value is not None)]

    def _library_star(self, statement: s.Import) -> list[tuple[str, Value]]:
        """``from torch.nn import *``: the rows below that path, and what is known there under another path."""
        prefix = f"{self.libraries.canonical(statement.module)}."
        known = [*self.libraries.aliases, *self.libraries.calls]
        names = [name[len(prefix) :] for name in known if name.startswith(prefix)]
        return [(name, Lib(self.libraries.canonical(f"{prefix}{name}"))) for name in names if name.isidentifier()]


def goes_by(unit: Unit, path: list[str]) -> bool:
    """The file's path ends like this dotted name of a module."""
    whole = (*unit.folder.parts, *(() if unit.file.file.name == "__init__.py" else (unit.tail,)))
    return list(whole[-len(path) :]) == path
