"""What objects of libraries answer: tensors, losses, optimizers, and every network."""

from __future__ import annotations

from dataclasses import replace

from auditor.libraries import Call, Method
from auditor.static import syntax as s
from auditor.static.conventions import names_loss
from auditor.static.effects import FROM_SINKS, Effects
from auditor.static.machine import Arguments, Outcome
from auditor.static.values import (
    NONE,
    UNKNOWN,
    Const,
    Data,
    Fn,
    Gradients,
    Obj,
    Partial,
    Ref,
    Value,
    in_order,
)
from auditor.static.worlds import Modes
from auditor.trace import (
    Accumulate,
    ModeName,
    SinkKind,
)

_NO_ROW = Call(does="value")


class Answers(Effects):
    def unknown_method(self, receiver: Value, name: str, args: Arguments, site: int) -> Value:
        for value in args.all():
            self.touch(value)
        inside = self.all_spilled([receiver, *args.all()])
        if name == "step" and inside.flows:
            self.sink("act", self.all_spilled(args.all()), site)
            return Data(self.fresh(site))
        made = inside.renamed(self.fresh(site))
        made.told &= bool(self.spilled(receiver).flows) or not inside.flows
        return made

    def tensor_method(self, row: Method, receiver: Data, args: Arguments, site: int) -> Value:
        """A method that a network's output, or anything unknown, answers to."""
        inside = self.all_spilled([receiver, *args.all()])
        if row.does == "backward":
            self.sink("backward", inside, site)
            return NONE
        if row.does in ("score", "read"):
            self.sink("score", inside, site, self.labels_among(args.all()))
            attached = inside.grads if row.does == "score" else frozenset()
            return Data(
                self.fresh(site),
                inside.flows,
                attached,
                inside.of,
                "",
                inside.loss,
                False,
                inside.told,
                inside.sums,
                inside.trail,
            )
        if row.does == "detach":
            return Data(
                self.fresh(site), inside.flows, frozenset(), frozenset(), "", inside.loss, False, inside.told,
                trail=inside.trail,
            )  # fmt: skip
        if row.does in ("constant", "exists", "none"):
            return Data(self.fresh(site))
        if row.does == "self":
            return receiver
        if row.does == "moved":
            return replace(receiver, told=False)
        if row.does == "copied":
            return self.tensors_copied(receiver, site)
        if row.does == "leaf":
            return self.leaf(receiver, args, row)
        if row.does == "gradients":
            entered = args.positional[0] if args.positional else None
            if type(entered) is Gradients:
                self.world.grad = entered.on
            return UNKNOWN
        if row.does == "gradient":
            return self.differentiated(row, args, site)
        if row.does in FROM_SINKS:
            self.showing(row.does, self.frame, args, site)
        return inside.renamed(self.fresh(site))

    def differentiated(self, row: Method, args: Arguments, site: int) -> Data:
        """Gradients that a call asks for, with respect to the weights of a network: a backward pass."""
        target = self.operand(args, row.arg)
        others = self.all_spilled(value for value in args.all() if value is not target)
        kind: SinkKind = "backward" if others.of else "gradient"
        self.sink(kind, self.spilled(target) if target is not None else UNKNOWN, site)
        return self.no_loss(self.result(args, site))

    def leaf(self, receiver: Data, args: Arguments, row: Method) -> Value:
        """``x.requires_grad_()``: of weights, freezing or not; of anything else, gradients of the inputs."""
        flag = self.operand(args, row.arg)
        on = not (type(flag) is Const and not flag.value)
        if receiver.of:
            self.freeze(receiver.of, not on)
            return receiver
        if not on:
            return receiver
        if receiver.sym is not None:
            self.leaves = True
            self.world.set(receiver.sym, "%leaf", True)
        return Data(
            receiver.sym,
            receiver.flows,
            receiver.grads,
            receiver.of,
            receiver.kind,
            receiver.loss,
            True,
            receiver.told,
            trail=receiver.trail,
        )

    def freeze(self, objs: frozenset[Obj], frozen: bool) -> None:
        for obj in in_order(objs):
            for part in self.family(obj):
                self.world.set(part, "%frozen", frozen or None)
                part.frozen = frozen

    def kind_method(self, row: Method, obj: Obj, args: Arguments, site: int, called: s.Call | None) -> Value:
        """A method of an object that a library made."""
        if row.options == "adds":
            self.describes(obj, args)
        if row.options == "gives":
            return self.options_of(obj, self.result(args, site))
        if row.does == "step":
            objs: frozenset[Obj] | None = self.world.get(obj, "%of")
            for value in args.all():
                if type(value) in (Fn, Partial):
                    self.call(value, Arguments([], {}), site)
            self.optimizer_step(objs, site, obj)
            return Data(self.fresh(site))
        if row.does == "step-of":
            target = self.operand(args, row.arg)
            objs = self.world.get(target.obj, "%of") if type(target) is Ref else None
            self.optimizer_step(objs, site, target.obj if type(target) is Ref else None)
            return Data(self.fresh(site))
        if row.does == "scale":
            return args.positional[0] if args.positional else UNKNOWN
        if row.does == "prepare":
            return self._prepare(_NO_ROW, "", args, site, called)
        if row.does == "self":
            return Ref(obj)
        if row.does == "backward":
            self.sink("backward", self.all_spilled(args.all()), site)
            return NONE
        if row.does == "update":
            self.sink("score", self.all_spilled(args.all()), site, self.labels_among(args.all()))
            return self.result(args, site)
        if row.does == "gradient":
            return self.differentiated(row, args, site)
        if row.does in FROM_SINKS:
            if row.does == "store":
                self.written_out([Ref(part) for part in in_order(self.world.get(obj, "%of") or (obj,))], site)
            self.showing(row.does, obj, args, site)
            return self.result(args, site)
        if row.does == "fit":
            networks: frozenset[Obj] = self.world.get(obj, "%of") or frozenset()
            networks |= {part for value in args.all() for part in self.networks_in(value)}
            if row.best is None:
                networks = networks or frozenset((obj,))  # the network inside, which nobody sees
            self.run_by_framework(row, obj.lib, networks, args, site)
            return self.result(args, site)
        if row.does == "gradients":
            return self.gradients(row.turns, args, row.arg)
        if row.does in ("none", "constant", "exists", "zero"):
            return Data(self.fresh(site), kind=row.kind or "")
        if row.does == "elements":
            return args.positional[0] if args.positional else UNKNOWN
        if row.does == "invoke":
            return self._invoke(Call(does="invoke", arg=row.arg, kind=row.kind), "", args, site, called)
        return self.result(args, site, kind=row.kind or "")

    def network_method(self, row: Method, obj: Obj, args: Arguments, site: int, called: s.Call | None) -> Value:
        """A method that every network has."""
        if row.does == "mode":
            saved = self.saved_modes(self.operand(args, row.arg)) if row.mode == "argument" else None
            if saved is not None:
                self.set_modes([obj], saved)
            else:
                self.switch(obj, self.asked_mode(row, args, site), site)
            return Ref(obj)
        if row.does == "forward":
            was = self.world.grad
            self.world.grad = was if row.records else False
            value = self.forward(obj, args, site, called, by_method=True)
            self.world.grad = was
            return value
        if row.does == "self":
            return Ref(obj)
        if row.does == "freeze":
            flag = self.operand(args, row.arg)
            if type(flag) is Const:
                self.freeze(frozenset((obj,)), not flag.value)
            return Ref(obj)
        if row.does == "parameters":
            return Data(self.fresh(site), of=frozenset((obj,)), kind=row.kind or "parameters")
        if row.does == "parts":
            return Data(self.fresh(site), of=frozenset((obj,)), kind="parts")
        if row.does == "restore":
            self.restored(obj, self.operand(args, row.arg), site, called)
        if row.does == "backward":
            self.sink("backward", self.all_spilled(args.all()), site)
        if row.does == "step":
            self.optimizer_step(frozenset((obj,)), site)
        if row.does == "fit":
            self.run_by_framework(row, obj.lib, frozenset((obj,)), args, site)
        if row.does == "store":
            self.written_out([Ref(obj)], site)
        if row.scores is not None:
            self.asked_for_scores(row, obj, args)
        if row.does == "value":
            return self.result(args, site)
        if row.does in FROM_SINKS:
            self.showing(row.does, obj, args, site)
        if row.begins is not None:
            obj.fed = ("begins", obj, site)
            self.makes(row.begins, args, obj.fed)
        if row.optimizer is not None:
            self.will_use(obj, row, self.operand(args, row.optimizer), site)
        first = args.positional[0] if args.positional else args.keyword.get("x")
        if obj.fed is None and type(first) is Data and first.sym in self.arrays:
            obj.fed = first.sym
        for value in args.all():
            for part in self.networks_in(value):
                self.adopt(obj, "%items", part)
        return Data(self.fresh(site))

    @staticmethod
    def saved_modes(flag: Value | None) -> Modes | None:
        """The modes that ``was = model.training`` read, given back."""
        if type(flag) is Data and isinstance(flag.sym, tuple) and flag.sym[0] == "saved":
            modes: Modes = flag.sym[2]
            return modes
        return None

    def asked_mode(self, row: Method, args: Arguments, site: int) -> ModeName | None:
        """The mode that ``train(flag)`` sets; a flag that nobody knows splits the world."""
        if row.mode != "argument":
            return "eval" if row.mode == "eval" else "train"
        flag = self.operand(args, row.arg)
        if type(flag) is Const:
            return "train" if flag.value else "eval"
        if type(flag) is not Data or flag.sym is None:
            return None
        key = ("truth", flag.sym)
        known = self.world.assumed.get(key)
        if known is None:
            world = self.world

            def outcomes() -> list[Outcome]:
                return [(world.assume(key, True), Const(True)), (world.assume(key, False), Const(False))]

            truth = self.choose(outcomes)
            known = type(truth) is Const and bool(truth.value)
        return "train" if known else "eval"

    def accumulate(self, name: str, before: Value, value: Value, site: int) -> Accumulate | None:
        """A running total takes a value that may still hold its graph."""
        inside = self.spilled(value)
        if not inside.flows:
            return None
        event = self.emit(
            Accumulate, site, (inside.flows, inside.grads),
            lambda place: Accumulate(
                place=place, name=name, forwards=inside.flows, attached=inside.grads, scalar=inside.loss
            ),
        )  # fmt: skip
        if any(total.place == event.place for total in self.spilled(before).sums):
            event.kept = True
        return event

    @staticmethod
    def summed(value: Value, total: Accumulate | None) -> Value:
        """The value as a part of a running total."""
        if total is None or type(value) is not Data:
            return value
        return Data(
            value.sym, value.flows, value.grads, value.of, value.kind, value.loss, value.leaf, value.told,
            value.sums | {total}, value.trail,
        )  # fmt: skip

    def loss_like(self, name: str, value: Data) -> Data:
        return self.as_loss(value) if value.flows and names_loss(name) else value
