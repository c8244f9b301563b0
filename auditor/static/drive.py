"""Which code runs, and in which order: scripts, what stands under ``__main__``, then code that nobody calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from auditor.libraries import Libraries
from auditor.static import syntax as s
from auditor.static.machine import MOST_STEPS, Dead, Exhausted
from auditor.static.project import Project
from auditor.static.relevance import Relevance
from auditor.static.undriven import Undriven
from auditor.trace import Forward
from auditor.trace.places import TESTS

FREE_STEPS = 45_000
"""What any project may cost..."""
STEPS_A_SITE = 0.25
"""...and for each of its expressions."""
SHARE = 2
"""The part of what is left of that which one entry point may take."""
FEWEST_STEPS = 800
"""What an entry point may cost in any case; when all is spent, tests and functions that train nothing are left."""
MOST_REMEMBERED = 500
"""Calls whose outcomes are remembered from one entry point to the next."""


class Unfinished(NamedTuple):
    """An entry point that was not followed to its end."""

    path: str
    name: str
    """The function or class; empty for the top level of the file."""


class Driver(Undriven):
    def __init__(self, project: Project, libraries: Libraries) -> None:
        super().__init__(project, libraries)
        self.failures: list[str] = []
        self.exhausted: list[Unfinished] = []
        self.total = 0
        self.allowance = 0
        self._rank: dict[str, tuple[bool, bool]] = {}

    def drive(self, names: Iterable[str], progress: Callable[[str], None] | None = None) -> None:
        """Run every way into these modules."""
        names = list(names)
        parsed = (self.project.module(name) for name in names)
        known = [module for module in parsed if module is not None]
        self.allowance = FREE_STEPS + int(STEPS_A_SITE * sum(module.sites for module in known))
        self._relevance = Relevance(self.libraries, known)
        for name in names:
            self.entry(name, lambda: self.ensure(name))
            if progress is not None:
                progress(name)
        for name, body in self.mains:
            self.entry(name, lambda: self._run_main(name, body), "__main__")
        self._undriven(set(names))

    def spoken(self) -> dict[str, frozenset[str]]:
        """Every name and attribute that occurs in a file, and the name of the file itself."""
        return {
            name: module.mentions | {name.rpartition("/")[2]}
            for name, module in self.project.known() if module is not None
        }  # fmt: skip

    def concerns_networks(self, function: s.Function) -> bool:
        return self._relevance(function)

    def drives(self, function: s.Function) -> bool:
        return self._relevance.drives(function)

    def switches(self, function: s.Function) -> bool:
        return self._relevance.switches(function)

    def entry(self, name: str, run: Callable[[], object], what: str = "") -> None:
        """One entry point: what it costs is bounded, and what goes wrong inside is told and ends nothing else."""
        self.limit = min(MOST_STEPS, max(FEWEST_STEPS, (self.allowance - self.total) // SHARE))
        self.steps = 0
        self.walked.update(self.spent)
        self.spent.clear()
        if len(self.summaries) > MOST_REMEMBERED:
            self.summaries.clear()
        self.log.clear()
        self.turning = []
        saved = self.stack, self.frame, self.context, self.assumed, self.world
        try:
            run()
        except Exhausted as end:
            self.exhausted.append(Unfinished(self.project.units[name].path, what))
            self._leave_open(end)
        except RecursionError:
            self.exhausted.append(Unfinished(self.project.units[name].path, what))
        except Dead:
            pass  # every way through this entry point ends the program
        except Exception as error:  # noqa: BLE001  # an error of ours: named with its file, and the rest goes on
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
            self.failures.append(f"{name}: {type(error).__name__} in {where}: {error}")
        finally:
            self.total += self.steps
            self.stack, self.frame, self.context, self.assumed, self.world = saved

    def _leave_open(self, end: Exhausted) -> None:
        """What becomes of the passes of calls that were cut off, and of what they hold, nobody knows."""
        self.world, self.stack = end.world, end.stack
        held = self.at_hand()
        sites = [one.site for one in end.stack]
        running = {
            (self.place_of(one.function), tuple(site for site in sites[: depth + 1] if site is not None))
            for depth, one in enumerate(end.stack) if one.function is not None
        }  # fmt: skip
        for event in self.log:
            if isinstance(event, Forward):
                here = (event.function, event.chain) in running if event.function is not None else not event.chain
                event.open |= here or event in held

    def _run_main(self, name: str, body: list[s.Stmt]) -> None:
        world = self.begin(self.module_frame(name))
        self.run(body, world)

    def drives_by(self, words: frozenset[str]) -> bool:
        return self._relevance.drives_by(words)

    # undriven code

    def _undriven(self, names: set[str]) -> None:
        for name in sorted(names):
            module = self.project.module(name)
            if module is None:
                continue
            for cls in module.classes:
                if cls in self.scopes:
                    self.entry(name, lambda: self.enter_network(cls), cls.name)
        functions = sorted((f for name in sorted(names) for f in self._functions(name)), key=self._promise)
        called = self._called_names([one for one in functions if not self._promise(one)[0]])
        for wave in (True, False):
            for function in functions:
                if function in self.reached or (wave and function.name in called.get(function, set())):
                    continue
                if function in self.reached or (self.total > self.allowance and not self._urgent(function)):
                    continue
                whole = function.owner if function.owner is not None else function
                self.entry(function.module, lambda: self.enter_function(function), whole.name)

    def _functions(self, name: str) -> list[s.Function]:
        module = self.project.module(name)
        if module is None:
            return []
        return [f for f in module.functions if f.outer is None and self.concerns_networks(f)]

    def _promise(self, function: s.Function) -> tuple[bool, bool, bool]:
        """What is entered first, since all share one allowance: code before its tests, what trains before what does
        not, in files that name a library of training code."""
        known = self._rank.get(function.module)
        if known is None:
            file = self.project.units[function.module].file
            tests = any(TESTS.fullmatch(part) for part in function.module.split("/"))
            known = self._rank[function.module] = tests, not file.mentions(self.libraries.trigger_pattern)
        return (*known, not self.drives(function))

    def _urgent(self, function: s.Function) -> bool:
        tests, _, idle = self._promise(function)
        return not tests and not idle

    @staticmethod
    def _called_names(functions: list[s.Function]) -> dict[s.Function, set[str]]:
        """For each function, the names that other functions mention."""
        counts: dict[str, int] = {}
        for function in functions:
            for name in function.mentions:
                counts[name] = counts.get(name, 0) + 1
        return {
            f: {f.name} if counts.get(f.name, 0) > (1 if f.name in f.mentions else 0) else set() for f in functions
        }  # fmt: skip
