"""The story of a program, and the questions that rules ask of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar, cast

from auditor.trace.events import (
    Build,
    Event,
    Forward,
    Keep,
    Mode,
    Named,
    Restore,
    Sink,
    SinkKind,
    Step,
    Switch,
    Train,
    Use,
    Watch,
    by_place,
)
from auditor.trace.limits import DEFAULT_LIMITS, Limits
from auditor.trace.networks import Layer, Model
from auditor.trace.places import Place
from auditor.trace.rows import Cut, PartName, Rows, strangers

E = TypeVar("E", bound=Event)
A = TypeVar("A")

JUDGING: frozenset[SinkKind] = frozenset({"score", "store", "select"})
"""The purposes that make a pass without a backward pass an evaluation."""


class Trace:
    """Events as a graph: loops and branches make several orders possible, and each question says which it means."""

    def __init__(
        self,
        events: Iterable[Event],
        limits: Limits = DEFAULT_LIMITS,
        words: Mapping[str, frozenset[str]] | None = None,
        programs: Callable[[str], frozenset[str]] | None = None,
    ) -> None:
        self._events = tuple(events)
        self.limits = limits
        self._words = words or {}
        self._programs = programs
        self._answers: dict[object, object] = {}

    def program(self, event: Event) -> frozenset[str]:
        """The paths of the files that belong to one program with the one where an event happens."""
        return self._programs(event.place.path) if self._programs is not None else frozenset(self._words)

    def mentions(self, pattern: re.Pattern[str], paths: Iterable[str]) -> bool:
        """A name in these files speaks of something: for rules that claim an absence, and never for a finding."""
        return any(map(pattern.search, (word for path in paths for word in self._words.get(path, ()))))

    def remembered(self, question: object, answer: Callable[[], A]) -> A:
        """The answer to a question about the whole trace, computed when it is first asked."""
        if question not in self._answers:
            self._answers[question] = answer()
        return cast("A", self._answers[question])

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def all(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind, in the order in which they were first seen."""
        return iter(cast("list[E]", self._by_kind[kind]))

    @cached_property
    def _by_kind(self) -> dict[type[Event], list[Event]]:
        known: dict[type[Event], list[Event]] = defaultdict(list)
        for event in self._events:
            for kind in type(event).__mro__:
                known[kind].append(event)
        return known

    @cached_property
    def _sinks(self) -> dict[Forward, list[Sink]]:
        sinks: dict[Forward, list[Sink]] = defaultdict(list)
        for sink in self.all(Sink):
            for forward in sink.forwards:
                sinks[forward].append(sink)
        return sinks

    def sinks(self, forward: Forward) -> list[Sink]:
        """Where the output of a pass arrives, through any number of operations and calls."""
        return self._sinks.get(forward, [])

    def reaches(self, forward: Forward, *kinds: SinkKind) -> bool:
        return any(sink.kind in kinds for sink in self.sinks(forward))

    @cached_property
    def _stepped(self) -> frozenset[Model]:
        """The models whose weights an optimizer step moves."""
        moved: set[Model] = set()
        for step in self.all(Step):
            moved |= step.models or set()
        return frozenset(moved)

    @cached_property
    def _before_unknown_steps(self) -> frozenset[Event]:
        """What may come before a step of which nobody knows what it moves."""
        return earlier_than(step for step in self.all(Step) if step.models is None)

    @cached_property
    def _before_steps(self) -> frozenset[Event]:
        """What may come before any step: an optimizer over parts of a network trains the network."""
        return earlier_than(self.all(Step))

    def learns(self, model: Model) -> bool:
        """Some optimizer step moves its weights, or may."""
        return model in self._stepped or any(one in self._before_unknown_steps for one in self.passes(model))

    def trains(self, forward: Forward) -> bool:
        """A training pass: its loss reaches a backward pass through its weights, and an optimizer steps over them.

        Through a network that is frozen, something else learns: its input, or what comes before it.
        """
        if forward.wholly_frozen:
            return False
        through = any(sink.kind == "backward" and forward in sink.through for sink in self.sinks(forward))
        if not through or forward.on_leaf:
            return False
        return forward.model in self._stepped or forward in self._before_unknown_steps

    def evaluates(self, forward: Forward) -> list[Sink]:
        """The sinks that make this pass an evaluation: scored, stored, shown or selected on, and no gradients taken.

        Empty when it is none: gradients are taken of it or of its inputs, it acts in an environment, or its output goes
        to a caller that nobody knows.
        """
        return [] if self.reaches(forward, "backward", "gradient") else self.judges(forward)

    def scored_beside(self, forward: Forward) -> list[Sink]:
        """Where the output of a training pass is scored on rows that its loss leaves out (nodes of one graph).

        Not where a setting decides whether a pass of its own is scored in that place (``if not fast: out = net(x)``).
        """
        if not self.trains(forward):
            return []
        sinks = self.sinks(forward)
        others = [one for one in self.passes(forward.model) if not self.trains(one)]
        elsewhere = {sink.place for one in others for sink in self.sinks(one)}
        learnt = frozenset[Rows]().union(*(sink.rows for sink in sinks if sink.kind == "backward"))
        return [
            sink for sink in sinks
            if sink.kind in ("score", "select") and sink.rows and learnt and sink.forwards == {forward}
            and sink.place not in elsewhere
            and (self.held_out(sink.rows) or strangers(learnt, sink.rows)) and not self.held_out(learnt)
        ]  # fmt: skip

    def held_out(self, rows: Iterable[Rows]) -> bool:
        """Some of these rows are for a validation or a test."""
        return any(self.part(one) in ("validation", "test") for one in rows)

    def judges(self, forward: Forward) -> list[Sink]:
        """The sinks that make this pass say something of the trained network, whether or not gradients are taken too.

        A backward pass through a network that no optimizer moves is no training (saliency, class activation maps).
        """
        if forward.on_leaf or self.reaches(forward, "act") or (forward.open and forward.grad is not False):
            return []
        if forward.drawn and self.untaught(forward):
            return []
        used = [sink for sink in self.sinks(forward) if sink.kind in ("backward", "gradient")]
        if any(forward not in sink.through or self._teaches(sink, forward.model) for sink in used):
            return []
        if used and (forward.model.origin != "built" or any(one in self._before_steps for one in (forward, *used))):
            return []
        if any(sink.loss for sink in used):
            return []
        return [sink for sink in self.sinks(forward) if sink.kind in JUDGING]

    def untaught(self, forward: Forward) -> bool:
        """The network has the weights that it was made with: none was trained or loaded, there or before."""
        model = forward.model
        if model.origin != "built" or model.network.pretrained or self.learns(model):
            return False
        return not any(isinstance(one, (Step, Train, Restore)) for one in self.before(forward))

    @cached_property
    def _named(self) -> dict[Cut, set[PartName]]:
        named: dict[Cut, set[PartName]] = defaultdict(set)
        for one in self.all(Named):
            named[one.cut].add(one.part)
        return named

    def names(self, rows: Rows) -> set[PartName]:
        """What the user calls rows, and nothing else that also holds others: several parts where names disagree."""
        for cuts in (rows.cuts, rows.declared_cuts or (rows.origin.cut,)):
            said = [self._named[cut] for cut in cuts if cut in self._named]
            if said:
                return set[PartName].intersection(*said)
        return set()

    def part(self, rows: Rows) -> PartName | None:
        """What rows are for: as their source says, or as the user calls them and nothing else."""
        if rows.declared is not None:
            return rows.declared
        names = self.names(rows)
        return next(iter(names)) if len(names) == 1 else None

    def before(self, event: Event) -> set[Event]:
        """Every event that may come before on some path, in loops also later ones; `event` itself if it can repeat."""
        seen: set[Event] = set()
        todo = list(event.after)
        while todo:
            earlier = todo.pop()
            if earlier not in seen:
                seen.add(earlier)
                todo.extend(earlier.after)
        return seen

    @cached_property
    def _following(self) -> dict[Event, list[Event]]:
        following: dict[Event, list[Event]] = defaultdict(list)
        for event in self._events:
            for earlier in event.after:
                following[earlier].append(event)
        return following

    def after(self, event: Event, until: Callable[[Event], bool] = lambda event: False) -> set[Event]:
        """Every event that may come after on some path, as far as the first for which `until` holds, which counts."""
        seen: set[Event] = set()
        todo = list(self._following.get(event, ()))
        while todo:
            later = todo.pop()
            if later not in seen:
                seen.add(later)
                if not until(later):
                    todo.extend(self._following.get(later, ()))
        return seen

    def trained_after(self, event: Event, model: Model) -> list[Event]:
        """The steps and fits that may change the weights of the same model after an event, before it is made anew."""
        later = self.after(event, lambda one: isinstance(one, Build) and one.model is model)
        return [one for one in later if moves(one, model)]

    def beside(self, watch: Watch) -> list[Watch]:
        """The others that watch the same training."""
        return [one for one in self._watching[watch.place, watch.chain] if one is not watch]

    @cached_property
    def _watching(self) -> dict[tuple[Place, tuple[Place, ...]], list[Watch]]:
        known: dict[tuple[Place, tuple[Place, ...]], list[Watch]] = defaultdict(list)
        for one in self.all(Watch):
            known[one.place, one.chain].append(one)
        return known

    def used_as_left(self, event: Event, model: Model) -> list[Event]:
        """Where a model is scored, asked or saved after an event, with the weights that it has then."""

        def ends(one: Event) -> bool:
            if isinstance(one, (Build, Restore)):
                return one.model is model
            return moves(one, model) or (isinstance(one, Use) and one.model is model and one.best)

        found = [one for one in self.after(event, ends) if self._uses(one, model)]
        return sorted(found, key=by_place)

    def restored_before(self, event: Event, model: Model | None) -> bool:
        """Weights are loaded into a model between its last step and an event."""
        seen: set[Event] = set()
        todo = list(event.after)
        while todo:
            earlier = todo.pop()
            if isinstance(earlier, Restore) and earlier.model is model:
                return True
            if earlier not in seen and not (model is not None and moves(earlier, model)):
                seen.add(earlier)
                todo.extend(earlier.after)
        return False

    def _uses(self, event: Event, model: Model) -> bool:
        if isinstance(event, Use):
            return event.model is model and not event.best
        if isinstance(event, Keep):
            return event.model is model and event.form == "file"
        return isinstance(event, Forward) and event.model is model and bool(self.evaluates(event))

    def may_follow(self, later: Event, earlier: Event) -> bool:
        return earlier in self.before(later)

    def _teaches(self, sink: Sink, model: Model) -> bool:
        """Another network than this one learns from what arrives."""
        return any(one.model is not model and self.learns(one.model) for one in sink.through)

    @cached_property
    def _passes(self) -> dict[Model, list[Forward]]:
        passes: dict[Model, list[Forward]] = defaultdict(list)
        for forward in self.all(Forward):
            passes[forward.model].append(forward)
        return passes

    def passes(self, model: Model) -> list[Forward]:
        return self._passes.get(model, [])

    @cached_property
    def _at(self) -> dict[Place, list[Forward]]:
        """The passes that happen at one place, in any context."""
        passes: dict[Place, list[Forward]] = defaultdict(list)
        for forward in self.all(Forward):
            passes[forward.place].append(forward)
        return passes

    @cached_property
    def _fed(self) -> frozenset[Forward]:
        return frozenset(one for one in self.all(Forward) if any(taken.model is not one.model for taken in one.takes))

    @cached_property
    def _taken(self) -> frozenset[Forward]:
        return frozenset().union(*(one.takes for one in self.all(Forward)))

    def feeds(self, forward: Forward) -> bool:
        """Its output goes into another pass."""
        return forward in self._taken

    def fed(self, forward: Forward) -> bool:
        """Another network's output goes in: it may be a loss or a metric that is written as a network."""
        return forward in self._fed

    def asked_from(self, forward: Forward) -> Place:
        """Where somebody asks for this pass who never trains: the call to mend where a training shares the pass itself.

        The place of the pass, where none but evaluations come through it, or where one function calls for both.
        """
        trained = [_way(one) for one in self._at[forward.place] if one is not forward and self.trains(one)]
        way = _way(forward)
        if not trained or (way and way[0].in_tests):
            return forward.place
        apart = max(_shared(way, other) for other in trained) + 1
        theirs = {place for other in trained for place in other}
        own = [place for place in way[max(apart, len(forward.assumed)) :] if place not in theirs]
        return own[-1] if own else forward.place

    def trained_alike(self, forward: Forward) -> Forward | None:
        """A training pass in the very mode of this one, that in which the model was handed in, whichever that is.

        None where something in the program puts a network of which nobody knows the maker in another mode, or where the
        networks that it makes are the same in all modes.
        """
        handed = [mode for mode in forward.modes if mode.value is None and mode.cause is None and mode.told]
        if not handed or not forward.assumed:
            return None
        paths = self.program(forward)
        if self.remembered(("indifferent", paths), lambda: self._indifferent_to_modes(paths)):
            return None
        alike = (one for one in self.passes(forward.model) if one is not forward and one.assumed == forward.assumed)
        return next((one for one in alike if handed[0] in one.modes and self.trains(one)), None)

    def _indifferent_to_modes(self, paths: frozenset[str]) -> bool:
        asked = (one for one in self.all(Switch) if one.called and one.mode != "train" and one.model.origin != "built")
        if any(one.place.path in paths for one in asked):
            return True
        made = {one.model for one in self.all(Build) if one.place.path in paths and not one.place.in_tests}
        return bool(made) and all(model.network.indifferent for model in made)

    def switches(self, model: Model) -> Iterator[Switch]:
        return (switch for switch in self.all(Switch) if switch.model is model)

    def averaged(self, forward: Forward) -> bool:
        """The same rows pass again and again while nothing is learnt in between: Monte-Carlo dropout."""
        if not forward.repeated:
            return False
        between = self.before(forward)
        return not any(isinstance(event, Step) and forward in self.before(event) for event in between)

    @staticmethod
    def exposed(forward: Forward) -> tuple[Layer, ...]:
        """The mode-sensitive layers of the network, without those of parts that a switch holds in eval mode."""
        switches = [switch for switch in forward.apart if switch.mode == "eval"]
        spared = {(layer.kind, layer.place) for switch in switches for layer in switch.model.network.sensitive}
        return tuple(layer for layer in forward.model.network.sensitive if (layer.kind, layer.place) not in spared)

    @staticmethod
    def in_mode(forward: Forward, value: str) -> list[Mode]:
        """The ways in which the model may be in this mode at this pass."""
        return [mode for mode in forward.modes if mode.value == value]


def moves(event: Event, model: Model) -> bool:
    """It changes the weights of a model, or nobody knows of which."""
    if isinstance(event, Step):
        return event.models is None or model in event.models
    return isinstance(event, Train) and event.model is model


def _way(event: Event) -> tuple[Place, ...]:
    return (*event.assumed, *event.chain)


def _shared(one: tuple[Place, ...], other: tuple[Place, ...]) -> int:
    """How many calls two ways have in common before they part."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def earlier_than(events: Iterable[Event]) -> frozenset[Event]:
    """Everything that may come before one of these."""
    seen: set[Event] = set()
    todo = list(events)
    while todo:
        for earlier in todo.pop().after - seen:
            seen.add(earlier)
            todo.append(earlier)
    return frozenset(seen)
