"""Running statements over worlds: branches, loops to a fixpoint, contexts, definitions, imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from auditor.static import syntax as s
from auditor.static.calls import Flow
from auditor.static.machine import FINE_STEPS, Activation, Arguments, Outcome
from auditor.static.project import Unit
from auditor.static.stops import Stops
from auditor.static.values import (
    NONE,
    UNKNOWN,
    Cls,
    Const,
    Data,
    Either,
    Fn,
    Frame,
    Gradients,
    Lib,
    Mod,
    Partial,
    Ref,
    Seq,
    Value,
    alternatives,
)
from auditor.static.worlds import World, common, distinct, widened
from auditor.trace import Grad, ModeName, Switch, Turns

MOST_TURNS = 4
LONGEST_UNROLLED = 6


class Interpreter(Stops):
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

    # what the user declares

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

    # modules

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

    # blocks

    def run(self, body: Sequence[s.Stmt], world: World) -> Flow:
        """Run statements from one world; every way in which they may end."""
        flow: Flow = []
        current = [world]
        for statement in body:
            following: list[World] = []
            for one in current:
                for how, end, value in self.statement(statement, one):
                    if how == "next":
                        following.append(end)
                    else:
                        flow.append((how, end, value))
            current = self.reduced(following)
            if not current:
                break
        flow.extend(("next", one, NONE) for one in current)
        return flow

    def statement(self, statement: s.Stmt, world: World) -> Flow:
        self.step()
        return _STATEMENTS[type(statement)](self, statement, world)

    def simple(self, run: Callable[[], Value], world: World) -> list[Outcome]:
        """Evaluate in a world; where only one comes out, it is the same world gone on."""
        results = self.in_place(run, world)
        if len(results) == 1:
            end, value = results[0]
            if end is not world:
                world.absorb(end)
            return [(world, value)]
        return results

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
            value = self.evaluate(value_expr)
            if isinstance(value_expr, s.Call):
                self.kept_extreme(statement.targets[0], value_expr)
            self.name_network(statement.targets[0], value)
            for target in statement.targets:
                self.assign(target, value)
                self.kept(target, value, value_expr)
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
                figures = self.all_spilled(self.evaluate(arg.value) for arg in call.args)
                if self.compared_again(name, figures):
                    self.select(figures, call.site)

    def name_network(self, target: s.Expr, value: Value) -> None:
        """A network is called what it is first assigned to."""
        if type(value) is Ref and not value.obj.name:
            name = _dotted(target)
            if name:
                value.obj.name = name
                if value.obj in self.models:
                    self.models[value.obj].name = name

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
            if self.in_a_loop() and op == "Add":
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
        return [("next", world, NONE)]

    # branches

    def _if(self, statement: s.If, world: World) -> Flow:
        if self._main_guard(statement):
            self.mains.append((self.frame.module, statement.body))
            return self.run(statement.orelse, world)
        if statement.assigns:
            self.weighed.update((test, statement.assigns) for test in s.comparisons(statement.test))
        yes, no = self.branch(statement.test, world)
        flow: Flow = []
        branches = self.stack[-1].branches
        branches.append(statement)
        for one in self.reduced(yes):
            flow.extend(self.run(statement.body, one))
        for one in self.reduced(no):
            flow.extend(self.run(statement.orelse, one))
        branches.pop()
        return self._gathered(flow, world)

    def _gathered(self, flow: Flow, world: World) -> Flow:
        """Merge what comes out of a branch; a single world goes on as the one that went in."""
        ends = [end for how, end, _ in flow if how == "next"]
        others = [one for one in flow if one[0] != "next"]
        ends = self.reduced(ends)
        if len(ends) == 1 and not others and ends[0] is not world:
            world.absorb(ends[0])
            ends = [world]
        return [*others, *(("next", end, NONE) for end in ends)]

    def _main_guard(self, statement: s.If) -> bool:
        test = statement.test
        return (
            len(self.stack) == 1
            and self.stack[0].function is None
            and isinstance(test, s.Compare)
            and any(isinstance(side, s.Name) and side.id == "__name__" for side in (test.left, test.ops[0][1]))
        )

    def _match(self, statement: s.Match, world: World) -> Flow:
        flow: Flow = []
        for after, subject in self.in_every_world(lambda: self.evaluate(statement.subject), world):
            for case in statement.cases:
                self.world = after.fork()
                values = [self.evaluate(pattern) for pattern in case.pattern]
                if values and type(subject) is Const and subject not in values:
                    continue
                for name in case.names:
                    self.bind_name(name, Data(self.fresh(statement.subject.site)))
                flow.extend(self.run(case.body, self.world))
                if (not values and case.guard is None) or (type(subject) is Const and subject in values):
                    break
            else:
                flow.append(("next", after.fork(), NONE))
        return self._gathered(flow, world)

    def _try(self, statement: s.Try, world: World) -> Flow:
        flow = self.run(statement.body, world.fork())
        ends = [end for how, end, _ in flow if how == "next"]
        rest = [one for one in flow if one[0] != "next"]
        entered = [*ends, *(end for _, end, _ in rest)] or [world.fork()]
        after: Flow = list(rest)
        for one in ends:
            after.extend(self.run(statement.orelse, one.fork()) if statement.orelse else [("next", one.fork(), NONE)])
        for handler in statement.handlers:
            for one in self.reduced([each.fork() for each in entered], 2):
                after.extend(self.run(handler.body, one.fork()))
        if statement.final:
            final: Flow = []
            for how, end, value in after:
                for ended, last, result in self.run(statement.final, end):
                    final.append((how, last, value) if ended == "next" else (ended, last, result))
            after = final
        return self._gathered(after, world)

    # loops

    def _for(self, statement: s.For, world: World) -> Flow:
        flow: Flow = []
        for after, value in self.in_every_world(lambda: self.evaluate(statement.iter), world):
            items = self._with_world(after, lambda: self.items(value))
            if (
                items is None
                or not 0 < len(items) <= LONGEST_UNROLLED
                or self._with_world(after, lambda: self._plain_items(items))
            ):
                items, builds = self._with_world(after, lambda: self.turns(statement, value)), True
            else:
                builds = False
            if items is not None:
                flow.extend(self._unrolled(statement, items, after, builds))
            else:
                flow.extend(self._repeated(statement, after, value))
        return self._gathered(flow, world)

    def _plain_items(self, items: Sequence[Value]) -> bool:
        """Unrolling tells nothing: the elements are numbers or unknown."""
        return all(
            (type(item) is Const and not isinstance(item.value, str))
            or (type(item) is Data and self.trail_of(item) is None)
            for item in items
        )

    def _with_world(self, world: World, run: Callable[[], Any]) -> Any:
        saved, self.world = self.world, world
        try:
            return run()
        finally:
            self.world = saved

    def _unrolled(self, statement: s.For, items: Sequence[Value], world: World, builds: bool) -> Flow:
        """Turn by turn. Where the loop builds layers, an entry point is charged for the first turn only."""
        flow: Flow = []
        current = [world]
        context = self.context
        loops = self._loops()
        loops.append(statement.bound)
        for turn, item in enumerate(items):
            charged = self.steps
            self.context = (*context, ("turn", turn))
            following: list[World] = []
            for one in current:
                for start, _ in self.in_every_world(lambda: self._bound_target(statement.target, item), one):
                    for how, end, value in self.run(statement.body, start):
                        if how in ("next", "continue"):
                            following.append(end)
                        else:
                            flow.append(("next" if how == "break" else how, end, value))
            current = self.reduced(following)
            if builds and turn:
                self.steps = charged
        loops.pop()
        self.context = context
        for one in current:
            flow.extend(self.run(statement.orelse, one))
        return flow

    def _bound_target(self, target: s.Expr, item: Value) -> Value:
        self.assign(target, item)
        return NONE

    def _loops(self) -> list[frozenset[str]]:
        return self.stack[-1].loops

    def _repeated(self, statement: s.For, world: World, value: Value) -> Flow:
        def turn(start: World) -> list[World]:
            def run() -> Value:
                self.assign(statement.target, self.iterated(value, statement.target.site))
                self.turned(value)
                return NONE

            return [one for one, _ in self.in_every_world(run, start)]

        self.turning.append(self._with_world(world, lambda: self.turns_over(statement, value)))
        try:
            return self._fixpoint(turn, statement.body, statement.orelse, statement.bound, world)
        finally:
            self.turning.pop()

    def _while(self, statement: s.While, world: World) -> Flow:
        endless = isinstance(statement.test, s.Const) and bool(statement.test.value)

        def turn(start: World) -> list[World]:
            return self.reduced(self.branch(statement.test, start)[0])

        self.turning.append(Turns(statement, None))
        try:
            flow = self._fixpoint(turn, statement.body, statement.orelse, statement.bound, world, endless)
        finally:
            self.turning.pop()
        return self._gathered(flow, world)

    def _fixpoint(
        self, turn: Callable[[World], list[World]], body: list[s.Stmt], orelse: list[s.Stmt],
        bound: frozenset[str], world: World, endless: bool = False,
    ) -> Flow:  # fmt: skip
        """Turn after turn until one begins with nothing new. The body runs at least once: no loader is empty."""
        flow: Flow = []
        exits: list[World] = []
        seen: list[World] = []
        fresh = [world]
        loops = self._loops()
        loops.append(bound)
        for number in range(MOST_TURNS):
            ends: list[World] = []
            for one in fresh:
                seen.append(one)
                for start in turn(one):
                    for how, end, value in self.run(body, start.fork()):
                        if how in ("next", "continue"):
                            ends.append(end)
                        elif how == "break":
                            flow.append(("next", end, NONE))
                        else:
                            flow.append((how, end, value))
            ends = self.reduced(ends)
            exits.extend(ends)
            fresh = self._new_heads(seen, ends, world)
            if not fresh or number == MOST_TURNS - 1 or (number and self.steps > FINE_STEPS):
                break
        loops.pop()
        generator = bool(self.stack and self.stack[-1].function and self.stack[-1].function.generator)
        if not endless or generator:
            for one in self.reduced([end.fork() for end in exits]):
                flow.extend(self.run(orelse, one) if orelse else [("next", one, NONE)])
        return flow

    def _new_heads(self, seen: list[World], ends: list[World], base: World) -> list[World]:
        """The states in which a further turn begins, where they are not covered by those that began before."""
        fresh: list[World] = []
        for end in ends:
            for index, known in enumerate(seen):
                shared = common([known, end])
                if not distinct(known, end, shared):
                    wider = widened(known, end, shared)
                    if wider is not None:
                        wider.last = end.last | known.last
                        seen[index] = wider
                        fresh.append(wider)
                    break
            else:
                fresh.append(end.fork())
        return [one.fork() for one in fresh]

    # contexts

    def _with(self, statement: s.With, world: World) -> Flow:
        flow: Flow = []
        for after, value in self.in_every_world(lambda: self.evaluate(statement.context), world):
            flow.extend(self._entered(statement, value, after))
        return self._gathered(flow, world)

    def _entered(self, statement: s.With, value: Value, world: World) -> Flow:
        for one in alternatives(value):
            if type(one) is Gradients:
                return self._with_gradients(statement, one, world)
            if type(one) is Lib:
                row = self.libraries.call(one.name)
                if row is not None and row.does == "gradients":
                    self.world = world
                    on = row.turns == "on"
                    self.emit(
                        Grad, statement.context.site, (on, "bare"),
                        lambda place: Grad(place=place, on=on, scope="with", called=False),
                    )  # fmt: skip
            if type(one) is Partial and type(one.func) is Fn and one.func.manager:
                return self._managed(statement, one, world)
            if type(one) is Ref and one.obj.cls is not None and self.method(one.obj.cls, "__enter__") is not None:
                return self._instance_context(statement, one, world)
        return self._plain_context(statement, value, world)

    def _plain_context(self, statement: s.With, value: Value, world: World) -> Flow:
        was = world.grad
        if statement.target is not None:
            target = statement.target
            world = self.simple(lambda: self._bound_target(target, value), world)[0][0]
        if self._of_nobody(statement.context, world):
            world.grad = None
        flow = self.run(statement.body, world)
        for _, end, _ in flow:
            end.grad = was
        return flow

    def _of_nobody(self, context: s.Expr, world: World) -> bool:
        """A name that nothing in the file binds (a fragment without its imports): what it switches, nobody knows."""
        while not isinstance(context, s.Name):
            if isinstance(context, s.Call):
                context = context.func
            elif isinstance(context, s.Attr):
                context = context.obj
            else:
                return False
        name = context.id
        value = self._with_world(world, lambda: self.lookup(name))
        return type(value) is Data and value.sym == ("global", self.frame.module, name)

    def _with_gradients(self, statement: s.With, asked: Gradients, world: World) -> Flow:
        was = asked.was if asked.flag == "entered" else world.grad
        self.world = world
        if asked.on is not None:
            on = asked.on
            self.emit(Grad, statement.context.site, on, lambda place: Grad(place=place, on=on, scope="with"))
        world.grad = asked.on
        flow = self.run(statement.body, world)
        for _, end, _ in flow:
            end.grad = was
        return flow

    def _managed(self, statement: s.With, call: Partial, world: World) -> Flow:
        """``with`` over a generator function of the project: its body runs around the statement's body."""
        assert isinstance(call.func, Fn)
        fn = Fn(call.func.function, call.func.frame, call.func.receiver, call.func.grad)
        marker = object()
        frame, stack, context = self.frame, self.stack, self.context
        ends: list[tuple[str, Value]] = []

        def hook(value: Value) -> list[Outcome]:
            inner = self.frame, self.stack, self.context, self.world
            start = self.world.fork()
            self.frame, self.stack, self.context = frame, stack[:], context
            try:
                if statement.target is not None:
                    self.world = start
                    self.assign(statement.target, value)
                found: list[Outcome] = []
                for how, end, result in self.run(statement.body, start):
                    made = end.fork()
                    made.set(marker, "%end", len(ends))
                    ends.append((how, result))
                    found.append((made, UNKNOWN))
                return found
            finally:
                self.frame, self.stack, self.context, self.world = inner

        self.world = world
        args = Arguments(list(call.args), dict(call.kwargs))
        outcomes = self.outcomes_of(fn, args, statement.context.site, hook)
        flow: Flow = []
        for end, _ in outcomes:
            number: int | None = end.get(marker, "%end")
            how, result = ends[number] if number is not None else ("next", NONE)
            flow.append((how, end, result))
        return flow

    def _instance_context(self, statement: s.With, value: Ref, world: World) -> Flow:
        flow: Flow = []
        site = statement.context.site

        def enter() -> Value:
            entered = self.call(self.attribute(value, "__enter__", site), Arguments([], {}), site)
            if statement.target is not None:
                self.assign(statement.target, entered)
            return entered

        for start, _ in self.in_every_world(enter, world):
            for how, end, result in self.run(statement.body, start):

                def leave() -> Value:
                    handed = Arguments([NONE, NONE, NONE], {})
                    return self.call(self.attribute(value, "__exit__", site), handed, site)

                flow.extend((how, last, result) for last, _ in self.in_every_world(leave, end))
        return flow

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

    # imports

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
