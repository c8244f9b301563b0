"""What calls do to rows one by one: sources, choices, statistics, encodings, lags, alterations."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from auditor.libraries import Argument, Call, Flow, Method, Watch
from auditor.static import syntax as s
from auditor.static.conventions import names_training_score
from auditor.static.machine import Arguments
from auditor.static.row_calls import (
    ALTERS,
    ESTIMATORS,
    FOUND,
    GROUPED,
    HOLDERS,
    OF_ESTIMATORS,
    STATE,
    WATCHES,
    Doing,
    are_among,
    bound_of,
    is_path,
    kind_of,
    of_call,
    path_name,
    ranged,
    row_numbers,
    said_part,
    same_as,
)
from auditor.static.row_parts import named_part, named_rows
from auditor.static.rows_held import Held
from auditor.static.trails import NOWHERE, Columns, Trail, TrailRole, complement, merged, without_figures
from auditor.static.values import NONE, Const, Data, Fn, Lib, Obj, Partial, Ref, Seq, Value
from auditor.trace import (
    Cut,
    Mark,
    MarkKind,
    Origin,
    Rows,
    Score,
    Train,
    counted,
)
from auditor.trace.rows import DECLARED, FILTERED, POSITIONS


class Changed(Held):
    # rows of data

    def library_call(self, name: str, args: Arguments, site: int, called: s.Call | None) -> Value:
        value = super().library_call(name, args, site, called)
        row = self.libraries.call(name)
        if row is None:
            return value
        if type(value) is Ref and value.obj.kind == row.kind and row.estimates and self._estimates(row, args):
            value.obj.row = row
        if type(value) is Ref:
            self._set_up(value.obj, row, args)
        if type(value) is Ref and row.alters:
            self.world.set(value.obj, ALTERS, Const(any(self._is_on(args.keyword.get(name)) for name in row.alters)))
        if type(value) is Ref and value.obj.kind in HOLDERS and value not in args.all():  # a clone is no part of itself
            self._hold(value.obj, args, row.rows)
        if type(value) is Ref and row.estimates and row.rows is not None and self._listed(args, row.rows):
            value.obj.row = None
        if row.rows is None:
            return value
        return self.flowed(row.rows, None, args, site, value, called, row)

    def _estimates(self, row: Call, args: Arguments) -> bool:
        """It keeps something of the rows that it is fitted to, as it is set up."""
        if row.estimates_unless is not None and self.holds(row.estimates_unless, args):
            return False
        return not row.estimates_by or any(self._is_on(self.operand(args, one)) for one in row.estimates_by)

    @staticmethod
    def _is_on(value: Value | None) -> bool:
        return value is not None and not (type(value) is Const and not value.value)

    def alters(self, receiver: Value | None) -> bool:
        """It alters at random the rows that it serves."""
        return type(receiver) is Ref and self.world.get(receiver.obj, ALTERS) == Const(True)

    def altering(self, doing: Doing, trail: Trail) -> Trail:
        """The rows that a generator serves, altered at random where it is set up to."""
        if not self.alters(doing.receiver):
            return trail
        return self._marked("augment", replace(trail, altered=True), NOWHERE, doing.site, "")

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
            for name, where in (("%train", flow.arg), ("%validation", flow.validation), ("%learner", flow.model)):
                if where is not None:
                    self.world.set(obj, name, self.operand(args, where))

    def acts(self, watch: Watch, args: Arguments) -> bool:
        """It acts on a score of rows that are held out, under its conditions."""
        if watch.when is not None and not self.holds(watch.when, args):
            return False
        score = self.operand(args, watch.monitor) if watch.monitor is not None else None
        if type(score) is not Const or not isinstance(score.value, str):
            return True
        held_out = watch.held_out is not None and score.value.startswith(watch.held_out)
        return held_out or not names_training_score(score.value)

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
        row = self.watched_row(name, args)
        if row is not None:
            return row
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

    def watched_row(self, name: str, args: Arguments) -> Method | None:
        """What a method does that is given the watchers of a training."""
        raise NotImplementedError

    # roles: values

    def target_of(self, doing: Doing) -> Value | None:
        value = self.operand(doing.args, doing.flow.target) if doing.flow.target is not None else None
        return value if value is not None and value != NONE else None

    def split(self, doing: Doing, trail: Trail, cuts: frozenset[Cut], how: str, folds: bool = False) -> None:
        """Rows are divided."""
        raise NotImplementedError

    def score(
        self, doing: Doing, trail: Trail, trained: frozenset[Train], metric: str, held_out: bool = False,
        predicts: bool = False, predicted: frozenset[Score] = frozenset(),
    ) -> Score:  # fmt: skip
        """Rows are judged."""
        raise NotImplementedError

    def rows_in(self, doing: Doing, source: bool = True) -> Trail | None:
        """The rows that a call is about; what an estimator is given are rows, even where nobody knows which."""
        value = self.subject(doing)
        if value is None:
            return None
        trail = self.sourced(value, doing.name_of(value)) if source else self.trail_of(value)
        if trail is None and doing.flow.does in OF_ESTIMATORS and type(value) is not Const:
            key = ("given", self.frame.module, doing.site, self.context)
            return Trail(frozenset((Rows(Origin(key, doing.name_of(value), self.place(doing.site))),)), columns=None)
        return trail

    def subject(self, doing: Doing) -> Value | None:
        flow = doing.flow
        receiver = doing.receiver
        if flow.arg is None and type(receiver) is Data and receiver.kind not in ESTIMATORS:
            given = flow.does in OF_ESTIMATORS and receiver.trail is None
            return self.operand(doing.args, None) if given else receiver
        return self.operand(doing.args, flow.arg)

    def counted(self, doing: Doing, trail: Trail) -> Trail:
        """The rows that count, where an operand of the call chooses among them (a mask given as weights)."""
        by = self.operand(doing.args, doing.flow.chooses) if doing.flow.chooses is not None else None
        return trail if by is None or by == NONE else self.counted_by(by, trail, doing.site)

    def counted_by(self, by: Value, trail: Trail, site: int) -> Trail:
        known = type(by) is Const or (type(by) is Data and by.sym is not None)
        return trail.cut(Cut(("counted", bound_of(by) if known else self.fresh(site))))

    def others(self, doing: Doing) -> frozenset[Mark]:
        """What the operands beside the rows bring in."""
        subject = self.subject(doing)
        trails = [self.trail_of(one) for one in doing.args.all() if one is not subject]
        return frozenset(mark for one in trails if one is not None for mark in one.found)

    def _on_source(self, doing: Doing) -> Value:
        flow, args, site = doing.flow, doing.args, doing.site
        first = self.operand(args, flow.arg) if flow.arg is not None else next(iter(args.positional), None)
        name = doing.library
        if type(first) is Const and isinstance(first.value, str):
            key: Hashable = ("file", name.partition(".")[0], first.value)
            label = first.value
        elif type(first) is Data and is_path(first.sym):
            key, label = ("file", name.partition(".")[0], first.sym), path_name(first.sym)
        elif flow.part is not None and flow.arg is None:
            key, label = ("dataset", name), name.rpartition(".")[2]
        elif flow.part is not None and first is not None and (told := same_as(first)) is not None:
            key, label = ("dataset", name, told), name.rpartition(".")[2]
        else:
            key, label = ("source", self.frame.module, site, self.context), ""
        origin = Origin(key, label, self.place(site))
        self.call_origin(origin, label, site)
        if self.turning and flow.part is None and type(first) is not Const:
            self.read_in[origin] = tuple(one.loop for one in self.turning)
        made = doing.value.sym if type(doing.value) is Data else doing.value.obj if type(doing.value) is Ref else None
        count = self.length(made)
        kind = doing.row.kind if doing.row is not None and doing.row.kind else ""
        table = Columns() if kind == "dataframe" or not flow.pairs else None
        bundled = kind not in ("dataframe", "dataset") and flow.part is None and not flow.returns
        base = Trail(
            frozenset((Rows(origin, count=count),)),
            columns=None if kind == "dataset" else table,
            bundle=bundled and not flow.pairs,
        )
        if flow.pairs:
            return Seq(tuple(
                Seq(tuple(
                    self._half(doing, base, part, side) for side in ("x", "y")
                ))
                for part in flow.pairs
            ))  # fmt: skip
        said = self.operand(args, flow.part) if flow.part is not None else None
        if flow.part is not None and type(said) is Const and said.value in flow.part.both:
            parts: tuple[str, ...] = ("train", "validation")
            pair = (Data((self.fresh(site), one), kind=kind, trail=base.cut(Cut(DECLARED, one))) for one in parts)
            return Seq(tuple(pair))
        alters = self._altering(args)
        if alters:
            base = base.marked(alters)
        if flow.part is None and kind != "dataframe":
            guess = said_part(args)
            base = self._part_of(base, doing, str(guess.value)) if guess is not None else base
        if flow.returns:
            several = self.fresh(site)
            self.alike((several, 0), made)
            asked = self._asked(doing, base, said)
            return Seq(tuple(Data((several, n), trail=asked) for n in range(flow.returns)))
        if type(doing.value) is Ref and doing.value.obj.kind == "module":
            return doing.value
        batch = self.known(self.operand(args, flow.batch)) if flow.batch is not None else None
        base = self.altering(doing, replace(base, batch=batch or None))
        whole = self._served(doing, base, said, doing.value if type(doing.value) is Data else NONE, kind)
        if type(whole) is Data:
            self.alike(whole.sym, made)
            self.alike(("item", whole.sym, 0), made)
            self.alike(("attr", whole.sym, "data"), made)
        told = self.operand(args, flow.described) if flow.described is not None else None
        return Seq((whole, Data(self.fresh(site)))) if type(told) is Const and told.value else whole

    def _served(self, doing: Doing, base: Trail, said: Value | None, value: Value, kind: str) -> Value:
        """The rows of a source that an operand asks for; a list of them, where it lists what it asks for."""
        listed = self.items(said) if said is not None else None
        if listed is not None:
            numbered = (Data((self.fresh(doing.site), number)) for number in range(len(listed)))
            return Seq(tuple(
                self._served(doing, base, one, to, kind) for one, to in zip(listed, numbered, strict=True)
            ))  # fmt: skip
        made = self.made(doing.site, self._asked(doing, base, said), value, kind)
        return replace(made, kind=kind) if kind and made.kind != kind else made

    def _asked(self, doing: Doing, base: Trail, said: Value | None) -> Trail:
        if doing.flow.part is None or said is None:
            return base
        if type(said) is Lib:  # a constant of the library's own: ``Split.TEST``
            said = Const(said.name.rpartition(".")[2].lower())
        if type(said) is not Const:
            key = said.sym if type(said) is Data and said.sym is not None else self.fresh(doing.site)
            return base.cut(Cut(("some", "named", key)))
        known = named_part(said.value, doing.flow.part)
        if known is not None:
            return self._part_of(base, doing, known)
        pieces = named_rows(said.value, doing.flow.part)
        rows = (one.cut(*cuts) if cuts else one for one in base.rows for cuts in pieces)
        return replace(base, rows=frozenset(rows))

    def _half(self, doing: Doing, base: Trail, part: str, side: str) -> Data:
        """Features or labels of a part."""
        sym = (self.fresh(doing.site), part, side)
        if side == "x" and type(doing.value) is Data:
            self.alike(sym, doing.value.sym)
        return Data(sym, trail=self._part_of(base, doing, part))

    def _part_of(self, base: Trail, doing: Doing, part: str) -> Trail:
        """The part of a source that it says itself."""
        made = doing.value.sym if type(doing.value) is Data else doing.value.obj if type(doing.value) is Ref else None
        count = self.length(made, part)
        return replace(base, rows=frozenset(one.cut(Cut(DECLARED, part), count=count) for one in base.rows))

    def _altering(self, args: Arguments) -> frozenset[Mark]:
        """Random alterations among the operands (``transform=``)."""
        trails = [self.trail_of(value) for value in args.all()]
        return frozenset(mark for one in trails if one is not None for mark in one.found if mark.kind == "augment")

    def altered_by(self, target: s.Attr, value: Value) -> None:
        """``part.dataset.transform = plain``: this alters the rows from now on, and nothing else does."""
        row = self.libraries.attribute("rows", target.name)
        if row is None or row.does != "alters":
            return
        altering = self._altering(Arguments([value], {}))
        for holder in self._holders(target.obj):
            owner = self.evaluate(holder)
            trail = self.trail_of(owner)
            if trail is not None and type(owner) is Data and not self.is_table(owner):
                self.put(owner, trail.without("augment").marked(altering))

    def _holders(self, expr: s.Expr) -> Iterator[s.Expr]:
        """``part.dataset`` and ``part``, whose rows it gives."""
        yield expr
        row = self.libraries.attribute("rows", expr.name) if isinstance(expr, s.Attr) else None
        if isinstance(expr, s.Attr) and row is not None and row.rows is not None:
            yield from self._holders(expr.obj)

    def _on_same(self, doing: Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        parts = [trail, *(self.trail_of(one) for one in doing.args.all() if one is not self.subject(doing))]
        if trail is None:
            trail = merged(parts)
        self._same_shape(doing)
        if trail is None:
            return doing.value
        name = self.operand(doing.args, doing.flow.columns) if doing.flow.columns is not None else None
        if type(name) is Const and isinstance(name.value, str):
            trail = trail.renamed(name.value)
        beside = self.others(doing) if doing.flow.does in ("filled", "where") else ()
        trail = trail.array if doing.flow.does == "filled" else trail
        return self._back(doing, self.counted(doing, trail).marked(beside))

    def _on_record(self, doing: Doing) -> Value:
        made = self._on_same(doing)
        given, trail = self.subject(doing), self.trail_of(made)
        named = type(given) is Ref and given.obj.kind == "dict" and given.obj.attrs
        return self._back(doing, trail.as_("element")) if named and trail is not None and trail.role == "" else made

    def _on_rename(self, doing: Doing) -> Value:
        """``table.rename(columns={old: new})``; of a single column: ``column.rename(new)``."""
        trail = self.rows_in(doing, source=False)
        given = doing.args.keyword.get("columns")
        if trail is None or type(given) is not Ref or given.obj.kind != "dict":
            return self._on_same(doing)
        pairs = self.items(self.view(given.obj, "items", doing.site)) or ()
        names = {
            old.value: new.value
            for old, new in (self.items(pair) or (NONE, NONE) for pair in pairs)
            if type(old) is Const and type(new) is Const and isinstance(old.value, str) and isinstance(new.value, str)
        }
        return self._back(doing, trail.under_other_names(names))

    def view(self, obj: Obj, name: str, site: int) -> Value:
        """The keys, the values, or the pairs of both of a dictionary."""
        raise NotImplementedError

    def _same_shape(self, doing: Doing) -> None:
        """As many rows of the same shape."""
        subject = self.subject(doing)
        if type(subject) is Data and type(doing.value) is Data and doing.value.sym is not None:
            self.alike(doing.value.sym, subject.sym)

    def _back(self, doing: Doing, trail: Trail | None) -> Value:
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
        kind = kind_of(doing.receiver) if doing.receiver is not None else ""
        if doing.row is not None and doing.row.kind:
            kind = doing.row.kind
        value = doing.value
        if type(value) is Ref and value.obj.kind not in ("list", "dict"):
            value = Data(self.fresh(doing.site))
        made = self.made(doing.site, trail, value, kind)
        return replace(made, kind=kind) if kind and made.kind != kind else made

    def _on_mixed(self, doing: Doing) -> Value:
        return self._put_together(doing, [self.trail_of(one) for one in doing.operands])

    def _on_joined(self, doing: Doing) -> Value:
        """The rows of the first table get columns of others: figures over rows of theirs are none over these."""
        keys = self._joined_on(doing)
        first, *others = [one and one.matched(keys) for one in map(self.trail_of, doing.operands)]
        known = [without_figures(one, first) if first is not None and one is not None else one for one in others]
        own = [one and one.in_columns_of_its_own(first) for one in known]
        named = frozenset(name for one in own if one is not None for name, _ in one.marks if name is not None)
        return self._put_together(doing, [first and first.beside(named), *own])

    def _joined_on(self, doing: Doing) -> frozenset[str]:
        """The columns that have the same values in both tables, row by row."""
        given = (doing.args.keyword.get(name) for name in ("on", "left_on", "right_on"))
        return frozenset[str]().union(*(self.names_in(one) or () for one in given if one is not None))

    def _put_together(self, doing: Doing, trails: list[Trail | None]) -> Value:
        trail = merged(trails)
        if trail is None:
            return doing.value
        kept = trail.columns if len(set(trails) - {None}) == 1 else None
        if any(mark.kind == "resample" for mark in trail.found) and self._beside_others(doing):
            trail = trail.without("resample")
        if doing.flow.axis is not None and self.stacks(doing):
            trail = self._marked("resample", trail, trail, doing.site, self.words(doing.called))
        shared = {one.columns for one in trails if one is not None and one.rows}
        columns = shared.pop() if len(shared) == 1 else kept
        if type(doing.receiver) is Data and doing.receiver.kind == GROUPED:
            columns = None  # whatever is made of each group, under the name of the group
        role: TrailRole = "" if trail.role == "mask" else trail.role
        made = self._back(doing, replace(trail, columns=columns, role=role, stacked=self.stack_of(doing)))
        if type(made) is Data and made.kind == GROUPED and doing.args.all():
            self._grouped_by[made.sym] = self.names_in(doing.args.all()[0]) or frozenset()
        return made

    def _beside_others(self, doing: Doing) -> bool:
        """Columns are put beside columns of rows that stand there once: no row is a copy of another any more."""
        axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
        first = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        listed = self.items(first) if first is not None else None
        if not listed or not (type(axis) is Const and axis.value in (1, -1, "columns")):
            return False
        trails = [trail for trail in map(self.sourced, listed) if trail is not None and trail.rows]
        return any(all(mark.kind != "resample" for mark in trail.found) for trail in trails)

    def _on_aligned(self, doing: Doing) -> Value:
        """Two tables with the columns of both."""
        pair = (doing.receiver, self.operand(doing.args, doing.flow.arg))
        kind = kind_of(doing.receiver) if doing.receiver is not None else ""
        trails = [self.sourced(one) for one in pair]
        return Seq(tuple(
            Data((self.fresh(doing.site), n), kind=kind, trail=replace(one, columns=None) if one is not None else None)
            for n, one in enumerate(trails)
        ))  # fmt: skip

    def stack_of(self, doing: Doing) -> tuple[frozenset[Rows], ...]:
        """The rows of each array that is put below the one before."""
        axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
        if not (type(axis) is Const and axis.value in (0, "index")):
            return ()
        first = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        listed = self.items(first) if first is not None else None
        below = [*([doing.receiver] if doing.receiver is not None else []), *(listed or [first or NONE])]
        trails = [self.trail_of(one) for one in below]
        rows = tuple(one.rows for one in trails if one is not None and one.rows and one.role == "" and not one.stacked)
        return rows if 1 < len(rows) == len(below) else ()

    def stacks(self, doing: Doing) -> bool:
        """The same rows go in twice and come out one below the other; of a list, nobody knows that it is a table."""
        axis = self.operand(doing.args, doing.flow.axis)
        listed = self.items(doing.args.positional[0]) if doing.args.positional else None
        if not listed or not (type(axis) is Const and axis.value in (0, "index")):
            return False
        trails = [self.trail_of(one) for one in listed if type(one) is Data]
        rows = [(one.rows, one.columns) for one in trails if one is not None and one.rows and one.role == ""]
        again = len(rows) > len(set(rows)) or any(
            columns == others and are_among(some, whole) for some, columns in rows for whole, others in rows
        )
        return again and not self._read_in_turn(frozenset().union(*(of for of, _ in rows)))

    def _read_in_turn(self, rows: Iterable[Rows]) -> bool:
        """Each turn of the innermost loop reads rows of its own: they come below those of the turns before."""
        if not self.turning:
            return False
        return any(self.turning[-1].loop in self.read_in.get(one.origin, ()) for one in rows)

    def _on_some(self, doing: Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        told = any(self.trail_of(one) is not None for one in doing.args.all())  # row numbers, perhaps of a part
        numbers = True if trail.role == "index" else None  # as they were drawn: what is not among them is told apart
        cut = Cut(("some" if told else FILTERED, self.fresh(doing.site)), numbers)
        target = self.target_of(doing)
        if target is not None:
            labels = self.sourced(target)
            pair = (trail.cut(cut), labels.cut(cut) if labels is not None else None)
            return Seq(tuple(Data((self.fresh(doing.site), n), trail=one) for n, one in enumerate(pair)))
        return self._back(doing, trail.cut(cut))

    def _on_sample(self, doing: Doing) -> Value:
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
            return self._back(doing, replace(trail, stacked=()))
        part = Cut(("sample", self.frame.module, doing.site, self.context), True)
        self.split(doing, trail, frozenset((part,)), "random")
        return self._back(doing, trail.cut(part))

    def _on_drop(self, doing: Doing) -> Value:
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
            by = merged(map(self.of_columns, doing.args.all()))
            return self._back(doing, trail.marked(by.by_labels if by is not None else ()))
        by = self.trail_of(what or doing.args.keyword.get("index", NONE))
        if by is not None and by.role == "index":
            cuts = frozenset[Cut]().union(*(rows.cuts for rows in by.rows))
            left = complement(cuts, trail.rows)
            return self._back(doing, trail.cut(left if left is not None else Cut(("some", self.fresh(doing.site)))))
        return self._back(doing, trail.cut(Cut(("some", self.fresh(doing.site)))))

    def _on_count(self, doing: Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        if trail is not None and type(doing.value) is Data:
            self.counts(doing.value.sym, trail)
        return doing.value

    def _on_index(self, doing: Doing) -> Value:
        receiver = self.trail_of(doing.receiver) if type(doing.receiver) is Data else None
        if receiver is not None:
            return self._back(doing, receiver.as_("index"))
        given = self.trail_of(doing.args.positional[0]) if doing.args.positional else None
        if given is not None and given.role == "index":
            return self._back(doing, given)
        args = doing.args.positional
        if doing.flow.shuffle is None and args and all(type(one) in (Const, Data) for one in args[:2]):
            ends = [bound_of(end) for end in ((NONE, args[0]) if len(args) == 1 else args[:2])]
            ends[0] = None if ends[0] == 0 else ends[0]
            if ends[0] is None and ends[1] in self.counting:  # the numbers of all rows choose none of them
                return self._back(doing, Trail(frozenset((Rows(Origin(POSITIONS)),)), role="index"))
            cut = ranged(self.range_key(POSITIONS, frozenset()), ends, self.fresh(doing.site))
            return self._back(doing, Trail(frozenset((Rows(Origin(POSITIONS), frozenset((cut,))),)), role="index"))
        key = ("index", self.frame.module, doing.site, self.context)
        origin = Origin(key, "", self.place(doing.site))
        return self._back(doing, Trail(frozenset((Rows(origin),)), role="index"))

    def _on_found(self, doing: Doing) -> Value:
        """The row numbers where a mask is true: those that it chooses, or some that nobody knows."""
        value = self.subject(doing)
        cuts = self._mask(value) if value is not None else ()
        key = ("index", self.frame.module, doing.site, self.context)
        numbers = Rows(Origin(key, "", self.place(doing.site)))
        made = self._back(doing, row_numbers(numbers.cut(*(cuts or (Cut(("some", self.fresh(doing.site))),)))))
        return replace(made, kind=FOUND) if doing.flow.returns and type(made) is Data else made

    def _on_where(self, doing: Doing) -> Value:
        return self._on_found(doing) if len(doing.args.all()) == 1 else self._on_same(doing)

    def _on_apply(self, doing: Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        if trail is None:
            return doing.value
        func = doing.args.positional[0] if doing.args.positional else doing.args.keyword.get("func", NONE)
        marks = self.others(doing)
        groups = type(doing.receiver) is Data and doing.receiver.kind == GROUPED
        if type(func) is Const and isinstance(func.value, str):
            row = self.libraries.method(GROUPED if groups else "rows", func.value)
            does = row.rows.does if row is not None and row.rows is not None else ""
            if does in ("statistic", "extreme", "lag"):
                return self._changes("lag" if does == "lag" else "statistic")(doing)
        elif isinstance(func, (Fn, Partial)):
            one = trail if groups or not self._row_by_row(trail, doing) else trail.as_("element")
            given = Data(("applied", self.fresh(doing.site)), trail=one)
            answer = self.call(func, Arguments([given], {}), doing.site)
            made = self.trail_of(answer)
            named = type(answer) is Ref and answer.obj.kind == "dict"
            single = named or made is None or made.role in ("statistic", "element")
            if groups and doing.flow.does == "gather" and single:
                return self._back(doing, self._row_a_group(made, doing.site))
            marks |= made.found if made is not None else frozenset()
        elif groups:
            return self._changes("statistic")(doing)
        return self._back(doing, trail.marked(marks))

    def _row_a_group(self, made: Trail | None, site: int) -> Trail:
        """Each group becomes one row: its figures are over no other row of these, and over many rows of the group; of
        the rows of another group it holds no parts."""
        origin = Origin(("groups", self.frame.module, site, self.context), "", self.place(site))
        found = made.found if made is not None else frozenset[Mark]()
        kept = (one for one in found if one.kind not in ("lag", "window"))
        return Trail(frozenset((Rows(origin),)), columns=None).marked(kept)

    def _row_by_row(self, trail: Trail, doing: Doing) -> bool:
        """The function is given one value of a column, or one row of a table, at a time."""
        axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
        single = trail.columns is not None and trail.columns.only and len(trail.columns.names) == 1
        return single or (type(axis) is Const and axis.value in (1, "columns"))

    def _on_mask(self, doing: Doing) -> Value:
        trail = self.rows_in(doing, source=False)
        return doing.value if trail is None else self._back(doing, trail.as_("mask"))

    def _on_isin(self, doing: Doing) -> Value:
        by = merged(self.trail_of(one) for one in doing.args.all())
        sym = ("isin", self.fresh(doing.site))
        asked = self.trail_of(doing.receiver) if doing.receiver is not None else None
        if asked is not None and asked.columns is not None and asked.columns.only and len(asked.columns.names) == 1:
            (self.asked_among[sym],) = asked.columns.names
        return Data(sym, trail=replace(by or NOWHERE, role="mask"))

    def _on_extreme(self, doing: Doing) -> Value:
        """The best of several scores, or a statistic like any other."""
        values = doing.operands
        figures = self.all_spilled(values)
        chooses = any(self.several(one) for one in values) and not self.within_rows(doing)
        if figures.flows and chooses and doing.flow.position:
            self.select(figures, doing.site, "noted")
        if figures.trail is not None and figures.trail.scores and figures.trail.role == "statistic":
            if (chooses or doing.flow.position) and doing.called not in self.divisors:
                self.select(figures, doing.site)
            return self.made(doing.site, figures.trail, doing.value)
        return self._on_statistic(doing)

    def within_rows(self, doing: Doing) -> bool:
        """It is computed for each row by itself, over another axis than that of the rows."""
        axis = self.operand(doing.args, doing.flow.axis) if doing.flow.axis is not None else None
        axis = doing.args.keyword.get("dim", axis)
        return type(axis) is Const and (axis.value == "columns" or (type(axis.value) is int and axis.value != 0))

    def several(self, value: Value) -> bool:
        """It holds more than one figure."""
        return type(value) is Ref and value.obj.kind in ("list", "dict")

    def _on_tally(self, doing: Doing) -> Value:
        """How often each category occurs: what is made of it is a category encoding."""
        return self._on_statistic(doing, "encoding")

    def _on_statistic(self, doing: Doing, kind: MarkKind = "statistic") -> Value:
        subject = self.subject(doing)
        if type(subject) is Data and subject.flows:
            return doing.value
        trail = self.rows_in(doing)
        if trail is None or trail.role in ("element", "index"):
            return doing.value
        if self.within_rows(doing):
            return self._back(doing, trail)
        if trail.learnt and trail.judged and trail.rows and not trail.figures:
            done = self.score(doing, trail, trail.learnt, doing.metric, predicted=trail.scores)
            figure = Trail(learnt=trail.learnt, role="statistic", scores=frozenset((done,)))
            return self.made(doing.site, figure, doing.value)
        if trail.role == "mask":
            return self._back(doing, None)
        if trail.figures or not trail.rows:
            return self._back(doing, trail)
        mark = self.mark(kind, trail, doing.site, "", within=self.grouped_by(doing.receiver))
        figure = Trail(frozenset(), trail.marks, role="statistic", columns=trail.columns, parents=trail.parents)
        figure = figure.marked((mark,))
        return self._back(doing, figure)

    def _changes(self, kind: MarkKind) -> Callable[[Doing], Value]:
        def run(doing: Doing) -> Value:
            trail = self.rows_in(doing)
            if trail is None or trail.figures or trail.role == "element" or self.within_rows(doing):
                return doing.value if trail is None else self._back(doing, trail)
            within, of = self.grouped_by(doing.receiver), of_call(doing.called)
            mark = self.mark(kind, trail, doing.site, "", within=within, of=of)
            return self._back(doing, trail.marked((mark,)).marked(self._brought(doing)))

        return run

    def _brought(self, doing: Doing) -> frozenset[Mark]:
        """How many rows on values are moved is none of their values; what stands where none came from is."""
        if doing.flow.does != "lag":
            return self.others(doing)
        filled = self.trail_of(doing.args.keyword.get("fill_value", NONE))
        return filled.found if filled is not None else frozenset()

    def _on_encoding(self, doing: Doing) -> Value:
        return self._changes("encoding")(doing)

    def _on_binning(self, doing: Doing) -> Value:
        """A number of bins is laid over all rows; edges, known or not, cut each row by itself and bring their marks."""
        if doing.flow.bins is None or type(self.operand(doing.args, doing.flow.bins)) is Const:
            return self._changes("statistic")(doing)
        made = self._on_same(doing)
        trail = self.trail_of(made)
        return self._back(doing, trail.marked(self.others(doing))) if trail is not None else made

    def _on_lag(self, doing: Doing) -> Value:
        return self._changes("lag")(doing)

    def _on_window(self, doing: Doing) -> Value:
        made = self._changes("window")(doing)
        ends = [self.operand(doing.args, end) if end is not None else None for end in (doing.flow.low, doing.flow.high)]
        trail = self.trail_of(made)
        if trail is None or ends == [None, None]:
            return made
        low, high = (NONE if end is None else end for end in ends)
        return self.made(doing.site, self.between(trail, low, high, doing.site), made)

    def _on_resampled(self, doing: Doing) -> Value:
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

    def _on_augment(self, doing: Doing) -> Value:
        if doing.flow.fixed is not None and self.holds(doing.flow.fixed, doing.args):
            return self._on_same(doing)
        mark = self.mark("augment", NOWHERE, doing.site, self.words(doing.called))
        trail = self.rows_in(doing, source=False)
        return self._back(doing, (trail or NOWHERE).marked((mark,)))

    def _on_loader(self, doing: Doing) -> Value:
        trail = self.sourced(self.subject(doing))
        sampler = self.trail_of(doing.args.keyword.get("sampler", NONE))
        if trail is not None and sampler is not None and sampler.role == "index":
            trail = trail.at(sampler)
        if type(doing.value) is not Data:
            return doing.value
        batch = self.known(self.operand(doing.args, doing.flow.batch)) if doing.flow.batch is not None else None
        return doing.value.on(replace(trail, batch=batch) if trail is not None and batch else trail)

    def _on_subset(self, doing: Doing) -> Value:
        trail = self.sourced(self.subject(doing))
        if trail is None:
            return doing.value
        of_receiver = type(doing.receiver) is Data and doing.flow.arg is None  # ``rows.select(range(100))``
        second = self.operand(doing.args, Argument(at=0 if of_receiver else 1, name="indices"))
        by = self.trail_of(second) if second is not None else None
        if by is not None and by.role == "index":
            chosen = self.turns_of(second) if second is not None else None
            return self._back(doing, trail.at(by, count=lambda _: chosen or counted(by.rows)))
        return self._back(doing, trail.cut(Cut(("some", self.fresh(doing.site)))))
