"""Who moves weights: optimizers and what they were told, steps, and the training loops of frameworks."""

from __future__ import annotations

from auditor.libraries import Call, Condition, Method
from auditor.static.machine import Arguments
from auditor.static.objects import HANDED_IN
from auditor.static.passes import Passes
from auditor.static.values import (
    Const,
    Obj,
    Ref,
    Value,
    in_order,
)
from auditor.trace import (
    Configure,
    Step,
    Train,
    Use,
)

NOTHING = Arguments([], {})


class Optimizers(Passes):
    def optimizer_step(self, objs: frozenset[Obj] | None, site: int, by: Obj | None = None) -> None:
        models = None
        if objs is not None:
            models = frozenset(self.model(one) for obj in objs for one in (*self.family(obj), *self.wholes(obj)))
        optimizer: Configure | None = self.world.get(by, "%configured") if by is not None else None
        turns = tuple(self.turning)
        self.emit(
            Step, site, (models, optimizer),
            lambda place: Step(place=place, models=models, optimizer=optimizer, turns=turns),
        )  # fmt: skip

    def step_by_hand(self, objs: frozenset[Obj], site: int) -> None:
        """``p -= rate * p.grad``"""
        models = frozenset(self.model(part) for one in objs for part in self.family(one))
        plain = self.emit(
            Configure, site, models,
            lambda place: Configure(
                place=place, models=models, kind="", rate=None, decay=0.0, decoupled=False, adaptive=False
            ),
        )  # fmt: skip
        by = Obj("optimizer", site, self.frame.module)
        self.world.set(by, "%configured", plain)
        self.optimizer_step(objs, site, by)

    def will_use(self, obj: Obj, row: Method, optimizer: Value | None, site: int) -> None:
        """A framework is told which optimizer to use on a network."""
        if type(optimizer) is Const and isinstance(optimizer.value, str):
            name = self.libraries.below(row.optimizers or "", optimizer.value)
            made = self.libraries.call(name) if name is not None else None
            if made is not None and name is not None:
                self.configured(
                    Obj("optimizer", site, self.frame.module, lib=name), made, NOTHING, frozenset((obj,)), site
                )
            return
        if type(optimizer) is not Ref or optimizer.obj.kind != "optimizer":
            return
        made, given = self.libraries.call(optimizer.obj.lib), optimizer.obj.given
        if made is not None and isinstance(given, Arguments):
            self.configured(optimizer.obj, made, given, frozenset((obj,)), site)

    def configured(self, obj: Obj, row: Call, args: Arguments, objs: frozenset[Obj] | None, site: int) -> None:
        """An optimizer over the weights of these networks."""
        if row.steps is None:
            return
        steps = row.steps
        models = frozenset(self.model(part) for one in objs for part in self.family(one)) if objs is not None else None
        rate = self.known(self.operand(args, steps.rate))
        first = self.items(args.positional[0]) if args.positional else None
        grouped = any(type(one) is Ref and one.obj.kind == "dict" for one in first or ())
        decay = self.known(self.operand(args, steps.decay)) if steps.decay is not None else 0.0
        decay = None if grouped else decay
        event = self.emit(
            Configure, site, (models, rate, decay),
            lambda place: Configure(
                place=place, models=models, kind=obj.lib, rate=rate, decay=decay, decoupled=steps.decoupled,
                adaptive=steps.adaptive,
            ),
        )  # fmt: skip
        self.world.set(obj, "%configured", event)

    def fitted(
        self, row_framework: str, networks: frozenset[Obj], site: int, validated: bool | None = None,
        epochs: int | None = None, watched: bool | None = None,
    ) -> None:  # fmt: skip
        """A framework's loop ran over these networks: it leaves them in a mode of its own."""
        model = self.model(in_order(networks)[0]) if networks else None
        self.emit(
            Train, site, model,
            lambda place: Train(
                place=place, model=model, framework=row_framework, validated=validated, epochs=epochs,
                watched=watched,
            ),
        )  # fmt: skip
        self.set_modes(in_order(networks), HANDED_IN)

    def run_by_framework(
        self, row: Method, framework: str, networks: frozenset[Obj], args: Arguments, site: int
    ) -> None:
        """It trains them, or asks them only."""
        if row.rows is None or row.rows.does not in ("score", "predict"):
            epochs = self.operand(args, row.rows.epochs) if row.rows is not None and row.rows.epochs else None
            known = epochs.value if type(epochs) is Const and type(epochs.value) is int else None
            validated = self.validated(row.rows, args, None) if row.rows is not None else None
            watched = self.acted_on(row.rows, args) if row.rows is not None else None
            self.fitted(framework, networks, site, validated, known, watched)
            return
        best = row.best is not None and self.holds(row.best, args)
        for model in map(self.model, in_order(networks)):
            self.emit(Use, site, (model, best), lambda place, model=model: Use(place=place, model=model, best=best))  # type: ignore[misc]
        self.set_modes(in_order(networks), HANDED_IN)

    def holds(self, condition: Condition, args: Arguments) -> bool:
        """An operand is what a condition asks for, as far as it is known."""
        value = self.operand(args, condition)
        if type(value) is not Const:
            return False
        return value.value in condition.among if condition.among else bool(value.value)
