"""What a value knows of the rows that it holds: which they are, what was computed from others and is in them now.

Trails are immutable and compared by content, like the values that carry them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from auditor.static.conventions import names_part
from auditor.trace import Cut, Mark, MarkKind, PartName, Range, Rows, Score, Train
from auditor.trace.rows import DECLARED, MEMBER, PERHAPS, PICKED, POSITIONS, keyed

MOST_ROWS = 12
MOST_MARKS = 60
GROUP = "group"
"""The first part of the key of a cut that leaves the rows of one group, of another one in each turn of a loop."""
TrailRole = Literal["", "index", "mask", "element", "statistic", "columns"]
AMONG = ""
"""The column that figures of each column are in as long as nobody has asked how columns go with one of them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of its rows a table has: all but these, or only these."""

    names: frozenset[str] = frozenset()
    only: bool = False

    def chosen(self, names: frozenset[str]) -> Columns:
        return Columns(names, True)

    def without(self, names: frozenset[str]) -> Columns:
        return Columns(self.names - names if self.only else self.names | names, self.only)

    def may_have(self, name: str) -> bool:
        return (name in self.names) == self.only


@dataclass(frozen=True, slots=True)
class Trail:
    """The rows of a value.

    ``marks`` are what was computed over many rows, or done to them, and is in the value, each with the column that it
    is in (None: in all). ``learnt`` are the fits whose predictions the value holds. ``role`` is what the value is
    itself: row numbers, a mask, one row or batch at a time, a figure over all rows; ``columns``: figures of each column
    that the labels had a hand in, or what these say of it, its name or number. ``columns`` None: not known.
    """

    rows: frozenset[Rows] = frozenset()
    marks: frozenset[tuple[str | None, Mark]] = frozenset()
    learnt: frozenset[Train] = frozenset()
    role: TrailRole = ""
    columns: Columns | None = Columns()
    scores: frozenset[Score] = frozenset()
    """The figures that the value is made of."""
    parents: frozenset[str] = frozenset()
    """The columns that the value was computed from, row by row."""
    computed: frozenset[tuple[str, frozenset[str]]] = frozenset()
    """Columns of the table that were computed from others, row by row."""
    bundle: bool = False
    """Several arrays under names or numbers; how their rows belong together, nobody knows."""
    judged: bool = False
    """Predictions have met something else that has rows: they are compared with the labels."""
    known: bool = True
    """False: it may hold other rows than these."""
    batch: int | None = None
    """How many rows come at a time, where it is served in batches."""
    altered: bool = False
    """Whoever serves them alters them at random."""
    stacked: tuple[frozenset[Rows], ...] = ()
    """The rows of each array, first to last, where several were put one below the other."""

    @property
    def found(self) -> frozenset[Mark]:
        return frozenset(mark for column, mark in self.marks if column != AMONG)

    def member(self, name: Hashable) -> Trail:
        """One array of a bundle."""
        part = names_part(name) if isinstance(name, str) else None
        rows = frozenset(
            Rows(replace(one.origin, key=(MEMBER, one.origin.key, name), part=part), one.cuts, one.count)
            for one in self.rows
        )
        return replace(self, rows=rows, bundle=False)

    @property
    def array(self) -> Trail:
        """One array after all: somebody counts with it, or takes rows of it."""
        return replace(self, bundle=False) if self.bundle else self

    def cut(self, *cuts: Cut, count: Callable[[int], int | None] | None = None) -> Trail:
        """Some of its rows; `count` tells how many of so many.

        What cannot hold any of them is left out: the copies of training rows, where the test rows are asked for.
        """

        def chosen(rows: Iterable[Rows]) -> frozenset[Rows]:
            made = [
                one.cut(*cuts, count=count(one.count) if count is not None and one.count is not None else None)
                for one in rows
            ]
            return frozenset(one for one in made if not one.none) or frozenset(made)

        return replace(self, rows=chosen(self.rows), stacked=tuple(chosen(one) for one in self.stacked))

    def at(self, numbers: Trail, count: Callable[[int], int | None] | None = None) -> Trail:
        """Its rows at these row numbers; where they were put together from several, at each of those.

        `count` tells how many of so many, where they were not.
        """
        if len(numbers.rows) < 2:
            return self.cut(*(cut for one in numbers.rows for cut in one.cuts), count=count)
        made = merged(self.cut(*one.cuts) for one in sorted(numbers.rows, key=_placed)) or self
        some = frozenset(one for one in made.rows if not one.none)
        return replace(made, rows=some) if some else made

    def picked(self) -> Trail:
        """Some rows of a stack: perhaps none of one of the arrays that it is made of."""
        if len(self.stacked) < 2 or frozenset().union(*self.stacked) != self.rows:
            return self
        plain = frozenset(one.surely for one in self.rows)
        return replace(self.cut(Cut((PICKED, plain))), stacked=())

    def called(self, part: PartName, cut: Cut) -> Trail:
        """The rows under the name of a part: what their source says that they are for leaves out the others.

        `cut` is the choice that the name makes where the source says nothing, or something else, or where several
        remain.
        """
        fit = [one for one in self.rows if one.declared in (None, part)]
        rows = [one if one.declared else one.cut(Cut(DECLARED, part)) for one in fit] or [*self.rows]
        return replace(self, rows=frozenset(rows if fit and len(rows) == 1 else (one.cut(cut) for one in rows)))

    def as_(self, role: TrailRole) -> Trail:
        """What is made of figures of columns says something of columns still."""
        return self if self.role in (role, "columns") else replace(self, role=role)

    @property
    def figures(self) -> bool:
        """Figures over rows, and no rows."""
        return self.role in ("statistic", "columns")

    @property
    def by_labels(self) -> frozenset[Mark]:
        """What says, of figures of columns, how these go with the labels, and not only with each other."""
        return frozenset(mark for mark in self.found if mark.target)

    def asked_of(self) -> Trail:
        """The figures of how all columns go with a single one."""
        return replace(self, marks=frozenset((None, mark) for _, mark in self.marks))

    def in_whole_groups(self, column: str | None) -> Trail:
        """After the values of a column chose rows: figures of the groups that have one value there saw no others."""
        marks = frozenset((name, mark) for name, mark in self.marks if column is None or column not in mark.within)
        return self if marks == self.marks else replace(self, marks=marks)

    @property
    def gathered(self) -> Trail:
        """Several of what it is one of: rows, batches, or the rows of groups."""
        rows = frozenset(Rows(one.origin, one.cuts - keyed(one.cuts, GROUP), one.count) for one in self.rows)
        return replace(self, rows=rows, role="")

    def marked(self, marks: Iterable[Mark], column: str | None = None) -> Trail:
        more = frozenset((column, mark) for mark in marks)
        return self if more <= self.marks else replace(self, marks=self.marks | more)

    def without(self, kind: MarkKind) -> Trail:
        """As if nothing of this kind had been done."""
        return replace(self, marks=frozenset((column, mark) for column, mark in self.marks if mark.kind != kind))

    def column(self, name: str) -> Trail:
        """One column of a table; the names of groups hold nothing of what was computed of each group."""
        marks = frozenset(
            (None, mark) for column, mark in self.marks if column in (None, name) and name not in mark.within
        )
        parents = frozenset((name,)).union(*(names for made, names in self.computed if made == name))
        return replace(self, marks=marks, columns=Columns(frozenset((name,)), True), parents=parents)

    def renamed(self, name: str) -> Trail:
        """A single column under another name."""
        single = self.columns is not None and self.columns.only and len(self.columns.names) == 1
        return replace(self, columns=Columns(frozenset((name,)), True)) if single else self

    def under_other_names(self, names: Mapping[str, str]) -> Trail:
        """A table some of whose columns get other names."""

        def renamed(columns: Iterable[str]) -> frozenset[str]:
            return frozenset(names.get(one, one) for one in columns)

        columns = self.columns
        if columns is not None:
            gone = frozenset() if columns.only else frozenset(names) - frozenset(names.values())
            columns = Columns(renamed(columns.names) | gone, columns.only)
            if not columns.only:
                columns = Columns(columns.names - frozenset(names.values()), False)
        return replace(
            self,
            marks=frozenset(
                (None if column is None else names.get(column, column), mark) for column, mark in self.marks
            ),
            columns=columns,
            computed=frozenset((names.get(made, made), renamed(of)) for made, of in self.computed),
        )

    def matched(self, keys: frozenset[str]) -> Trail:
        """Figures in columns that another table is matched with choose its rows, and are the values of these."""
        figures = self.role == "statistic" and self.columns is not None and self.columns.only
        return replace(self, marks=frozenset()) if figures and self.columns.names <= keys else self  # type: ignore[union-attr]

    def in_columns_of_its_own(self, table: Trail | None) -> Trail:
        """What is in columns that got names of their own is in those of the table that they are put beside, and in no
        others; under the name of a column that it was computed from, both get other names there, if it is still there.
        """
        if self.columns is None or not self.columns.only or not self.parents:
            return self
        names, there = self.columns.names, table.columns if table is not None else None
        if any(there is None or there.may_have(name) for name in self.parents & names):
            return self
        return replace(self, marks=frozenset((name, mark) for _, mark in self.marks for name in names))

    def beside(self, names: frozenset[str]) -> Trail:
        """The table with columns of these names too."""
        columns = self.columns
        if columns is None or not names:
            return self
        return replace(
            self, columns=Columns(columns.names | names if columns.only else columns.names - names, columns.only)
        )

    def columned(self, columns: Columns | None) -> Trail:
        """Some of its columns; marks of the others stay behind."""
        if columns is None:
            return replace(self, columns=None)
        marks = frozenset((column, mark) for column, mark in self.marks if column is None or columns.may_have(column))
        return replace(self, marks=marks, columns=columns)

    def vague(self, key: Hashable) -> Trail:
        """After something that nobody knows: rows may have been chosen, and nothing says in which order they are."""
        if self.role == "columns":
            return self
        return replace(
            self.cut(Cut(("some", key))),
            columns=None,
            parents=frozenset(),
            role="" if self.role != "element" else "element",
        )


NOWHERE = Trail()


def merged(trails: Iterable[Trail | None]) -> Trail | None:
    """The trail of a value that may hold what any of these holds."""
    known = [trail for trail in trails if trail is not None]
    if len(known) < 2:
        return known[0] if known else None
    first = known[0]
    if all(one is first or one == first for one in known):
        return first
    rows = frozenset().union(*(one.rows for one in known))
    if any(one.role != "index" for one in known):  # numbers beside rows are no rows themselves
        rows = frozenset(one for one in rows if one.origin.key != POSITIONS) or rows
    marks = frozenset().union(*(one.marks for one in known))
    holding = [one for one in known if one.rows] or known
    roles = {one.role for one in holding}
    columns = {one.columns for one in holding}
    stacks = {one.stacked for one in holding}
    return Trail(
        rows if len(rows) <= MOST_ROWS else _least_cut(rows),
        marks if len(marks) <= MOST_MARKS else frozenset(sorted(marks, key=_order)[:MOST_MARKS]),
        frozenset().union(*(one.learnt for one in known)),
        roles.pop() if len(roles) == 1 else "",
        columns.pop() if len(columns) == 1 else None,
        frozenset().union(*(one.scores for one in known)),
        frozenset().union(*(one.parents for one in known)),
        frozenset().union(*(one.computed for one in known)),
        all(one.bundle for one in holding),
        any(one.judged for one in known) or len({bool(one.learnt) for one in known if one.rows}) > 1,
        all(one.known for one in known) and len(rows) <= MOST_ROWS,
        stacked=stacks.pop() if len(stacks) == 1 else (),
    )


def indexed(trails: Iterable[Trail | None]) -> Trail | None:
    """The trail of what is taken from some of these at the row numbers that others hold."""
    known = [trail for trail in trails if trail is not None]
    numbers = merged(one for one in known if one.role == "index" and one.rows)
    held = merged(one for one in known if one.role != "index")
    if numbers is None or held is None or not held.rows:
        return merged(known)
    return held.at(numbers)


def alternatives(trails: Iterable[Trail | None]) -> Trail | None:
    """The trail of a value that holds what one of these holds; which one, is not known."""
    trails = list(trails)
    made = merged(trails)
    known = [trail for trail in trails if trail is not None]
    if made is None or len({trail.rows for trail in known if trail.rows}) < 2:
        return made
    plain = frozenset(Rows(one.origin, one.cuts - one.perhaps) for one in sorted(made.rows, key=_placed))
    cut = Cut((PERHAPS, plain), None)
    return replace(made, rows=frozenset(one.cut(cut) for one in plain))


def one_side(trail: Trail) -> Trail:
    """One of several values that were made of rows on different sides of a split: which side it is of, is not known."""
    if not any(one.excludes(other) for one in trail.rows for other in trail.rows):
        return trail
    return alternatives(replace(trail, rows=frozenset((one,))) for one in trail.rows) or trail


def without_figures(trail: Trail, rows: Trail) -> Trail:
    """Without the figures that were computed, by no estimator, over rows of other sources than these."""
    sources = {one.origin for one in rows.rows}
    return replace(trail, marks=frozenset(
        (column, mark) for column, mark in trail.marks
        if mark.kind not in ("statistic", "encoding") or mark.name or any(one.origin in sources for one in mark.rows)
    ))  # fmt: skip


def _least_cut(rows: frozenset[Rows]) -> frozenset[Rows]:
    """As many as are kept, the least cut first: of those that are cut alike all or none, so that runs agree."""
    counts = sorted(len(one.cuts) for one in rows)
    return frozenset(one for one in rows if len(one.cuts) < counts[MOST_ROWS])


def _placed(rows: Rows) -> tuple[str, int]:
    place = rows.origin.place
    return (place.path, place.node) if place is not None else ("", 0)


def _order(mark: tuple[str | None, Mark]) -> tuple[str, int, str]:
    column, one = mark
    return one.place.path, one.place.node, column or ""


def complement(cuts: frozenset[Cut], base: Iterable[Rows]) -> Cut | None:
    """The cut that leaves the rows which these do not choose; None where they are more than one choice."""
    shared = frozenset[Cut]().union(*(one.cuts for one in base))
    own = [cut for cut in cuts if cut not in shared and cut.part is not None]
    if len(own) != 1 or isinstance(own[0].part, Range):
        return None
    return Cut(own[0].key, ("not", own[0].part))
