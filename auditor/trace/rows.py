"""Which rows a value holds: a population that they come from, and the cuts that chose some of them.

A set of rows is written as a conjunction: the rows of this source that are in this part of that split, and in this
range, and under this mask. So one set of rows certainly holds another when its cuts are among the other's, and two are
certainly disjoint when two of their cuts exclude each other. Everything else is not known, and is asked for as such.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from auditor.trace.places import Place

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")
DECLARED = "declared"
"""The key of the cut that a source makes by itself: its train, validation or test part."""


PERHAPS = "perhaps"
"""The first part of the key of a cut that says: these rows, or others."""
PICKED = "picked"
"""The first part of the key of a cut that says: some rows of a stack, perhaps none of one of its arrays."""
FILTERED = "filtered"
"""The first part of the key of a cut that asks something of each row, and nothing of how the rows are divided."""
POSITIONS = "positions"
"""The key of the origin of row numbers: no rows themselves."""
MEMBER = "member"
"""The first part of the key of one array of several that are read under their names."""
HELD_OUT = "held-out"
"""The first part of the key of what a fit holds out of the rows that it is given."""
SERVED = "served"
"""The first part of the key of what the objects of one class serve: their rows once more, under another name."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A population of rows: a table that is read, a data set of a library, an argument that nobody passes."""

    key: Hashable
    """What makes it the same population where it is read again."""
    name: str = field(default="", compare=False)
    place: Place | None = field(default=None, compare=False)
    part: PartName | None = field(default=None, compare=False)
    """What its own name says that its rows are for, where it is one array of several."""

    @property
    def cut(self) -> Cut:
        """All of its rows, as a choice that a name can be given to."""
        return Cut(("origin", self.key), True)

    @property
    def served(self) -> bool:
        """It stands for what objects of one class serve, whatever they read."""
        return isinstance(self.key, tuple) and self.key[0] == SERVED

    def told_apart(self, other: Origin) -> bool:
        """Files whose names are written out, or arrays of one file that are named for different parts.

        Where nobody knows the names, it may be one file read twice.
        """
        mine, theirs = self.key, other.key
        if not isinstance(mine, tuple) or not isinstance(theirs, tuple) or mine[0] != theirs[0]:
            return False
        if mine[0] == "file":
            return isinstance(mine[-1], str) and isinstance(theirs[-1], str) and mine[-1] != theirs[-1]
        among = mine[0] == MEMBER and mine[1] == theirs[1]
        return among and self.part is not None and other.part is not None and self.part != other.part


@dataclass(frozen=True, slots=True)
class Cut:
    """One choice of rows.

    ``key`` names the question and ``part`` the answer: cuts of one key and different parts exclude each other. A part
    of None is a choice that nobody knows; ``("not", part)`` is everything else.
    """

    key: Hashable
    part: Hashable = None

    @property
    def of_a_row(self) -> bool:
        """It follows from what a row is like: a comparison, a value that is there."""
        return isinstance(self.key, tuple) and self.key[0] in ("equal", "mask", FILTERED, PICKED)

    def excludes(self, other: Cut) -> bool:
        if self.key != other.key or self.part is None or other.part is None or self.part == other.part:
            return False
        if isinstance(self.part, Range) and isinstance(other.part, Range):
            return self.part.excludes(other.part)
        mine, theirs = _negated(self.part), _negated(other.part)
        if mine is not None and theirs is not None:
            return False
        if mine is not None or theirs is not None:
            return mine == other.part or theirs == self.part
        return True


@dataclass(frozen=True, slots=True)
class Range:
    """Rows from ``low`` up to ``high``: a number, the name of one that is not known, or None for the end."""

    low: Hashable
    high: Hashable

    def excludes(self, other: Range) -> bool:
        return _ends_before(self, other) or _ends_before(other, self)

    def meets(self, other: Range) -> bool:
        """They certainly share a row."""
        if self == other:
            return True
        return all(
            low is None or high is None or _below(low, high)
            for low, high in ((self.low, other.high), (other.low, self.high))
        )


def _ends_before(first: Range, second: Range) -> bool:
    if first.high is None or second.low is None:
        return False
    if first.high == second.low:
        return True
    return _below(first.high, second.low)


def _below(a: Hashable, b: Hashable) -> bool:
    """Both are known row numbers, counted from the same end, and the first is the smaller one."""
    return isinstance(a, int) and isinstance(b, int) and (a < 0) == (b < 0) and a < b


def _negated(part: Hashable) -> Hashable:
    return part[1] if isinstance(part, tuple) and len(part) == 2 and part[0] == "not" else None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an origin that all of these cuts chose."""

    origin: Origin
    cuts: frozenset[Cut] = frozenset()
    count: int | None = field(default=None, compare=False)
    """How many there are, where the program or its library says so."""

    def holds(self, other: Rows) -> bool:
        """Every row of the other is certainly one of these."""
        return self.origin == other.origin and self.cuts <= other.cuts

    def excludes(self, other: Rows) -> bool:
        """They certainly share no row."""
        if self.origin != other.origin:
            return False
        return any(mine.excludes(theirs) for mine in self.cuts for theirs in other.cuts)

    def meets(self, other: Rows) -> bool:
        """They certainly share a row: one holds the other, or they are two ranges of the same rows that overlap."""
        if self.origin != other.origin or self.origin.key == POSITIONS:
            return False
        if self.perhaps != other.perhaps or self.picked != other.picked:
            return False
        if self.cuts <= other.cuts or other.cuts <= self.cuts:
            return True
        mine, theirs = self.cuts - other.cuts, other.cuts - self.cuts
        if len(mine) != 1 or len(theirs) != 1:
            return False
        (one,), (two,) = mine, theirs
        if one.key != two.key or not isinstance(one.part, Range) or not isinstance(two.part, Range):
            return False
        return one.part.meets(two.part)

    def drawn_among(self, whole: Rows, draws: frozenset[Cut]) -> bool:
        """Nothing but `draws` chose these among all, and nothing but what each row is like chose those others.

        A draw at random asks for nothing: some of those others are among these, unless they are very few.
        """
        if self.origin != whole.origin or self.origin.key == POSITIONS or self.excludes(whole):
            return False
        asked = {cut.key for cut in self.cuts}
        others = whole.cuts - self.cuts
        return self.cuts - whole.cuts <= draws and all(cut.of_a_row and cut.key not in asked for cut in others)

    @property
    def declared(self) -> PartName | None:
        """What the source itself says that the rows are for (``train=False``, ``split="test"``), and only that."""
        said: list[PartName] = [part for part in PARTS if Cut(DECLARED, part) in self.cuts]
        return said[0] if len(said) == 1 else None

    @property
    def declared_cuts(self) -> tuple[Cut, ...]:
        """The part that the source declares, as a choice that the user can give another name."""
        said = tuple(Cut((DECLARED, self.origin.key), cut.part) for cut in self.cuts if cut.key == DECLARED)
        return said if len(said) == 1 else ()

    @property
    def perhaps(self) -> frozenset[Cut]:
        """Where these rows are one of several possibilities: which."""
        return keyed(self.cuts, PERHAPS)

    @property
    def picked(self) -> frozenset[Cut]:
        """Where these rows were picked from a stack, and perhaps none of this array: which stack."""
        return keyed(self.cuts, PICKED)

    @property
    def surely(self) -> Rows:
        """These rows, if any of them were picked."""
        return Rows(self.origin, self.cuts - self.picked, self.count)

    @property
    def none(self) -> bool:
        """Two choices exclude each other: there is no such row."""
        return _nobody(self.cuts)

    def cut(self, *cuts: Cut, count: int | None = None) -> Rows:
        return Rows(self.origin, self.cuts | frozenset(cuts), count)


@lru_cache(maxsize=4096)
def keyed(cuts: frozenset[Cut], what: str) -> frozenset[Cut]:
    """Asked whenever two sets of rows are compared."""
    return frozenset(cut for cut in cuts if isinstance(cut.key, tuple) and cut.key[0] == what)


@lru_cache(maxsize=4096)
def _nobody(cuts: frozenset[Cut]) -> bool:
    """Asked whenever rows are chosen."""
    return any(one.excludes(other) for one in cuts for other in cuts)


def counted(rows: Iterable[Rows]) -> int | None:
    """How many rows there are, where each set of them is known and none is one of several possibilities."""
    rows = list(rows)
    counts = [one.count for one in rows if not one.perhaps and not one.picked]
    if not rows or len(counts) < len(rows) or None in counts:
        return None
    return sum(count for count in counts if count is not None)


def holds(whole: Iterable[Rows], part: Iterable[Rows]) -> bool:
    """Some of these rows certainly hold some of those; mere numbers are no rows."""
    whole = [one for one in whole if one.origin.key != POSITIONS]
    return any(all(any(one.holds(other) for one in whole) for other in each) for each in possibilities(part))


def possibilities(rows: Iterable[Rows]) -> tuple[tuple[Rows, ...], ...]:
    """Rows each by itself; those that were picked from one stack, and those of which one is meant, together."""
    return _possibilities(frozenset(rows))


@lru_cache(maxsize=4096)
def _possibilities(rows: frozenset[Rows]) -> tuple[tuple[Rows, ...], ...]:
    """Asked whenever sets of rows are compared."""
    found: dict[Hashable, list[Rows]] = {}
    for one in rows:
        found.setdefault(one.picked or one.perhaps or one, []).append(one)
    return tuple(tuple(each) for each in found.values())


def apart(left: Iterable[Rows], right: Iterable[Rows]) -> bool:
    """They come from different sources, or from certainly different rows of one."""
    right = list(right)
    return all(one.origin != other.origin or one.excludes(other) for one in left for other in right)


def strangers(left: Iterable[Rows], right: Iterable[Rows]) -> bool:
    """They certainly have nothing in common."""
    right = read(right)
    return all(one.excludes(other) or one.origin.told_apart(other.origin) for one in read(left) for other in right)


def read(rows: Iterable[Rows]) -> list[Rows]:
    """The rows by what they are read from, and not once more by who serves them; by that alone where it is all."""
    rows = list(rows)
    return [one for one in rows if not one.origin.served] or rows


def meet(left: Iterable[Rows], right: Iterable[Rows]) -> bool:
    """Some of these rows are certainly among those."""
    return _meet(frozenset(left), frozenset(right))


@lru_cache(maxsize=4096)
def _meet(left: frozenset[Rows], right: frozenset[Rows]) -> bool:
    """Asked of each training and each score, whose rows are often the same."""
    origins = {one.origin for one in left} & {other.origin for other in right}
    if not origins:
        return False
    return (
        any(one.meets(other) for one in left if one.origin in origins for other in right)
        or _either_way(left, right)
        or _either_way(right, left)
    )


def _either_way(sure: frozenset[Rows], doubtful: frozenset[Rows]) -> bool:
    """Whichever array was picked from, it shares a row with what is surely there."""
    known = [one for one in sure if not one.picked]
    groups = [each for each in possibilities(doubtful) if each[0].picked] if known else []
    return any(all(any(one.meets(other.surely) for one in known) for other in each) for each in groups)
