"""What library calls do to rows, as their rows of data say: sources, splits, estimates, fits and scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Literal

from auditor.libraries import Argument, Call, Flow, Method, Watch
from auditor.static import syntax as s
from auditor.static.conventions import names_part, names_training_score
from auditor.static.effects import Effects, dotted, names
from auditor.static.machine import Arguments
from auditor.static.trails import NOWHERE, Columns, Trail, TrailRole, complement, merged
from auditor.static.values import NONE, Bounds, Const, Data, Either, Fn, Lib, Obj, Partial, Ref, Seq, Value
from auditor.trace import (
    Cut,
    Mark,
    MarkKind,
    Model,
    Named,
    Origin,
    PartName,
    Range,
    Resume,
    Rows,
    Score,
    Select,
    Split,
    Train,
)
from auditor.trace.rows import DECLARED, POSITIONS

TRAIL = "%trail"
WATCHES = "%watches"
STATE = "%learnt"
"""What an estimator has estimated, and the fits that a learner has had."""
PART = "%part"
SEEDED = "%seeded"
TURN, TAUGHT = "%turn", "%taught"
PARTS = ("train", "validation", "test")
Owner = Obj | Hashable


class Provenance(Effects):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.watchers = False
        self._folds_seen: set[Hashable] = set()
        self._changed: set[Hashable] = set()
        """The values whose trail was changed after they were made."""

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
            if inside is None:
                inside = tuple(self.world.get(obj, name) or NONE for name in ("%elem", *obj.attrs))
            trail = merged(self.trail_of(one, depth - 1) for one in inside)
            return trail.as_("") if trail is not None and trail.role == "element" else trail
        held: Data | None = self.world.get(obj, TRAIL)
        if held is not None:
            return held.trail
        if obj.cls is None or obj.kind == "module":
            return None
        found = self.method(obj.cls, "__getitem__") or self.method(obj.cls, "__iter__")
        if found is None:
            return None
        names = [name for name in obj.attrs if name in found[1].mentions]
        parts = [self.world.get(obj, name) for name in names]
        trail = merged(self.trail_of(part, depth - 1) for part in parts if isinstance(part, Value))
        window = s.window_in(found[1])
        if window is not None and trail is not None and trail.rows:
            trail = self._marked("window", trail, trail, window, "") if self.frame.module == obj.module else trail
        if trail is None or not trail.rows:
            own = Rows(Origin(("object", obj), obj.name or obj.cls.name, self.place_in(obj)))
            trail = replace(trail or NOWHERE, rows=frozenset((own,)), columns=None)
        said: Value | None = self.world.get(obj, PART)
        if type(said) is not Const:
            return trail
        cut = Cut(DECLARED, said.value)
        served = Rows(Origin(("object", obj.cls), obj.cls.name, self.place_in(obj)), frozenset((cut,)))
        made = trail.cut(cut)
        return replace(made, rows=made.rows | {served})

    def made_by_base(self, obj: Obj, args: Arguments, site: int, called: s.Call | None) -> None:
        """The constructor of a library's class that a class of the project inherits from is given its rows."""
        assert obj.cls is not None
        for base in self.foreign(obj.cls):
            row = self.libraries.call(base.name) if type(base) is Lib else None
            if row is not None and row.rows is not None and row.rows.does in ("loader", "subset", "source"):
                made = self.flowed(row.rows, None, args, site, Data(self.fresh(site)), called, row)
                trail = self.trail_of(made)
                if trail is not None:
                    self.world.set(obj, TRAIL, Data(trail=trail))

    def say_part(self, obj: Obj, args: Arguments) -> None:
        """A data set of the project that is told which part of the rows it is to serve."""
        assert obj.cls is not None
        if self.method(obj.cls, "__getitem__") is not None or self.method(obj.cls, "__iter__") is not None:
            self.world.set(obj, PART, said_part(args))

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
            self._folds_seen.add(key)
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
        keys = {cut.key for one in rows for cut in one.cuts if is_fold(cut)} if owner is not None else set()
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

    def optimizer_step(self, objs: frozenset[Obj] | None, site: int) -> None:
        super().optimizer_step(objs, site)
        for obj in objs or ():
            for part in self.family(obj):
                self.teach(part)

    def forgotten(self, obj: Obj) -> None:
        """Its weights are what they were before it learnt anything."""
        for part in self.family(obj):
            for key in self._folds_seen:
                self.world.set((part, key), TAUGHT, None)
            self.world.set(part, STATE, None)

    def sourced(self, value: Value | None, name: str = "") -> Trail | None:
        """The same; something that nobody knows is a source of its own."""
        if value is None:
            return None
        trail = self.trail_of(value)
        if trail is None and type(value) is Data and value.sym is not None and not value.flows and not value.of:
            return Trail(frozenset((Rows(Origin(value.sym, name)),)), role=_role_of(value.sym))
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

    # selecting

    def attribute_trail(self, value: Data, name: str) -> Trail | None:
        """The rows of an attribute of a value with rows: a column, or another view of it."""
        trail = self.trail_of(value)
        if trail is None:
            return None
        row = self.libraries.attribute("rows", name)
        if row is None:
            return trail.column(name) if value.kind == "dataframe" else trail
        if row.rows == "none":
            return None
        if row.rows == "whole":
            parted = (Rows(one.origin, frozenset(cut for cut in one.cuts if not is_part(cut))) for one in trail.rows)
            return replace(trail, rows=frozenset(parted))
        return trail.as_("index") if row.rows == "index" else trail

    def chosen(self, owner: Data, index: s.Expr, value: Value, located: bool) -> Trail | None:
        """The rows of ``owner[index]``, where `value` is what the index evaluates to."""
        trail = self.trail_of(owner)
        if isinstance(index, s.Sequence) and index.kind == "tuple":
            parts = value.items if type(value) is Seq else ()
            if trail is None or not parts:
                return self._taken(owner, trail, index, value, located)
            first = self._taken(owner, trail, index.items[0], parts[0], True)
            if first is None or len(parts) < 2:
                return first
            across = parts[1]
            both = type(across) is Bounds and NONE not in (across.low, across.high)
            if both and self.changes_in_loop(index.items[1]):
                return self._marked("window", first, first, index.site, "")
            names = self.names_in(parts[1])
            if names is not None:
                return first.columned(Columns(names, True))
            whole = type(parts[1]) is Bounds and parts[1].low == NONE and parts[1].high == NONE
            return first if whole or isinstance(index.items[1], s.Const) else first.columned(None)
        return self._taken(owner, trail, index, value, located)

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
            cuts = frozenset[Cut]().union(*(rows.cuts for rows in by.rows))
            return base.cut(*cuts).marked(mark for mark in by.found if mark.kind == "resample")
        masked = self._mask(value)
        if masked:
            base = trail or self.sourced(owner)
            return None if base is None else base.cut(*masked)
        if trail is None:
            return None
        if type(value) is Const:
            return trail if trail.role == "statistic" else trail.as_("element")
        if trail.role == "statistic" or (owner.kind == "dataframe" and not located and by is None):
            return trail.columned(None)
        if by is not None and by.role != "mask" and owner.kind == "dataframe":
            return trail.columned(None).marked(by.found)
        made = trail.vague(("item", value.sym if type(value) is Data else None, index.site))
        return made.as_("element") if self.changes_in_loop(index) else made

    def _columns(self, trail: Trail, names: frozenset[str], one: bool) -> Trail:
        if trail.role == "index":
            return trail
        declared = self._declared(names)
        if one and declared is not None and trail.columns is None:
            return trail.cut(Cut(DECLARED, declared))
        if one:
            return trail.column(next(iter(names)))
        known = trail.columns is not None
        return trail.columned(Columns(names, True)) if known else trail

    @staticmethod
    def _declared(names: frozenset[str]) -> str | None:
        """The part that a key of a collection of data sets names (``ds["train"]``)."""
        (name,) = names if len(names) == 1 else ("",)
        return {"train": "train", "validation": "validation", "valid": "validation", "val": "validation",
                "dev": "validation", "test": "test"}.get(name)  # fmt: skip

    def names_in(self, value: Value) -> frozenset[str] | None:
        """The names of columns that an index or an operand lists."""
        if type(value) is Const:
            return frozenset((value.value,)) if isinstance(value.value, str) else None
        items = self.items(value)
        if not items or not all(type(item) is Const and isinstance(item.value, str) for item in items):
            return None
        return frozenset(str(item.value) for item in items if type(item) is Const)

    def _mask(self, value: Value) -> tuple[Cut, ...]:
        """The cuts that a mask makes."""
        if type(value) is not Data:
            return ()
        sym, flip = value.sym, False
        while isinstance(sym, tuple) and len(sym) == 2 and sym[0] == "not":
            sym, flip = sym[1], not flip
        by = self.trail_of(value)
        if by is not None and by.role == "mask" and isinstance(sym, tuple) and sym[0] == "isin":
            cuts = frozenset[Cut]().union(*(rows.cuts for rows in by.rows))
            if not flip:
                return tuple(cuts)
            other = complement(cuts, ())
            return (other,) if other is not None else (Cut(("some", sym)),)
        if isinstance(sym, tuple) and sym[0] == "cmp":
            if sym[1] in ("Equal", "Is"):
                part: Hashable = sym[3]
                return (Cut(("equal", sym[2]), ("not", part) if flip else part),)
            return (Cut(("mask", sym), not flip),)
        if isinstance(sym, tuple) and sym[0] == "op" and sym[1] == "BitAnd":
            return (*self._mask(Data(sym[2])), *self._mask(Data(sym[3])))
        return (Cut(("mask", sym), not flip),) if by is not None and by.role == "mask" and sym is not None else ()

    def _sliced_rows(self, owner: Data, trail: Trail | None, index: s.Expr, bounds: Bounds) -> Trail | None:
        low, high, step = bounds.low, bounds.high, bounds.step
        if low == NONE and high == NONE:
            return trail if step in (NONE, Const(1)) else None if trail is None else trail.vague(("step", index.site))
        low = NONE if low == Const(0) else low
        base = trail or self.sourced(owner)
        if base is None or base.role in ("element", "statistic"):
            return base
        if self.changes_in_loop(index):
            both = NONE not in (low, high)
            return self._marked("window", base, base, index.site, "") if both else base.as_("element")
        ends = [_bound(end) for end in (low, high)]
        rows = frozenset(
            one.cut(Cut(("range", one.origin.key, one.cuts), _range(ends, index.site))) for one in base.rows
        )
        return replace(base, rows=rows)

    def written_into(self, owner: Data, target: s.Item, index: Value, value: Value) -> None:
        """``owner[index] = value``: what the value was computed from is in the owner now."""
        trail, inside = self.trail_of(owner), self.trail_of(value)
        if inside is None or (trail is None and not inside.rows and not inside.marks):
            return
        column = None
        names = self.names_in(index)
        if type(index) is Seq and len(index.items) == 2:
            names = self.names_in(index.items[1])
        if trail is None or not trail.rows:
            base = self.sourced(owner) if trail is None and not inside.rows else trail
            made = merged((base, inside)) or inside
        elif names is not None and len(names) == 1:
            (column,) = names
            kept = frozenset((one, mark) for one, mark in trail.marks if one != column or type(index) is Seq)
            made = replace(trail, marks=kept).marked(inside.found, column)
            tied = any(mark.kind in ("lag", "window", "statistic") for mark in inside.found)
            parents = frozenset() if tied or inside.role == "statistic" else inside.parents - {column}
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
        return bool(bound and names(index) & bound)

    # events

    def _marked(self, kind: MarkKind, trail: Trail, over: Trail, site: int, name: str, target: bool = False) -> Trail:
        return trail.marked((self.mark(kind, over, site, name, target),))

    def mark(self, kind: MarkKind, over: Trail, site: int, name: str, target: bool = False) -> Mark:
        """Something is computed over these rows."""
        rows, marks = over.rows, over.found
        return self.emit(
            Mark, site, (kind, rows, target),
            lambda place: Mark(
                place=place, kind=kind, rows=rows, name=name, target=target, marks=marks, grouped=self.grouped(kind),
            ),
        )  # fmt: skip

    def select(self, figures: Data, site: int, how: Literal["best", "search"] = "best") -> None:
        """The best of several scores is kept."""
        scores = figures.trail.scores if figures.trail is not None else frozenset()
        forwards = figures.flows
        rows = frozenset[Rows]().union(*(one.rows for one in scores), *(one.rows for one in forwards))
        again = any(mark.kind == "resample" for score in scores for mark in score.marks)  # a bootstrap
        if not rows or again:
            return
        self.emit(
            Select, site, (how, rows, scores, forwards),
            lambda place: Select(place=place, how=how, rows=rows, scores=scores, forwards=forwards),
        )  # fmt: skip

    def keeps_extreme(self, name: str) -> bool:
        """It gives the largest or the smallest of what it is given."""
        row = self.libraries.call(name)
        return row is not None and row.rows is not None and row.rows.does == "extreme"

    def grouped(self, kind: MarkKind) -> bool:
        """It stands in a loop over groups: windows in a loop of their own, inside that one."""
        loops = sum(len(one.loops) for one in self.stack)
        return loops > (1 if kind == "window" else 0)

    def name_rows(self, target: s.Expr, trail: Trail) -> None:
        """Rows get a name that says what they are for."""
        name = target.id if isinstance(target, s.Name) else target.name if isinstance(target, s.Attr) else ""
        part = names_part(name) if name else None
        if part is None:
            return
        for rows in trail.rows:
            chosen = [cut for cut in rows.cuts if cut.part is not None and cut.key != DECLARED]
            for cut in chosen or ([rows.origin.cut] if not rows.cuts else []):
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
        return dotted(called.func.obj) if isinstance(called.func, s.Attr) else dotted(called.func)

    # rows of data

    def library_call(self, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = super().library_call(name, args, site, called)
        row = self.libraries.call(name)
        if row is None:
            return value
        if type(value) is Ref and value.obj.kind == row.kind and row.estimates:
            value.obj.row = row
        if type(value) is Ref:
            self._set_up(value.obj, row, args)
        if type(value) is Ref and value.obj.kind in HOLDERS:
            self._hold(value.obj, args, row.rows)
        if type(value) is Ref and row.estimates and row.rows is not None and self._listed(args, row.rows):
            value.obj.row = None
        if row.rows is None:
            return value
        return self.flowed(row.rows, None, args, site, value, called, row)

    def _set_up(self, obj: Obj, row: Call, args: Arguments) -> None:
        """What a trainer is told when it is made: its rows, and who watches."""
        if row.watches is not None:
            self.world.set(obj, WATCHES, Const(row.watches.does) if self.acts(row.watches, args) else None)
            self.watchers = True
        held = self.watching(args.all()) if self.watchers else ()
        if held:
            self.world.set(obj, "%watchers", Seq(tuple(held)))
        flow = row.rows
        if flow is not None and flow.does == "none":
            for name, where in (("%train", flow.arg), ("%validation", flow.validation)):
                if where is not None:
                    self.world.set(obj, name, self.operand(args, where))

    def acts(self, watch: Watch, args: Arguments) -> bool:
        """It acts on a score of rows that are held out, under its conditions."""
        if watch.when is not None:
            value = self.operand(args, watch.when)
            on = type(value) is Const and (value.value in watch.when.among if watch.when.among else bool(value.value))
            if not on:
                return False
        score = self.operand(args, watch.monitor) if watch.monitor is not None else None
        return not (type(score) is Const and isinstance(score.value, str) and names_training_score(score.value))

    def watching(self, values: Iterable[Value], depth: int = 3) -> list[Value]:
        """Those who act on a score, among these values and in what they hold."""
        found: list[Value] = []
        for value in values:
            if type(value) is Ref and self.world.get(value.obj, WATCHES) is not None:
                found.append(value)
            elif type(value) is Ref and self.world.get(value.obj, "%watchers") is not None:
                found.extend(self.items(self.world.get(value.obj, "%watchers")) or ())
            elif depth and self.items(value) is not None:
                found.extend(self.watching(self.items(value) or (), depth - 1))
        return found

    def _listed(self, args: Arguments, flow: Flow) -> bool:
        """What an encoder would look for in the rows is given to it."""
        given = self.operand(args, flow.bins) if flow.bins is not None else None
        return given is not None and type(given) is not Const

    def _hold(self, obj: Obj, args: Arguments, flow: Flow | None) -> None:
        """What a compound object is made of: its steps, and whether it takes rows at random."""
        self.world.set(obj, "%steps", Seq(tuple(args.all())))
        shuffles = self.operand(args, flow.shuffle) if flow is not None and flow.shuffle is not None else None
        self.world.set(obj, "%shuffles", shuffles if shuffles != Const(False) else None)

    def method_row(self, receiver: Value, name: str, args: Arguments) -> Method | None:
        """What a method is known to do."""
        if type(receiver) is Ref:
            obj = receiver.obj
            return self.network_row(obj, name) if obj.kind == "module" else self.libraries.method(obj.kind, name)
        if type(receiver) is not Data:
            return None
        if receiver.kind:
            row = self.libraries.method(receiver.kind, name)
            if row is not None and row.rows is not None:
                return row
        if receiver.flows and receiver.trail is None:
            return None
        row = self.libraries.method("rows", name)
        if row is not None and row.rows is not None:
            return row
        return self._guessed(receiver, name, args)

    def _guessed(self, receiver: Data, name: str, args: Arguments) -> Method | None:
        """What a method of something that nobody knows says by its name: ``fit(X, y)`` learns."""
        if receiver.flows or receiver.trail is not None or self.known_network(receiver) is not None:
            return None
        if len(args.all()) == 0:
            return None
        fitted = receiver.sym is not None and self.world.get(receiver.sym, STATE) is not None
        kind = "predictor" if len(args.all()) > 1 or fitted else "transformer"
        for table in (kind, "predictor", "transformer"):
            row = self.libraries.method(table, name)
            if row is not None and row.rows is not None and not (table != kind and name == "fit"):
                return row
        return None

    def flowed(
        self, flow: Flow, receiver: Value | None, args: Arguments, site: int, value: Value, called: s.Call | None,
        row: Call | Method | None = None,
    ) -> Value:  # fmt: skip
        """What comes back of a call, with its rows; what it does to rows is told."""
        done = _FLOWS.get(flow.does)
        if done is None:
            return value
        return done(self, _Doing(flow, receiver, args, site, value, called, row))

    # roles: values

    def rows_in(self, doing: _Doing, source: bool = True) -> Trail | None:
        """The rows that a call is about."""
        value = self.subject(doing)
        return self.sourced(value, doing.name_of(value)) if source and value is not None else (
            self.trail_of(value) if value is not None else None
        )  # fmt: skip

    def subject(self, doing: _Doing) -> Value | None:
        flow = doing.flow
        receiver = doing.receiver
        if flow.arg is None and type(receiver) is Data and receiver.kind not in ESTIMATORS:
            given = flow.does in OF_ESTIMATORS and receiver.trail is None
            return self.operand(doing.args, None) if given else receiver
        return self.operand(doing.args, flow.arg)

    def others(self, doing: _Doing) -> frozenset[Mark]:
        """What the operands beside the rows bring in."""
        subject = self.subject(doing)
        trails = [self.trail_of(one) for one in doing.args.all() if one is not subject]
        return frozenset(mark for one in trails if one is not None for mark in one.found)

    def _on_source(self, doing: _Doing) -> Value:
        flow, args, site = doing.flow, doing.args, doing.site
        first = args.positional[0] if args.positional else None
        name = doing.library
        if type(first) is Const and isinstance(first.value, str):
            key: Hashable = ("file", name.partition(".")[0], first.value)
            label = first.value
        elif type(first) is Data and is_path(first.sym):
            key, label = ("file", name.partition(".")[0], first.sym), path_name(first.sym)
        elif flow.part is not None:
            key, label = ("dataset", name), name.rpartition(".")[2]
        else:
            key, label = ("source", self.frame.module, site, self.context), ""
        origin = Origin(key, label, self.place(site))
        self.call_origin(origin, label, site)
        kind = doing.row.kind if doing.row is not None and doing.row.kind else ""
        table = Columns() if kind == "dataframe" or not flow.pairs else None
        bundled = kind not in ("dataframe", "dataset") and flow.part is None and not flow.returns
        base = Trail(
            frozenset((Rows(origin),)), columns=None if kind == "dataset" else table, bundle=bundled and not flow.pairs
        )
        if flow.pairs:
            return Seq(tuple(
                Seq(tuple(
                    Data((self.fresh(site), part, side), trail=base.cut(Cut(DECLARED, part))) for side in ("x", "y")
                ))
                for part in flow.pairs
            ))  # fmt: skip
        part = self._part(flow, args)
        if part is None and flow.part is None and kind != "dataframe":
            said = said_part(args)
            part = str(said.value) if said is not None else None
        if part == "both":
            parts: tuple[str, ...] = ("train", "validation")
            pair = (Data((self.fresh(site), one), kind=kind, trail=base.cut(Cut(DECLARED, one))) for one in parts)
            return Seq(tuple(pair))
        if part is not None:
            base = base.cut(Cut(DECLARED, part))
        alters = self._altering(args)
        if alters:
            base = base.marked(alters)
        if flow.returns:
            return Seq(tuple(Data((self.fresh(site), n), trail=base) for n in range(flow.returns)))
        if type(doing.value) is Ref and doing.value.obj.kind == "module":
            return doing.value
        return self.made(site, base, doing.value if type(doing.value) is Data else NONE, kind)

    def _altering(self, args: Arguments) -> frozenset[Mark]:
        """Random alterations among the operands (``transform=``)."""
        trails = [self.trail_of(value) for value in args.all()]
        return frozenset(mark for one in trails if one is not None for mark in one.found if mark.kind == "augment")

    def _part(self, flow: Flow, args: Arguments) -> str | None:
        """What a source says its rows are for."""
        if flow.part is None:
            return None
        value = self.operand(args, flow.part)
        if type(value) is Lib:  # a constant of the library's own: ``Split.TEST``
            value = Const(value.name.rpartition(".")[2].lower())
        if type(value) is not Const:
            return None
        said = value.value.partition("[")[0] if isinstance(value.value, str) else value.value
        for part in (*PARTS, "both"):
            if any(said == one and isinstance(said, bool) == isinstance(one, bool) for one in getattr(flow.part, part)):
                return part
        return None

    def _on_same(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        parts = [trail, *(self.trail_of(one) for one in doing.args.all() if one is not self.subject(doing))]
        if trail is None:
            trail = merged(parts)
        if trail is None:
            return doing.value
        beside = self.others(doing) if doing.flow.does == "filled" else ()
        return self._back(doing, trail.marked(beside))

    def _back(self, doing: _Doing, trail: Trail | None) -> Value:
        """The result, or the receiver itself changed in place."""
        flow = doing.flow
        inplace = self.operand(doing.args, flow.inplace) if flow.inplace is not None else None
        if type(inplace) is Const and inplace.value and trail is not None and type(doing.receiver) is Data:
            self.put(doing.receiver, trail)
            func = doing.called.func if doing.called is not None else None
            if isinstance(func, s.Attr) and isinstance(func.obj, (s.Item, s.Attr)):
                self.assign(func.obj, self.made(doing.site, trail, doing.receiver))
            if flow.inplace is None or flow.inplace.default is not True:
                return NONE
        if type(doing.value) is Seq or (type(doing.value) is Ref and doing.value.obj.kind in ("list", "dict")):
            return doing.value  # what it holds has trails of its own
        kind = _kind(doing.receiver) if doing.receiver is not None else ""
        if doing.row is not None and doing.row.kind:
            kind = doing.row.kind
        value = doing.value
        if type(value) is Ref and value.obj.kind not in ("list", "dict"):
            value = Data(self.fresh(doing.site))
        made = self.made(doing.site, trail, value, kind)
        return replace(made, kind=kind) if kind and made.kind != kind else made

    def assign(self, target: s.Expr, value: Value) -> None:
        raise NotImplementedError

    def _on_mixed(self, doing: _Doing) -> Value:
        values = [*([doing.receiver] if doing.receiver is not None else []), *doing.args.all()]
        trail = merged(self.trail_of(one) for one in values)
        if trail is None:
            return doing.value
        kept = trail.columns if len({self.trail_of(one) for one in values} - {None}) == 1 else None
        if doing.flow.axis is not None and self.stacks(doing):
            trail = self._marked("resample", trail, trail, doing.site, self.words(doing.called))
        shared = {one.columns for one in map(self.trail_of, values) if one is not None and one.rows}
        columns = shared.pop() if len(shared) == 1 else kept
        return self._back(doing, replace(trail, columns=columns, role="" if trail.role == "mask" else trail.role))

    def stacks(self, doing: _Doing) -> bool:
        """The same rows go in twice and come out one below the other."""
        axis = self.operand(doing.args, doing.flow.axis)
        listed = self.items(doing.args.positional[0]) if doing.args.positional else None
        if not listed or not (type(axis) is Const and axis.value in (0, "index")):
            return False
        trails = [self.trail_of(one) for one in listed]
        rows = [one.rows for one in trails if one is not None and one.rows and one.role == ""]
        return len(rows) > len(set(rows))

    def _on_some(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        cut = Cut(("some", self.fresh(doing.site)))
        target = self.target_of(doing)
        if target is not None:
            labels = self.sourced(target)
            pair = (trail.cut(cut), labels.cut(cut) if labels is not None else None)
            return Seq(tuple(Data((self.fresh(doing.site), n), trail=one) for n, one in enumerate(pair)))
        return self._back(doing, trail.cut(cut))

    def _on_sample(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        replaced = doing.args.keyword.get("replace")
        if type(replaced) is Const and replaced.value:
            mark = self.mark("resample", trail, doing.site, self.words(doing.called))
            return self._back(doing, trail.marked((mark,)))
        share = self.operand(doing.args, doing.flow.arg) if doing.flow.arg is not None else None
        share = doing.args.keyword.get("frac", share)
        if type(share) is Const and share.value in (1, 1.0):
            return self._back(doing, trail)
        part = Cut(("sample", self.frame.module, doing.site, self.context), True)
        self.split(doing, trail, frozenset((part,)), "random")
        return self._back(doing, trail.cut(part))

    def _on_drop(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        axis = self.operand(doing.args, doing.flow.columns)
        named = doing.args.keyword.get("columns")
        what = self.operand(doing.args, Argument(at=0, name="labels"))
        if named is not None or (type(axis) is Const and axis.value in (1, "columns", "1")):
            names = self.names_in(named if named is not None else what or NONE)
            columns = trail.columns
            trail = trail.columned(columns.without(names) if names is not None and columns is not None else None)
            return self._back(doing, trail)
        by = self.trail_of(what or doing.args.keyword.get("index", NONE))
        if by is not None and by.role == "index":
            cuts = frozenset[Cut]().union(*(rows.cuts for rows in by.rows))
            left = complement(cuts, trail.rows)
            return self._back(doing, trail.cut(left if left is not None else Cut(("some", self.fresh(doing.site)))))
        return self._back(doing, trail.cut(Cut(("some", self.fresh(doing.site)))))

    def _on_index(self, doing: _Doing) -> Value:
        receiver = self.trail_of(doing.receiver) if type(doing.receiver) is Data else None
        if receiver is not None:
            return self._back(doing, receiver.as_("index"))
        given = self.trail_of(doing.args.positional[0]) if doing.args.positional else None
        if given is not None and given.role == "index":
            return self._back(doing, given)
        args = doing.args.positional
        if doing.flow.shuffle is None and args and all(type(one) in (Const, Data) for one in args[:2]):
            ends = [_bound(end) for end in ((NONE, args[0]) if len(args) == 1 else args[:2])]
            ends[0] = None if ends[0] == 0 else ends[0]
            cut = Cut(("range", POSITIONS, frozenset()), _range(ends, doing.site))
            return self._back(doing, Trail(frozenset((Rows(Origin(POSITIONS), frozenset((cut,))),)), role="index"))
        key = ("index", self.frame.module, doing.site, self.context)
        origin = Origin(key, "", self.place(doing.site))
        return self._back(doing, Trail(frozenset((Rows(origin),)), role="index"))

    def _on_apply(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        if trail is None:
            return doing.value
        func = doing.args.positional[0] if doing.args.positional else doing.args.keyword.get("func", NONE)
        marks = self.others(doing)
        if type(func) is Const and isinstance(func.value, str):
            row = self.libraries.method("rows", func.value)
            if row is not None and row.rows is not None and row.rows.does == "statistic":
                return self._changes("statistic")(doing)
        elif isinstance(func, (Fn, Partial)):
            axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
            single = trail.columns is not None and trail.columns.only and len(trail.columns.names) == 1
            one = trail.as_("element") if single or (type(axis) is Const and axis.value in (1, "columns")) else trail
            given = Data(("applied", self.fresh(doing.site)), trail=one)
            made = self.trail_of(self.call(func, Arguments([given], {}), doing.site))
            marks |= made.found if made is not None else frozenset()
        return self._back(doing, trail.marked(marks))

    def _on_mask(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        return doing.value if trail is None else self._back(doing, trail.as_("mask"))

    def _on_isin(self, doing: _Doing) -> Value:
        by = merged(self.trail_of(one) for one in doing.args.all())
        sym = ("isin", self.fresh(doing.site))
        return Data(sym, trail=replace(by or NOWHERE, role="mask"))

    def _on_extreme(self, doing: _Doing) -> Value:
        """The best of several scores, or a statistic like any other."""
        values = [doing.receiver, *doing.args.all()] if doing.receiver is not None else doing.args.all()
        figures = self.all_spilled(values)
        if figures.trail is not None and figures.trail.scores and figures.trail.role == "statistic":
            if any(self.several(one) for one in values):
                self.select(figures, doing.site)
            return self.made(doing.site, figures.trail, doing.value)
        return self._on_statistic(doing)

    def several(self, value: Value) -> bool:
        """It holds more than one figure."""
        return type(value) is Ref and value.obj.kind in ("list", "dict")

    def _on_statistic(self, doing: _Doing) -> Value:
        subject = self.subject(doing)
        if type(subject) is Data and subject.flows:
            return doing.value
        trail = self.rows_in(doing)
        if trail is None or trail.role in ("element", "index"):
            return doing.value
        axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
        axis = doing.args.keyword.get("dim", axis)
        if type(axis) is Const and axis.value in (1, -1, "columns"):
            return self._back(doing, trail)
        if trail.learnt and trail.judged and trail.rows and trail.role != "statistic":
            done = self.score(doing, trail, trail.learnt, doing.metric, predicted=trail.scores)
            figure = Trail(learnt=trail.learnt, role="statistic", scores=frozenset((done,)))
            return self.made(doing.site, figure, doing.value)
        if trail.role == "mask":
            return self._back(doing, None)
        if trail.role == "statistic" or not trail.rows:
            return self._back(doing, trail)
        mark = self.mark("statistic", trail, doing.site, "")
        figure = Trail(frozenset(), trail.marks, role="statistic", columns=trail.columns).marked((mark,))
        return self._back(doing, figure)

    def _changes(self, kind: MarkKind) -> Callable[[_Doing], Value]:
        def run(doing: _Doing) -> Value:
            trail = self.rows_in(doing)
            if trail is None or trail.role in ("element", "statistic"):
                return doing.value if trail is None else self._back(doing, trail)
            mark = self.mark(kind, trail, doing.site, "")
            return self._back(doing, trail.marked((mark,)).marked(self.others(doing)))

        return run

    def _on_encoding(self, doing: _Doing) -> Value:
        return self._changes("encoding")(doing)

    def _on_binning(self, doing: _Doing) -> Value:
        bins = self.operand(doing.args, doing.flow.bins) if doing.flow.bins is not None else None
        if bins is not None and self.items(bins) is not None:
            return self._on_same(doing)
        return self._changes("statistic")(doing)

    def _on_lag(self, doing: _Doing) -> Value:
        return self._changes("lag")(doing)

    def _on_window(self, doing: _Doing) -> Value:
        return self._changes("window")(doing)

    def _on_resampled(self, doing: _Doing) -> Value:
        replaced = doing.args.keyword.get("replace")
        if type(replaced) is Const and not replaced.value:
            return self._on_some(doing)
        parts = [self.sourced(one) for one in doing.args.positional]
        trails = [one for one in parts if one is not None and one.rows]
        if not trails:
            return doing.value
        mark = self.mark("resample", trails[0], doing.site, self.words(doing.called))
        made = [
            Data((self.fresh(doing.site), number), trail=one.marked((mark,)) if one is not None else None)
            for number, one in enumerate(parts)
        ]
        return Seq(tuple(made)) if len(made) > 1 else self._back(doing, trails[0].marked((mark,)))

    def _on_augment(self, doing: _Doing) -> Value:
        mark = self.mark("augment", NOWHERE, doing.site, self.words(doing.called))
        trail = self.rows_in(doing, source=False)
        return self._back(doing, (trail or NOWHERE).marked((mark,)))

    def _on_loader(self, doing: _Doing) -> Value:
        trail = self.sourced(self.subject(doing))
        sampler = self.trail_of(doing.args.keyword.get("sampler", NONE))
        if trail is not None and sampler is not None and sampler.role == "index":
            trail = trail.cut(*frozenset[Cut]().union(*(rows.cuts for rows in sampler.rows)))
        if type(doing.value) is Data:
            return doing.value.on(trail)
        return doing.value

    def _on_subset(self, doing: _Doing) -> Value:
        trail = self.sourced(self.subject(doing))
        if trail is None:
            return doing.value
        second = self.operand(doing.args, Argument(at=1, name="indices"))
        by = self.trail_of(second) if second is not None else None
        if by is not None and by.role == "index":
            return self._back(doing, trail.cut(*frozenset[Cut]().union(*(rows.cuts for rows in by.rows))))
        return self._back(doing, trail.cut(Cut(("some", self.fresh(doing.site)))))

    # roles: splits

    def split(
        self, doing: _Doing, trail: Trail, cuts: frozenset[Cut], how: str, folds: bool = False,
    ) -> None:  # fmt: skip
        """Rows are divided."""
        flow, args = doing.flow, doing.args
        seed = self.operand(args, flow.seed) if flow.seed is not None else None
        seeded = None if flow.seed is None else seed is not None and seed != NONE
        modules = {self.frame.module, *(one.frame.module for one in self.stack)}
        if seeded is False and any(self.world.get(SEEDED, module) is not None for module in modules):
            seeded = None
        groups = self.operand(args, flow.groups) if flow.groups is not None else None
        stratify = self.operand(args, flow.stratify) if flow.stratify is not None else None
        if groups is not None and groups != NONE:
            how = "grouped"
        elif stratify is not None and stratify != NONE:
            how = "stratified"
        subject = self.subject(doing)
        name = doing.name_of(subject)
        rows, marks = trail.rows, trail.found
        self.emit(
            Split, doing.site, (rows, how, marks),
            lambda place: Split(
                place=place, rows=rows, cuts=cuts, how=how, folds=folds, seeded=seeded, marks=marks, name=name,  # type: ignore[arg-type]
            ),
        )  # fmt: skip

    def _on_split(self, doing: _Doing) -> Value:
        flow, args = doing.flow, doing.args
        if doing.receiver is not None and flow.arg is None:
            arrays: list[Value] = [doing.receiver]
        elif flow.arrays == 1:
            first = self.operand(args, flow.arg)
            arrays = [first] if first is not None else []
        else:
            arrays = list(args.positional)
        trails = [self.sourced(one, doing.name_at(number)) for number, one in enumerate(arrays)]
        known = [one for one in trails if one is not None]
        key = ("split", self.frame.module, doing.site, self.context)
        count = self._count(doing)
        parts = [Cut(key, number) for number in range(count)]
        shuffle = self.operand(args, flow.shuffle) if flow.shuffle is not None else None
        ordered = type(shuffle) is Const and not shuffle.value
        if known:
            whole = merged(known)
            assert whole is not None
            self.split(doing, whole, frozenset(parts), "ordered" if ordered else "random")
        base = self.fresh(doing.site)
        made = [
            [
                Data((base, number, part), kind=_kind(array), trail=trail.cut(cut) if trail is not None else None)
                for part, cut in enumerate(parts)
            ]
            for number, (array, trail) in enumerate(zip(arrays, trails, strict=True))
        ]
        for one in (value.sym for row in made for value in row):
            if one in self._changed:
                self.world.set(one, TRAIL, None)
        if doing.receiver is not None and made:
            return self.dictionary({"train": made[0][0], "test": made[0][-1]}, doing.site)
        if flow.order == "by-part":
            made = [list(column) for column in zip(*made, strict=True)]
        return Seq(tuple(value for row in made for value in row))

    def dictionary(self, known: dict[str, Value], site: int) -> Value:
        raise NotImplementedError

    def _count(self, doing: _Doing) -> int:
        """Into how many parts: as many as there are lengths, or one more than there are borders between them."""
        flow = doing.flow
        lengths = self.operand(doing.args, flow.lengths) if flow.lengths is not None else None
        borders = self.operand(doing.args, flow.borders) if flow.borders is not None else None
        for listed, more in ((lengths, 0), (borders, 1)):
            items = self.items(listed) if listed is not None else None
            if items:
                return len(items) + more
            if type(listed) is Const and isinstance(listed.value, int) and 1 < listed.value < MOST_PARTS:
                return listed.value
        return flow.parts

    def _on_folds(self, doing: _Doing) -> Value:
        subject = self.operand(doing.args, doing.flow.arg)
        trail = self.sourced(subject, doing.name_of(subject))
        key = ("folds", self.frame.module, doing.site, self.context)
        parts = Cut(key, "train"), Cut(key, "test")
        if trail is not None:
            self.split(doing, trail, frozenset(parts), self._how(doing.receiver), folds=True)
        origin = Origin(key, "", self.place(doing.site))
        pair = Seq(tuple(
            Data((self.fresh(doing.site), cut.part), trail=row_numbers(Rows(origin, frozenset((cut,)))))
            for cut in parts
        ))  # fmt: skip
        return self.iterating(pair, doing.site)

    def _how(self, receiver: Value | None) -> str:
        kind = receiver.obj.kind if type(receiver) is Ref else ""
        if type(receiver) is Ref and kind == "splitter" and self.world.get(receiver.obj, "%shuffles") is None:
            return "unknown"
        return {"group-splitter": "grouped", "time-splitter": "ordered", "splitter": "random"}.get(kind, "unknown")

    # roles: estimators

    def owner(self, receiver: Value | None) -> Owner | None:
        """What keeps the state of an estimator."""
        if type(receiver) is Ref:
            return receiver.obj
        return receiver.sym if type(receiver) is Data else None

    def state(self, receiver: Value | None) -> Trail:
        owner = self.owner(receiver)
        held: Data | None = self.world.get(owner, STATE) if owner is not None else None
        return held.trail or NOWHERE if held is not None else NOWHERE

    def learn(self, receiver: Value | None, state: Trail) -> None:
        owner = self.owner(receiver)
        if owner is not None:
            self.world.set(owner, STATE, Data(trail=state))

    def target_of(self, doing: _Doing) -> Value | None:
        value = self.operand(doing.args, doing.flow.target) if doing.flow.target is not None else None
        return value if value is not None and value != NONE else None

    def _on_fit(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None or trail.role == "element":
            return doing.value
        if self.predicts(doing.receiver):
            return self._on_train(doing)
        kind = self.estimates(doing.receiver)
        if kind is not None:
            mark = self.mark(kind, trail, doing.site, self.words(doing.called), self.target_of(doing) is not None)
            self.learn(doing.receiver, NOWHERE.marked((mark, *trail.found)))
        return doing.receiver if doing.receiver is not None else doing.value

    def estimates(self, receiver: Value | None) -> MarkKind | None:
        """What an estimator keeps of the rows that it is fitted to."""
        if type(receiver) is not Ref:
            return "statistic"
        row = receiver.obj.row
        if isinstance(row, Call) and row.estimates:
            return row.estimates
        kinds = [self.estimates(step) for step in self.parts_of(receiver.obj)]
        found = [kind for kind in kinds if kind is not None]
        return "statistic" if "statistic" in found else found[0] if found else None

    def parts_of(self, obj: Obj) -> list[Value]:
        """The estimators that an estimator is made of."""
        held: Value | None = self.world.get(obj, "%steps")
        found: list[Value] = []
        todo: list[tuple[Value, int]] = [(held, 0)] if held is not None else []
        while todo:
            one, depth = todo.pop(0)
            if type(one) is Ref and one.obj.kind in ESTIMATORS:
                found.append(one)
            elif depth < 4 and self.items(one) is not None:
                todo.extend((item, depth + 1) for item in self.items(one) or ())
        return found

    def predicts(self, receiver: Value | None) -> bool:
        """It is a learner, or ends in one."""
        if type(receiver) is not Ref:
            return False
        if receiver.obj.kind == "pipeline":
            steps = self.parts_of(receiver.obj)
            return not steps or self.predicts(steps[-1])
        return receiver.obj.kind in ("predictor", "search")

    def _on_transform(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        return self._back(doing, self.transformed(trail, self.state(doing.receiver).found))

    @staticmethod
    def transformed(trail: Trail, marks: Iterable[Mark]) -> Trail:
        made = trail.marked(marks)
        return made if made.columns is None or made.columns.only else replace(made, columns=None)

    def _on_fit_transform(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None or trail.role == "element":
            return doing.value
        kind = self.estimates(doing.receiver)
        if kind is None:
            return self._back(doing, trail)
        mark = self.mark(kind, trail, doing.site, self.words(doing.called), self.target_of(doing) is not None)
        self.learn(doing.receiver, NOWHERE.marked((mark, *trail.found)))
        return self._back(doing, self.transformed(trail, (mark,)))

    def _on_fit_resample(self, doing: _Doing) -> Value:
        value, target = self.operand(doing.args, doing.flow.arg), self.target_of(doing)
        trails = [self.sourced(value), self.sourced(target)]
        known = [one for one in trails if one is not None]
        if not known:
            return doing.value
        mark = self.mark("resample", known[0], doing.site, self.words(doing.called), target=True)
        base = self.fresh(doing.site)
        return Seq(tuple(
            Data((base, number), trail=one.marked((mark,)) if one is not None else None)
            for number, one in enumerate(trails)
        ))  # fmt: skip

    def _on_train(self, doing: _Doing) -> Value:
        flow, receiver = doing.flow, doing.receiver
        value = self.operand(doing.args, flow.arg or Argument(at=0))
        if value is None and type(receiver) is Ref:
            value = self.world.get(receiver.obj, "%train")
        target = self.target_of(doing)
        trail = self.sourced(value, doing.name_of(value))
        labels = self.sourced(target, doing.name_of(target)) if target is not None else None
        if trail is None and labels is None:
            return doing.value
        trail = trail or NOWHERE
        before = self.state(receiver)
        if flow.fraction is not None:
            self._held_out(doing, trail)
        model = self._model_of(receiver)
        name = self.words(doing.called)
        rows, marks = trail.rows, trail.found
        targets = labels.rows if labels is not None else frozenset()
        label = label_among(trail, labels)
        itself = target is not None and target == value
        learner = self.operand(doing.args, flow.model) if flow.model is not None else receiver
        again = not flow.afresh and self.taught_before(self.owner(learner), rows)
        self.teach(self.owner(learner))
        train = self.emit(
            Train, doing.site, ("rows", rows, targets, marks, again),
            lambda place: Train(
                place=place, model=model, framework="", name=name, rows=rows, targets=targets, marks=marks,
                told=trail.known, afresh=flow.afresh, label=label, again=again, itself=itself,
            ),
        )  # fmt: skip
        learnt = frozenset((train,)) if flow.afresh else before.learnt | {train}
        self.learn(receiver, Trail(learnt=learnt))
        self._watched(doing, learnt)
        if type(receiver) is Ref and receiver.obj.kind == "module":
            return doing.value
        return receiver if receiver is not None else self.made(doing.site, Trail(learnt=learnt), doing.value)

    def _model_of(self, receiver: Value | None) -> Model | None:
        return self.model(receiver.obj) if type(receiver) is Ref and receiver.obj.kind == "module" else None

    def _held_out(self, doing: _Doing, trail: Trail) -> None:
        """``validation_split``: the last rows are held out."""
        share = self.operand(doing.args, doing.flow.fraction)
        if share is None or (type(share) is Const and not share.value):
            return
        key = ("held-out", self.frame.module, doing.site, self.context)
        self.split(doing, trail, frozenset((Cut(key, "train"), Cut(key, "validation"))), "ordered")
        self.score(doing, trail.cut(Cut(key, "validation")), frozenset(), "validation", held_out=True)

    def _watched(self, doing: _Doing, learnt: frozenset[Train]) -> None:
        """Rows that are scored while the learner learns."""
        value = self.operand(doing.args, doing.flow.validation) if doing.flow.validation is not None else None
        held = value is None
        if held and type(doing.receiver) is Ref:
            value = self.world.get(doing.receiver.obj, "%validation")
        watching = self.watching([*([doing.receiver] if doing.receiver is not None else []), *doing.args.all()])
        trail = self.sourced(value) if value is not None and value != NONE else None
        if trail is None or (held and not watching):
            return
        score = self.score(doing, trail, learnt, "validation")
        own = doing.flow.watches
        ways = {"best" if own.does == "best" else "stop"} if own is not None and self.acts(own, doing.args) else set()
        for one in watching:
            way = self.world.get(one.obj, WATCHES) if type(one) is Ref else None
            ways |= {str(way.value)} if type(way) is Const else set()
        how = next((way for way in ("best", "stop", "schedule") if way in ways), "watch")
        rows, scores = trail.rows, frozenset((score,))
        by = tuple(self.place_in(one.obj) for one in watching if type(one) is Ref)
        self.emit(
            Select, doing.site, (how, rows),
            lambda place: Select(place=place, how=how, rows=rows, scores=scores, by=by),  # type: ignore[arg-type]
        )  # fmt: skip

    def score(
        self, doing: _Doing, trail: Trail, trained: frozenset[Train], metric: str, held_out: bool = False,
        predicts: bool = False, predicted: frozenset[Score] = frozenset(),
    ) -> Score:  # fmt: skip
        rows, marks = trail.rows, trail.found
        name = doing.name_of(self.subject(doing))
        return self.emit(
            Score, doing.site, (metric, rows, trained, marks),
            lambda place: Score(
                place=place, metric=metric, rows=rows, trained=trained, marks=marks, held_out=held_out,
                predicts=predicts, name=name, predicted=predicted,
            ),
        )  # fmt: skip

    def _on_predict(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        learnt = self.state(doing.receiver).learnt
        asked = frozenset[Score]()
        if learnt and trail.rows:
            asked = frozenset((self.score(doing, trail, learnt, "prediction", predicts=True),))
        made = replace(trail, learnt=learnt, columns=None, scores=asked)
        return self._back(doing, made)

    def _on_score(self, doing: _Doing) -> Value:
        flow = doing.flow
        value = self.operand(doing.args, flow.arg or Argument(at=0))
        if value is None and type(doing.receiver) is Ref:
            value = self.world.get(doing.receiver.obj, "%validation")
        trail = self.sourced(value, doing.name_of(value))
        learnt: frozenset[Train]
        asked = frozenset[Score]()
        if flow.predictions is not None:
            guess = self.operand(doing.args, flow.predictions)
            made = self.trail_of(guess) if guess is not None else None
            if made is None or not made.learnt:
                return doing.value
            learnt, asked = made.learnt, made.scores
            trail = replace(made, role="") if made.rows else trail
        else:
            by = self.operand(doing.args, flow.model) if flow.model is not None else doing.receiver
            learnt = self.state(by).learnt
        if trail is not None and trail.rows and learnt:
            done = self.score(doing, trail, learnt, doing.metric, predicted=asked)
            figure = Trail(learnt=learnt, role="statistic", scores=frozenset((done,)))
            return self.made(doing.site, figure, doing.value)
        return doing.value

    def _on_cross_validate(self, doing: _Doing) -> Value:
        value = self.operand(doing.args, doing.flow.arg)
        trail = self.sourced(value, doing.name_of(value))
        if trail is None or not trail.rows:
            return doing.value
        key = ("folds", self.frame.module, doing.site, self.context)
        rows, marks = trail.rows, trail.found
        name = doing.name_of(value)
        target = self.target_of(doing)
        label = label_among(trail, self.sourced(target)) if target is not None else ""
        train = self.emit(
            Train, doing.site, ("folds", rows, marks),
            lambda place: Train(
                place=place, model=None, framework="", name=self.words(doing.called), rows=frozenset(
                    one.cut(Cut(key, "train")) for one in rows
                ), marks=marks, label=label,
            ),
        )  # fmt: skip
        self.score(doing, trail.cut(Cut(key, "test")), frozenset((train,)), doing.metric or name, held_out=True)
        return doing.value

    def _on_schedule(self, doing: _Doing) -> Value:
        figures = self.all_spilled(doing.args.all())
        scores = figures.trail.scores if figures.trail is not None else frozenset()
        rows = frozenset[Rows]().union(*(one.rows for one in scores), *(one.rows for one in figures.flows))
        if rows:
            self.emit(
                Select, doing.site, ("schedule", rows),
                lambda place: Select(place=place, how="schedule", rows=rows, scores=scores, forwards=figures.flows),
            )  # fmt: skip
        return doing.value

    def _on_tune(self, doing: _Doing) -> Value:
        """A tuner calls a function again and again, and keeps the settings with the best figure that it returns."""
        flow = doing.flow
        objective = self.operand(doing.args, flow.arg)
        given: list[Value] = []
        source = self.operand(doing.args, flow.target) if flow.target is not None else None
        if isinstance(source, (Fn, Partial)):
            given.extend(self.items(self.call(source, Arguments([], {}), doing.site)) or ())
        if isinstance(objective, (Fn, Partial)):
            result = self.call(objective, Arguments(given, {}, Data()), doing.site)
            self.select(self.spilled(result), doing.site, "search")
        return doing.value

    def _on_loads(self, doing: _Doing) -> Value:
        name = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        if type(name) is Const:
            self.world.set(("left", name.value), "%loaded", Const(doing.site))
        return doing.value

    def _on_saves(self, doing: _Doing) -> Value:
        """Saved again under the name that it was loaded by: the next run goes on from it."""
        name = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        if type(name) is Const and self.world.get(("left", name.value), "%loaded") is not None:
            self.emit(Resume, doing.site, "resume", lambda place: Resume(place=place))
        return doing.value

    def _on_explode(self, doing: _Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        mark = self.mark("window", trail, doing.site, "")
        mark.grouped = True
        return self._back(doing, trail.marked((mark,)))

    def _on_seed(self, doing: _Doing) -> Value:
        self.world.set(SEEDED, self.frame.module, Const(True))
        return doing.value

    def _on_resume(self, doing: _Doing) -> Value:
        self.emit(Resume, doing.site, "resume", lambda place: Resume(place=place))
        return doing.value

    def _on_path(self, doing: _Doing) -> Value:
        last = doing.args.positional[-1] if doing.args.positional else None
        text = (
            last.value
            if type(last) is Const
            else path_name(last.sym)
            if type(last) is Data and is_path(last.sym)
            else None
        )
        return Data(("path", self.fresh(doing.site), text)) if isinstance(text, str) else doing.value

    def _on_forget(self, doing: _Doing) -> Value:
        if type(doing.receiver) is Ref:
            self.forgotten(doing.receiver.obj)
        return doing.value

    def _on_search(self, doing: _Doing) -> Value:
        made = self._on_train(doing)
        learnt = self.state(doing.receiver).learnt
        rows = frozenset(row for train in learnt for row in train.rows)
        if rows:
            self.emit(Select, doing.site, ("search", rows), lambda place: Select(place=place, how="search", rows=rows))
            trail = self.sourced(self.operand(doing.args, doing.flow.arg or Argument(at=0)))
            key = ("folds", self.frame.module, doing.site, self.context)
            if trail is not None:
                self.score(doing, trail.cut(Cut(key, "test")), learnt, "search", held_out=True)
        return made


def is_part(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "split"


def is_fold(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "folds"


def said_part(args: Arguments) -> Const | None:
    """The part of the rows that the operands of a data set name (``train=False``, ``split="test"``)."""
    for keyword, value in args.keyword.items():
        if type(value) is Const and isinstance(value.value, bool) and names_part(keyword) == "train":
            return Const("train" if value.value else "test")
    for value in args.all():
        if type(value) is Const and isinstance(value.value, str) and len(value.value) <= LONGEST_PART:
            part = names_part(value.value)
            if part is not None:
                return Const(part)
    return None


def row_numbers(rows: Rows) -> Trail:
    return Trail(frozenset((rows,)), role="index")


def label_among(features: Trail, labels: Trail | None) -> str:
    """The column of the labels that is among the features too; empty where none is known to be."""
    if labels is None or labels.columns is None or not labels.columns.only or features.columns is None:
        return ""
    if not any(one.meets(other) for one in features.rows for other in labels.rows):
        return ""
    has = features.columns.may_have
    for name in sorted(labels.columns.names):
        if has(name) or any(name in parents and has(made) for made, parents in features.computed):
            return name
        if any(made == name and parents and all(map(has, parents)) for made, parents in labels.computed):
            return name
    return ""


def is_path(sym: Hashable) -> bool:
    return isinstance(sym, tuple) and len(sym) == 3 and sym[0] == "path"


def path_name(sym: Hashable) -> str:
    return str(sym[2]) if isinstance(sym, tuple) else ""


class _Doing:
    """One call that does something to rows."""

    __slots__ = ("args", "called", "flow", "receiver", "row", "site", "value")

    def __init__(
        self, flow: Flow, receiver: Value | None, args: Arguments, site: int, value: Value, called: s.Call | None,
        row: Call | Method | None,
    ) -> None:  # fmt: skip
        self.flow, self.receiver, self.args, self.site = flow, receiver, args, site
        self.value, self.called, self.row = value, called, row

    @property
    def library(self) -> str:
        return self.metric

    @property
    def metric(self) -> str:
        if self.called is None:
            return ""
        return self.called.func.name if isinstance(self.called.func, s.Attr) else dotted(self.called.func)

    def name_of(self, value: Value | None) -> str:
        """The user's words for an operand."""
        if value is None:
            return ""
        if value is self.receiver and self.called is not None and isinstance(self.called.func, s.Attr):
            return dotted(self.called.func.obj)
        for number, one in enumerate(self.args.positional):
            if one is value:
                return self.name_at(number)
        for keyword, one in self.args.keyword.items():
            if one is value and self.called is not None:
                return next((dotted(arg.value) for arg in self.called.args if arg.keyword == keyword), "")
        return ""

    def name_at(self, number: int) -> str:
        if self.called is None:
            return ""
        plain = [arg for arg in self.called.args if arg.keyword is None and not arg.star]
        return dotted(plain[number].value) if number < len(plain) else ""


KEPT = frozenset({"dataframe", "dataset"})
"""Kinds of tables and data sets that a choice of rows does not change."""
MOST_PARTS = 12
LONGEST_PART = 16
"""Longer texts are paths and messages."""
HOLDERS = frozenset({"pipeline", "search", "predictor", "splitter"})
OF_ESTIMATORS = frozenset({"fit", "transform", "fit-transform", "fit-resample", "train", "predict", "score", "search"})
ESTIMATORS = frozenset(
    {"transformer", "label-encoder", "predictor", "search", "pipeline", "clusterer", "resampler", "undersampler"}
)


def _role_of(sym: Hashable) -> TrailRole:
    """An element of something that nobody knows is one row of it, or one batch."""
    return "element" if isinstance(sym, tuple) and sym and sym[0] in ("elem", "at-element") else ""


def _kind(value: Value) -> str:
    return value.kind if type(value) is Data and value.kind in KEPT else ""


def _bound(value: Value) -> Hashable:
    if type(value) is Const:
        return value.value if isinstance(value.value, int) or value.value is None else ("const", str(value.value))
    return value.sym if type(value) is Data else _NOBODY_KNOWS


_NOBODY_KNOWS = object()


def _range(ends: list[Hashable], site: int) -> Range | None:
    low, high = ends
    return None if low is _NOBODY_KNOWS or high is _NOBODY_KNOWS else Range(low, high)


_FLOWS: dict[str, Callable[[Provenance, _Doing], Value]] = {
    "source": Provenance._on_source,
    "same": Provenance._on_same,
    "filled": Provenance._on_same,
    "mixed": Provenance._on_mixed,
    "some": Provenance._on_some,
    "sample": Provenance._on_sample,
    "drop": Provenance._on_drop,
    "index": Provenance._on_index,
    "apply": Provenance._on_apply,
    "mask": Provenance._on_mask,
    "isin": Provenance._on_isin,
    "extreme": Provenance._on_extreme,
    "statistic": Provenance._on_statistic,
    "encoding": Provenance._on_encoding,
    "binning": Provenance._on_binning,
    "lag": Provenance._on_lag,
    "window": Provenance._on_window,
    "resample": Provenance._on_resampled,
    "augment": Provenance._on_augment,
    "loader": Provenance._on_loader,
    "subset": Provenance._on_subset,
    "split": Provenance._on_split,
    "folds": Provenance._on_folds,
    "fit": Provenance._on_fit,
    "transform": Provenance._on_transform,
    "fit-transform": Provenance._on_fit_transform,
    "fit-resample": Provenance._on_fit_resample,
    "train": Provenance._on_train,
    "predict": Provenance._on_predict,
    "score": Provenance._on_score,
    "cross-validate": Provenance._on_cross_validate,
    "search": Provenance._on_search,
    "forget": Provenance._on_forget,
    "schedule": Provenance._on_schedule,
    "path": Provenance._on_path,
    "explode": Provenance._on_explode,
    "tune": Provenance._on_tune,
    "loads": Provenance._on_loads,
    "saves": Provenance._on_saves,
    "seed": Provenance._on_seed,
    "resume": Provenance._on_resume,
}
