"""Which rows values hold: what is known of each, what an index chooses, what a name says of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from auditor.libraries import Call, Flow, Method
from auditor.static import syntax as s
from auditor.static.conventions import names_part
from auditor.static.machine import Arguments
from auditor.static.row_calls import (
    BIN,
    EACH,
    FILE,
    FOUND,
    GROUPED,
    MOST_RANGES,
    MOVING,
    OF_A_ROW,
    PART,
    READS,
    STATE,
    TABLE,
    TAUGHT,
    TRAIL,
    TURN,
    Owner,
    bound_of,
    file_read,
    for_training,
    in_bin,
    is_fold,
    is_number,
    is_part,
    is_range,
    key_of_part,
    moves,
    ranged,
    role_of,
    said_part,
    within,
)
from auditor.static.stretches import at_given_ends, numbers_in, side_by_side, window_in
from auditor.static.trails import GROUP, NOWHERE, Columns, Trail, complement, indexed, merged
from auditor.static.values import NONE, Bounds, Const, Data, Either, Obj, Ref, Seq, Value, in_order, still
from auditor.static.weights import Weights
from auditor.trace import (
    Cut,
    Mark,
    MarkKind,
    Named,
    Origin,
    PartName,
    Place,
    Rows,
    Score,
    Select,
    Turns,
    by_place,
    counted,
)
from auditor.trace.rows import DECLARED, SERVED


@dataclass(frozen=True, slots=True)
class Serving:
    """How a data set of the project serves its rows: by a method of its own, or (None) by a base of a library."""

    method: s.Function | None = None
    window: int | None = None
    """The site of a slice with which each row holds parts of its neighbours."""
    branches: tuple[s.If, ...] = ()
    numbers: frozenset[str] = frozenset()
    """The attributes whose items say which rows of the others are served."""


class Held(Weights):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.watchers = False
        self.watched = False
        self._folds_seen: dict[Hashable, None] = {}
        self._set_back: set[Hashable] = set()
        """The networks whose parts are set back by a loop or a visitor, each with the folds that were seen by then."""
        self._serving: dict[s.Class, Serving | None] = {}
        self._files_named: dict[Value, dict[PartName, Place]] = {}
        """Where a file is given as validation or test rows, as its keyword says."""
        self._chosen_before: dict[Cut, frozenset[Cut]] = {}
        """By the cut of a split: the choices that had been made among the rows when they were divided."""
        self.divisors: set[s.Call] = set()
        """The calls that something is divided by."""
        self.unexplained: dict[s.Bin, frozenset[Score]] = {}
        """Where a score is subtracted from one."""
        self._groups: dict[Hashable, int] = {}
        """How many loops run where the groups of a table are gone through, by the key of the cut of one group."""
        self._grouped_by: dict[Hashable, frozenset[str]] = {}
        """The columns by which a table is grouped, by the symbol of its groups."""
        self.asked_among: dict[Hashable, str] = {}
        """The column that a mask asks for some values, by the symbol of the mask."""
        self.counting: dict[Hashable, frozenset[Rows]] = {}
        """The rows that a number counts, by its symbol."""
        self.read_in: dict[Origin, tuple[Hashable, ...]] = {}
        """The loops that stand around the reading of a file whose name is not known."""
        self._changed: set[Hashable] = set()
        """The values whose trail was changed after they were made."""

    # what the layers above provide

    def flowed(
        self, flow: Flow, receiver: Value | None, args: Arguments, site: int, value: Value, called: s.Call | None,
        row: Call | Method | None = None,
    ) -> Value:  # fmt: skip
        """What comes back of a call, with its rows; what it does to rows is told."""
        raise NotImplementedError

    def assign(self, target: s.Expr, value: Value) -> None:
        raise NotImplementedError

    def lookup(self, name: str) -> Value:
        raise NotImplementedError

    # trails of values

    def tracked(self, value: Data) -> Data:
        """The value with what was done to it since it was made."""
        if value.sym is None or value.sym not in self._changed:
            return value
        changed: Data | None = self.world.get(value.sym, TRAIL)
        return value if changed is None else value.on(changed.trail)

    def spilled(self, value: Value, depth: int = 3) -> Data:
        if type(value) is Data and value.sym in self._changed:
            value = self.tracked(value)
        elif type(value) is Ref and value.obj.kind not in ("list", "dict", "module"):
            trail = self.trail_of(value)
            if trail is not None:
                return Data(trail=trail)
        return super().spilled(value, depth)

    def all_spilled(self, values: Iterable[Value]) -> Data:
        parts = [self.spilled(value) for value in values]
        made = super().all_spilled(parts)
        trail = merged(part.trail for part in parts)
        return made.on(trail)

    def trail_of(self, value: Value, depth: int = 3) -> Trail | None:
        """What is known of the rows of a value."""
        if type(value) is Data:
            return self.tracked(value).trail
        if not depth:
            return None
        if isinstance(value, (Seq, Either)):
            parts = value.items if isinstance(value, Seq) else value.values
            return merged(self.trail_of(part, depth - 1) for part in parts)
        if type(value) is Ref:
            return self._trail_of_object(value.obj, depth)
        return None

    def _trail_of_object(self, obj: Obj, depth: int) -> Trail | None:
        if obj.kind in ("list", "dict"):
            inside = self.items(Ref(obj))
            gathers = inside is None and self.world.get(obj, OF_A_ROW) is None
            if inside is None:
                inside = tuple(self.world.get(obj, name) or NONE for name in ("%elem", *obj.attrs))
                several = self.trail_of(inside[0], depth - 1)  # under names that are known, there is one of each
                gathers = gathers and several is not None and several.role == "element"
            trail = merged(self.trail_of(one, depth - 1) for one in inside)
            return trail.gathered if gathers and trail is not None and trail.role == "element" else trail
        held: Data | None = self.world.get(obj, TRAIL)
        if held is not None:
            return held.trail
        if obj.cls is None or obj.kind == "module":
            return None
        serving = self._serves(obj.cls)
        if serving is None:
            return None
        trail = self._trail_served(obj, serving, depth)
        if trail is None or not trail.rows:
            own = Rows(Origin(self._read_from(obj), obj.name or obj.cls.name, self.place_in(obj)))
            trail = replace(trail or NOWHERE, rows=frozenset((own,)), columns=None)
        said: Value | None = self.world.get(obj, PART)
        if type(said) is not Const:
            return trail
        cut = Cut(DECLARED, said.value)
        served = Rows(Origin((SERVED, obj.cls), obj.cls.name, self.place_in(obj)), frozenset((cut,)))
        made = trail.cut(cut)
        return replace(made, rows=made.rows | {served})

    def narrow(self, target: s.Expr, test: s.Expr) -> None:
        """``[i for i in numbers if i not in held_out]``: what is among these, or what those leave."""
        if not isinstance(target, s.Name) or not isinstance(test, s.Compare) or s.dotted(test.left) != target.id:
            return
        (op, among), *more = test.ops
        value = self.lookup(target.id)
        trail = self.trail_of(value)
        if more or op not in ("In", "NotIn") or type(value) is not Data or trail is None or not trail.rows:
            return
        by = self.trail_of(self.lookup(among.id)) if isinstance(among, s.Name) else None
        cuts = frozenset[Cut]().union(*(one.cuts for one in by.rows)) if by is not None else frozenset[Cut]()
        left = complement(cuts, trail.rows) if op == "NotIn" else None
        if op == "NotIn" or not cuts:
            cuts = frozenset((left or Cut(("some", self.frame.module, test.site)),))
        self.assign(target, value.on(trail.cut(*cuts)))

    def gather(self, obj: Obj, expr: s.Comp, made: list[Value]) -> None:
        """A comprehension gathers several rows, or several values of one (``[row[name] for name in columns]``)."""
        self.world.set(obj, OF_A_ROW, Const(True) if self._of_a_row(expr, made) else None)

    def _of_a_row(self, expr: s.Comp, made: list[Value]) -> bool:
        """It goes over no rows, and takes everything from rows that it was given one of."""
        trails = [self.trail_of(one) for one in made]
        if not any(one is not None and one.role == "element" for one in trails):
            return False
        over = frozenset[str]().union(*(s.names(iterable) for _, iterable, _ in expr.loops)) - expr.bound
        if any(one is not None and one.rows for one in map(self.trail_of, map(self.lookup, over))):
            return False  # the rows of a batch, perhaps
        beside = [self.trail_of(self.lookup(name)) for name in s.names(expr.element) - expr.bound]
        known = [one for one in beside if one is not None and one.rows]
        return bool(known) and all(one.role == "element" for one in known)

    def _serves(self, cls: s.Class) -> Serving | None:
        """How objects of a class of the project serve rows; None where they do not."""
        if cls not in self._serving:
            found = self.method(cls, "__getitem__") or self.method(cls, "__iter__")
            if found is not None:
                branches = tuple(s.branches_in(found[1].body))
                self._serving[cls] = Serving(found[1], window_in(found[1]), branches, numbers_in(found[1]))
            else:
                by_base = any(row.kind == "dataset" for _, row in self.foreign_rows(cls))
                self._serving[cls] = Serving() if by_base else None
        return self._serving[cls]

    def served_by_base(self, obj: Obj) -> bool:
        """A data set of the project that a base of a library takes the rows of, by numbers too."""
        return obj.kind == "instance" and obj.cls is not None and self._serves(obj.cls) == Serving()

    def _trail_served(self, obj: Obj, serving: Serving, depth: int) -> Trail | None:
        """What is known of the attributes that a data set of the project serves its rows from."""
        if serving.method is None:
            return None
        names = [name for name in obj.attrs if name in serving.method.mentions - self._passed_over(obj, serving)]
        chosen = {name: self._numbered_by(obj, name) for name in names if name in serving.numbers}
        parts = {name: self.world.get(obj, name) for name in names}
        trails = {name: self.trail_of(part, depth - 1) for name, part in parts.items() if isinstance(part, Value)}
        held = indexed(one for name, one in trails.items() if not chosen.get(name))
        known = held is not None and held.rows
        trail = held.cut(*frozenset[Cut]().union(*chosen.values())) if held and known else indexed(trails.values())
        if serving.window is None or trail is None or not trail.rows or self.frame.module != obj.module:
            return trail
        return self._marked("window", trail, trail, serving.window, "")

    def _numbered_by(self, obj: Obj, name: str) -> frozenset[Cut]:
        """The choice of rows by numbers that a data set is given: those of one list choose the same rows."""
        value: Value | None = self.world.get(obj, name)
        given = type(value) is Ref and value.obj.number < obj.number
        trail = self.sourced(value) if given else self.trail_of(value) if type(value) is Data else None
        if trail is None or not trail.rows or trail.role == "index":
            return frozenset()
        if any(in_call(one.origin.key, (obj.module, obj.site)) for one in trail.rows):
            return frozenset()  # made for this data set, and once more for the next
        return frozenset((Cut(("some", "numbered", trail.rows)),)).union(*(one.cuts for one in trail.rows))

    def _passed_over(self, obj: Obj, serving: Serving) -> set[str]:
        """The attributes that a method reads only in branches which this object never takes (``if self.train:``)."""
        assert serving.method is not None
        dead: list[s.Stmt] = []
        for branch in serving.branches:
            known = self._answer_of(obj, serving.method, branch.test)
            if known is not None:
                dead.extend(branch.orelse if known else branch.body)
        if not dead:
            return set()
        return s.attributes_read(dead, ()) - s.attributes_read(serving.method.body, tuple(dead))

    def _answer_of(self, obj: Obj, function: s.Function, test: s.Expr) -> bool | None:
        """What the object's own attributes say of a test in one of its methods."""
        if isinstance(test, s.Unary) and test.op == "Not":
            known = self._answer_of(obj, function, test.value)
            return None if known is None else not known
        if isinstance(test, s.Compare) and len(test.ops) == 1 and test.ops[0][0] in ("Equal", "NotEqual"):
            (op, other), value = test.ops[0], self._attribute_known(obj, function, test.left)
            if value is None or not isinstance(other, s.Const):
                return None
            return (value.value == other.value) == (op == "Equal")
        value = self._attribute_known(obj, function, test)
        return None if value is None else bool(value.value)

    def _attribute_known(self, obj: Obj, function: s.Function, expr: s.Expr) -> Const | None:
        """An attribute of the object itself, where it is known."""
        if not isinstance(expr, s.Attr) or not function.params or s.dotted(expr.obj) != function.params[0].name:
            return None
        value: Value | None = self.world.get(obj, expr.name)
        return value if type(value) is Const else None

    def made_by_base(self, obj: Obj, args: Arguments, site: int, called: s.Call | None) -> None:
        """The constructor of a library's class that a class of the project inherits from is given its rows."""
        assert obj.cls is not None
        for _, row in self.foreign_rows(obj.cls):
            if row.rows is not None and row.rows.does in ("loader", "subset", "source"):
                made = self.flowed(row.rows, None, args, site, Data(self.fresh(site)), called, row)
                trail = self.trail_of(made)
                if trail is not None:
                    self.world.set(obj, TRAIL, Data(trail=trail))

    def say_part(self, obj: Obj, args: Arguments) -> None:
        """A data set of the project that is told which part of the rows it is to serve."""
        assert obj.cls is not None
        if self._serves(obj.cls) is not None:
            held_out = for_training(args) is False  # for validation or for a test: whoever wrote the class knows
            self.world.set(obj, PART, Const(("not", "train")) if held_out else said_part(args))
            reads = file_read(args, obj.cls)
            self.world.set(obj, READS, reads)
            if reads is not None:
                self._call_read(Origin(reads.sym), args)

    def _call_read(self, origin: Origin, args: Arguments) -> None:
        """Rows are for what the file that they are read from was given as (``val_path="test.txt"``)."""
        for value in args.all():
            if type(value) is Const:
                for part, place in self._files_named.get(value, {}).items():
                    self.events.setdefault((Named, origin.cut, part), Named(place=place, cut=origin.cut, part=part))

    def name_file(self, word: str, value: Value, given: s.Expr) -> None:
        """The path of a file is given as what its rows are for."""
        if type(value) is Const and isinstance(value.value, str) and FILE.search(value.value):
            part = names_part(word)
            if part is not None:
                self._files_named.setdefault(value, {}).setdefault(part, self.place(given.site))

    def _read_from(self, obj: Obj) -> Hashable:
        """What a data set of the project was told to read: made of the same, it serves the same rows."""
        told = self.world.get(obj, READS)
        return told.sym if type(told) is Data and told.sym is not None else ("object", obj)

    def unknown_result(self, args: Arguments, site: int, told: bool) -> Data:
        """What an unknown call gives back; one that is told a part of the rows serves that part."""
        made = super().unknown_result(args, site, told)
        said = said_part(args) if made.trail is None and not made.flows and not made.of else None
        if said is None or made.sym is None:
            return made
        rows = Rows(Origin(made.sym, "", self.place(site)), frozenset((Cut(DECLARED, said.value),)))
        return made.on(Trail(frozenset((rows,)), columns=None))

    # folds

    def turned(self, value: Value) -> None:
        """A loop over the folds of a cross-validation begins its next turn."""
        key = self.folds_of(self.elements(value)) if type(value) is Ref and value.obj.kind == "list" else None
        if key is not None:
            self._folds_seen.setdefault(key)
            self._turn(key)

    def _turn(self, key: Hashable) -> None:
        before = self.world.get(key, TURN)
        self.world.set(key, TURN, Const("later" if before is not None else "first"))

    def folds_of(self, element: Value) -> Hashable:
        """The cross-validation that a pair of row numbers, one for each side of a fold, comes from."""
        if type(element) is not Seq:
            return None
        trails = [self.trail_of(item) for item in element.items if type(item) is Data]
        sides = [one for one in trails if one is not None and one.role == "index"]
        keys = {cut.key for one in sides for rows in one.rows for cut in rows.cuts if is_fold(cut)}
        if len(sides) > 1 and len(keys) == 1:
            return keys.pop()
        return next((key for key in map(self.folds_of, element.items) if key is not None), None)

    def taught_before(self, owner: Owner | None, rows: frozenset[Rows]) -> bool:
        """It has learnt from other folds of the same rows."""
        if owner is None:
            return False
        held = [one for one in rows if not is_number(one)]
        keys = {cut.key for one in held for cut in one.cuts if is_fold(cut) and (owner, cut.key) not in self._set_back}
        return any(
            self.world.get((owner, key), TAUGHT) == Const("first") and self.world.get(key, TURN) == Const("later")
            for key in keys
        )

    def teach(self, owner: Owner | None) -> None:
        if isinstance(owner, Obj) and owner.many:
            return
        for key in self._folds_seen:
            turn = self.world.get(key, TURN)
            if owner is not None and turn is not None and self.world.get((owner, key), TAUGHT) is None:
                self.world.set((owner, key), TAUGHT, turn)

    def optimizer_step(self, objs: frozenset[Obj] | None, site: int, by: Obj | None = None) -> None:
        super().optimizer_step(objs, site, by)
        for obj in in_order(objs or ()):
            for part in self.family(obj):
                self.teach(part)

    def forgotten(self, obj: Obj) -> None:
        """Its weights are what they were before it learnt anything."""
        for part in self.family(obj):
            for key in self._folds_seen:
                if self.world.get((part, key), TAUGHT) is not None:
                    self.world.set((part, key), TAUGHT, None)
            self.world.set(part, STATE, None)

    def set_back(self, objs: Iterable[Obj]) -> None:
        """The weights of its parts are drawn anew, one part after the other.

        Which parts have weights is asked for on the way (``isinstance``, ``hasattr``): nobody knows the answers, and
        none of them leaves a network as it was.
        """
        for obj in objs:
            self.forgotten(obj)
            self._set_back.update((part, key) for part in self.family(obj) for key in self._folds_seen)

    def count_of(self, value: Value) -> int | None:
        if type(value) is not Data or value.flows:
            return None
        trail = self.trail_of(value)
        if trail is None or not trail.rows:
            return self.length(value.sym)
        return counted(trail.rows) if trail.role == "" and trail.batch is None else None

    def turns_over(self, loop: s.For, value: Value) -> Turns:
        """How often a loop over this goes round, and whether it takes rows in batches."""
        if type(value) is Data and value.of and not value.flows:
            return Turns(loop, 1)  # over the weights or the parts of a network
        count = self.turns_of(value)
        trail = self.trail_of(value) if count is None else None
        if trail is None or trail.role == "index" or not trail.rows:
            return Turns(loop, count)
        rows = counted(trail.rows)
        return Turns(loop, -(-rows // trail.batch) if rows is not None and trail.batch else None, batches=True)

    def of_columns(self, value: Value | None) -> Trail | None:
        """The figures of columns that a value is made of."""
        trail = self.trail_of(value) if value is not None else None
        return trail if trail is not None and trail.role == "columns" else None

    def sourced(self, value: Value | None, name: str = "") -> Trail | None:
        """The same; something that nobody knows is a source of its own."""
        if value is None:
            return None
        trail = self.trail_of(value)
        if trail is None and type(value) is Data and value.sym is not None and not value.flows and not value.of:
            count = self.length(value.sym)
            return Trail(frozenset((Rows(Origin(value.sym, name), count=count),)), role=role_of(value.sym))
        if trail is None and type(value) is Ref and value.obj.kind == "list" and self.items(value) is None:
            return Trail(
                frozenset((Rows(Origin(("object", value.obj), name, self.place_in(value.obj))),)), columns=None
            )
        return trail

    def put(self, value: Value, trail: Trail) -> None:
        """The rows of a value are others from now on."""
        if type(value) is Data and value.sym is not None:
            self._changed.add(value.sym)
            self.world.set(value.sym, TRAIL, Data(trail=trail))
        elif type(value) is Ref:
            self.world.set(value.obj, TRAIL, Data(trail=trail))

    def made(self, site: int, trail: Trail | None, value: Value, kind: str = "") -> Data:
        """What a call gives back, with these rows."""
        base = value if type(value) is Data else Data(self.fresh(site), kind=kind)
        if base.sym is None:
            base = replace(base, sym=self.fresh(site))
        if base.sym in self._changed:
            self.world.set(base.sym, TRAIL, None)
        return base.on(trail)

    def result(self, args: Arguments, site: int, told: bool = True, kind: str = "", attached: bool = True) -> Data:
        """A value that may hold whatever went into a call, its rows chosen in a way that nobody knows."""
        made = super().result(args, site, told, kind, attached)
        if made.sym in self._changed:
            self.world.set(made.sym, TRAIL, None)
        if made.trail is None:
            return made
        sure = told and (bool(made.flows) or len({rows.origin for rows in made.trail.rows}) < 2)
        return made if sure else made.on(made.trail.vague(made.sym))

    def one_of(self, holder: Value, index: Value, element: Value) -> Value:
        """What a list or a dictionary of which only is known what any element may be holds at an index.

        Under another key stand other rows, or the same: nobody knows.
        """
        if type(holder) is not Ref or type(index) is not Const:
            return element
        return self._at_key(index, Cut(("some", "at", holder.obj, index)), element)

    def _at_key(self, key: Const, cut: Cut, element: Value) -> Value:
        if type(element) is Seq:
            return Seq(tuple(self._at_key(key, cut, part) for part in element.items))
        if type(element) is Either:
            return Either(tuple(self._at_key(key, cut, part) for part in element.values))
        trail = self.trail_of(element) if type(element) is Data else None
        if type(element) is not Data or trail is None or not trail.rows:
            return element
        part = key_of_part(key.value) if isinstance(key.value, str) else None
        return element.on(trail.cut(cut) if part is None else trail.called(part, cut))

    # selecting

    def attribute_trail(self, value: Data, name: str, site: int) -> Trail | None:
        """The rows of an attribute of a value with rows: a column, or another view of it."""
        trail = self.trail_of(value)
        if trail is None:
            return None
        sizes = self.libraries.attribute("tensor", name)
        if sizes is not None and sizes.does == "shape":
            self.counts(("item", ("attr", value.sym, name), 0), trail)
        own = self.libraries.attribute(value.kind, name)
        row = own if own is not None and own.rows is not None else self.libraries.attribute("rows", name)
        if row is None:
            return trail.column(name) if value.kind == "dataframe" else trail
        if row.rows == "none":
            return None
        if row.rows == "whole":
            parted = (Rows(one.origin, frozenset(cut for cut in one.cuts if not is_part(cut))) for one in trail.rows)
            return replace(trail, rows=frozenset(parted))
        return trail.as_("index") if row.rows == "index" else trail

    def attribute_kind(self, value: Data, name: str) -> str:
        """What an attribute of a value is, where methods depend on it."""
        row = self.libraries.attribute("rows", name)
        if row is None and value.kind == GROUPED:
            return GROUPED  # one column of it
        return row.kind if row is not None and row.kind else still(value)

    def chosen(self, owner: Data, index: s.Expr, value: Value, located: bool) -> Trail | None:
        """The rows of ``owner[index]``, where `value` is what the index evaluates to."""
        trail = self.trail_of(owner)
        if owner.kind == EACH or (owner.kind == FOUND and value == Const(0)):
            return trail
        if isinstance(index, s.Sequence) and index.kind == "tuple":
            parts = value.items if type(value) is Seq else ()
            if trail is None or not parts:
                return self._taken(owner, trail, index, value, located)
            first = self._taken(owner, trail, index.items[0], parts[0], True)
            first = self._across(owner, first, index, parts)
            if first is None or len(parts) < 2:
                return first
            across = parts[1]
            both = type(across) is Bounds and NONE not in (across.low, across.high)
            if both and self.changes_in_loop(index.items[1]) and not self.no_windows(index.items[1]):
                return self._marked("window", first, first, index.site, "")
            names = self.names_in(parts[1])
            if names is not None:
                return first.columned(Columns(names, True))
            whole = type(parts[1]) is Bounds and parts[1].low == NONE and parts[1].high == NONE
            return first if whole or isinstance(index.items[1], s.Const) else first.columned(None)
        return self._taken(owner, trail, index, value, located)

    def _across(self, owner: Data, first: Trail | None, index: s.Sequence, parts: tuple[Value, ...]) -> Trail | None:
        """``x[:, :, :end]``: what lies behind the second axis may be what is divided, as the hours of a series are."""
        for axis, (part, expr) in enumerate(zip(parts[2:], index.items[2:], strict=False), 2):
            if type(part) is not Bounds or (part.low, part.high) == (NONE, NONE) or self.changes_in_loop(expr):
                continue
            first = first or (self.sourced(owner) if type(parts[0]) is Bounds else None)
            if first is not None:
                ends = [None if end == Const(0) else bound_of(end) for end in (part.low, part.high)]
                first = first.cut(ranged(("across", axis), ends, self.fresh(expr.site)))
        return first

    def _taken(self, owner: Data, trail: Trail | None, index: s.Expr, value: Value, located: bool) -> Trail | None:
        if type(value) is Bounds:
            return self._sliced_rows(owner, trail, index, value)
        if type(value) is Const and (value.value is None or value.value is ...):
            return trail
        if trail is not None and trail.bundle and type(value) is Const:
            made = trail.member(value.value)
            for one in made.rows:
                self.call_origin(one.origin, str(value.value), index.site)
            return made
        names = self.names_in(value)
        if names is not None and not located:
            return None if trail is None else self._columns(trail, names, type(value) is Const)
        by = self.trail_of(value)
        if by is not None and by.role == "index":
            base = trail or self.sourced(owner)
            if base is None:
                return None
            return base.array.at(by).marked(mark for mark in by.found if mark.kind == "resample")
        masked = self._mask(value)
        if masked:
            base = trail or self.sourced(owner)
            return None if base is None else base.array.cut(*masked).picked().in_whole_groups(self.asked_column(value))
        if trail is None:
            return None
        if type(value) is Const:
            part = key_of_part(value.value) if isinstance(value.value, str) else None
            if part is not None:
                return trail.called(part, Cut(("some", "at", value)))
            if type(value.value) is int and owner.kind == "dataframe" and not located:  # a table without a header
                return self._columns(trail, frozenset((str(value.value),)), one=True)
            return trail if trail.figures else trail.as_("element")
        if trail.figures or (owner.kind == "dataframe" and not located and by is None):
            return trail.columned(None)
        if by is not None and by.role != "mask" and owner.kind == "dataframe":
            return trail.columned(None).marked(by.found)
        made = trail.vague(("item", value.sym if type(value) is Data else None, index.site))
        return made.as_("element") if self.changes_in_loop(index) else made

    def _columns(self, trail: Trail, names: frozenset[str], one: bool) -> Trail:
        if trail.role == "index":
            return trail
        if one:
            (name,) = names
            part = key_of_part(name) if trail.columns is None else None
            return trail.column(name) if part is None else trail.called(part, Cut(("some", "at", name)))
        known = trail.columns is not None
        return trail.columned(Columns(names, True)) if known else trail

    def names_in(self, value: Value) -> frozenset[str] | None:
        """The names of columns that an index or an operand lists."""
        if type(value) is Const:
            return frozenset((value.value,)) if isinstance(value.value, str) else None
        items = self.items(value)
        if not items or not all(type(item) is Const and isinstance(item.value, str) for item in items):
            return None
        return frozenset(str(item.value) for item in items if type(item) is Const)

    def asked_column(self, value: Value) -> str | None:
        """``table["unit"].isin(units)``: the column whose values choose rows."""
        sym = value.sym if type(value) is Data else None
        while isinstance(sym, tuple) and len(sym) == 2 and sym[0] == "not":
            sym = sym[1]
        return self.asked_among.get(sym)

    def _mask(self, value: Value, judged: bool = False) -> tuple[Cut, ...]:
        """The cuts that a mask makes; `judged`: it is made of predictions."""
        if type(value) is not Data:
            return ()
        sym, flip = value.sym, False
        while isinstance(sym, tuple) and len(sym) == 2 and sym[0] == "not":
            sym, flip = sym[1], not flip
        by = self.trail_of(value)
        judged = judged or (by is not None and bool(by.learnt))
        if by is not None and by.role == "mask" and isinstance(sym, tuple) and sym[0] == "isin":
            cuts = frozenset[Cut]().union(*(rows.cuts for rows in by.rows))
            if len(by.rows) > 1:
                return (Cut(sym, not flip),)
            if not flip:
                return tuple(cuts)
            other = complement(cuts, ())
            return (other,) if other is not None else (Cut(("some", sym)),)
        if isinstance(sym, tuple) and sym[0] == "cmp":
            if sym[1] in ("Equal", "Is"):
                part: Hashable = sym[3]
                return (Cut(("equal", sym[2]), ("not", part) if flip else part),)
            return (Cut((BIN if judged else "mask", sym), not flip),)
        if isinstance(sym, tuple) and sym[0] == "op" and sym[1] == "BitAnd":
            return (*self._mask(Data(sym[2]), judged), *self._mask(Data(sym[3]), judged))
        return (
            (Cut((BIN if judged else "mask", sym), not flip),)
            if by is not None and by.role == "mask" and sym is not None
            else ()
        )

    def _sliced_rows(self, owner: Data, trail: Trail | None, index: s.Expr, bounds: Bounds) -> Trail | None:
        low, high, step = bounds.low, bounds.high, bounds.step
        if low == NONE and high == NONE:
            return trail if step in (NONE, Const(1)) else None if trail is None else trail.vague(("step", index.site))
        low = NONE if low == Const(0) else low
        base = trail or self.sourced(owner)
        if base is None or base.figures or base.role == "element":
            several = base is not None and base.role == "element" and self.of_this_turn(base)
            return self.between(base, low, high, index.site) if base is not None and several else base
        base = base.array
        if self.changes_in_loop(index):
            some = base.vague((MOVING, index.site))
            if base.role == "index" and NONE not in (low, high):
                return some.as_("index")  # some of the row numbers, in turns
            if NONE not in (low, high) and self.no_windows(index):
                return some
            if NONE not in (low, high):
                return self._marked("window", some, base, index.site, "")
            return self._after_fold(owner, base, index) if high == NONE else some.as_("element")
        return self.between(base, low, high, index.site)

    def one_group(self, element: Data, sym: Hashable) -> Value:
        """``for name, rows in table.groupby(...)``: the rows of one group in each turn, and not one row."""
        key = GROUP, sym
        self._groups[key] = len(self.turning)
        trail = element.trail.cut(Cut(key)).as_("element") if element.trail is not None else None
        return Seq((Data(("item", sym, 0), trail=trail), Data(sym, trail=trail)))

    def of_this_turn(self, trail: Trail) -> bool:
        """The rows are those of one group, and the loop that goes over the groups is the innermost one."""
        keys = {cut.key for one in trail.rows for cut in one.cuts}
        return any(self._groups.get(key) == len(self.turning) for key in keys)

    def no_windows(self, index: s.Expr) -> bool:
        """The stretches that a loop takes lie side by side, or wherever somebody has put them."""
        loops = [one.loop for one in self.turning]
        return isinstance(index, s.Slice) and (side_by_side(index, loops) or at_given_ends(index, loops))

    def counts(self, sym: Hashable, trail: Trail) -> None:
        """A number counts these rows."""
        if trail.rows and trail.role == "":
            self.counting[sym] = trail.rows

    def border(self, base: Trail, end: Value) -> int | None:
        """How many of the arrays that were stacked lie before this row number; None where it is not between two."""
        if type(end) is not Data or end.sym not in self.counting:
            return None
        before, counted = frozenset[Rows](), self.counting[end.sym]
        for number, rows in enumerate(base.stacked, 1):
            before |= rows
            if before == counted:
                return number
        return None

    def between(self, base: Trail, low: Value, high: Value, site: int) -> Trail:
        """The rows from one number up to another."""
        ends = [bound_of(end) for end in (NONE if low == Const(0) else low, high)]
        borders = [0 if low in (NONE, Const(0)) else self.border(base, low)]
        borders.append(len(base.stacked) if high == NONE else self.border(base, high))
        if base.stacked and None not in borders and borders[0] < borders[1]:  # type: ignore[operator]
            kept = base.stacked[borders[0] : borders[1]]
            return replace(base, rows=frozenset().union(*kept), stacked=kept if len(kept) > 1 else ())
        base = base.picked()
        if any(sum(is_range(cut) for cut in one.cuts) >= MOST_RANGES for one in base.rows):
            return base.vague("ranges")
        made: set[Rows] = set()
        here = self.fresh(site)
        for one in base.rows:
            cut = ranged(self.range_key(one.origin.key, one.cuts), ends, here)
            self._chosen_before[cut] = self._chosen_before.get(cut, frozenset()) | one.cuts
            made.add(one.cut(cut, count=within(one.count, ends)))
        return replace(base, rows=frozenset(made), stacked=())

    def range_key(self, origin: Hashable, cuts: frozenset[Cut]) -> Hashable:
        """What makes two ranges count the same rows: a short name, since ranges of ranges would hold one another."""
        return "range", self.numbered((origin, cuts))

    def _after_fold(self, owner: Data, base: Trail, index: s.Expr) -> Trail:
        """``X[(i + 1) * size :]``: the rows after a part that moves on with each turn of a loop, as in folds by hand.

        A network that learnt from them in one turn has seen what is held out in the next.
        """
        key = ("folds", self.frame.module, index.site, self.context)
        self._folds_seen.setdefault(key)
        if self.world.get(key, TABLE) in (None, owner.sym):
            self.world.set(key, TABLE, owner.sym)
            self._turn(key)
        return base.cut(Cut(key))

    def written_into(self, owner: Data, target: s.Item, index: Value, value: Value) -> None:
        """``owner[index] = value``: what the value was computed from is in the owner now."""
        trail, inside = self.trail_of(owner), self.trail_of(value)
        if inside is None or (trail is None and not inside.rows and not inside.marks):
            return
        if inside.role == "element" and self._gathers_rows(target):
            inside = inside.as_("")
        column = None
        names = self.names_in(index)
        if type(index) is Seq and len(index.items) == 2:
            names = self.names_in(index.items[1])
            inside = self.filled_in(inside, target.site) if names is not None else inside
        if trail is None or not trail.rows:
            figures = inside.figures and self._gathers_rows(target)  # one for each column, and no rows
            base = self.sourced(owner) if trail is None and not inside.rows and not figures else trail
            made = merged((base, inside)) or inside
        elif names is not None and len(names) == 1:
            (column,) = names
            kept = frozenset((one, mark) for one, mark in trail.marks if one != column or type(index) is Seq)
            made = replace(trail, marks=kept).marked(inside.found, column)
            tied = any(mark.kind in ("lag", "window", "statistic") for mark in inside.found)
            parents = frozenset() if tied or inside.figures else inside.parents - {column}
            others = frozenset((name, of) for name, of in made.computed if name != column)
            made = replace(made, computed=others | {(column, parents)} if parents else others)
            columns = made.columns
            if columns is not None and not columns.may_have(column):
                shown = columns.names | {column} if columns.only else columns.names - {column}
                made = replace(made, columns=Columns(shown, columns.only))
        elif names is not None:
            made = trail
            for name in names:
                made = made.marked(inside.found, name)
        else:
            made = trail.marked(inside.found)
        if owner.sym is None and isinstance(target.obj, s.Name):
            self.assign(target.obj, replace(owner, sym=self.fresh(target.site)).on(made))
        elif made != trail:
            self.put(owner, made)

    def _gathers_rows(self, target: s.Item) -> bool:
        """An array that is there before the loops gets one row after the other, in a function that is given no row."""
        loops = self.stack[-1].loops if self.stack else []
        if not self.changes_in_loop(target.index) or any(s.dotted(target.obj) in bound for bound in loops):
            return False
        function = self.frame.function
        params = function.params if isinstance(function, s.Function) else []
        given = (self.trail_of(self.lookup(one.name)) for one in params)
        return not any(one is not None and one.role == "element" for one in given)

    def filled_in(self, inside: Trail, site: int) -> Trail:
        """Predictions that fill the gaps of a column have in them whatever their model has learnt from."""
        if inside.figures or not inside.learnt:
            return inside
        marks = (
            self.mark("statistic", Trail(one.rows, frozenset((None, mark) for mark in one.marks)), site, one.name)
            for one in sorted(inside.learnt, key=by_place)
        )
        return inside.marked(marks)

    def is_table(self, value: Data) -> bool:
        """Its attributes are columns."""
        return value.kind == "dataframe" and not value.flows

    def column_written(self, owner: Data, name: str, value: Value) -> None:
        """``table.column = value``"""
        trail, inside = self.trail_of(owner), self.trail_of(value)
        if trail is None:
            return
        found = inside.found if inside is not None else frozenset[Mark]()
        kept = frozenset((column, mark) for column, mark in trail.marks if column != name)
        self.put(owner, replace(trail, marks=kept).marked(found, name))

    def changes_in_loop(self, index: s.Expr) -> bool:
        """The index is another one in each turn of the loop that it stands in."""
        loops = self.stack[-1].loops if self.stack else []
        bound = frozenset[str]().union(*loops) if loops else frozenset()
        return bool(bound and s.names(index) & bound)

    # events

    def _marked(self, kind: MarkKind, trail: Trail, over: Trail, site: int, name: str, target: bool = False) -> Trail:
        return trail.marked((self.mark(kind, over, site, name, target),))

    def mark(
        self, kind: MarkKind, over: Trail, site: int, name: str, target: bool = False,
        within: frozenset[str] = frozenset(), of: s.Expr | None = None,
    ) -> Mark:  # fmt: skip
        """Something is computed over these rows; `of` is what they are called there, where that is known."""
        rows, marks = over.rows, over.found
        return self.emit(
            Mark, site, (kind, rows, target, within),
            lambda place: Mark(
                place=place, kind=kind, rows=rows, name=name, target=target, marks=marks,
                grouped=self.grouped(kind, of), within=within,
            ),
        )  # fmt: skip

    def grouped_by(self, value: Value | None) -> frozenset[str]:
        """The columns by which the rows of a table are grouped; of one column of it too."""
        sym = value.sym if type(value) is Data and value.kind == GROUPED else None
        while isinstance(sym, tuple) and sym[0] in ("item", "attr"):
            sym = sym[1]
        return self._grouped_by.get(sym, frozenset())

    def select(self, figures: Data, site: int, how: Literal["best", "noted", "search"] = "best") -> Select | None:
        """The best of several scores is kept."""
        scores = figures.trail.scores if figures.trail is not None else frozenset()
        forwards = figures.flows
        rows = frozenset[Rows]().union(*(one.rows for one in scores), *(one.rows for one in forwards))
        again = any(mark.kind == "resample" for score in scores for mark in score.marks)  # a bootstrap
        of_a_row = figures.trail is not None and figures.trail.role == "element" and not forwards
        if not (rows or forwards) or again or of_a_row or any(in_bin(one) for one in rows):
            return None
        return self.emit(
            Select, site, (how, rows, scores, forwards),
            lambda place: Select(place=place, how=how, rows=rows, scores=scores, forwards=forwards),
        )  # fmt: skip

    def scored(self, rivals: Iterable[Value]) -> bool:
        """A figure is compared with the best so far: a prediction that is cut off at a limit is no choice."""
        figures = self.all_spilled(rivals)
        return bool(figures.flows or (figures.trail is not None and figures.trail.scores))

    def compared_again(self, best: str, figures: Data) -> bool:
        """What a call remembers in a variable of its own chooses only among scores that are taken in this call.

        The best span of one text is looked for among figures that were all taken before: nothing is trained between.
        """
        function = self.frame.function
        if not isinstance(function, s.Function) or best not in function.locals:
            return True
        if any(param.name == best for param in function.params):
            return True
        here = self.calls()
        taken = (*figures.flows, *(figures.trail.scores if figures.trail is not None else ()))
        return any(event.chain[: len(here)] == here for event in taken)

    def compared_once(self, best: str, sides: list[Value]) -> bool:
        """A variable of this call's own, outside of its loops, still has the value that it began with."""
        function = self.frame.function
        own = isinstance(function, s.Function) and best in function.locals
        return own and not self.stack[-1].loops and any(type(side) is Const for side in sides)

    def keeps_extreme(self, name: str) -> bool:
        """It gives the largest or the smallest of what it is given."""
        row = self.libraries.call(name)
        return row is not None and row.rows is not None and row.rows.does == "extreme"

    def grouped(self, kind: MarkKind, of: s.Expr | None = None) -> bool:
        """It stands in a loop over groups: windows in a loop of their own, inside that one.

        A loop of the same function that leaves the rows as they are goes over something else: lags, columns.
        """
        loops = sum(len(one.loops) for one in self.stack)
        if of is not None and self.stack:
            names = s.names(of)
            loops -= sum(1 for bound in self.stack[-1].loops if not names & bound)
        return loops > (1 if kind == "window" else 0)

    def name_rows(self, target: s.Expr, trail: Trail) -> None:
        """Rows get a name that says what they are for."""
        name = target.id if isinstance(target, s.Name) else target.name if isinstance(target, s.Attr) else ""
        part = names_part(name) if name else None
        if part is None:
            return
        for rows in trail.rows:
            some = {cut for cut in rows.cuts if cut.part is None and not moves(cut)}
            chosen = [cut for cut in rows.cuts if cut.part is not None and cut.key != DECLARED]
            chosen = [cut for cut in chosen if not some or some <= self._chosen_before.get(cut, frozenset())]
            if some and not chosen:
                continue  # some of a part: the name is not that of the others
            for cut in chosen or ([rows.origin.cut] if not rows.cuts else rows.declared_cuts):
                self.call_part(cut, part, target.site, trail)

    def call_part(self, cut: Cut, part: PartName, site: int, trail: Trail = NOWHERE) -> None:
        rows, marks = trail.rows, trail.found
        key = (Named, cut, part, marks)
        if key not in self.events:
            self.events[key] = Named(place=self.place(site), cut=cut, part=part, rows=rows, marks=marks)

    def call_origin(self, origin: Origin, label: str, site: int) -> None:
        """A file or an array whose own name says what its rows are for."""
        part = names_part(label.rpartition("/")[2]) or names_part(label)
        if part is not None:
            self.call_part(origin.cut, part, site)

    def words(self, called: s.Call | None) -> str:
        """The user's words for whoever is called."""
        if called is None:
            return ""
        return s.dotted(called.func.obj) if isinstance(called.func, s.Attr) else s.dotted(called.func)


def in_call(key: Hashable, call: Hashable) -> bool:
    """What is named was made while this call ran, and by no call before."""
    return isinstance(key, tuple) and len(key) == 4 and key[0] == "at" and bool(key[3]) and key[3][-1] == call
