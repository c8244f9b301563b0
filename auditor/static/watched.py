"""Who watches a training, and what for: callbacks and settings that act on a score, as they are told when made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.libraries import Argument, Call, Condition, Flow, Method, Watch
from auditor.static import syntax as s
from auditor.static.conventions import names_training_score
from auditor.static.machine import Arguments
from auditor.static.row_calls import Doing
from auditor.static.rows_divided import Divided
from auditor.static.values import NONE, Const, Data, Fn, Obj, Ref, Seq, Value, alternatives
from auditor.trace import Model
from auditor.trace import Watch as Watched

SETTINGS = "%settings"
"""What a watcher was told."""
HELD = "%held"
"""The watchers that a trainer was given when it was made."""
EPOCHS = "%epochs"
SCORES = "%scores"
DEEPEST_LIST = 3
LOSS = "loss"
Side = Literal["train", "validation"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a watcher was told when it was made; None: not known."""

    row: Watch
    monitor: str | None
    mode: Literal["min", "max"] | None
    patience: int | None
    restores: bool | None
    by_batch: bool = False
    """Its score is read off the output of a single batch."""
    saves: Value | None = None


class Watching(Divided):
    # making

    def library_call(self, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = super().library_call(name, args, site, called)
        row = self.libraries.call(name)
        if row is not None and type(value) is Ref:
            self.instructed(value.obj, row, args)
        return value

    def instructed(self, obj: Obj, row: Call, args: Arguments) -> None:
        """What a watcher, or a trainer with its watchers, is told when it is made."""
        if row.watches is not None:
            self.world.set(obj, SETTINGS, self.settings(row.watches, args))
            self.watched = True
        if row.rows is not None and row.rows.epochs is not None:
            self.world.set(obj, EPOCHS, self.operand(args, row.rows.epochs))
        if self.watched:
            self.world.set(obj, HELD, Seq(tuple(self.watchers_in(args.all()))))

    def made_by_base(self, obj: Obj, args: Arguments, site: int, called: s.Call | None) -> None:
        """A watcher of the project's own, made like the one of a library that it inherits from."""
        super().made_by_base(obj, args, site, called)
        assert obj.cls is not None
        for _, row in self.foreign_rows(obj.cls):
            if row.watches is not None:
                self.instructed(obj, row, args)

    def watcher_by_name(self, name: str, args: Arguments, site: int) -> Value | None:
        """A watcher that nobody sees the making of: called like one that is known, with operands of the same names."""
        if not self.libraries.monitors & args.keyword.keys():
            return None
        rows = [(library, row) for library, row in self.libraries.watchers.items() if name.endswith(last(library))]
        ranked = sorted(rows, key=lambda one: (-len(args.keyword.keys() & operands(one[1])), one[0]))
        if not ranked or ranked[0][1].watches is None:
            return None
        library, row = ranked[0]
        obj = self.make(row.kind or row.does, site, lib=library)
        self.instructed(obj, row, args)
        return Ref(obj)

    def settings(self, row: Watch, args: Arguments) -> Settings | None:
        """None: it does not act."""
        acts = self.fulfils(row.when, args) if row.when is not None else True
        if acts is False:
            return None
        restores = False if row.restores is None else self.fulfils(row.restores, args)
        monitor = self.constant_of(args, row.monitor)
        patience = self.constant_of(args, row.patience)
        return Settings(
            row,
            monitor if isinstance(monitor, str) else None,
            self.direction(row, args),
            patience if type(patience) is int else None,
            restores if acts else None,
            self.reads_batch(row, args),
            self.operand(args, row.saves) if row.saves is not None else None,
        )

    def reads_batch(self, row: Watch, args: Arguments) -> bool:
        """The function that gives the score reads it off the output of a single batch."""
        score = self.operand(args, row.score) if row.score is not None else None
        return type(score) is Fn and row.batch is not None and row.batch in score.function.mentions

    def attached(self, receiver: Value, name: str, args: Arguments, site: int) -> None:
        """A watcher is attached to what runs a training, which is written out with the weights."""
        for value in self.watchers_in(args.all(), 0):
            told: Settings | None = self.world.get(value.obj, SETTINGS) if type(value) is Ref else None
            row = self.libraries.method(told.row.of, name) if told is not None and told.row.of is not None else None
            if told is None or row is None or row.attaches is None or not told.by_batch or told.saves is None:
                continue
            if receiver not in self.held(told.saves):
                continue
            assert type(value) is Ref
            made, does, monitor, label = self.place_in(value.obj), told.row.does, told.monitor, class_name(value.obj)
            self.emit(
                Watched, site, (value, told),
                lambda place, made=made, does=does, monitor=monitor, label=label: Watched(  # type: ignore[misc]
                    place=place, does=does, made=made, name=label, monitor=monitor, side="train", by_batch=True
                ),
            )  # fmt: skip

    def fulfils(self, condition: Condition, args: Arguments) -> bool | None:
        """The same as `holds`, where a value that is not known may be what is asked for."""
        value = self.operand(args, condition)
        if type(value) is Const or (value is None and args.more is None):
            return self.holds(condition, args)
        return None

    def constant_of(self, args: Arguments, where: Argument | None) -> object:
        value = self.operand(args, where) if where is not None else None
        return value.value if type(value) is Const else None

    def direction(self, row: Watch, args: Arguments) -> Literal["min", "max"] | None:
        """Whether less or more is better."""
        said = self.constant_of(args, row.mode)
        less, more = self.constant_of(args, row.less), self.constant_of(args, row.more)
        if said == "min" or less is True or more is False:
            return "min"
        return "max" if said == "max" or more is True or less is False else None

    def watchers_in(self, values: Iterable[Value], depth: int = DEEPEST_LIST) -> list[Value]:
        found: list[Value] = []
        for value in (one for each in values for one in alternatives(each)):
            if type(value) is Ref and self.world.get(value.obj, SETTINGS) is not None:
                found.append(value)
            elif depth and type(value) in (Seq, Ref):
                found.extend(self.watchers_in(self.listed(value), depth - 1))
        return list(dict.fromkeys(found))

    def listed(self, value: Value) -> Iterable[Value]:
        """The watchers that a trainer was given, or what a list holds."""
        held: Value | None = self.world.get(value.obj, HELD) if type(value) is Ref else None
        parts = self.items(held if held is not None else value)
        if parts is not None:
            return parts
        return alternatives(self.elements(value)) if type(value) is Ref and value.obj.kind == "list" else ()

    def watched_row(self, name: str, args: Arguments) -> Method | None:
        watchers = self.watchers_in(args.all()) if self.watched else ()
        for value in watchers:
            told: Settings | None = self.world.get(value.obj, SETTINGS) if type(value) is Ref else None
            row = self.libraries.method(told.row.of, name) if told is not None and told.row.of is not None else None
            if row is not None and row.rows is not None and row.rows.does == "train":
                return row
        return None

    # training

    def watched_fit(self, doing: Doing) -> None:
        """A training begins: who watches it, and what it is told."""
        if not self.watched:
            return
        receiver = doing.receiver
        given = [receiver] if receiver is not None else []
        watchers = self.watchers_in([*given, *doing.args.all()])
        if not watchers:
            return
        epochs = self.constant_of(doing.args, doing.flow.epochs)
        if epochs is None and type(receiver) is Ref:
            held: Value | None = self.world.get(receiver.obj, EPOCHS)
            epochs = held.value if type(held) is Const else None
        model = self._watched_model(doing)
        validated = self.validated(doing.flow, doing.args, receiver)
        for value in watchers:
            assert isinstance(value, Ref)
            self._watch(value.obj, model, epochs if type(epochs) is int and epochs > 0 else None, validated, doing)

    def _watch(self, obj: Obj, model: Model | None, epochs: int | None, validated: bool | None, doing: Doing) -> None:
        told: Settings | None = self.world.get(obj, SETTINGS)
        if told is None:
            return
        made, row = self.place_in(obj), told.row
        logged = self.logged(doing.receiver, validated)
        sides = self.sides(doing)
        if logged is None and sides is not None:
            logged = frozenset(sides)
        self.emit(
            Watched, doing.site, (obj, told, model, epochs, validated),
            lambda place: Watched(
                place=place, does=row.does, made=made, model=model, name=class_name(obj), monitor=told.monitor,
                side=side_of(row, told.monitor, logged, sides or {}), mode=told.mode, patience=told.patience,
                epochs=epochs, restores=told.restores, validated=validated, logged=logged, remedy=remedy_of(row),
                fetched=row.fetch if row.fetch is not None and self.mentioned(row.fetch, obj) else "",
            ),
        )  # fmt: skip

    def in_time(self, obj: Obj, doing: Doing) -> bool:
        """It may act before the training that it watches is over."""
        told: Settings | None = self.world.get(obj, SETTINGS)
        epochs = self.constant_of(doing.args, doing.flow.epochs)
        if told is None or told.patience is None or type(epochs) is not int:
            return True
        return told.patience < epochs or told.restores is not False

    def _watched_model(self, doing: Doing) -> Model | None:
        receiver = doing.receiver
        if type(receiver) is Ref and receiver.obj.kind == "module":
            return self.model(receiver.obj)
        networks = [part for value in doing.args.all() for part in self.networks_in(value)]
        if type(receiver) is Ref:
            networks.extend(self.world.get(receiver.obj, "%of") or ())
            if not networks and isinstance(doing.row, Method) and doing.row.best is None:
                return self.model(receiver.obj)
        return self.model(networks[0]) if len(set(networks)) == 1 else None

    def validated(self, flow: Flow, args: Arguments, receiver: Value | None) -> bool | None:
        """Validation rows are scored in a training that is begun like this."""
        if flow.validates is not None and not self.has_method(args, flow.validates):
            return False if self.has_method(args, flow.validates) is False else None
        places = [where for where in (flow.validation, flow.fraction) if where is not None]
        said: list[Value | None] = [self.operand(args, where) for where in places]
        if type(receiver) is Ref and not any(one is not None for one in said):
            said.append(self.world.get(receiver.obj, "%validation"))
        given = [one for one in said if one is not None and not (type(one) is Const and not one.value)]
        if given:
            return None if all(is_parameter(one) for one in given) else True
        return False if args.more is None and places and flow.validates is None else None

    def acted_on(self, flow: Flow, args: Arguments) -> bool | None:
        """Somebody who is given the scores of a training may act on them: any watcher that is not known not to."""
        if flow.callbacks is None or args.more is not None:
            return None
        given = self.operand(args, flow.callbacks)
        if given is None or given == NONE:
            return False
        items = self.items(given)
        if items is None or not all(type(one) is Ref and one.obj.cls is None for one in items):
            return None
        found = self.watchers_in(items, 0)
        told = [self.world.get(one.obj, SETTINGS) for one in found if type(one) is Ref]
        return any(one.row.does != "schedule" for one in told) if told or not items else None

    def has_method(self, args: Arguments, name: str) -> bool | None:
        """The one network that is handed over has a method of its own."""
        classes = [part.cls for value in args.all() for part in self.networks_in(value)]
        if len(classes) != 1 or classes[0] is None or self.unknown_bases(classes[0]):
            return None
        return self.method(classes[0], name) is not None

    def logged(self, receiver: Value | None, validated: bool | None) -> frozenset[str] | None:
        """The names of the scores that a training computes, where the model was told all of them."""
        if type(receiver) is not Ref or validated is None:
            return None
        told: Value | None = self.world.get(receiver.obj, SCORES)
        if told is None:
            return None
        names = self.names_in(told) if told != NONE else frozenset[str]()
        if names is None:
            return None
        own = names | {LOSS}
        return own | {f"val_{name}" for name in own} if validated else own

    def sides(self, doing: Doing) -> dict[str, Side | None] | None:
        """The scores that the hooks of a network log, and the side that each is logged for; None: not all are known."""
        classes = [
            part.cls for value in doing.args.all() for part in self.networks_in(value)
            if part.cls is not None and self.framework(part.cls) is not None
        ]  # fmt: skip
        if len(classes) != 1:
            return None
        found: dict[str, Side | None] = {}
        hooks = self.libraries.hook_modes.get(self.framework(classes[0]) or "")
        kinds = [row.kind for row in self.base_rows(classes[0])]
        for cls in self.linear(classes[0]):
            for name, function in cls.methods.items():
                logged = self.logged_in(function, kinds)
                if logged is None or hooks is None:
                    return None
                side: Side | None = "train" if name in hooks.train else "validation" if name in hooks.eval else None
                for one in logged:
                    found[one] = side if found.get(one, side) == side else None
                for one in returned_names(function) if side == "validation" else ():
                    found.setdefault(one, side)  # older releases log what a hook gives back
        return found if found and not self.unknown_bases(classes[0]) else None

    def logged_in(self, function: s.Function, kinds: Iterable[str | None]) -> set[str] | None:
        """The names that a method logs under; None where one of them is not written out."""
        found: set[str] = set()
        tables = [self.libraries.methods.get(kind or "", {}) for kind in kinds]
        for call in s.calls_in(function.body):
            row = next((table[call.func.name] for table in tables if call.func.name in table), None)
            if row is None or row.logs is None:
                continue
            names = s.literal_names(s.argument(call, row.logs.at, row.logs.name))
            if names is None:
                return None
            found |= names
        return found

    def asked_for_scores(self, row: Method, obj: Obj, args: Arguments) -> None:
        value = self.operand(args, row.scores)
        self.world.set(obj, SCORES, value if value is not None else NONE)

    def mentioned(self, name: str, obj: Obj) -> bool:
        """The file that makes a watcher, or the one that it is used in, asks for an attribute of this name."""
        modules = (self.project.module(one) for one in (obj.module, self.frame.module))
        return any(module is not None and name in module.mentions for module in modules)


def returned_names(function: s.Function) -> set[str]:
    """The keys of the dictionaries that a function writes out and gives back."""
    given = (one.value for one in s.statements_in(function.body) if isinstance(one, s.Return))
    return {name for value in given if isinstance(value, s.Dict) for name in s.literal_names(value) or ()}


def is_parameter(value: Value) -> bool:
    """Nobody gives it a value, and its default may be None."""
    return type(value) is Data and isinstance(value.sym, tuple) and value.sym[0] == "param"


def side_of(
    row: Watch, monitor: str | None, logged: frozenset[str] | None, sides: Mapping[str, Side | None]
) -> Side | None:
    """Whose score a watcher watches."""
    if monitor is None:
        return None
    if monitor in sides:
        return sides.get(monitor)
    if row.held_out is not None and monitor.startswith(row.held_out):
        return "validation"
    return "train" if names_training_score(monitor) or (logged is not None and monitor in logged) else None


def last(library: str) -> str:
    return library.rpartition(".")[2]


def operands(row: Call) -> frozenset[str]:
    """The names of the operands of a watcher that its row tells of."""
    if row.watches is None:
        return frozenset()
    told = (getattr(row.watches, name) for name in ("monitor", "when", "mode", "patience", "restores", "less", "more"))
    return frozenset(one.name for one in told if one is not None and one.name is not None)


def remedy_of(row: Watch) -> str:
    """The setting that makes a watcher bring the best weights back."""
    if row.restores is None or row.restores.name is None:
        return ""
    return f"{row.restores.name}={row.restores.among[0] if row.restores.among else True}"


def class_name(obj: Obj) -> str:
    return obj.cls.name if obj.cls is not None else obj.lib.rpartition(".")[2]
