"""Loops: turn by turn where each is known, else to a fixpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from auditor.static import syntax as s
from auditor.static.branches import Branches
from auditor.static.calls import Flow
from auditor.static.machine import FINE_STEPS
from auditor.static.values import (
    NONE,
    Const,
    Data,
    Value,
)
from auditor.static.worlds import World, common, distinct, widened
from auditor.trace import Turns

MOST_TURNS = 4
LONGEST_UNROLLED = 6


class Loops(Branches):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._anew: dict[s.Expr, bool] = {}

    def begins_anew(self, target: s.Expr) -> bool:
        """What is added up here is set to a number in some turns of the same loop, and so does not grow without end."""
        known = self._anew.get(target)
        if known is None:
            name, loop = s.written(target), s.loop_around(self.running_body(), target)
            resets = s.statements_in(loop.body) if loop is not None and name else ()
            known = self._anew[target] = any(
                isinstance(one, s.Assign) and isinstance(one.value, s.Const) and name in map(s.written, one.targets)
                for one in resets
            )
        return known

    def _for(self, statement: s.For, world: World) -> Flow:
        flow: Flow = []
        for after, value in self.in_every_world(lambda: self.gone_over(statement.iter), world):
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
