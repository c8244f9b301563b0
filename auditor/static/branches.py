"""Blocks of statements, and the ways that they part into."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.static import syntax as s
from auditor.static.best_so_far import comparisons
from auditor.static.calls import Flow
from auditor.static.machine import Outcome
from auditor.static.modules import Modules
from auditor.static.values import (
    NONE,
    Const,
    Data,
    Lib,
    Value,
)
from auditor.static.worlds import World


class Branches(Modules):
    def statement(self, statement: s.Stmt, world: World) -> Flow:
        raise NotImplementedError

    def run(self, body: Sequence[s.Stmt], world: World) -> Flow:
        """Run statements from one world; every way in which they may end."""
        flow: Flow = []
        current = [world]
        for statement in body:
            following: list[World] = []
            for one in current:
                for how, end, value in self.statement(statement, one):
                    if how == "next":
                        following.append(end)
                    else:
                        flow.append((how, end, value))
            current = self.reduced(following)
            if not current:
                break
        flow.extend(("next", one, NONE) for one in current)
        return flow

    def simple(self, run: Callable[[], Value], world: World) -> list[Outcome]:
        """Evaluate in a world; where only one comes out, it is the same world gone on."""
        results = self.in_place(run, world)
        if len(results) == 1:
            end, value = results[0]
            if end is not world:
                world.absorb(end)
            return [(world, value)]
        return results

    def _if(self, statement: s.If, world: World) -> Flow:
        if self._main_guard(statement):
            self.mains.append((self.frame.module, statement.body))
            return self.run(statement.orelse, world)
        if statement.assigns:
            self.weighed.update((test, statement.assigns) for test in comparisons(statement.test))
        self.world = world
        kept = not statement.orelse and self.asks_for_kept(statement.test)
        last_resort = self._falls_back(statement)
        yes, no = self.branch(statement.test, world)
        flow: Flow = []
        branches, sides = self.stack[-1].branches, self.stack[-1].sides
        branches.append(statement)
        sides.append(True)
        for one in () if no and last_resort else self.reduced(yes):
            flow.extend(self.run(statement.body, one))
        if kept:
            self._as_if_taken(flow, no)
        sides[-1] = False
        for one in self.reduced(no):
            flow.extend(self.run(statement.orelse, one))
        branches.pop()
        sides.pop()
        return self._gathered(flow, world)

    def _falls_back(self, statement: s.If) -> bool:
        """``if best is None: return``, or the last weights are written then: that no epoch improved is left out."""
        missing = s.missing(statement.test)
        if len(statement.body) != 1 or missing is None:
            return False
        only = statement.body[0]
        written = isinstance(only, s.ExprStmt) and isinstance(only.value, s.Call) and self._writes(only.value.func)
        return (isinstance(only, s.Return) or written) and self.asks_for_kept(missing)

    def _writes(self, func: s.Expr) -> bool:
        """A library's function that writes its operand to a file."""
        called = self.evaluate(func) if isinstance(func, (s.Name, s.Attr)) else None
        row = self.libraries.call(called.name) if type(called) is Lib else None
        return row is not None and row.rows is not None and row.rows.does == "saves"

    @staticmethod
    def _as_if_taken(flow: Flow, others: list[World]) -> None:
        """What the improving epoch keeps is missing only where no epoch improved: nothing else happens there."""
        taken = frozenset(event for how, end, _ in flow if how == "next" for event in end.last)
        for one in others if taken else ():
            one.last = taken

    def _gathered(self, flow: Flow, world: World) -> Flow:
        """Merge what comes out of a branch; a single world goes on as the one that went in."""
        ends = [end for how, end, _ in flow if how == "next"]
        others = [one for one in flow if one[0] != "next"]
        ends = self.reduced(ends)
        if len(ends) == 1 and not others and ends[0] is not world:
            world.absorb(ends[0])
            ends = [world]
        return [*others, *(("next", end, NONE) for end in ends)]

    def _main_guard(self, statement: s.If) -> bool:
        test = statement.test
        return (
            len(self.stack) == 1
            and self.stack[0].function is None
            and isinstance(test, s.Compare)
            and any(isinstance(side, s.Name) and side.id == "__name__" for side in (test.left, test.ops[0][1]))
        )

    def _match(self, statement: s.Match, world: World) -> Flow:
        flow: Flow = []
        for after, subject in self.in_every_world(lambda: self.evaluate(statement.subject), world):
            for case in statement.cases:
                self.world = after.fork()
                values = [self.evaluate(pattern) for pattern in case.pattern]
                if values and type(subject) is Const and subject not in values:
                    continue
                for name in case.names:
                    self.bind_name(name, Data(self.fresh(statement.subject.site)))
                flow.extend(self.run(case.body, self.world))
                if (not values and case.guard is None) or (type(subject) is Const and subject in values):
                    break
            else:
                flow.append(("next", after.fork(), NONE))
        return self._gathered(flow, world)

    def _try(self, statement: s.Try, world: World) -> Flow:
        flow = self.run(statement.body, world.fork())
        ends = [end for how, end, _ in flow if how == "next"]
        rest = [one for one in flow if one[0] != "next"]
        entered = [*ends, *(end for _, end, _ in rest)] or [world.fork()]
        after: Flow = list(rest)
        for one in ends:
            after.extend(self.run(statement.orelse, one.fork()) if statement.orelse else [("next", one.fork(), NONE)])
        for handler in statement.handlers:
            for one in self.reduced([each.fork() for each in entered], 2):
                after.extend(self.run(handler.body, one.fork()))
        if statement.final:
            final: Flow = []
            for how, end, value in after:
                for ended, last, result in self.run(statement.final, end):
                    final.append((how, last, value) if ended == "next" else (ended, last, result))
            after = final
        return self._gathered(after, world)
