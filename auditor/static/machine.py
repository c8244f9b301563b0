"""The state of the interpreter: the current world, the stack of calls, what has happened, and choices between worlds.

The layers above it each add one part of the language, one file a layer: sizes, objects, layers; passes, optimizers,
effects, answers, weights; what is known of rows, and which columns are chosen; methods, calls, building; names,
operations, expressions; stops, modules, branches, loops, contexts, statements; dropouts, undriven code and the driver.
What a lower layer needs of a higher one is declared in it, or here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auditor.libraries import Libraries
from auditor.static import syntax as s
from auditor.static.project import Project, Unit
from auditor.static.values import Frame, Obj, Value
from auditor.static.worlds import MOST_WORLDS, Key, World, reduce
from auditor.trace import Choice, Event, Model, Place, Select

E = TypeVar("E", bound=Event)
Outcome = tuple[World, Value]
DEEPEST_CALLS = 14
FINE_STEPS = 1_500
"""After so many statements of one entry point worlds are kept apart only by the modes of networks."""
MOST_TIRED = 3
"""The worlds that are kept from then on."""
MOST_STEPS = 20_000
"""After so many statements an entry point is given up; what was seen of it stays."""
FUNCTION = 0.8
"""After this part of them below one function it is not entered again from this entry point: results unknown."""
MOST_WALKED = 8_000
"""After so many statements below one function, over all entry points, it has told what it has to tell..."""
DEAR = 500
"""...where one call of it costs so many."""


class Exhausted(Exception):
    """One entry point took more steps than it is worth; what was seen of it stays."""

    def __init__(self, stack: list[Activation], world: World) -> None:
        self.stack = stack
        self.world = world


@dataclass(slots=True)
class Arguments:
    """The operands of a call. ``more`` is what an unknown ``*args`` or ``**kwargs`` may add."""

    positional: list[Value]
    keyword: dict[str, Value]
    more: Value | None = None
    texts: tuple[s.Arg, ...] = ()

    def all(self) -> list[Value]:
        values = [*self.positional, *self.keyword.values()]
        return [*values, self.more] if self.more is not None else values


@dataclass(slots=True)
class Summary:
    """What one run of a function read of the state before it, and what came of it: for calls that find the same."""

    reads: dict[Key, Any]
    outcomes: list[tuple[World, dict[Key, Any], Value]]
    first: list[Event]
    """The events that came right after what happened before the call."""
    last: frozenset[Event]
    """What had happened last before the call."""

    def fits(self, world: World) -> bool:
        return all(_same(world.get(*key), value) for key, value in self.reads.items())

    def replayed(self, world: World) -> list[Outcome]:
        for event in self.first:
            event.after |= world.last
        made: list[Outcome] = []
        for end, writes, value in self.outcomes:
            after = World(world)
            after.local.update(writes)
            after.assumed, after.grad = end.assumed, end.grad
            after.last = end.last - self.last
            if not after.last or end.last & self.last:  # a way through the call on which nothing happens
                after.last |= world.last
            made.append((after, value))
        return made


def _same(a: object, b: object) -> bool:
    return a is b or a == b


@dataclass(slots=True)
class Activation:
    """A function that is running."""

    function: s.Function | None
    frame: Frame
    site: Place | None
    loops: list[frozenset[str]] = field(default_factory=list)
    branches: list[s.If] = field(default_factory=list)
    """The branches that it is in, outermost first."""
    sides: list[bool] = field(default_factory=list)
    """Of each: whether its test holds."""
    yields: list[Value] = field(default_factory=list)
    hook: Callable[[Value], list[Outcome]] | None = None
    """What a ``yield`` runs: the body of the ``with`` statement that entered this function."""
    receiver: Obj | None = None
    """The network whose method this is."""
    caller: tuple[Hashable, ...] = ()
    """The call context that it was called in."""
    name: str = ""
    """The user's words for the receiver."""
    drives: bool = False
    """It switches modes, trains or scores by itself: what it does is its own, not its caller's."""
    coarse: bool = False
    """Nothing in it has to do with networks: its worlds are not kept apart."""
    forward_of: Obj | None = None
    """The network whose forward this is."""


class Machine:
    def __init__(self, project: Project, libraries: Libraries) -> None:
        self.project = project
        self.libraries = libraries
        self.root = World()
        self.world = self.root
        self.frame = Frame(None, None, "")
        self.stack: list[Activation] = []
        self.context: tuple[Hashable, ...] = ()
        self.events: dict[Hashable, Event] = {}
        self.assumed: tuple[Place, ...] = ()
        self.steps = 0
        self.limit = MOST_STEPS
        self.reached: set[s.Function] = set()
        self._operations: dict[Hashable, int] = {}
        self.models: dict[Obj, Model] = {}
        self.asked_of: dict[Model, tuple[int, Obj]] = {}
        """The object that each is the model of, and how many models there were before it."""
        self.calling = ""
        self.spent: dict[s.Function, int] = {}
        self.walked: Counter[s.Function] = Counter()
        self.dearest: dict[s.Function, int] = {}
        self.summaries: dict[Hashable, list[Summary]] = {}
        self.log: list[Event] = []
        self.selections: dict[s.Expr, list[Select]] = {}
        """What was selected by a comparison with the best so far."""
        self.weighed: dict[s.Expr, frozenset[str]] = {}
        """Comparisons in a test, with what the branches assign: the best score so far, perhaps."""
        self._frames: dict[Hashable, Frame] = {}
        self._unknowns: dict[Hashable, frozenset[Hashable]] = {}
        self.made_in_turns: set[Hashable] = set()
        """The unknown values that were made in a loop."""
        self._settled_last: tuple[dict[Hashable, bool], frozenset[Choice]] = {}, frozenset()
        self._assumed_last: tuple[dict[Hashable, bool], frozenset[Hashable]] = {}, frozenset()
        self._tape: list[Outcome] = []
        self._position = 0
        self._pending: list[list[Outcome]] = []

    # what the layers above provide

    def evaluate(self, expr: s.Expr) -> Value:
        raise NotImplementedError

    def call(self, func: Value, args: Arguments, site: int, expr: s.Call | None = None) -> Value:
        raise NotImplementedError

    def module_frame(self, name: str) -> Frame:
        raise NotImplementedError

    # places and events

    @property
    def unit(self) -> Unit:
        return self.project.units[self.frame.module]

    def place(self, site: int) -> Place:
        return Place(self.unit, site)

    def place_of(self, definition: s.Function | s.Class) -> Place:
        return Place(self.project.units[definition.module], definition.site)

    def emit(self, kind: type[E], site: int, identity: Hashable, make: Callable[[Place], E]) -> E:
        """The event of this kind and identity at this place in this call context, seen (again) in the current world."""
        key = (kind, self.frame.module, site, self.context, identity)
        event = self.events.get(key)
        if event is None:
            event = make(self.place(site))
            event.chain = self.calls()
            function = next((one.function for one in reversed(self.stack) if one.function is not None), None)
            event.function = self.place_of(function) if function is not None else None
            event.assumed = self.assumed
            event.under = self.settings_asked()
            self.events[key] = event
        elif event.under:
            event.under &= self.settings_asked()
        assert isinstance(event, kind)
        self.log.append(event)
        event.after |= self.world.last
        self.world.last = frozenset((event,))
        return event

    def settings_asked(self) -> frozenset[Choice]:
        """What this world has assumed of values that stay as they are while the program runs."""
        assumed = self.world.assumed
        if self._settled_last[0] is not assumed:
            self._settled_last = assumed, frozenset(one for one in assumed.items() if self._settled(one[0]))
        return self._settled_last[1]

    def _settled(self, key: Hashable) -> bool:
        """Nothing in this symbol is made anew turn by turn of a loop."""
        if not isinstance(key, tuple):
            return True
        if key[:1] == ("at",):
            return key not in self.made_in_turns
        return key[:1] not in (("loop",), ("op",), ("missing",)) and all(map(self._settled, key))

    def frame_of(self, function: s.Function | s.Class, outer: Frame | None, module: str) -> Frame:
        key = (function, outer, self.context)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = Frame(function, outer, module)
        return frame

    def calls(self) -> tuple[Place, ...]:
        """Where the functions that are running were called, the first call first."""
        return tuple(one.site for one in self.stack if one.site is not None)

    def running_forward(self) -> Obj | None:
        """The network whose own forward is running."""
        return next((one.forward_of for one in reversed(self.stack) if one.forward_of is not None), None)

    def in_a_loop(self) -> bool:
        """Some function that is running is inside a loop."""
        return any(one.loops for one in self.stack)

    def numbered(self, operation: Hashable) -> Hashable:
        """A short symbol for an operation on symbols: what is computed from itself in a loop would grow without end."""
        return "op", self._operations.setdefault(operation, len(self._operations))

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.limit:
            raise Exhausted(self.stack[:], self.world)

    # choices: an expression that may go on in several worlds is evaluated once for each

    def choose(self, outcomes: Callable[[], Sequence[Outcome]]) -> Value:
        """Go on in one of several worlds; the statement is evaluated again for each of the others.

        Whatever was chosen before in this statement is not computed again but read from the tape.
        """
        if self._position < len(self._tape):
            world, value = self._tape[self._position]
            self._position += 1
            self.world = world.fork()
            return value
        tape, position, pending = self._tape, self._position, self._pending
        found = list(outcomes())
        self._tape, self._position, self._pending = tape, position, pending
        if not found:
            raise Dead
        for other in found[1:]:
            self._pending.append([*self._tape, other])
        world, value = found[0]
        self._tape.append((world, value))
        self._position += 1
        self.world = world.fork()
        return value

    def in_every_world(self, run: Callable[[], Value], start: World) -> list[Outcome]:
        """All the worlds that a computation may end in, with its value in each."""
        saved = self._tape, self._position, self._pending, self.world
        self._pending = [[]]
        try:
            return self._outcomes(run, start, [])
        finally:
            self._tape, self._position, self._pending, self.world = saved

    def in_place(self, run: Callable[[], Value], start: World) -> list[Outcome]:
        """The same, in the world itself as long as nothing is chosen: what is computed again there sets the same."""
        saved = self._tape, self._position, self._pending, self.world
        before = start.assumed, start.grad, start.last
        self._tape, self._position, self._pending = [], 0, []
        self.world = start
        try:
            try:
                results = [(start, run())]
            except Dead:
                results = []
            else:
                results[0] = (self.world, results[0][1])
            if not self._pending:
                return results
            again = start.fork()
            again.assumed, again.grad, again.last = before
            return self._outcomes(run, again, results)
        finally:
            self._tape, self._position, self._pending, self.world = saved

    def _outcomes(self, run: Callable[[], Value], start: World, results: list[Outcome]) -> list[Outcome]:
        """Go the ways that are left."""
        while self._pending and len(results) < 16:
            self._tape = self._pending.pop()
            self._position = 0
            self.world = start.fork()
            try:
                value = run()
            except Dead:
                continue
            results.append((self.world, value))
        return results

    def merged(self, outcomes: list[Outcome], most: int = 4) -> list[Outcome]:
        """Fewer worlds, with the values that go with them."""
        if len(outcomes) < 2:
            return outcomes
        marker = (object(), "%value")
        for world, value in outcomes:
            world.local[marker] = value
        worlds = self.reduced([world for world, _ in outcomes], most)
        return [(world, world.local.pop(marker)) for world in worlds]

    def reduced(self, worlds: list[World], most: int = MOST_WORLDS) -> list[World]:
        """Merge worlds: all of them where the function has nothing to do with networks."""
        if len(worlds) < 2:
            return worlds
        if self.stack and self.stack[-1].coarse:
            return reduce(worlds, 1)
        if self.steps > FINE_STEPS:
            return reduce(worlds, MOST_TIRED, flags=False)
        return reduce(worlds, most)


class Dead(Exception):
    """No world goes on from here (the program ended, or nothing is left to assume)."""
