"""Calling things: binding arguments, running the project's functions, making objects, methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.static import syntax as s
from auditor.static.conventions import names_class, names_optimizer
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
from auditor.static.objects import AS_BUILT
from auditor.static.rows import Provenance
from auditor.static.trails import Trail
from auditor.static.values import (
    NONE,
    UNKNOWN,
    WEIGHTS,
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
    Super,
    Value,
    either,
    in_order,
    still,
)
from auditor.static.worlds import MODE, World, changes

MOST_SUMMARIES = 6
LONGEST_LIST = 12
"""Of a list whose elements are told apart..."""
MOST_LAYERS = 200
"""...and of one of layers."""

Flow = list[tuple[str, World, Value]]
"""How a block may end: "next", "break", "continue" or "return", the world, and what is returned."""


class Calls(Provenance):
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

    def _call_partial(self, func: Partial, args: Arguments, site: int) -> Value:
        merged = Arguments([*func.args, *args.positional], {**dict(func.kwargs), **args.keyword}, args.more)
        return self.call(func.func, merged, site)

    def _decorate_gradients(self, func: Gradients, args: Arguments) -> Value:
        target = args.positional[0] if args.positional else UNKNOWN
        return self.with_gradients(target, bool(func.on)) if type(target) is Fn and func.on is not None else target

    def call_unknown(self, func: Value, args: Arguments, site: int, expr: s.Call | None) -> Value:
        name = called_name(expr)
        passes = (args.all() or args.more is not None) and not names_class(name)
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
            any(one.forward_of is not None for one in self.stack),
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
        return Ref(obj)

    # objects

    def instantiate(self, cls: Cls, args: Arguments, site: int) -> Value:
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
        """A part that is called and that nobody knows makes the network incomplete."""
        assert obj.cls is not None
        for cls in self.linear(obj.cls):
            for name in sorted(cls.calls):
                if self.method(obj.cls, name) is None and self.libraries.method("module", name) is None:
                    value = self.world.get(obj, name)
                    if value is None or (type(value) is Data and value.kind in ("", "wrapped", "loaded")):
                        obj.partial = True

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

    # methods

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
            if name in ("extend", "update"):
                value = self.elements(value)
            self._grow(obj, value, site)
            return value if name == "setdefault" else NONE
        if name in ("items", "keys", "values", "copy"):
            return self.view(obj, name, site)
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
                    ("item", value.sym, index.sym if type(index) is Data else None), value.flows, value.grads, value.of,
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


def ends_nothing(function: s.Function) -> bool:
    """It does not end the program: no way through it that comes back means that some of it is not understood,
    or that a subclass nobody has seen gives it a body."""
    return not (function.mentions & {"exit", "_exit", "quit", "abort"})


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
