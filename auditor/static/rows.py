"""Who learns from rows and who is judged on them: estimators, trainers, metrics, tuners."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from auditor.libraries import Argument, Call, Flow, Method, Unknown, evaluate
from auditor.static import syntax as s
from auditor.static.handed_out import HandedOut
from auditor.static.machine import Arguments
from auditor.static.row_calls import (
    ESTIMATORS,
    SEEDED,
    STATE,
    WATCHES,
    Doing,
    Owner,
    in_calls,
    is_fold,
    is_path,
    label_among,
    path_name,
)
from auditor.static.sizes import Arguing, Given
from auditor.static.trails import NOWHERE, Trail
from auditor.static.values import NONE, Const, Data, Fn, Obj, Partial, Ref, Seq, Value
from auditor.trace import (
    Cut,
    Mark,
    MarkKind,
    Model,
    Origin,
    Resume,
    Rows,
    Score,
    Select,
    Train,
    counted,
    meet,
)
from auditor.trace.rows import HELD_OUT, POSITIONS


class Provenance(HandedOut):
    def flowed(
        self, flow: Flow, receiver: Value | None, args: Arguments, site: int, value: Value, called: s.Call | None,
        row: Call | Method | None = None,
    ) -> Value:  # fmt: skip
        """What comes back of a call, with its rows; what it does to rows is told."""
        done = _FLOWS.get(flow.does)
        if done is None:
            return value
        doing = Doing(flow, receiver, args, site, value, called, row)
        figures = self.among_figures(doing)
        return done(self, doing) if figures is None else figures

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

    def held_inside(self, obj: Obj, name: str, kind: str) -> Value:
        """The learner that a search has fitted: it knows what the search has learnt, and can be fitted by itself."""
        inside = self.parts_of(obj)
        given = inside[0].obj if len(inside) == 1 and type(inside[0]) is Ref else None
        part = self.part_of_object(obj, name, given.kind if given is not None else kind, given)
        state = self.world.get(obj, STATE)
        if self.world.get(part, "%fitted") != state:
            self.world.set(part, "%fitted", state)
            self.world.set(part, STATE, state)
        self.world.set(part, "%steps", self.world.get(given, "%steps") if given is not None else None)
        return Ref(part)

    def _on_fit(self, doing: Doing) -> Value:
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

    def _on_transform(self, doing: Doing) -> Value:
        trail = self.rows_in(doing)
        self._scaled(doing)
        if trail is None:
            return doing.value
        found = self.state(doing.receiver).found or self.found_by_learner(doing.receiver, doing.site)
        made = self.transformed(trail, found)
        said = self.operand(doing.args, doing.flow.part) if doing.flow.part is not None else None
        made = self._asked(doing, made, said if said != NONE else None)
        return self._back(doing, self.altering(doing, made))

    def _scaled(self, doing: Doing) -> None:
        """As many columns come out of some transformers as went in."""
        receiver = doing.receiver
        row = receiver.obj.row if type(receiver) is Ref else None
        if isinstance(row, Call) and row.keeps_shape:
            self._same_shape(doing)

    @staticmethod
    def transformed(trail: Trail, marks: Iterable[Mark]) -> Trail:
        made = trail.marked(marks)
        return made if made.columns is None or made.columns.only else replace(made, columns=None)

    def _on_fit_transform(self, doing: Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None or trail.role == "element":
            return doing.value
        trail = self._computed(trail, doing.site)
        kind = self.estimates(doing.receiver)
        self._scaled(doing)
        if kind is None or self.within_rows(doing):
            return self._back(doing, trail)
        mark = self.mark(kind, trail, doing.site, self.words(doing.called), self.target_of(doing) is not None)
        self.learn(doing.receiver, NOWHERE.marked((mark, *trail.found)))
        return self._back(doing, self.transformed(trail, (mark,)))

    def _computed(self, trail: Trail, site: int) -> Trail:
        """A series that was computed from numbers, which are no rows: what is estimated from it takes it for rows."""
        if not trail.rows or any(one.origin.key != POSITIONS for one in trail.rows):
            return trail
        origin = Origin(("computed", self.frame.module, site, self.context), "", self.place(site))
        return replace(trail, rows=frozenset((Rows(origin),)), role="")

    def _on_fit_resample(self, doing: Doing) -> Value:
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

    def _on_train(self, doing: Doing) -> Value:
        doing = self.asked(doing)
        value = self._trained(doing)
        self.watched_fit(doing)
        return value

    def _trained(self, doing: Doing) -> Value:
        flow, receiver = doing.flow, doing.receiver
        value = self.operand(doing.args, flow.arg or Argument(at=0))
        if value is None and type(receiver) is Ref:
            value = self.world.get(receiver.obj, "%train")
        target = self.target_of(doing)
        trail = self.sourced(value, doing.name_of(value))
        labels = self.sourced(target, doing.name_of(target)) if target is not None else None
        if trail is None and labels is None:
            return doing.value
        trail = self.counted(doing, trail or NOWHERE)
        labels = self.counted(doing, labels) if labels is not None else None
        before = self.state(receiver)
        held_out = self._held_out(doing, trail) if flow.fraction is not None else None
        model = self._model_of(receiver)
        name = self.words(doing.called)
        rows, marks = trail.rows, trail.found
        targets = labels.rows if labels is not None else frozenset()
        label = label_among(trail, labels)
        itself = target is not None and target == value
        learner = self.operand(doing.args, flow.model) if flow.model is not None else receiver
        again = not flow.afresh and self.taught_before(self.owner(learner), rows)
        self.teach(self.owner(learner))
        fraction = self.operand(doing.args, flow.fraction) if flow.fraction is not None else None
        if type(receiver) is Ref and type(value) is Data and receiver.obj.fed is None:
            receiver.obj.fed = value.sym
        epochs, batch = (
            self.known(self.operand(doing.args, where)) if where is not None else None
            for where in (flow.epochs, flow.batch)
        )
        turns = self.known(self.operand(doing.args, flow.turns)) if flow.turns is not None else None
        served = trail.batch or batch
        drawn = target is None  # arrays that come with their labels are only divided into so many batches
        if drawn and turns is not None and served is not None and counted(rows) is None:
            rows = frozenset(replace(one, count=int(turns * served)) for one in rows) if len(rows) == 1 else rows
        train = self.emit(
            Train, doing.site, ("rows", rows, targets, marks, again),
            lambda place: Train(
                place=place, model=model, framework="", name=name, rows=rows, targets=targets, marks=marks,
                told=trail.known, afresh=flow.afresh, label=label, again=again, itself=itself,
                epochs=epochs if model is None or receiver is None else self.own_passes(receiver, epochs),
                batch=served, altered=trail.altered, fraction=self.known(fraction) if fraction is not None else 0.0,
            ),
        )  # fmt: skip
        learnt = frozenset((train,)) if flow.afresh else before.learnt | {train}
        if held_out is not None:
            self.score(doing, held_out, learnt, "validation", held_out=True)
        self.learn(receiver, Trail(learnt=learnt))
        held = self.trail_of(receiver) if type(receiver) is Data else None
        if receiver is not None and held is not None and held.learnt:  # a call has made and fitted it
            self.put(receiver, replace(held, learnt=learnt))
        self._watched(doing, learnt, rows | targets)
        if type(receiver) is Ref and receiver.obj.kind == "module":
            return doing.value
        if receiver is not None:
            return receiver
        kind = doing.row.kind if doing.row is not None and doing.row.kind else ""
        made = self.made(doing.site, Trail(learnt=learnt), doing.value, kind)
        self.learn(made, Trail(learnt=learnt))
        return made

    def _model_of(self, receiver: Value | None) -> Model | None:
        """The network that is fitted, or that a learner is."""
        if type(receiver) is not Ref:
            return None
        learner = receiver.obj.kind == "predictor" and receiver.obj.lib in self.libraries.sizes
        return self.model(receiver.obj) if learner or receiver.obj.kind == "module" else None

    def own_passes(self, receiver: Value, epochs: int | None) -> int | None:
        """How often all rows pass, where the learner was told when it was made."""
        if epochs is not None or type(receiver) is not Ref or not isinstance(receiver.obj.given, Given):
            return epochs
        row = self.libraries.size(receiver.obj.given.name)
        try:
            passes = evaluate(row.passes, Arguing(self, row.takes, receiver.obj.given)) if row and row.passes else None
        except Unknown:
            return None
        return passes if isinstance(passes, int) else None

    def _held_out(self, doing: Doing, trail: Trail) -> Trail | None:
        """``validation_split``: the last rows are held out."""
        share = self.operand(doing.args, doing.flow.fraction)
        if share is None or (type(share) is Const and not share.value):
            return None
        key = (HELD_OUT, self.frame.module, doing.site, self.context)
        self.split(doing, trail, frozenset((Cut(key, "train"), Cut(key, "validation"))), "ordered")
        return trail.cut(Cut(key, "validation"))

    def _watched(self, doing: Doing, learnt: frozenset[Train], taught: frozenset[Rows]) -> None:
        """Rows that are scored while the learner learns. Its own rows beside others are there to be looked at."""
        value = self.operand(doing.args, doing.flow.validation) if doing.flow.validation is not None else None
        held = value is None
        if held and type(doing.receiver) is Ref:
            value = self.world.get(doing.receiver.obj, "%validation")
        watching = self.watching(doing.operands)
        trail = self.sourced(value) if value is not None and value != NONE else None
        if trail is None or (held and not watching):
            return
        others = frozenset(one for one in trail.rows if not meet((one,), taught))
        trail = replace(trail, rows=others or trail.rows)
        parts = self.items(value) if value is not None else None
        features = self.trail_of(parts[0]) if parts is not None and len(parts) in (2, 3) else None
        if features is not None and features.rows:
            trail = replace(trail, marks=features.marks)  # what is in the labels is not what is judged
        if parts is not None and len(parts) > 2 and doing.flow.chooses is not None:  # features, labels, weights
            trail = self.counted_by(parts[2], trail, doing.site)
        score = self.score(doing, trail, learnt, "validation")
        own = doing.flow.watches
        ways = {"best" if own.does == "best" else "stop"} if own is not None and self.acts(own, doing.args) else set()
        for one in watching:
            way = self.world.get(one.obj, WATCHES) if type(one) is Ref and self.in_time(one.obj, doing) else None
            ways |= {str(way.value)} if type(way) is Const else set()
        how = next((way for way in ("best", "stop", "schedule") if way in ways), "watch")
        rows, scores = trail.rows, frozenset((score,))
        by = tuple(self.place_in(one.obj) for one in watching if type(one) is Ref)
        self.emit(
            Select, doing.site, (how, rows),
            lambda place: Select(place=place, how=how, rows=rows, scores=scores, by=by),  # type: ignore[arg-type]
        )  # fmt: skip

    def score(
        self, doing: Doing, trail: Trail, trained: frozenset[Train], metric: str, held_out: bool = False,
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

    def _on_predict(self, doing: Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        learnt = self.state(doing.receiver).learnt
        asked = frozenset[Score]()
        if learnt and trail.rows:
            asked = frozenset((self.score(doing, trail, learnt, "prediction", predicts=True),))
        made = replace(trail, learnt=learnt, columns=None, scores=asked)
        return self._back(doing, made)

    def _on_score(self, doing: Doing) -> Value:
        doing = self.asked(doing)
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
            before = made.role == "element" and trail is not None and trail.role == ""  # what predictions go on from
            trail = replace(made, role="") if made.rows and not before else trail
        else:
            by = self.operand(doing.args, flow.model) if flow.model is not None else doing.receiver
            learnt = self.state(by).learnt
        if trail is not None and trail.rows and learnt:
            trail = self.counted(doing, trail)
            done = self.score(doing, trail, learnt, doing.metric, predicted=asked)
            figure = Trail(learnt=learnt, role="statistic", scores=frozenset((done,)))
            return self.made(doing.site, figure, doing.value)
        return doing.value

    def _on_cross_validate(self, doing: Doing) -> Value:
        value = self.operand(doing.args, doing.flow.arg)
        trail = self.sourced(value, doing.name_of(value))
        if trail is None or not trail.rows:
            return doing.value
        key = ("folds", self.frame.module, doing.site, self.context)
        self._folded(doing, trail, key)
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
        figures = doing.row is not None and doing.row.does == "score"
        return self.made(doing.site, Trail(role="statistic"), doing.value) if figures else doing.value

    def _folded(self, doing: Doing, trail: Trail, key: Hashable) -> None:
        """The rows are divided by a splitter that is handed in (``cv=KFold(shuffle=True)``)."""
        splitters = [one for one in doing.args.all() if type(one) is Ref and one.obj.kind.endswith("splitter")]
        for one in splitters[:1]:
            self.split(doing, trail, frozenset((Cut(key, "train"), Cut(key, "test"))), self.how(one), folds=True)

    def _on_schedule(self, doing: Doing) -> Value:
        figures = self.all_spilled(doing.args.all())
        scores = figures.trail.scores if figures.trail is not None else frozenset()
        rows = frozenset[Rows]().union(*(one.rows for one in scores), *(one.rows for one in figures.flows))
        if rows:
            self.emit(
                Select, doing.site, ("schedule", rows),
                lambda place: Select(place=place, how="schedule", rows=rows, scores=scores, forwards=figures.flows),
            )  # fmt: skip
        return doing.value

    def _on_tune(self, doing: Doing) -> Value:
        """A tuner calls a function again and again, and keeps the settings with the best figure that it returns."""
        flow = doing.flow
        objective = self.operand(doing.args, flow.arg)
        given: list[Value] = []
        source = self.operand(doing.args, flow.target) if flow.target is not None else None
        if isinstance(source, (Fn, Partial)):
            given.extend(self.items(self.call(source, Arguments([], {}), doing.site)) or ())
        if isinstance(objective, (Fn, Partial)):
            result = self.call(objective, Arguments(given, {}, Data()), doing.site)
            self._tuned(self.spilled(result), doing)
        return doing.value

    def _tuned(self, figures: Data, doing: Doing) -> None:
        """Settings are kept; where the function goes over folds of its own, it is all of their rows that choose."""
        scores = figures.trail.scores if figures.trail is not None else frozenset()
        judged = frozenset[Rows]().union(*(one.rows for one in scores), *(one.rows for one in figures.flows))
        call = (self.frame.module, doing.site)
        own = {cut for one in judged for cut in one.cuts if is_fold(cut) and in_calls(cut.key, call)}
        rows = frozenset(Rows(one.origin, one.cuts - own) for one in judged)
        if not judged or not all(one.cuts & own for one in judged):
            self.select(figures, doing.site, "search")
            return
        self.emit(Select, doing.site, ("search", rows), lambda place: Select(place=place, how="search", rows=rows))

    def _on_loads(self, doing: Doing) -> Value:
        name = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        if type(name) is Const:
            self.world.set(("left", name.value), "%loaded", Const(doing.site))
        return doing.value

    def _on_saves(self, doing: Doing) -> Value:
        """Saved again under the name that it was loaded by: the next run goes on from it."""
        name = self.operand(doing.args, doing.flow.arg or Argument(at=0))
        if type(name) is Const and self.world.get(("left", name.value), "%loaded") is not None:
            self.emit(Resume, doing.site, "resume", lambda place: Resume(place=place))
        return doing.value

    def _on_explode(self, doing: Doing) -> Value:
        trail = self.rows_in(doing)
        if trail is None:
            return doing.value
        mark = self.mark("window", trail, doing.site, "")
        mark.grouped = True
        return self._back(doing, trail.marked((mark,)))

    def _on_seed(self, doing: Doing) -> Value:
        self.world.set(SEEDED, self.frame.module, Const(True))
        return doing.value

    def _on_resume(self, doing: Doing) -> Value:
        self.emit(Resume, doing.site, "resume", lambda place: Resume(place=place))
        return doing.value

    def _on_path(self, doing: Doing) -> Value:
        last = doing.args.positional[-1] if doing.args.positional else None
        text = (
            last.value
            if type(last) is Const
            else path_name(last.sym)
            if type(last) is Data and is_path(last.sym)
            else None
        )
        return Data(("path", self.fresh(doing.site), text)) if isinstance(text, str) else doing.value

    def _on_forget(self, doing: Doing) -> Value:
        given = doing.args.positional[0] if doing.args.positional else NONE
        whose = given if doing.flow.arg is not None else doing.receiver
        if type(whose) is Data:
            self.set_back(whose.of)
            made = self.trail_of(doing.value) if doing.flow.arg is None else None
            if made is not None and made.learnt and type(doing.value) is Data:
                return doing.value.on(replace(made, learnt=frozenset(), scores=frozenset()))
        elif type(whose) is Ref and whose.obj not in self.referred(given):
            self.forgotten(whose.obj)
            for whole in self.wholes(whose.obj):
                self.forgotten(whole)
        return doing.value

    def _on_visit(self, doing: Doing) -> Value:
        """``net.apply(function)``: it matters only between folds, where it may set the weights back."""
        func = self.operand(doing.args, doing.flow.arg)
        if self._folds_seen and type(doing.receiver) is Ref and isinstance(func, (Fn, Partial)):
            part = Data(self.fresh(doing.site), of=frozenset((doing.receiver.obj,)), kind="parts")
            self.call(func, Arguments([part], {}), doing.site)
        return doing.value

    def _on_search(self, doing: Doing) -> Value:
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


_FLOWS: dict[str, Callable[[Provenance, Doing], Value]] = {
    "source": Provenance._on_source,
    "same": Provenance._on_same,
    "filled": Provenance._on_same,
    "record": Provenance._on_record,
    "rename": Provenance._on_rename,
    "mixed": Provenance._on_mixed,
    "joined": Provenance._on_joined,
    "aligned": Provenance._on_aligned,
    "some": Provenance._on_some,
    "sample": Provenance._on_sample,
    "drop": Provenance._on_drop,
    "index": Provenance._on_index,
    "found": Provenance._on_found,
    "where": Provenance._on_where,
    "count": Provenance._on_count,
    "apply": Provenance._on_apply,
    "gather": Provenance._on_apply,
    "mask": Provenance._on_mask,
    "isin": Provenance._on_isin,
    "extreme": Provenance._on_extreme,
    "statistic": Provenance._on_statistic,
    "association": Provenance._on_association,
    "tally": Provenance._on_tally,
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
    "visit": Provenance._on_visit,
    "schedule": Provenance._on_schedule,
    "path": Provenance._on_path,
    "explode": Provenance._on_explode,
    "tune": Provenance._on_tune,
    "loads": Provenance._on_loads,
    "saves": Provenance._on_saves,
    "seed": Provenance._on_seed,
    "resume": Provenance._on_resume,
}
