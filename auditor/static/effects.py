"""What library calls do to the trace, as their rows say."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from operator import itemgetter
from typing import Literal

from auditor.libraries import Argument, Call, answer
from auditor.static import syntax as s
from auditor.static.machine import Arguments, Dead
from auditor.static.objects import AS_BUILT, HANDED_IN
from auditor.static.optimizers import Optimizers
from auditor.static.sizes import Applied
from auditor.static.values import (
    NONE,
    UNKNOWN,
    WEIGHTS,
    Const,
    Data,
    Fn,
    Frame,
    Gradients,
    Obj,
    Partial,
    Ref,
    Seq,
    Value,
    alternatives,
    is_true,
)
from auditor.static.worlds import MODE
from auditor.trace import (
    Apply,
    Compare,
    Mode,
    SinkKind,
)

FROM_SINKS: dict[str, SinkKind] = {
    "score": "score",
    "store": "store",
    "report": "report",
    "draw": "report",
    "gradient": "gradient",
}


class Effects(Optimizers):
    def gradients(self, row_turns: str, args: Arguments, where: Argument | None) -> Gradients:
        """The context that a row describes, not entered yet."""
        value = self.operand(args, where) if where is not None else None
        if row_turns == "argument" or (where is not None and value is not None and not is_true(value)):
            on = value.value if type(value) is Const else None
            if row_turns == "off" and on is not None:
                on = not on
            flag = value.sym if type(value) is Data else None
            return Gradients(None if on is None else bool(on), None, ("truth", flag) if flag is not None else None)
        return Gradients(row_turns == "on")

    # rows

    def library_call(self, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        """Calling something of a library by its canonical name."""
        row = self.libraries.call(name)
        if row is None:
            for value in args.all():
                if not self.libraries_know(name):
                    self.touch(value)
            return self.unknown_result(args, site, told=self.libraries_know(name))
        if row.computes is not None:
            number = self.computed(row.computes, args)
            if number is not None:
                return number
        apply = _CALLS.get(row.does)
        if apply is not None:
            value = apply(self, row, name, args, site, called)
        else:
            value = self.result(args, site, kind=row.kind or "")
        made = value.sym if type(value) is Data else value.obj if type(value) is Ref else None
        if made is not None:
            self.shaped(name, args, made)
        if type(value) is Ref and value.obj.kind == "predictor" and name in self.libraries.sizes:
            value.obj.given = self.given(args, name)
        return value

    def libraries_know(self, name: str) -> bool:
        return name.partition(".")[0] in self.libraries.roots

    def unknown_result(self, args: Arguments, site: int, told: bool) -> Data:
        """What an unknown call gives back: what it was given, perhaps the network itself."""
        made = self.result(args, site, told)
        networks = [value.obj for value in args.all() if type(value) is Ref and value.obj.kind == "module"]
        if len(networks) == 1 and not made.flows:
            return Data(made.sym, of=frozenset(networks), kind="wrapped", told=False)
        return made

    def _layer(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        obj = self.make("module", site, lib=name)
        obj.row = row
        obj.answer = answer(row, lambda where: self._read(args, where))
        for value in args.all():
            for part in self.networks_in(value):
                self.adopt(obj, "%items", part)
        self.adopt_called(obj, args)
        if self.holds_parts(row, name):
            parts = [
                part
                for value in args.all()
                for part in alternatives(self.elements(value) if self.items(value) is not None else value)
            ]
            obj.partial |= any(type(part) is Data and part.kind != "wrapped" for part in parts)
        given = self.given(args, name)
        obj.given = given if obj.given is None else obj.given.met(given)
        obj.frozen = False
        self.forgotten(obj)
        mode: dict[str, frozenset[Mode]] = {"train": AS_BUILT, "eval": frozenset({Mode("eval")}), "unknown": HANDED_IN}
        self.world.set(obj, MODE, mode[row.mode])
        self.world.set(obj, "%frozen", None)
        if not self.stack or self.stack[-1].receiver is None:
            self.built(obj, site)
        return Ref(obj)

    def adopt_called(self, obj: Obj, args: Arguments) -> None:
        """The layers whose outputs go in are the layers of a functional network; not those pinned to inference."""
        if not self.told_in_call(obj):
            return
        made = {self.asked_of[flow.model] for flow in self.all_spilled(args.all()).flows if flow.forced != "eval"}
        for _, part in sorted(made, key=itemgetter(0)):
            self.adopt(obj, "%items", part)

    def holds_parts(self, row: Call, name: str) -> bool:
        """A container, whose layers are what it is given."""
        return row.does == "layer" and row.kind == "container"

    def _read(self, args: Arguments, where: Argument) -> tuple[bool, object]:
        value = self.operand(args, where)
        return (True, value.value) if type(value) is Const else (False, None)

    def _model(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        made = self._layer(row, name, args, site, called)
        assert isinstance(made, Ref)
        self.built(made.obj, site)
        if row.returns is None:
            return made
        return Seq((made, *(Data((self.fresh(site), number)) for number in range(1, row.returns))))

    def _share(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        wrapped = self.operand(args, row.arg)
        if wrapped is None:
            return self.result(args, site)
        if row.returns is None:
            return wrapped
        return Seq((wrapped, *(self._nth(args, number, site) for number in range(1, row.returns))))

    def _nth(self, args: Arguments, number: int, site: int) -> Value:
        """What comes back beside a wrapped network: the optimizer and the like that went in beside it."""
        return args.positional[number] if number < len(args.positional) else Data((self.fresh(site), number))

    def _prepare(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        return args.positional[0] if len(args.positional) == 1 else Seq(tuple(args.positional))

    def _copy(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        source = self.operand(args, row.arg)
        if source is None:
            return self.result(args, site)
        obj = self.known_network(source)
        if obj is not None:
            return Ref(self.copied(obj, site))
        if type(source) is Ref and source.obj.cls is not None:  # told apart from its source by what it has learnt only
            for attribute in source.obj.attrs:
                held: Value | None = self.world.get(source.obj, attribute)
                for part in self.networks_in(held) if held is not None else ():
                    self.forgotten(part)
        return self.apart_from(source, site)

    def copied(self, obj: Obj, site: int) -> Obj:
        """An independent network like this one, in the mode that it is in now."""
        copy = self.make("module", site, obj.cls, obj.lib)
        copy.row, copy.partial, copy.handed = obj.row, obj.partial, obj.handed
        for name in obj.attrs:
            copy.attrs[name] = None
            self.world.set(copy, name, self.world.get(obj, name))
        copy.children = {}
        self.world.set(copy, MODE, self.modes(obj))
        copy.partial = True
        copy.answer = obj.answer
        self.forgotten(copy)
        self.forgotten(obj)  # the parts of both are one object here
        self.world.set(copy, "%frozen", self.world.get(obj, "%frozen"))
        self.copies[copy] = obj
        self.built(copy, site)
        return copy

    def _optimizer(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        obj = self.make("optimizer", site, lib=name)
        inside = self.all_spilled(args.all())
        networks = {part for value in args.all() for part in self.networks_in(value)}
        objs = inside.of | networks or (frozenset() if inside.leaf else None)
        self.world.set(obj, "%of", objs)
        obj.given = args
        self.configured(obj, row, args, objs, site)
        return Ref(obj)

    def own_optimizer(self, cls: s.Class, args: Arguments, site: int) -> Value | None:
        """A class of the project that is an optimizer: it moves what it is made with, however it does so."""
        for name, row in self.foreign_rows(cls):
            if row.does == "optimizer":
                made = self._optimizer(row, name, args, site, None)
                assert type(made) is Ref
                made.obj.cls = cls
                return made
        return None

    def _object(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        return Ref(self.make(row.kind or row.does, site, lib=name))

    def _loader(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        return Data(self.fresh(site), kind="loader")

    def _loss_of(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        self.reconstructs(args, called)
        self.compared_with_labels(args)
        return self.as_loss(self.result(args, site))

    def compared_with_labels(self, args: Arguments) -> None:
        """A loss of outputs and of something that is neither an output nor what went in."""
        others = {
            value.sym for value in args.all() if type(value) is Data and not value.flows and value.sym is not None
        }
        for flow in self.all_spilled(args.all()).flows if others else ():
            if not others & self.went_in.get(flow, set()):
                flow.labelled = True

    @staticmethod
    def as_loss(value: Data) -> Data:
        return Data(
            value.sym, value.flows, value.grads, value.of, value.kind, True, value.leaf, value.told, value.sums,
            value.trail,
        )  # fmt: skip

    def _sink(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        self.showing(row.does, self.frame, args, site)
        return self.result(args, site, kind=row.kind or "")

    def showing(self, does: str, where: Frame | Obj, args: Arguments, site: int) -> None:
        """Something is kept or shown; what is shown together is compared."""
        if does == "store":
            self.written_out(args.all(), site)
        self.shown(FROM_SINKS[does], self.all_spilled(args.all()), site, self.labels_among(args.all()))
        if does == "report":
            self.compare("shown beside", args.all(), site)
        if does == "draw":
            drawn: Value | None = self.world.get(where, "%drawn")
            before = drawn.items if type(drawn) is Seq else ()
            now = self.figures(Seq(tuple(args.all())))
            for value in now:
                for earlier in before:
                    self.compare("drawn beside", [earlier, value], site)
            self.world.set(where, "%drawn", Seq((*before, *now)[-6:]))

    def compare(self, how: str, values: Iterable[Value], site: int) -> None:
        """Figures of different passes meet; a loss and another number are not comparable."""
        figures = self.figures(Seq(tuple(values)))
        for number, left in enumerate(figures):
            for right in figures[number + 1 :]:
                if left.flows & right.flows or left.loss != right.loss:
                    continue
                one, other = left.flows, right.flows
                self.emit(
                    Compare, site, (one, other, how),
                    lambda place: Compare(place=place, left=one, right=other, how=how),
                )  # fmt: skip

    def figures(self, value: Value, depth: int = 3) -> list[Data]:
        """The numbers of forward passes that a value holds; a tensor with its graph is none unless a loss."""
        if type(value) is Data:
            return [value] if value.flows and (value.loss or not value.grads) else []
        if not depth:
            return []
        if type(value) is Ref and value.obj.kind == "dict":
            parts = [self.world.get(value.obj, name) for name in (*value.obj.attrs, "%elem")]
        else:
            held = self.items(value)
            parts = list(held) if held is not None else [self.elements(value)] if type(value) is Ref else []
        return [one for part in parts if part is not None for one in self.figures(part, depth - 1)]

    def shown(self, kind: SinkKind, value: Data, site: int, against: bool = False) -> None:
        """A sink; showing a loss is scoring."""
        self.sink("score" if kind == "report" and value.loss else kind, value, site, against)

    def labels_among(self, values: Iterable[Value]) -> bool:
        """Something that comes from no pass, and is not written out, stands beside what does."""
        return any(type(value) is Data and not value.flows for value in values)

    def _gradients(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        if args.positional and type(args.positional[0]) is Fn:
            return self.with_gradients(args.positional[0], row.turns == "on")
        made = self.gradients(row.turns, args, row.arg)
        if row.turns != "argument":
            return made
        return self.set_gradients(made)

    def set_gradients(self, asked: Gradients) -> Value:
        """``set_grad_enabled`` acts as soon as it is called; in a ``with`` it is undone at the end."""
        was = self.world.grad
        if asked.on is None and asked.flag is not None:
            known = self.world.assumed.get(asked.flag)
            if known is None:
                world, flag = self.world, asked.flag
                truth = self.choose(
                    lambda: [(world.assume(flag, True), Const(True)), (world.assume(flag, False), Const(False))]
                )
                known = type(truth) is Const and bool(truth.value)
            asked = Gradients(known)
        self.world.grad = asked.on
        return Gradients(asked.on, was, "entered")

    @staticmethod
    def with_gradients(fn: Fn, on: bool) -> Fn:
        return Fn(fn.function, fn.frame, fn.receiver, on, fn.manager, fn.static, fn.prop)

    def _backward(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = self.operand(args, row.arg)
        if value is not None:
            self.sink("backward", value, site)
        if value is None or not self.spilled(value).grads:
            for passed in self.at_hand():
                passed.open = True  # from something that nobody knows: it may go through them
        return NONE

    def _gradient(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        self.sink("gradient", self.all_spilled(args.all()), site)
        forward_of = self.running_forward()
        if forward_of is not None:
            for obj in self.instances.get(forward_of.cls, []) if forward_of.cls is not None else [forward_of]:
                self.model(obj).own_gradients = True
        return self.no_loss(self.result(args, site))

    def _operation(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        self.apply_operation(row, name, args, site, called)
        return self.result(args, site)

    def apply_operation(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> None:
        """A functional operation that is random unless a flag says that training is over."""
        rate = self.operand(args, row.rate) if row.rate is not None else None
        idle = type(rate) is Const and rate.value in (0, 0.0, None)
        if idle and not (rate != NONE and self._asked_for_elsewhere(row, called)):
            return
        owner = self.running_forward()
        active, literal = self._active(row, args, rate, owner)
        cls = owner.cls if owner is not None else None
        if cls is not None and owner is not None and not idle:
            self.operations.setdefault(cls, set()).add(name)
            known = rate.value if type(rate) is Const and isinstance(rate.value, (int, float)) else None
            owner.calls[Applied(name, known)] = None
        self.emit(
            Apply, site, (name, active, literal, cls, idle),
            lambda place: Apply(
                place=place, operation=name, sensitivity=row.sensitivity or "stochastic",
                active=active, literal=literal, idle=idle,
                owner=cls.name if cls is not None else "", flag=(row.training.name or "") if row.training else "",
            ),
        )  # fmt: skip

    @staticmethod
    def _asked_for_elsewhere(row: Call, called: s.Call | None) -> bool:
        """The rate is an attribute (``self.rate``): 0 by default, and another one where somebody asks for it."""
        if row.rate is None or called is None:
            return False
        return isinstance(s.argument(called, row.rate.at, row.rate.name), s.Attr)

    def stays(self, rate: Value | None) -> bool:
        """A rate that does not depend on the mode: kept on the module (``self.p``), or given to its constructor."""
        sym = rate.sym if type(rate) is Data else None
        while isinstance(sym, tuple) and sym[0] == "item":
            sym = sym[1]
        if not isinstance(sym, tuple):
            return False
        if sym[0] == "param":
            return all(one.function is None or one.function.site != sym[2] for one in self.stack)
        return sym[0] == "attr" and not is_mode(sym)

    def _active(
        self, row: Call, args: Arguments, rate: Value | None, owner: Obj | None
    ) -> tuple[Literal["always", "never", "mode"] | None, bool]:
        if any(isinstance(key, tuple) and key[0] == "truth" and is_mode(key[1]) for key in self.world.assumed):
            return "mode", False
        stays = type(rate) is Const or self.stays(rate)
        if not stays and (row.training is None or rate is not None):
            return None, False
        if row.training is None:
            return "always", False
        given = self.operand(args, Argument(at=row.training.at, name=row.training.name))
        flag = self.operand(args, row.training)
        if type(flag) is Const:
            return ("always" if flag.value else "never"), given is not None
        if type(flag) is Data and is_mode(flag.sym):
            return "mode", False
        return None, False

    def _trainer(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        obj = self.make(row.kind or "trainer", site, lib=name)
        obj.row = row
        networks = frozenset(part for value in args.all() for part in self.networks_in(value))
        self.world.set(obj, "%of", networks)
        return Ref(obj)

    def _fit(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        networks = frozenset(part for value in args.all() for part in self.networks_in(value))
        self.fitted(row.framework or name, networks, site)
        return self.result(args, site)

    def _invoke(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        func = self.operand(args, row.arg)
        if func is None:
            return self.result(args, site)
        handed = [value for value in args.positional if value is not func]
        listed = args.keyword.get("args")
        if listed is not None:
            handed = list(self.items(listed) or [])
        elif row.kind == "map":
            handed = [self.elements(value) for value in handed]
        elif len(handed) == 1 and type(handed[0]) is Seq:
            handed = list(handed[0].items)
        if row.kind == "spawn":
            handed.insert(0, UNKNOWN)
        value = self.call(func, Arguments(handed, {}, UNKNOWN), site)
        return self.spilled(value).renamed(self.fresh(site))

    def _shallow(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        """Another container of the same values: of live weights, if it was one of these."""
        source = self.operand(args, row.arg)
        objs = self.referred(source) if source is not None else frozenset()
        if source is None or not objs:
            return self.result(args, site, kind=row.kind or "")
        return Data(self.fresh(site), of=objs, kind=WEIGHTS, told=not self.moved(source))

    def moved(self, value: Value) -> bool:
        raise NotImplementedError

    def referred(self, value: Value) -> frozenset[Obj]:
        raise NotImplementedError

    def _partial(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        if not args.positional:
            return UNKNOWN
        return Partial(args.positional[0], tuple(args.positional[1:]), tuple(sorted(args.keyword.items())))

    def _elements(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = self.operand(args, row.arg)
        if value is None and not args.all() and args.more is None:
            return self.empty(site)
        return value if value is not None else self.result(args, site)

    def empty(self, site: int) -> Value:
        """``list()``: nothing yet, as ``[]``."""
        obj = self.make("list", site)
        self.world.set(obj, "%items", Seq(()))
        self.world.set(obj, "%elem", None)
        return Ref(obj)

    def _next(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = self.operand(args, row.arg)
        listed = type(value) is Ref and value.obj.kind == "list"
        return self.elements(value) if value is not None and listed else self.result(args, site)

    def _enumerate(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = args.positional[0] if args.positional else UNKNOWN
        items = self.items(value)
        if items is not None:
            return Seq(tuple(Seq((Const(number), item)) for number, item in enumerate(items)))
        return self.iterating(Seq((Data(self.fresh(site)), self.elements(value))), site)

    def _zip(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        listed = [self.items(value) for value in args.positional]
        if listed and all(items is not None for items in listed):
            return Seq(tuple(Seq(row) for row in zip(*(items or () for items in listed), strict=False)))
        return self.iterating(Seq(tuple(self.elements(value) for value in args.positional)), site)

    def _mapping(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        if args.positional and self.referred(args.positional[0]):
            return self._shallow(row, name, args, site, called)
        pairs = self.items(args.positional[0]) if args.positional else ()
        if pairs is None or args.more is not None:
            return self.result(args, site)
        known: dict[str, Value] = {}
        for pair in pairs:
            if type(pair) is not Seq or len(pair.items) != 2 or type(pair.items[0]) is not Const:
                return self.result(args, site)
            known[str(pair.items[0].value)] = pair.items[1]
        return self.dictionary({**known, **args.keyword}, site)

    def dictionary(self, known: dict[str, Value], site: int) -> Value:
        raise NotImplementedError

    def iterating(self, element: Value, site: int) -> Value:
        """Something to iterate over whose elements are all like this one."""
        obj = self.make("list", site)
        self.world.set(obj, "%items", UNKNOWN)
        self.world.set(obj, "%elem", element)
        return Ref(obj)

    def _constant(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        if row.kind == "figure":
            self.world.set(self.frame, "%drawn", None)
        return Ref(self.make(row.kind, site, lib=name)) if row.kind else Data(self.fresh(site))

    def _detach(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        return self.result(args, site, attached=False)

    def _read_out(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        inside = self.all_spilled(args.all())
        self.sink("score", inside, site)
        return inside.renamed(self.fresh(site), attached=False)

    def _recording(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        return Const(self.world.grad) if self.world.grad is not None else Data(self.fresh(site))

    def _exit(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        raise Dead

    def _context(self, row: Call, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        if args.positional and type(args.positional[0]) is Ref:
            return args.positional[0]
        return self.result(args, site, kind=row.kind or "")

    @staticmethod
    def no_loss(value: Data) -> Data:
        value.loss = False
        return value


def is_mode(sym: Hashable) -> bool:
    """It stands for ``self.training``."""
    return isinstance(sym, tuple) and len(sym) == 3 and sym[0] == "attr" and sym[2] == "training"


_Row = Callable[[Effects, Call, str, Arguments, int, "s.Call | None"], Value]
_CALLS: dict[str, _Row] = {
    "layer": Effects._layer,
    "base": Effects._layer,
    "model": Effects._model,
    "share": Effects._share,
    "prepare": Effects._prepare,
    "copy": Effects._copy,
    "optimizer": Effects._optimizer,
    "loss": Effects._object,
    "metric": Effects._object,
    "environment": Effects._object,
    "loss-of": Effects._loss_of,
    "score": Effects._sink,
    "store": Effects._sink,
    "report": Effects._sink,
    "draw": Effects._sink,
    "loader": Effects._loader,
    "gradients": Effects._gradients,
    "backward": Effects._backward,
    "gradient": Effects._gradient,
    "operation": Effects._operation,
    "trainer": Effects._trainer,
    "fit": Effects._fit,
    "invoke": Effects._invoke,
    "shallow": Effects._shallow,
    "partial": Effects._partial,
    "elements": Effects._elements,
    "element": Effects._next,
    "enumerate": Effects._enumerate,
    "zip": Effects._zip,
    "mapping": Effects._mapping,
    "constant": Effects._constant,
    "exists": Effects._constant,
    "detach": Effects._detach,
    "read": Effects._read_out,
    "recording": Effects._recording,
    "exit": Effects._exit,
    "context": Effects._context,
    "scaled-loss": Effects._elements,
}
