"""``with`` statements: gradients, generators as contexts, objects that enter and exit."""

from __future__ import annotations

from auditor.static import syntax as s
from auditor.static.calls import Flow
from auditor.static.loops import Loops
from auditor.static.machine import Arguments, Outcome
from auditor.static.values import (
    NONE,
    UNKNOWN,
    Data,
    Fn,
    Gradients,
    Lib,
    Partial,
    Ref,
    Value,
    alternatives,
)
from auditor.static.worlds import World
from auditor.trace import Grad


class Contexts(Loops):
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
