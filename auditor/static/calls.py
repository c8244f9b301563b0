"""Calling things: functions of the project, whose outcomes are remembered, and classes, which make objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.libraries import Method as Row
from auditor.static import syntax as s
from auditor.static.conventions import names_class
from auditor.static.machine import (
    DEAR,
    DEEPEST_CALLS,
    FINE_STEPS,
    FUNCTION,
    MOST_WALKED,
    Activation,
    Arguments,
    Outcome,
    Summary,
)
from auditor.static.methods import Methods, called_name
from auditor.static.objects import AS_BUILT
from auditor.static.values import (
    FILLED,
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
    Method,
    Obj,
    Partial,
    Ref,
    Seq,
    Value,
    either,
)
from auditor.static.worlds import MODE, World, changes

MOST_SUMMARIES = 6

Flow = list[tuple[str, World, Value]]
"""How a block may end: "next", "break", "continue" or "return", the world, and what is returned."""


class Calls(Methods):
    def run(self, body: Sequence[s.Stmt], world: World) -> Flow:
        raise NotImplementedError

    def attribute(self, value: Value, name: str, site: int) -> Value:
        raise NotImplementedError

    def assign(self, target: s.Expr, value: Value) -> None:
        raise NotImplementedError

    def drives(self, function: s.Function) -> bool:
        """It has a training or an evaluation of its own, as far as names tell."""
        raise NotImplementedError

    def concerns_networks(self, function: s.Function) -> bool:
        """It may do something to a network, itself or through what it calls, as far as names tell."""
        raise NotImplementedError

    def call(self, func: Value, args: Arguments, site: int, expr: s.Call | None = None) -> Value:
        """Calling any value. Worlds that differ afterwards each go on."""
        kind = type(func)
        if expr is not None:
            self.calling = s.dotted(expr.func.obj) if isinstance(expr.func, s.Attr) else s.dotted(expr.func)
        if kind is Fn:
            own = self._own_forward(func)  # type: ignore[arg-type]
            if own is not None:
                return self.forward(own, args, site, expr, by_method=True)
            moves = self._own_step(func)  # type: ignore[arg-type]
            if moves is not None:
                return self.kind_method(*moves, args, site, expr)
            self.acting(func, args, site)  # type: ignore[arg-type]
            return self.call_function(func, args, site)  # type: ignore[arg-type]
        if kind is Lib:
            return self.library_call(func.name, args, site, expr)  # type: ignore[attr-defined]
        if kind is Method:
            return self.call_method(func.receiver, func.name, args, site, expr)  # type: ignore[attr-defined]
        if kind is Cls:
            return self.instantiate(func, args, site)  # type: ignore[arg-type]
        if kind is Partial:
            return self._call_partial(func, args, site)  # type: ignore[arg-type]
        if kind is Ref:
            return self.call_object(func.obj, args, site, expr)  # type: ignore[attr-defined]
        if kind is Gradients:
            return self._decorate_gradients(func, args)  # type: ignore[arg-type]
        if kind is Either:
            return either([self.call(one, args, site, expr) for one in func.values])  # type: ignore[attr-defined]
        return self.call_unknown(func, args, site, expr)

    def acting(self, fn: Fn, args: Arguments, site: int) -> None:
        """Outputs go to the ``step`` of an environment of the project's own, which can be ``reset`` too."""
        if fn.function.name != "step" or type(fn.receiver) is not Ref or fn.receiver.obj.kind != "instance":
            return
        cls, inside = fn.receiver.obj.cls, self.all_spilled(args.all())
        if inside.flows and not inside.loss and cls is not None and self.method(cls, "reset") is not None:
            self.sink("act", inside, site)

    def _own_forward(self, fn: Fn) -> Obj | None:
        """The network whose forward is called by its name (``self.forward(x)``)."""
        if type(fn.receiver) is not Ref or fn.receiver.obj.kind != "module":
            return None
        row = self.libraries.method("module", fn.function.name)
        return fn.receiver.obj if row is not None and row.does == "forward" else None

    def _own_step(self, fn: Fn) -> tuple[Row, Obj] | None:
        """What a method of an optimizer of the project's own does: what every optimizer's method of the name does."""
        if type(fn.receiver) is not Ref or fn.receiver.obj.kind != "optimizer":
            return None
        row = self.libraries.method("optimizer", fn.function.name)
        return (row, fn.receiver.obj) if row is not None else None

    def _call_partial(self, func: Partial, args: Arguments, site: int) -> Value:
        merged = Arguments([*func.args, *args.positional], {**dict(func.kwargs), **args.keyword}, args.more)
        return self.call(func.func, merged, site)

    def _decorate_gradients(self, func: Gradients, args: Arguments) -> Value:
        target = args.positional[0] if args.positional else UNKNOWN
        return self.with_gradients(target, bool(func.on)) if type(target) is Fn and func.on is not None else target

    def call_unknown(self, func: Value, args: Arguments, site: int, expr: s.Call | None) -> Value:
        name = called_name(expr)
        passes = args.more is not None or any(type(value) is not Const for value in args.all())
        passes = passes and not names_class(name)  # with settings only, or by the name of a class, it makes one
        obj = self.network_of(func, name) if passes else self.known_network(func)
        if obj is not None:
            return self.forward(obj, args, site, expr)
        for value in args.all():
            self.touch(value)
        watcher = self.watcher_by_name(name, args, site)
        if watcher is not None:
            return watcher
        result = self.unknown_result(args, site, told=False)
        self.made_anew(result, site)
        return self.loss_like(name, result)

    # functions of the project

    def call_function(self, fn: Fn, args: Arguments, site: int) -> Value:
        if fn.manager:  # entered by a `with`, not by this call
            return Partial(fn, tuple(args.positional), tuple(sorted(args.keyword.items())))
        if not fits(fn, args):
            return self.result(args, site, told=False)
        running = sum(1 for one in self.stack if one.function is fn.function)
        if running > 1 or len(self.stack) >= DEEPEST_CALLS or self._told_enough(fn.function):
            if self.drives(fn.function):
                for passed in self.all_spilled(args.all()).grads:
                    passed.open = True
            return self.result(args, site, told=False)
        if self.steps > FINE_STEPS and not self.concerns_networks(fn.function):
            return self.result(args, site, told=False)
        return self.choose(lambda: self.remembered(fn, args, site))

    def _told_enough(self, function: s.Function) -> bool:
        """It was walked so often, here or from all the entry points before, that once more is not worth its cost."""
        if self.spent.get(function, 0) > FUNCTION * self.limit:
            return True
        return self.walked[function] > MOST_WALKED and self.dearest.get(function, 0) > DEAR

    def remembered(self, fn: Fn, args: Arguments, site: int) -> list[Outcome]:
        """The outcomes of a call: those of an earlier run from here where it read the same, else those of a new one."""
        world = self.world
        key = (
            fn, self.frame.module, site, self.context, tuple(args.positional), tuple(args.keyword.items()), args.more,
            world.grad, frozenset(world.assumed.items()), self.assumed,
            self.running_forward() is not None,
        )  # fmt: skip
        known = self.summaries.setdefault(key, [])
        for summary in known:
            if summary.fits(world):
                self.step()
                self.log.extend(summary.first)
                return summary.replayed(world)
        journal, world.journal = world.journal, {}
        start = len(self.log)
        try:
            outcomes = self.outcomes_of(fn, args, site)
            reads = world.journal
        finally:
            if journal is not None:
                for read, value in world.journal.items():
                    journal.setdefault(read, value)
            world.journal = journal
        before = world.last
        first = [event for event in self.log[start:] if not before or event.after & before]
        ends = [(end, changes(end, world), value) for end, value in outcomes]
        known.append(Summary(reads, ends, list(dict.fromkeys(first)), before))
        del known[:-MOST_SUMMARIES]
        return outcomes

    def outcomes_of(
        self, fn: Fn, args: Arguments, site: int, hook: Callable[[Value], list[Outcome]] | None = None,
        forward_of: Obj | None = None,
    ) -> list[Outcome]:  # fmt: skip
        """Every world that a call may end in, with what it returns there."""
        self.step()
        base, outer, context = self.world, self.frame, self.context
        world = base.fork()
        caller = self.place(site) if site >= 0 else None
        self.context = (*context, (outer.module, site))
        frame = self.frame_of(fn.function, fn.frame, fn.function.module)
        activation = Activation(fn.function, frame, caller, hook=hook, forward_of=forward_of)
        spent, steps = self.spent.get(fn.function, 0), self.steps
        if type(fn.receiver) is Ref and fn.receiver.obj.kind == "module":
            activation.receiver, activation.caller, activation.name = fn.receiver.obj, context, self.calling
            activation.drives = self.drives(fn.function)
        activation.coarse = hook is None and not self.concerns_networks(fn.function)
        self.stack.append(activation)
        try:
            self.frame, self.world = frame, world
            self.bind(fn, args, frame)
            world = self.world
            if fn.grad is not None:
                world.grad = fn.grad
            ends = self.run(fn.function.body, world)
        finally:
            self.stack.pop()
            self.frame, self.context, self.world = outer, context, base
            cost = self.steps - steps
            self.spent[fn.function] = spent + cost
            if cost > DEAR:
                self.dearest[fn.function] = cost
        self.reached.add(fn.function)
        outcomes: list[Outcome] = []
        for how, end, value in ends:
            if fn.grad is not None:
                end.grad = base.grad
            left = end.fork() if fn.function.inner or activation.hook else end.left(base, frame)
            outcomes.append((left, value if how == "return" else NONE))
        if fn.function.generator and hook is None:
            outcomes = [(end, self._generated(activation, site, end)) for end, _ in outcomes]
        if not outcomes and ends_nothing(fn.function):
            return [(base.fork(), Data(("abstract", fn.function.module, fn.function.site, context), told=False))]
        return self.merged(outcomes)

    def _generated(self, activation: Activation, site: int, world: World) -> Value:
        obj = self.make("list", site)
        world.set(obj, "%items", UNKNOWN)
        world.set(obj, "%elem", either(activation.yields) if activation.yields else UNKNOWN)
        return Ref(obj)

    def bind(self, fn: Fn, args: Arguments, frame: Frame) -> None:
        """Give the parameters their values; what an earlier call left for its inner functions is gone."""
        for name in sorted(fn.function.locals) if fn.function.inner else ():
            self.world.set(frame, name, None)
        positional = list(args.positional)
        if fn.receiver is not None and not fn.static:
            positional.insert(0, fn.receiver)
        keyword = dict(args.keyword)
        for param in fn.function.params:
            if param.kind == "*":
                self.world.set(frame, param.name, Seq(tuple(positional)))
                positional = []
            elif param.kind == "**":
                self.world.set(frame, param.name, self.dictionary(keyword, fn.function.site))
            else:
                self.world.set(frame, param.name, self._bound(param, positional, keyword, args, fn))

    def _bound(
        self, param: s.Param, positional: list[Value], keyword: dict[str, Value], args: Arguments, fn: Fn
    ) -> Value:
        if param.kind == "positional" and positional:
            return positional.pop(0)
        if param.name in keyword:
            return keyword.pop(param.name)
        if args.more is not None:
            return self.parameter(fn, param)
        if param.default is not None:
            return self.evaluate(param.default)
        return self.parameter(fn, param)

    def parameter(self, fn: Fn, param: s.Param) -> Value:
        """A parameter that nobody gives a value."""
        return Data(("param", fn.function.module, fn.function.site, param.name))

    def dictionary(self, known: dict[str, Value], site: int) -> Value:
        obj = self.make("dict", site)
        for name in obj.attrs:
            self.world.set(obj, name, None)
        for name, value in known.items():
            obj.attrs[name] = None
            self.world.set(obj, name, value)
        self.world.set(obj, FILLED, Const(True) if known else None)
        return Ref(obj)

    # objects

    def instantiate(self, cls: Cls, args: Arguments, site: int) -> Value:
        optimizer = self.own_optimizer(cls.cls, args, site)
        if optimizer is not None:
            return optimizer
        network = self.is_network(cls.cls)
        obj = self.make("module" if network else "instance", site, cls.cls)
        if network:
            obj.handed = False
            self.world.set(obj, MODE, AS_BUILT)
            self.world.set(obj, "%frozen", None)
            self.forgotten(obj)
        found = self.method(cls.cls, "__init__")
        if found is not None:
            init = Fn(found[1], self.scopes[found[0]].frame, Ref(obj))
            self.call(init, args, site)
        elif args.positional or args.keyword:
            self._fields(obj, cls.cls, args)
        if network:
            self.adopt_called(obj, args)
            self.find_unknown_parts(obj)
            self.built(obj, site)
        else:
            self.say_part(obj, args)
        return Ref(obj)

    def _fields(self, obj: Obj, cls: s.Class, args: Arguments) -> None:
        """A dataclass or a named tuple: its annotated names are its parameters, in order."""
        fields = [
            target.id for one in cls.body if isinstance(one, s.Assign) and one.annotation is not None
            for target in one.targets if isinstance(target, s.Name)
        ]  # fmt: skip
        for name, value in [*zip(fields, args.positional, strict=False), *args.keyword.items()]:
            self.set_attribute(obj, name, value)

    def find_unknown_parts(self, obj: Obj) -> None:
        """A part that is called and that nobody knows makes the network incomplete.

        What its own `__init__` sets in another case than this one it has not (``if pooling: self.pool = ...``).
        """
        assert obj.cls is not None
        for cls in self.linear(obj.cls):
            for name in sorted(cls.calls):
                if self.method(obj.cls, name) is None and self.libraries.method("module", name) is None:
                    value = self.world.get(obj, name)
                    unknown = type(value) is Data and value.kind in ("", "wrapped", "loaded")
                    if unknown or (value is None and not (obj.attrs and name in self._set_in_making(obj.cls))):
                        obj.partial = True

    def _set_in_making(self, cls: s.Class) -> frozenset[str]:
        """The attributes that the constructors of a class set, in whichever case."""
        found = (one.methods.get("__init__") for one in self.linear(cls))
        inits = [init for init in found if init is not None and init.params]
        return frozenset(
            word.removeprefix(f"{init.params[0].name}.") for init in inits for word in s.assigned_in(init.body)
        )

    def call_object(self, obj: Obj, args: Arguments, site: int, expr: s.Call | None) -> Value:
        if obj.kind == "module":
            return self.forward(obj, args, site, expr)
        if obj.cls is not None:
            found = self.method(obj.cls, "__call__")
            if found is not None:
                return self.call(Fn(found[1], self.scopes[found[0]].frame, Ref(obj)), args, site)
            found = self.method(obj.cls, "forward")
            if found is not None and self.unknown_bases(obj.cls):
                return self.call(Fn(found[1], self.scopes[found[0]].frame, Ref(obj)), args, site)
        if obj.kind == "loss":
            self.reconstructs(args, expr)
            self.compared_with_labels(args)
            return self.as_loss(self.result(args, site))
        if obj.kind == "metric":
            self.sink("score", self.all_spilled(args.all()), site, self.labels_among(args.all()))
            return self.result(args, site)
        row = self.libraries.method(obj.kind, "__call__")
        if row is not None:
            return self.kind_method(row, obj, args, site, expr)
        for value in args.all():
            self.touch(value)
        return self.result(args, site, told=bool(obj.lib))


def fits(fn: Fn, args: Arguments) -> bool:
    """The parameters take these arguments. Where they do not, another function of the name is the one that runs."""
    params = fn.function.params
    if fn.function.decorators or any(param.kind in ("*", "**") for param in params):
        return True
    given = len(args.positional) + (fn.receiver is not None and not fn.static)
    return given <= sum(param.kind == "positional" for param in params) and args.keyword.keys() <= {
        param.name for param in params
    }


def ends_nothing(function: s.Function) -> bool:
    """It does not end the program: no way through it that comes back means that some of it is not understood,
    or that a subclass nobody has seen gives it a body."""
    return not (function.mentions & {"exit", "_exit", "quit", "abort"})
