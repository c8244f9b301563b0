"""What becomes of a network's weights: kept by reference, written out, loaded back.

The state of a network is a view of its live weights. A value of kind ``weights`` refers to those of the networks that
it is ``of``, through items, shallow copies and containers, until something copies the tensors.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Literal

from auditor.static import syntax as s
from auditor.static.answers import Answers
from auditor.static.best_so_far import compares_with_best, comparisons
from auditor.static.conventions import names_optimizer, names_penalty, names_schedule
from auditor.static.values import WEIGHTS, Data, Either, Obj, Ref, Seq, Value, alternatives, in_order
from auditor.trace import Keep, Penalty, Place, Restore

DEEPEST_HELD = 3


class Weights(Answers):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._copied: dict[Hashable, frozenset[Obj]] = {}
        """The networks that a copy of tensors was made of, by the symbol of the copy."""

    # references

    def referred(self, value: Value, depth: int = DEEPEST_HELD, whole: bool = True) -> frozenset[Obj]:
        """The networks whose live weights a value refers to, itself or by what it holds.

        Not `whole`: by their state only, and not as the networks themselves.
        """
        if type(value) is Data:
            return value.of if value.kind == WEIGHTS else frozenset()
        if not depth:
            return frozenset()
        if type(value) is Ref and value.obj.kind == "module":
            return frozenset((value.obj,)) if whole else frozenset()
        return frozenset(obj for part in self.held(value) for obj in self.referred(part, depth - 1, whole))

    def states(self, value: Value, depth: int = DEEPEST_HELD) -> frozenset[Hashable]:
        """The states of networks that a value is or holds, each as it was asked for."""
        if type(value) is Data:
            return frozenset((value.sym,)) if value.kind == WEIGHTS and value.sym is not None else frozenset()
        return (
            frozenset(one for part in self.held(value) for one in self.states(part, depth - 1))
            if depth
            else frozenset()
        )

    def moved(self, value: Value, depth: int = DEEPEST_HELD) -> bool:
        """The tensors were moved somewhere: copied, if they were not there already."""
        if type(value) is Data:
            return value.kind == WEIGHTS and not value.told
        return depth > 0 and any(self.moved(part, depth - 1) for part in self.held(value))

    def held(self, value: Value) -> Iterator[Value]:
        """What a container holds, or what a value may be."""
        if isinstance(value, (Seq, Either)):
            yield from value.items if isinstance(value, Seq) else value.values
        elif type(value) is Ref and value.obj.kind in ("list", "dict"):
            parts = (self.world.get(value.obj, name) for name in ("%elem", "%items", *value.obj.attrs))
            yield from (part for part in parts if isinstance(part, Value))

    def apart_from(self, value: Value, site: int, depth: int = DEEPEST_HELD) -> Value:
        """A deep copy, as far as references to weights go."""
        if not self.referred(value):
            return value
        if type(value) is Data:
            return self.tensors_copied(value, site)
        if type(value) is Ref and value.obj.kind == "dict" and depth:
            known = {name: self.world.get(value.obj, name) for name in value.obj.attrs}
            copy = self.make("dict", site)
            for name, part in known.items():
                copy.attrs[name] = None
                self.world.set(copy, name, self.apart_from(part, site, depth - 1) if part is not None else None)
            loose: Value | None = self.world.get(value.obj, "%elem")
            self.world.set(copy, "%elem", self.apart_from(loose, site, depth - 1) if loose is not None else None)
            return Ref(copy)
        return Data(self.fresh(site))

    def tensors_copied(self, value: Data, site: int) -> Data:
        """A copy of tensors, which remembers of which networks they were."""
        copy = Data(self.fresh(site), told=value.told)
        if value.kind == WEIGHTS:
            self._copied[copy.sym] = value.of
        return copy

    def copied_from(self, value: Value, depth: int = DEEPEST_HELD) -> frozenset[Obj]:
        """The networks that a value is a copy of, or of whose tensors it holds copies."""
        if type(value) is Data:
            return self._copied.get(value.sym, frozenset())
        if type(value) is Ref and value.obj.kind == "module":
            return frozenset((self.copies[value.obj],)) if value.obj in self.copies else frozenset()
        if not depth:
            return frozenset()
        return frozenset(obj for part in self.held(value) for obj in self.copied_from(part, depth - 1))

    def stateful(self, receiver: Data, name: str) -> Obj | None:
        """The network behind a value that nobody in the project makes and that is asked for its state."""
        if receiver.sym is None or receiver.flows or names_optimizer(name) or names_schedule(name):
            return None
        key: Hashable = ("weights of", receiver.sym)
        obj = self._objects.get(key)
        if obj is None:
            obj = self._objects[key] = Obj("module", -1, self.frame.module)
            obj.handed, obj.name = True, name
        return obj

    def made_anew(self, value: Data, site: int) -> None:
        """A call that nobody knows gives back what is used as a network: another one each time, as far as one knows."""
        obj = self._objects.get(("handed", value.sym)) if value.kind != "wrapped" else None
        if obj is not None:
            self.built(obj, site)

    # events

    def put_aside(self, target: s.Expr, value: Value, expr: s.Expr) -> None:
        """``best, kept = score, net.state_dict()`` keeps as ``kept = net.state_dict()`` does."""
        if isinstance(target, s.Sequence) and isinstance(expr, s.Sequence) and type(value) is Seq:
            for one, part, written in zip(target.items, value.items, expr.items, strict=False):
                self.kept(one, part, written)
        else:
            self.kept(target, value, expr)

    def kept(self, target: s.Expr, value: Value, expr: s.Expr, added: bool = False) -> None:
        """``best = net.state_dict()``: the live weights get a name of their own, or are `added` to others."""
        asked = (self._copied or self.copies) and any(one.branches for one in self.stack)
        copied = self.copied_from(value) if asked else frozenset[Obj]()
        if not copied and not self.may_refer(value):
            return
        name = s.dotted(target if not isinstance(target, s.Item) else target.obj)
        if not name:
            return
        here = isinstance(target, s.Name)
        by = self.kept_by(here)
        when = self.kept_when(by, here)
        if copied and when == "better":
            self._copy_kept(name, copied, target, expr, by)
        networks = self.referred(value) if when == "better" else self.referred(value, whole=False)
        if not networks:
            return
        state = type(value) is Data and isinstance(expr, s.Call) and not expr.args
        words = s.subject(expr) if state or not isinstance(expr, s.Call) else ""
        read, moved, states = self.read_elsewhere(target), self.moved(value), self.states(value)
        for obj in in_order(networks):
            model = self.model(obj)
            self.emit(
                Keep, expr.site, (model, name, states),
                lambda place, model=model: Keep(  # type: ignore[misc]
                    place=place, model=model, name=name, form="reference", subject=words or model.name,
                    state=state, when=when, by=by, read=read, moved=moved, added=added, owner=self.running_class(),
                    states=states,
                ),
            )  # fmt: skip

    def _copy_kept(
        self, name: str, copied: frozenset[Obj], target: s.Expr, expr: s.Expr, by: frozenset[Place],
    ) -> None:  # fmt: skip
        """``best = copy.deepcopy(net.state_dict())``: what training goes on to do is not in it."""
        read = self.read_elsewhere(target)
        for obj in in_order(copied):
            model = self.model(obj)
            self.emit(
                Keep, expr.site, (model, name, "copy"),
                lambda place, model=model: Keep(  # type: ignore[misc]
                    place=place, model=model, name=name, form="copy", when="better", by=by, read=read
                ),
            )  # fmt: skip

    @staticmethod
    def may_refer(value: Value) -> bool:
        """A quick look, before anybody asks to what."""
        held = (part for one in alternatives(value) for part in (one.items if type(one) is Seq else (one,)))
        return any(
            part.kind == WEIGHTS if type(part) is Data
            else type(part) is Ref and part.obj.kind in ("module", "list", "dict")
            for part in held
        )  # fmt: skip

    def written_out(self, values: list[Value], site: int) -> None:
        """Weights are written to a file."""
        by = self.kept_by()
        when = self.kept_when(by)
        for obj in in_order({obj for value in values for obj in self.referred(value)}):
            model = self.model(obj)
            self.emit(
                Keep, site, (model, "file"),
                lambda place, model=model: Keep(  # type: ignore[misc]
                    place=place, model=model, name="", form="file", when=when, by=by
                ),
            )  # fmt: skip

    def restored(self, obj: Obj, value: Value | None, site: int, called: s.Call | None) -> None:
        """Weights are loaded into a network."""
        model = self.model(obj)
        kept = frozenset(self.model(one) for one in self.referred(value)) if value is not None else frozenset()
        states = self.states(value) if value is not None else frozenset()
        source = s.written(called.args[0].value) if called is not None and called.args else ""
        self.emit(
            Restore, site, (model, kept, states),
            lambda place: Restore(
                place=place, model=model, kept=kept, states=states, source=source, owner=self.running_class()
            ),
        )  # fmt: skip

    def kept_when(self, by: frozenset[Place], here: bool = False) -> Literal["better", "perhaps", "always"]:
        """Whether a branch is running, and comparisons with the best so far have let it in (`by`).

        In a caller too, but for a variable, which is gone when its function returns (`here`).
        """
        if by:
            return "better"
        running = self.stack[-1:] if here else self.stack
        return "perhaps" if any(one.branches for one in running) else "always"

    def kept_by(self, here: bool = False) -> frozenset[Place]:
        """Where the comparisons with the best so far stand whose branches are running."""
        return frozenset(
            Place(self.project.units[one.frame.module], test.site)
            for one in (self.stack[-1:] if here else self.stack)
            for branch in one.branches
            if compares_with_best(branch)
            for test in comparisons(branch.test)
        )

    def penalty(self, target: s.Expr, value: Value, site: int) -> None:
        """A figure of the weights is given a name, or a loss that it has been added to."""
        if type(value) is not Data or not value.of or value.kind or (value.flows and not value.loss):
            return
        name = s.written(target)
        if not name or (not value.flows and not names_penalty(name)):
            return
        models = frozenset(map(self.model, value.of))
        joined, read = bool(value.flows), self.read_elsewhere(target)
        self.emit(
            Penalty, site, (models, name, joined),
            lambda place: Penalty(place=place, models=models, name=name, joined=joined, read=read),
        )  # fmt: skip

    # names

    def running_class(self) -> Place | None:
        """The class whose method is running."""
        function = self.stack[-1].function
        return self.place_of(function.owner) if function is not None and function.owner is not None else None

    def read_elsewhere(self, target: s.Expr) -> bool:
        """What is kept under a name is read beyond the branch that keeps it."""
        running = self.stack[-1]
        branch = running.branches[-1] if running.branches else None
        own = running.function
        if isinstance(target, s.Item):
            target = target.obj
        if isinstance(target, s.Name):
            module = self.project.module(self.frame.module)
            body = own.body if own is not None else module.body if module is not None else []
            return s.reads_name(body, target.id, branch)
        if isinstance(target, s.Attr):
            return any(
                s.reads_attribute(function.body, target.name, branch)
                for module in self.project.parsed()
                for function in module.functions
                if target.name in function.mentions
            ) or any(
                s.reads_attribute(module.body, target.name, branch)
                for module in self.project.parsed()
                if target.name in module.mentions
            )
        return False


def subject(expr: s.Expr) -> str:
    """The user's words for the network whose state is asked for, or that is kept itself."""
    return s.written(expr.func.obj if isinstance(expr, s.Call) and isinstance(expr.func, s.Attr) else expr)
