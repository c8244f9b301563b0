"""Which code runs: scripts, what stands under ``__main__``, and code that nobody in the project calls.

A function that nobody calls is an entry point with unknown arguments. A class that nobody drives is made, and its
methods are called in any order, any number of times: each begins in every state that the others may leave behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from auditor.libraries import Libraries
from auditor.static import syntax as s
from auditor.static.dropouts import Dropouts
from auditor.static.machine import MOST_STEPS, Activation, Arguments, Dead, Exhausted
from auditor.static.objects import HANDED_IN
from auditor.static.project import Project
from auditor.static.relevance import Relevance
from auditor.static.values import UNKNOWN, Cls, Const, Fn, Frame, Obj, Ref, Value, alternatives
from auditor.static.worlds import MODE, World
from auditor.trace import Forward
from auditor.trace.places import TESTS

MOST_STATES = 6
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


class Driver(Dropouts):
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

    def _begin(self, frame: Frame) -> World:
        self.frame, self.context = frame, ()
        self.stack = [Activation(None, frame, None)]
        self.world = World(self.root)
        return self.world

    def _run_main(self, name: str, body: list[s.Stmt]) -> None:
        world = self._begin(self.module_frame(name))
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
                    self.entry(name, lambda: self._network_class(cls), cls.name)
        functions = sorted((f for name in sorted(names) for f in self._functions(name)), key=self._promise)
        called = self._called_names([one for one in functions if not self._promise(one)[0]])
        for wave in (True, False):
            for function in functions:
                if function in self.reached or (wave and function.name in called.get(function, set())):
                    continue
                if function in self.reached or (self.total > self.allowance and not self._urgent(function)):
                    continue
                whole = function.owner if function.owner is not None else function
                self.entry(function.module, lambda: self._entry_function(function), whole.name)

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

    def _entry_function(self, function: s.Function) -> None:
        if function.owner is not None:
            self._entry_class(function.owner)
            return
        value = self.definitions.get(function)
        if value is None:
            return
        self._begin(self.module_frame(function.module))
        bound = self.module_value_of(function)
        self.assumed = (self.place_of(function),)
        self.call(bound if bound is not None else value, Arguments([], {}, UNKNOWN), -1)

    def module_value_of(self, function: s.Function) -> Value | None:
        """The function as its module has it, decorated."""
        value: Value | None = self.world.get(self.module_frame(function.module), function.name)
        return value if type(value) is Fn else None

    def _network_class(self, cls: s.Class) -> None:
        """What a network's own forward applies, whoever calls it."""
        if not self.is_network(cls):
            return
        self._begin(self.module_frame(cls.module))
        self.assumed = (self.place_of(cls),)
        known = self.instances.get(cls)
        told = any(row.keras for row in self.base_rows(cls))
        obj = known[0] if known and not told else self._made(cls)
        found = self.method(cls, "forward") or self.method(cls, "call")
        if obj is None or found is None or found[1] in self.reached:
            return
        fn = Fn(found[1], self.scopes[found[0]].frame, Ref(obj))
        self.reached.add(found[1])
        self.followed[cls] = obj
        ends = self.outcomes_of(fn, Arguments([], {}, UNKNOWN), -1, forward_of=obj)
        self.given_back[cls] = [value for _, value in ends]

    def _made(self, cls: s.Class) -> Obj | None:
        made = self._instance(cls)
        return made.obj if isinstance(made, Ref) else None

    def _instance(self, cls: s.Class) -> Value:
        return self.instantiate(Cls(cls, self.scopes[cls].frame), Arguments([], {}, UNKNOWN), cls.site)

    def _switches_itself(self, cls: s.Class) -> bool:
        """Methods of the class set its mode: then it is its own affair and not its callers'."""
        return any(self._relevance.switches(function) for one in self.linear(cls) for function in one.methods.values())

    def _entry_class(self, cls: s.Class) -> None:
        """Make an object of the class and call its methods in any order."""
        if cls not in self.scopes:
            return
        whole = list(self._methods(cls))
        calls = frozenset[str]().union(*(one.calls for one in self.linear(cls)))
        whole.sort(key=lambda function: function.name in calls)  # what others call is called with operands first
        methods = [function for function in whole if function not in self.reached]
        self._begin(self.module_frame(cls.module))
        self.assumed = (self.place_of(cls),)
        made = self.in_every_world(lambda: self._instance(cls), self.world)
        if not made:
            return
        value = made[0][1]
        assert isinstance(value, Ref)
        obj = value.obj
        for other in self.instances[cls] if self.told_in_call(obj) else ():
            for part in other.children.get("%items", ()):
                self.adopt(obj, "%items", part)
        states = self.reduced([world for world, _ in made], MOST_STATES)
        if obj.kind == "module" and not self._switches_itself(cls):
            for self.world in states:
                self._handed_over(obj)
        begun = states[0]
        for turn in range(2):
            left: list[World] = []
            for function in methods:
                if turn == 0 and function in self.reached:
                    continue
                for state in states:
                    left.extend(self._after(function, cls, obj, state))
            states = self.reduced([state.fork() for state in [*states, *left]], MOST_STATES)
            if len(states) == 1:
                told, built = self._told_since(obj, begun, states[0]), self._built_since(obj, begun, states[0])
                methods = [
                    one for one in whole if one.mentions & told or (one.mentions & built and one.name not in calls)
                ]  # fmt: skip
                if not methods:
                    break

    def _told_since(self, obj: Obj, begun: World, now: World) -> frozenset[str]:
        """The attributes that tell of more than when the object was made: a method that reads them may do more by now.

        Methods have made a choice, or keep what came out of a network.
        """
        return frozenset(
            name for name in obj.attrs
            if self._chosen(begun.get(obj, name), now.get(obj, name))
            or self._kept(obj, name, now) - self._kept(obj, name, begun)
        )  # fmt: skip

    @staticmethod
    def _built_since(obj: Obj, begun: World, now: World) -> frozenset[str]:
        """The attributes that hold a network by now, and held none when the object was made."""

        def holds(world: World, name: str) -> bool:
            value: Value | None = world.get(obj, name)
            return value is not None and any(
                type(one) is Ref and one.obj.kind == "module" for one in alternatives(value)
            )

        return frozenset(name for name in obj.attrs if holds(now, name) and not holds(begun, name))

    @staticmethod
    def _chosen(was: Value | None, value: Value | None) -> bool:
        return type(was) is Const and isinstance(was.value, str) and value != was

    def _kept(self, obj: Obj, name: str, world: World) -> frozenset[Forward]:
        """The passes whose outputs an attribute holds."""
        value: Value | None = world.get(obj, name)
        if value is None:
            return frozenset()
        self.world = world
        return self.spilled(value).flows

    def _handed_over(self, obj: Obj) -> None:
        """Nobody knows what its makers did to a network between its making and the call of one of its methods."""
        for part in self.family(obj):
            self.world.set(part, MODE, HANDED_IN)

    def _after(self, function: s.Function, cls: s.Class, obj: Obj, state: World) -> list[World]:
        self.world = state.fork()
        self.world.last = frozenset()
        self.assumed = (self.place_of(function),)
        value = self.attribute(Ref(obj), function.name, -1)
        if type(value) is not Fn or value.function is not function:
            found = self.scopes[cls].frame
            value = Fn(function, found, Ref(obj))
        self.context = ()
        outcomes = self.in_every_world(lambda: self.call(value, Arguments([], {}, UNKNOWN), -1), self.world)
        ends = [end for end, _ in outcomes]
        for end, result in outcomes:
            if function in self._scoring(cls):
                self.world = end
                self.sink("score", result, function.site)
            end.grad = state.grad
        return ends

    def _methods(self, cls: s.Class) -> Iterator[s.Function]:
        network = self.is_network(cls)
        hooks = frozenset() if any(row.keras for row in self.base_rows(cls)) else self.hooks_of(cls)
        seen: set[str] = set()
        for one in self.linear(cls):
            for name, function in one.methods.items():
                if name in seen or name in ("__init__", "__new__") or (network and name in ("forward", "call")):
                    continue
                seen.add(name)
                if name not in hooks:
                    yield function

    def _scoring(self, cls: s.Class) -> set[s.Function]:
        """The methods whose result a framework takes for a score."""
        framework = self.framework(cls)
        hooks = self.libraries.hook_modes.get(framework) if framework is not None else None
        return {cls.methods[name] for name in hooks.eval if name in cls.methods} if hooks is not None else set()

    def hooks_of(self, cls: s.Class) -> frozenset[str]:
        """The methods that a framework calls, in modes of its own."""
        framework = self.framework(cls)
        return self.libraries.hooks.get(framework, frozenset()) if framework else frozenset()
