"""Worlds: what may be the case at one point of a program.

Real code correlates its branches (``if train: model.train()`` ... ``if train: loss.backward()``), and a plain join of
branches is wrong on it. So the interpreter carries a small set of worlds, each with the tests that it has assumed;
worlds that differ in nothing that matters are merged at once.

A world is a store laid over the world it was forked from, so a fork costs nothing and a merge looks only at what
changed since.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from auditor.static.conventions import names_model
from auditor.static.values import Cls, Const, Data, Either, Fn, Frame, Lib, Mod, Obj, Ref, Value, join
from auditor.trace import Event, Mode

Key = tuple[Any, str]
Modes = frozenset[Mode]
MODE = "%mode"
MOST_WORLDS = 8
MOST_FLAGS = 4
"""Worlds that differ in a flag only."""
DEFINITIONS = frozenset({Fn, Cls, Lib, Mod})
"""What the top level of a module defines once and for all."""
DEEPEST = 150
STRIDE = 7
"""Of each so many worlds and one, one keeps what was found beyond it (a mask of its depth)."""


class World:
    """One possible state: a store, the assumptions made on the way, autograd, and the last events."""

    __slots__ = ("assumed", "defined", "depth", "found", "grad", "journal", "last", "local", "parent", "version")

    def __init__(self, parent: World | None = None) -> None:
        self.parent = parent
        self.local: dict[Key, Any] = {}
        self.journal: dict[Key, Any] | None = None
        """While a call that began here runs: what it has read of the state before it."""
        self.found: dict[Key, tuple[Any, bool, int]] | None = None
        """In some worlds: what was found beyond their own store, whether the root defines it, in which version."""
        if parent is None:
            self.assumed: dict[Hashable, bool] = {}
            self.grad: bool | None = True
            self.last: frozenset[Event] = frozenset()
            self.depth = 0
            self.defined: dict[Key, Any] = {}
            """What the root defines and no world has set since: found without a walk."""
            self.version = [0]
            """Counts how often the root has changed."""
        else:
            self.assumed = parent.assumed
            self.grad = parent.grad
            self.last = parent.last
            self.defined = parent.defined
            self.version = parent.version
            self.depth = depth = parent.depth + 1
            if depth > DEEPEST:
                self._flatten()
            elif not depth & STRIDE:
                self.found = {}

    def _flatten(self) -> None:
        """Lay one store over the root, or over the world that a running call began in."""
        chain: list[World] = []
        for world in ancestors(self):
            chain.append(world)
            if world is not self and (world.parent is None or world.journal is not None):
                break
        for world in reversed(chain[:-1]):
            self.local.update(world.local)
        self.parent = chain[-1]
        self.depth = 1
        self.found = {}

    def get(self, owner: Frame | Obj | Hashable, name: str) -> Any:
        key = (owner, name)
        value = self.defined.get(key)
        if value is not None:
            return value
        world: World | None = self
        crossed: list[dict[Key, Any]] | None = None
        passed: list[dict[Key, tuple[Any, bool, int]]] | None = None
        sure = False
        version = self.version[0]
        while world is not None:
            if world.journal is not None:
                crossed = [world.journal] if crossed is None else [*crossed, world.journal]
            local = world.local
            if key in local:
                value = local[key]
                sure = world.parent is None and type(value) in DEFINITIONS
                break
            found = world.found
            if found is not None:
                known = found.get(key)
                if known is not None and known[2] == version:
                    value, sure, _ = known
                    break
                if passed is None:
                    passed = [found]
                else:
                    passed.append(found)
            world = world.parent
        if passed is not None:
            entry = (value, sure, version)
            for found in passed:
                found[key] = entry
        if crossed is not None and not sure:
            for journal in crossed:
                journal.setdefault(key, value)
        return value

    def set(self, owner: Frame | Obj | Hashable, name: str, value: Any) -> None:
        key = (owner, name)
        self.local[key] = value
        if key in self.defined:
            del self.defined[key]

    def fork(self) -> World:
        return World(self)

    def assume(self, key: Hashable, truth: bool) -> World:
        world = World(self)
        world.assumed = {**self.assumed, key: truth}
        return world

    def absorb(self, child: World) -> None:
        """Take over what changed in a world forked from this one; the child is not used any more."""
        chain: list[World] = []
        world: World | None = child
        while world is not None and world is not self:
            chain.append(world)
            world = world.parent
        if world is None:  # laid anew over something before this one, which holds all of this one's store too
            before = {id(one) for one in ancestors(self)}
            chain = chain[: next(index for index, one in enumerate(chain) if id(one) in before)]
            self.local = {}
        for world in reversed(chain):
            self.local.update(world.local)
        if self.parent is None:
            self.version[0] += 1
            for key in {key for world in chain for key in world.local}:
                if type(self.local[key]) in DEFINITIONS:
                    self.defined[key] = self.local[key]
        self.assumed, self.grad, self.last = child.assumed, child.grad, child.last

    def left(self, base: World, frame: Frame) -> World:
        """The world after a call that began in `base`, without the variables of the function that has returned."""
        made = World(base)
        made.local.update({key: value for key, value in changes(self, base).items() if key[0] is not frame})
        made.assumed, made.grad, made.last = self.assumed, self.grad, self.last
        return made


def ancestors(world: World) -> Iterator[World]:
    here: World | None = world
    while here is not None:
        yield here
        here = here.parent


def common(worlds: Sequence[World]) -> World | None:
    """The nearest world that all of these are forked from."""
    line = list(ancestors(worlds[0]))
    place = {id(one): index for index, one in enumerate(line)}
    nearest = 0
    for world in worlds[1:]:
        met = next((place[id(one)] for one in ancestors(world) if id(one) in place), None)
        if met is None:
            return None
        nearest = max(nearest, met)
    return line[nearest]


def changes(world: World, base: World | None) -> dict[Key, Any]:
    """What a world has set since its base."""
    chain = []
    for one in ancestors(world):
        if one is base:
            break
        chain.append(one)
    if len(chain) == 1:
        return chain[0].local
    store: dict[Key, Any] = {}
    for one in reversed(chain):
        store.update(one.local)
    return store


def _flag(value: object) -> bool:
    return type(value) is Const and (value.value is None or type(value.value) in (bool, str))


Difference = tuple[Key, Any, Any]
"""What is set differently in two worlds, and to what."""


def distinct(a: World, b: World, base: World | None, flags: bool = True) -> bool:
    """They differ in a mode, in autograd, or in a flag that later tests may ask: better kept apart."""
    return _harmless(a, b, base, flags) is None


def _harmless(a: World, b: World, base: World | None, flags: bool) -> list[Difference] | None:
    """The differences between two worlds; None where one of them matters."""
    if a.grad is not b.grad:
        return None
    found: list[Difference] = []
    missing = _missing(a, b)
    for one in _differences(a, b, base):
        if _matters(*one, flags) and not (one[0][1] == MODE and _present(one[0][0], missing)):
            return None
        found.append(one)
    return found


def _missing(*worlds: World) -> tuple[frozenset[Obj], ...]:
    """The networks of which a test has told that they are missing, in each of these worlds."""
    return tuple(
        frozenset(
            one.obj for key, truth in world.assumed.items() if truth and isinstance(key, tuple) and key[0] == "missing"
            for one in key[1].values if type(one) is Ref
        ) for world in worlds
    )  # fmt: skip


def _present(network: Obj, missing: tuple[frozenset[Obj], ...]) -> Literal["first", "second"] | None:
    """The only one of two worlds in which there is the network, and every whole that it is a part of."""
    if missing[0] == missing[1]:
        return None
    wholes = [network]
    for one in wholes:
        wholes.extend(whole for whole in one.held_by if whole not in wholes)
    gone = tuple(not absent.isdisjoint(wholes) for absent in missing)
    return None if gone[0] == gone[1] else "second" if gone[0] else "first"


def _differences(a: World, b: World, base: World | None) -> Iterator[Difference]:
    mine, theirs = changes(a, base), changes(b, base)
    for key, first in mine.items():
        second = theirs[key] if key in theirs else b.get(*key)
        if first is not second and first != second:
            yield key, first, second
    for key, second in theirs.items():
        if key not in mine:
            first = a.get(*key)
            if first is not second and first != second:
                yield key, first, second


def _matters(key: Key, first: Any, second: Any, flags: bool) -> bool:
    if key[1] == MODE:
        return first is not None and second is not None
    return flags and _flag(first) and _flag(second)


def _join(key: Key, first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    if key[1] == MODE:
        return cast(Modes, first) | cast(Modes, second)
    if isinstance(first, Value) and isinstance(second, Value):
        joined = join(first, second)
        if type(joined) is Data and joined.sym is None and type(key[0]) is Frame and names_model(key[1]):
            return _still_one(key[1], first, second, joined)
        return joined
    return first if first == second else None


def _still_one(name: str, first: Value, second: Value, joined: Data) -> Data:
    """One that was loaded or one that nobody knows: a network all the same, and one network from here on."""
    if type(first) is not Data or type(second) is not Data or first.sym is None or second.sym is None or joined.flows:
        return joined
    return replace(joined, sym=("either", name, first.sym, second.sym)) if _read(first) or _read(second) else joined


def _read(value: Data) -> bool:
    """It was loaded, or taken out of a file under the name of a network (``checkpoint["net"]``)."""
    word = value.sym[-1] if isinstance(value.sym, tuple) and value.sym[0] == "item" else None
    return value.kind == "loaded" or (isinstance(word, str) and names_model(word))


def merge(
    a: World, b: World, base: World | None, forced: bool = False, differences: Iterable[Difference] | None = None
) -> World:
    """One world for two; ``base`` is a common ancestor. Neither is changed.

    `forced`: they differ in something that matters, so of modes that differ nothing sure is told any more.
    `differences`: what they differ in, where that is known already.
    """
    made = World(base)
    if base is None:
        made.assumed = {}
    if differences is None:
        differences = _differences(a, b, base)
    made.local = {**changes(b, base), **changes(a, base)}
    anew: list[Hashable] = []
    missing = _missing(a, b)
    for key, first, second in differences:
        joined = _join(key, first, second)
        present = _present(key[0], missing) if key[1] == MODE else None
        if present is not None:
            joined = first if present == "first" else second  # how a network stands where there is none tells nothing
        if forced and key[1] == MODE:
            joined = frozenset(Mode(mode.value, mode.cause, False) for mode in joined)
        made.local[key] = joined
        if type(joined) is Either:
            anew.append(("missing", joined))
    if a.assumed is not b.assumed:
        made.assumed = {key: truth for key, truth in a.assumed.items() if b.assumed.get(key) is truth}
    else:
        made.assumed = a.assumed
    if anew and not made.assumed.keys().isdisjoint(anew):  # what was missing before may be there again
        made.assumed = {key: truth for key, truth in made.assumed.items() if key not in anew}
    made.grad = a.grad if a.grad is b.grad else None
    made.last = a.last | b.last
    return made


def reduce(worlds: list[World], most: int = MOST_WORLDS, flags: bool = True) -> list[World]:
    """Merge the worlds that differ in nothing that matters, and more of them where they are too many.

    Without `flags`, only modes and autograd matter.
    """
    if len(worlds) < 2:
        return worlds
    base = common(worlds)
    for kept, limit in ((flags, min(most, MOST_FLAGS)), (False, most)):
        worlds = _grouped(worlds, base, kept)
        if len(worlds) <= limit:
            return worlds
        if most == 1:
            break
    first = worlds[0]
    for world in worlds[1:]:
        first = merge(first, world, base, forced=True)
    return [first]


def _grouped(worlds: list[World], base: World | None, flags: bool) -> list[World]:
    groups: list[World] = []
    for world in worlds:
        for index, group in enumerate(groups):
            if group is world:
                break
            differences = _harmless(group, world, base, flags)
            if differences is not None:
                groups[index] = merge(group, world, base, differences=differences)
                break
        else:
            groups.append(world)
    return groups


def widened(seen: World, now: World, base: World | None) -> World | None:
    """The state at a loop's head when this comes round again; None when that brings nothing new."""
    made = merge(seen, now, base)
    known = changes(seen, base)
    grew = False
    for key, value in list(made.local.items()):
        before = known[key] if key in known else seen.get(*key)
        if before is value or before == value:
            continue
        if before is not None and type(before) is Const and type(value) is Data and value.sym is None:
            made.local[key] = Data(("loop", key), value.flows, value.grads, value.of, value.kind, value.loss)
        grew = True
    return made if grew else None
