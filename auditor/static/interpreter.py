"""Running statements over worlds: assignments, ways out, definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.static import syntax as s
from auditor.static.best_so_far import comparisons
from auditor.static.calls import Flow
from auditor.static.contexts import Contexts
from auditor.static.conventions import names_generative
from auditor.static.machine import Arguments
from auditor.static.values import (
    FILLED,
    NONE,
    Cls,
    Data,
    Either,
    Fn,
    Frame,
    Gradients,
    Lib,
    Partial,
    Ref,
    Seq,
    Value,
)
from auditor.static.worlds import World
from auditor.trace import ModeName, Switch


class Interpreter(Contexts):
    # blocks

    def statement(self, statement: s.Stmt, world: World) -> Flow:
        self.step()
        return _STATEMENTS[type(statement)](self, statement, world)

    def _expr(self, statement: s.ExprStmt, world: World) -> Flow:
        ends = self.simple(lambda: self._evaluated(statement), world)
        return [("next", end, NONE) for end, _ in ends]

    def _evaluated(self, statement: s.ExprStmt) -> Value:
        expr = statement.value
        value = self.evaluate(expr)
        if isinstance(expr, s.Attr):
            self.bare_attribute(expr)
        return value

    def bare_attribute(self, expr: s.Attr) -> None:
        """``model.eval`` without its parentheses: names a switch and does not call it."""
        row = self.libraries.method("module", expr.name)
        if row is None or row.does != "mode":
            return
        owner = self.evaluate(expr.obj)
        name = expr.obj.id if isinstance(expr.obj, s.Name) else expr.obj.name if isinstance(expr.obj, s.Attr) else ""
        obj = self.network_of(owner, name)
        if obj is None:
            return
        model = self.model(obj)
        mode: ModeName = "eval" if row.mode == "eval" else "train"
        self.emit(
            Switch, expr.site, (model, "bare"), lambda place: Switch(place=place, model=model, mode=mode, called=False)
        )

    def _assign(self, statement: s.Assign, world: World) -> Flow:
        if statement.value is None:
            return [("next", world, NONE)]
        value_expr = statement.value

        def run() -> Value:
            if isinstance(value_expr, s.Bin) and _same(statement.targets[0], value_expr.left):
                before = self.evaluate(value_expr.left)
                self._added(statement.targets[0], value_expr.op, before, self.evaluate(value_expr.right), False)
                return NONE
            if isinstance(value_expr, s.IfExp):
                kept = frozenset(s.assigned([statement]))  # ``best = score if score > best else best``
                self.weighed.update((test, kept) for test in comparisons(value_expr.test))
            value = self.evaluate(value_expr)
            if isinstance(value_expr, s.Call):
                self.kept_extreme(statement.targets[0], value_expr)
            self.name_network(statement.targets[0], value)
            for target in statement.targets:
                self.assign(target, value)
                self.put_aside(target, value, value_expr)
                self.penalty(target, value, value_expr.site)
            return NONE

        return [("next", end, NONE) for end, _ in self.simple(run, world)]

    def kept_extreme(self, target: s.Expr, call: s.Call) -> None:
        """``best = max(best, score)``"""
        name = s.written(target)
        if (
            len(call.args) == 2
            and name
            and all(arg.keyword is None for arg in call.args)
            and any(s.written(arg.value) == name for arg in call.args)
        ):
            row = self.evaluate(call.func)
            if type(row) is Lib and self.keeps_extreme(row.name):
                values = [(s.written(arg.value), self.evaluate(arg.value)) for arg in call.args]
                figures = self.all_spilled(value for _, value in values)
                if self.compared_again(name, figures) and self.scored(one for word, one in values if word != name):
                    self.select(figures, call.site)

    def name_network(self, target: s.Expr, value: Value) -> None:
        """A network is called what it is first assigned to."""
        if type(value) is Ref and not value.obj.name:
            name = _dotted(target)
            if name:
                value.obj.name = name
                if value.obj in self.models:
                    self.models[value.obj].name = name
                    self.models[value.obj].generative |= names_generative(name)

    def _augmented(self, statement: s.AugAssign, world: World) -> Flow:
        target = statement.target

        def run() -> Value:
            before = self.evaluate(target)
            value = self.evaluate(statement.value)
            self._added(target, statement.op, before, value, True)
            if statement.op == "Subtract" and type(before) is Data and before.of and before.kind != "parts":
                self.step_by_hand(before.of, target.site)
            return NONE

        return [("next", end, NONE) for end, _ in self.simple(run, world)]

    def _added(self, target: s.Expr, op: str, before: Value, value: Value, scores: bool) -> None:
        """``total += value``, or ``total = total + value``, which alone is no sign of a score."""
        first, second = self.items(before), self.items(value)
        grows = scores and op == "Add" and type(before) is Ref and before.obj.kind == "list"
        if grows and first is not None and second is not None:
            assert type(before) is Ref
            self.world.set(before.obj, "%items", Seq((*first, *second)))  # the list itself grows
            return
        made = self.arithmetic(op, before, value, target.site)
        if scores and type(before) is Ref and type(made) is Seq and any(True for _ in self.networks_in(value)):
            self.world.set(before.obj, "%items", made)  # ``layers += [...]``: the list itself grows
            made = before
        inside = self.spilled(value)
        if inside.flows and type(made) is Data:
            if scores or inside.loss:
                self.sink("score", value, target.site)
            if self.in_a_loop() and op == "Add" and not self.begins_anew(target):
                added = value if self.world.grad is not False else inside.renamed(None, attached=False)
                made = self.summed(made, self.accumulate(_dotted(target), before, added, target.site))
        self.assign(target, made)
        self.penalty(target, made, target.site)

    def _return(self, statement: s.Return, world: World) -> Flow:
        if statement.value is None:
            return [("return", world, NONE)]
        value = statement.value
        return [("return", end, result) for end, result in self.simple(lambda: self.evaluate(value), world)]

    def _raise(self, statement: s.Raise, world: World) -> Flow:
        return []

    def _break(self, statement: s.Break, world: World) -> Flow:
        self.simple(self._left, world)
        return [("break", world, NONE)]

    def _left(self) -> Value:
        self.left_early()
        return NONE

    def _continue(self, statement: s.Continue, world: World) -> Flow:
        return [("continue", world, NONE)]

    def _delete(self, statement: s.Delete, world: World) -> Flow:
        def run() -> Value:
            for target in statement.targets:
                owner = self.evaluate(target.obj) if isinstance(target, s.Item) else NONE
                if type(owner) is Ref and owner.obj.kind == "dict":
                    self.world.set(owner.obj, FILLED, None)
            return NONE

        return [("next", end, NONE) for end, _ in self.simple(run, world)]

    # definitions

    def _function(self, statement: s.Function, world: World) -> Flow:
        def run() -> Value:
            value: Value = Fn(statement, self.frame)
            for decorator in reversed(statement.decorators):
                value = self.decorated(value, decorator)
            self.definitions.setdefault(statement, Fn(statement, self.frame))
            self.bind_name(statement.name, value)
            return NONE

        return [("next", end, NONE) for end, _ in self.simple(run, world)]

    def decorated(self, value: Value, decorator: s.Expr) -> Value:
        with_ = self.evaluate(decorator)
        if type(value) is not Fn:
            return value
        if type(with_) is Lib:
            return self._library_decorated(value, with_.name, decorator)
        if type(with_) is Gradients:
            on = with_.on
            if with_.flag == "entered":
                self.world.grad = with_.was
            return self.with_gradients(value, bool(on)) if on is not None else value
        if type(with_) in (Fn, Partial, Either):
            made = self.call(with_, Arguments([value], {}), decorator.site)
            return made if type(made) in (Fn, Partial, Ref) else value
        return value

    def _library_decorated(self, value: Fn, name: str, decorator: s.Expr) -> Value:
        last = name.rpartition(".")[2]
        if last == "staticmethod":
            return Fn(value.function, value.frame, value.receiver, value.grad, value.manager, True)
        if last in ("property", "cached_property"):
            return Fn(value.function, value.frame, value.receiver, value.grad, prop=True)
        if last == "contextmanager":
            return Fn(value.function, value.frame, value.receiver, value.grad, True)
        row = self.libraries.call(name)
        if row is not None and row.does == "gradients":
            return self.with_gradients(value, row.turns == "on")
        return value

    def _class(self, statement: s.Class, world: World) -> Flow:
        def run() -> Value:
            bases = [self.evaluate(base) for base in statement.bases]
            self.bases[statement] = bases
            cls = Cls(statement, self.frame)
            self.scopes[statement] = cls
            self.bind_name(statement.name, cls)
            return NONE

        flow: Flow = []
        for after, _ in self.simple(run, world):
            outer = self.frame
            self.frame = self._class_frames[statement] = self.frame_of(statement, outer, outer.module)
            try:
                flow.extend(("next", end, NONE) for how, end, _ in self.run(statement.body, after))
            finally:
                self.frame = outer
        return flow

    def class_frame(self, cls: s.Class) -> Frame:
        return self._class_frames[cls]


def _same(a: s.Expr, b: s.Expr) -> bool:
    """Two names, attributes or items that are written alike."""
    if isinstance(a, s.Name):
        return isinstance(b, s.Name) and a.id == b.id
    if isinstance(a, s.Attr):
        return isinstance(b, s.Attr) and a.name == b.name and _same(a.obj, b.obj)
    if isinstance(a, s.Item):
        return isinstance(b, s.Item) and _same(a.obj, b.obj) and _same(a.index, b.index)
    return isinstance(a, s.Const) and isinstance(b, s.Const) and a.value == b.value


def _dotted(expr: s.Expr) -> str:
    if isinstance(expr, s.Attr):
        head = _dotted(expr.obj)
        return f"{head}.{expr.name}" if head else expr.name
    return expr.id if isinstance(expr, s.Name) else ""


_STATEMENTS: dict[type[s.Stmt], Callable[[Interpreter, Any, World], Flow]] = {
    s.ExprStmt: Interpreter._expr,
    s.Assign: Interpreter._assign,
    s.AugAssign: Interpreter._augmented,
    s.If: Interpreter._if,
    s.For: Interpreter._for,
    s.While: Interpreter._while,
    s.With: Interpreter._with,
    s.Try: Interpreter._try,
    s.Return: Interpreter._return,
    s.Raise: Interpreter._raise,
    s.Break: Interpreter._break,
    s.Continue: Interpreter._continue,
    s.Delete: Interpreter._delete,
    s.Import: Interpreter._import,
    s.Function: Interpreter._function,
    s.Class: Interpreter._class,
    s.Match: Interpreter._match,
}
