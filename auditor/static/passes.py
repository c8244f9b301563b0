"""Forward passes: through which network, in which mode, over which rows, and where what comes out of them arrives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal

from auditor.libraries import Argument, Flow, Method
from auditor.static import syntax as s
from auditor.static.layers import Layered
from auditor.static.machine import Activation, Arguments
from auditor.static.trails import Trail
from auditor.static.values import (
    NONE,
    Const,
    Data,
    Lib,
    Obj,
    Value,
    is_true,
)
from auditor.static.worlds import MODE, Modes, ancestors
from auditor.trace import (
    Apply,
    Cut,
    Forward,
    Mode,
    Model,
    ModeName,
    Place,
    Rows,
    Sink,
    SinkKind,
    Switch,
)

FIRST = Argument(at=0)


class Passes(Layered):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._picks: dict[s.Function, frozenset[str]] = {}

    def forgotten(self, obj: Obj) -> None:
        raise NotImplementedError

    def restored(self, obj: Obj, value: Value | None, site: int, called: s.Call | None) -> None:
        raise NotImplementedError

    def asked_for_scores(self, row: Method, obj: Obj, args: Arguments) -> None:
        raise NotImplementedError

    def acted_on(self, flow: Flow, args: Arguments) -> bool | None:
        raise NotImplementedError

    def validated(self, flow: Flow, args: Arguments, receiver: Value | None) -> bool | None:
        raise NotImplementedError

    def written_out(self, values: list[Value], site: int) -> None:
        raise NotImplementedError

    def apart_from(self, value: Value, site: int) -> Value:
        raise NotImplementedError

    def tensors_copied(self, value: Data, site: int) -> Data:
        raise NotImplementedError

    def taught_before(self, owner: Obj | None, rows: frozenset[Rows]) -> bool:
        raise NotImplementedError

    # operands

    def operand(self, args: Arguments, where: Argument | None) -> Value | None:
        """The value of an operand; its default where it is not given; None where neither is known."""
        where = where or FIRST
        for name in (where.name, where.formerly):
            if name is not None and name in args.keyword:
                return args.keyword[name]
        if where.at is not None and where.at < len(args.positional):
            return args.positional[where.at]
        if where.default is not None and args.more is None:
            return Const(where.default)
        return None

    def result(self, args: Arguments, site: int, told: bool = True, kind: str = "", attached: bool = True) -> Data:
        """A value that may hold whatever went into a call."""
        inside = self.all_spilled(args.all())
        attached = attached and self.world.grad is not False
        leaf = inside.leaf or any(self.asks_gradients(name, value) for name, value in args.keyword.items())
        return Data(
            self.fresh(site), inside.flows, inside.grads if attached else frozenset(), inside.of, kind,
            inside.loss, leaf, inside.told and told, inside.sums, inside.trail,
        )  # fmt: skip

    def asks_gradients(self, keyword: str, value: Value) -> bool:
        """``requires_grad=True``"""
        row = self.libraries.method("tensor", f"{keyword}_") if is_true(value) else None
        return row is not None and row.does == "leaf"

    def fresh(self, site: int) -> Hashable:
        """The name of the unknown value made here in this context; what was assumed of an earlier one is void."""
        sym = ("at", self.frame.module, site, self.context)
        if sym not in self.made_in_turns and self.in_a_loop():
            self.made_in_turns.add(sym)
        assumed = self.world.assumed
        if assumed and sym in self._unknowns_assumed(assumed):
            self.world.assumed = {
                key: truth for key, truth in assumed.items() if sym not in self._unknowns_in(key)
            }  # fmt: skip
        return sym

    def _unknowns_assumed(self, assumed: dict[Hashable, bool]) -> frozenset[Hashable]:
        """The unknown values that something is assumed of; worlds share what they assume."""
        if self._assumed_last[0] is not assumed:
            unknowns = frozenset().union(*(self._unknowns_in(key) for key in assumed))
            self._assumed_last = assumed, unknowns
        return self._assumed_last[1]

    def _unknowns_in(self, key: Hashable) -> frozenset[Hashable]:
        found = self._unknowns.get(key)
        if found is None:
            found = self._unknowns[key] = unknowns_in(key)
        return found

    # events

    def sink(self, kind: SinkKind, value: Value, site: int, against: bool = False) -> None:
        if kind == "backward":
            self._learns_in_call()
        inside = self.spilled(value)
        if not inside.flows and not inside.sums:
            return
        through = inside.grads if kind in ("backward", "gradient") else frozenset()
        told = inside.told and not (kind == "backward" and not through and (inside.leaf or inside.of))
        rows = inside.trail.rows if inside.trail is not None else frozenset()
        weights = inside.of if kind == "backward" else frozenset()
        self.emit(
            Sink, site, (kind, inside.flows, through, told, inside.sums, rows, weights),
            lambda place: Sink(
                place=place, kind=kind, forwards=inside.flows, through=through, told=told, sums=inside.sums,
                loss=inside.loss, against=against, rows=rows,
                penalised=frozenset(map(self.model, weights)),
            ),
        )  # fmt: skip

    def _learns_in_call(self) -> None:
        """A backward pass in a network's own forward."""
        owner = self.running_forward()
        for obj in self.instances.get(owner.cls, []) if owner is not None and owner.cls is not None else []:
            self.model(obj).learns_in_call = True

    def at_hand(self) -> set[Forward]:
        """The passes whose outputs, with their graphs, are in variables of the functions that are running."""
        frames = {one.frame for one in self.stack}
        return {
            flow for world in ancestors(self.world) for (owner, _), value in world.local.items()
            if owner in frames and isinstance(value, Value) for flow in self.spilled(value).grads
        }  # fmt: skip

    def forward(self, obj: Obj, args: Arguments, site: int, called: s.Call | None, by_method: bool = False) -> Value:
        """A forward pass of a network over what goes in, by a call of it or of a method that it has."""
        inside = self.all_spilled(args.all())
        owner = self.running_forward()
        if owner is not None:
            self.called_inside(owner, obj, args, site)
            sym = self.fresh(site)
            self.went_through(obj, owner, args, sym)
            return Data(
                sym, inside.flows, inside.grads, frozenset(), "", False, inside.leaf, inside.told,
                trail=inside.trail,
            )  # fmt: skip
        if self.told_in_call(obj):
            self.set_modes([obj], frozenset({self.asked_in_call(obj, args)}))
        modes = tuple(sorted(self.modes(obj), key=in_order_of_place))
        grad = self.world.grad
        leaf = inside.leaf or any(self.is_leaf(value) for value in args.all())
        frozen = bool(self.world.get(obj, "%frozen"))
        wholly = frozen and all(self.world.get(part, "%frozen") for part in self.family(obj))
        forced = self.forced_mode(args)
        flags = frozenset(self.world.assumed.items())
        whole, method = self.called_on(obj)
        model = self.model(whole)
        apart = self.apart(whole, modes)
        behind = self.behind(whole, modes) if apart else frozenset()
        trail = self._picked_inside(obj, args, inside.trail, site)
        rows, marks = (trail.rows, trail.found) if trail is not None else (frozenset(), frozenset())
        again = self.taught_before(whole, rows)
        identity = (model, modes, grad, leaf, frozen, wholly, flags, apart, rows, marks, again)
        name = self.name_at(called, by_method) if method is None else method.name
        driven = model.framework is not None or self.in_framework()
        here = self.place(site)

        def make(place: Place) -> Forward:
            return Forward(
                place=place, model=model, modes=modes, grad=grad, driven=driven, on_leaf=leaf, frozen=frozen,
                wholly_frozen=wholly, forced=forced, name=name, repeated=self.repeats(called),
                inside=(here,) if method is not None else (), apart=apart, behind=behind, rows=rows, marks=marks,
                again=again, element=trail is not None and trail.role == "element", length=self.rows_of(args),
                single=self.single_row(args), drawn=self.drawn(first_of(args)),
            )  # fmt: skip

        event = self.emit(Forward, site, identity, make) if method is None else self.emit_at(method, identity, make)
        self.passes_in(event, obj, args, called)
        event.takes |= inside.flows
        event.turns = max(event.turns, sum(len(one.loops) for one in self.stack))
        flows = inside.flows | {event}
        grads = inside.grads | {event} if grad is not False else frozenset()
        sym = self.fresh(site)
        if self.told_in_call(obj):
            self.went_through(obj, obj, args, sym)
        return Data(
            sym, flows, grads, frozenset(), "", False, leaf, inside.told, trail=trail
        )  # fmt: skip

    def _picked_inside(self, obj: Obj, args: Arguments, trail: Trail | None, site: int) -> Trail | None:
        """All rows go in at once (a graph), and the network's own forward picks some of them by another operand."""
        found = self.method(obj.cls, "forward") if obj.cls is not None else None
        if trail is None or found is None:
            return trail
        function = found[1]
        picks = self._picks.get(function)
        if picks is None:
            picks = self._picks[function] = s.picked_by(function.body)
        names = [param.name for param in function.params[1:]]
        for name, value in (*zip(names, args.positional, strict=False), *args.keyword.items()):
            of_a_batch = type(value) is Data and value.trail is not None and value.trail.role == "element"
            if name in picks and type(value) is Data and not of_a_batch:
                trail = trail.cut(Cut(("some", "picked inside", site if value.sym is None else value.sym)))
        return trail

    def passes_in(self, event: Forward, obj: Obj, args: Arguments, called: s.Call | None) -> None:
        """What goes into a pass is known by its symbols and by its words."""
        syms = {value.sym for value in args.all() if type(value) is Data and value.sym is not None}
        words = {s.subject(arg.value) for arg in called.args} if called is not None else set()
        self.went_in.setdefault(event, set()).update(syms, words - {""})
        if obj.fed is None:
            obj.fed = next((sym for sym in syms if sym in self.arrays), None)

    def reconstructs(self, args: Arguments, called: s.Call | None) -> None:
        """A loss that compares what comes out of a network with what went in: rows are their own targets."""
        for number, target in enumerate(args.positional):
            if type(target) is not Data or target.flows:
                continue
            plain = called is not None and number < len(called.args) and not called.args[number].star
            word = s.subject(called.args[number].value) if plain and called is not None else ""
            for flow in frozenset().union(*(value.flows for value in args.all() if type(value) is Data)):
                if self.went_in.get(flow, set()) & {target.sym, word or target.sym}:
                    flow.model.reconstructs = flow.model.generative = True

    def rows_of(self, args: Arguments) -> int | None:
        """How many rows go in at once, the same in every turn of a loop; what is drawn anew is no set of rows."""
        first = first_of(args)
        return self.count_of(first) if first is not None and first.sym not in self.made_in_turns else None

    def single_row(self, args: Arguments) -> bool:
        """What goes in is one row, whose numbers may stand in the source."""
        first = first_of(args)
        return first is not None and 1 in (self.count_of(first), self.written.get(first.sym))

    def in_framework(self) -> bool:
        """A method is running that a framework calls in modes of its own: of a network with a training loop, or a
        callback."""
        running = {one.receiver.cls for one in self.stack if one.receiver is not None and one.receiver.cls is not None}
        running |= {one.function.owner for one in self.stack if one.function is not None and one.function.owner}
        return any(self.driven_by(cls) is not None for cls in running)

    def asked_in_call(self, obj: Obj, args: Arguments) -> Mode:
        """The mode of a call that says so itself; where it does not, what the network's own call has as its default."""
        asked = args.keyword.get("training")
        if asked is None and len(args.positional) < 2 and args.more is None:
            training = self.training_parameter(obj)
            default = training.default if training is not None else None
            return Mode("train" if isinstance(default, s.Const) and default.value is True else "eval")
        return Mode(self.forced_mode(args) or ("eval" if asked == NONE else None))

    def training_parameter(self, obj: Obj) -> s.Param | None:
        """The parameter by which a network of the project is told the mode, or the one that takes any."""
        found = self.method(obj.cls, "call") if obj.cls is not None else None
        params = found[1].params if found is not None else []
        return next((param for param in params if param.name == "training" or param.kind == "**"), None)

    def bundled(self, cls: s.Class) -> bool:
        """The framework of its base comes with another library, whose releases carry an older one too."""
        roots = {base.name.partition(".")[0] for base in self.foreign(cls) if type(base) is Lib}
        module = self.project.module(cls.module)
        imported = module.imports if module is not None else []
        return not any(one.module.partition(".")[0] in roots for one in imported)

    def called_inside(self, owner: Obj, obj: Obj, args: Arguments, site: int) -> None:
        """A layer in a network's own forward that is told a mode of its own, or that no mode can reach."""
        if not self.told_in_call(obj) or owner.cls is None:
            return
        asked = args.keyword.get("training", NONE)
        handed = self.training_parameter(owner) is not None or not self.is_whole(owner.cls) or self.bundled(owner.cls)
        if type(asked) is not Const or (asked == NONE and (handed or len(args.positional) > 1)):
            return
        active: Literal["always", "never"] = "always" if asked.value else "never"
        model, cls = self.model(obj), owner.cls
        self.emit(
            Apply, site, (model, active, asked),
            lambda place: Apply(
                place=place, operation=model.kind, sensitivity="", active=active, literal=asked != NONE,
                owner=cls.name, layer=model, handed=asked != NONE,
            ),
        )  # fmt: skip

    def apart(self, obj: Obj, modes: tuple[Mode, ...]) -> tuple[Switch, ...]:
        """What put parts of a network in another mode than it is in itself."""
        values = {mode.value for mode in modes}
        found: dict[Switch, None] = {}
        for part in self.family(obj)[1:]:
            known: Modes | None = self.world.get(part, MODE)
            for mode in known or ():
                if mode.cause is not None and mode.value not in values:
                    found[mode.cause] = None
        return tuple(found)

    def behind(self, obj: Obj, modes: tuple[Mode, ...]) -> frozenset[Model]:
        """The parts of a network that can learn and are in the mode that it is in itself."""
        values = {mode.value for mode in modes}
        parts = [part for part in self.family(obj)[1:] if not self.world.get(part, "%frozen")]
        return frozenset(self.model(part) for part in parts if {mode.value for mode in self.modes(part)} <= values)

    def called_on(self, obj: Obj) -> tuple[Obj, Activation | None]:
        """The network whose method was called from outside, where this pass is only a part of what that method does."""
        found: tuple[Obj, Activation | None] = (obj, None)
        for one in reversed(self.stack):
            receiver = one.receiver
            if receiver is None or one.site is None or one.drives or obj not in self.family(receiver):
                break
            found = receiver, one
        return found

    def emit_at(self, method: Activation, identity: Hashable, make: Callable[[Place], Forward]) -> Forward:
        """A pass that belongs to the call of a network's method, where that call stands."""
        index = self.stack.index(method)
        frame, stack, context = self.frame, self.stack, self.context
        self.stack = stack[:index]
        self.frame = self.stack[-1].frame if self.stack else frame
        self.context = method.caller
        try:
            assert method.site is not None
            return self.emit(Forward, method.site.node, ("method", identity), make)
        finally:
            self.frame, self.stack, self.context = frame, stack, context

    @staticmethod
    def name_at(called: s.Call | None, by_method: bool) -> str:
        """The user's words for the network that is called."""
        if called is None:
            return ""
        func = called.func
        return s.dotted(func.obj if by_method and isinstance(func, s.Attr) else func)

    def forced_mode(self, args: Arguments) -> ModeName | None:
        asked = args.keyword.get("training")
        if type(asked) is Const and isinstance(asked.value, bool):
            return "train" if asked.value else "eval"
        return None

    def is_leaf(self, value: Value) -> bool:
        return type(value) is Data and (
            value.leaf or (value.sym is not None and bool(self.world.get(value.sym, "%leaf")))
        )

    def repeats(self, called: s.Call | None) -> bool:
        """A pass in a loop whose inputs do not change from turn to turn."""
        if called is None or not called.args or not self.stack or not self.stack[-1].loops:
            return False
        bound = self.stack[-1].loops[-1]
        return not any(s.names(arg.value) & bound for arg in called.args)


def first_of(args: Arguments) -> Data | None:
    """The first operand that may be rows."""
    return next((value for value in args.all() if type(value) is Data), None)


def unknowns_in(key: Hashable) -> frozenset[Hashable]:
    """The names that `fresh` has given which occur in a symbol."""
    found: set[Hashable] = set()
    todo = [key]
    while todo:
        one = todo.pop()
        if isinstance(one, tuple):
            if len(one) == 4 and one[0] == "at":
                found.add(one)
            todo.extend([part for part in one if isinstance(part, tuple)])
    return frozenset(found)


def in_order_of_place(mode: Mode) -> tuple[str, bool, str, int]:
    place = mode.cause.place if mode.cause is not None else None
    return str(mode.value), mode.told, place.path if place is not None else "", place.node if place is not None else 0
