"""Trainings and assessments: who learnt from which rows, and on which rows that was judged.

Frameworks tell both as one event (`Train`, `Score`); a loop by hand tells them as forward passes. Rules about rows ask
for either in the same words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from auditor.trace.events import Event, Forward, Mark, Named, Score, Sink, Split, Train, Watch, by_place
from auditor.trace.findings import Evidence
from auditor.trace.places import Place
from auditor.trace.rows import HELD_OUT, Cut, Rows, apart, holds, meet, possibilities, strangers
from auditor.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Learning:
    """Somebody learns from some rows."""

    event: Event
    rows: frozenset[Rows]
    """Rows of the features, and of the labels where those are known apart."""
    marks: frozenset[Mark]
    name: str

    @property
    def place(self) -> Place:
        return self.event.place


@dataclass(frozen=True)
class Assessment:
    """Somebody who has learnt is asked about some rows."""

    event: Event
    rows: frozenset[Rows]
    marks: frozenset[Mark]
    learnings: tuple[Learning, ...]
    figure: bool
    """A figure comes of it; else only predictions."""
    held_out: bool
    """The call itself holds the rows out."""
    name: str
    through: tuple[Place, ...] = ()
    """Where the predictions were made, where that is elsewhere."""
    draws: frozenset[Cut] = frozenset()
    """The parts that the program draws at random, and its folds."""
    anew: frozenset[Cut] = frozenset()
    """The parts that are drawn without a seed: what is drawn elsewhere is drawn apart from them."""

    @property
    def place(self) -> Place:
        return self.event.place

    @property
    def asked(self) -> frozenset[Mark]:
        """What is in the features that the model was asked about, and not only beside its predictions."""
        before = self.event.predicted if isinstance(self.event, Score) else frozenset[Score]()
        return frozenset[Mark]().union(*(one.marks for one in before)) if before else self.marks

    @property
    def marks_met(self) -> list[Mark]:
        """What is in these rows, or in those that were learnt from."""
        return sorted(self.marks.union(*(one.marks for one in self.learnings)), key=by_place)

    @property
    def by_folds(self) -> bool:
        """Each fold of the rows is judged by what has learnt from the others."""
        return self.held_out or any(map(of_folds, self.rows))

    @cached_property
    def on_learnt_rows(self) -> tuple[Learning, ...]:
        """The trainings that certainly saw some of these rows."""
        if self.held_out:
            return ()
        return tuple(one for one in self.learnings if meet(one.rows, self.rows) or self._drawn_twice(one))

    def _drawn_twice(self, learning: Learning) -> bool:
        """Both draw from the same rows, one without regard to the other: some are drawn both times."""
        if not self.anew:
            return False
        return any(drawn_apart(one, other, self.draws, self.anew) for one in learning.rows for other in self.rows)

    @property
    def of_other_rows(self) -> bool:
        """None of these rows was learnt from, as far as is known: predictions alone say nothing of what is held out."""
        return self.held_out or all(strangers(one.rows, self.rows) for one in self.learnings)

    @property
    def judged(self) -> frozenset[object]:
        """Who is judged: the network, or what a fit has taught."""
        if isinstance(self.event, Forward):
            return frozenset((self.event.model,))
        models = {one.event.model for one in self.learnings if isinstance(one.event, Train)} - {None}
        return frozenset((*models, *(one.event for one in self.learnings)))

    @property
    def unsupervised(self) -> bool:
        """What was learnt has no labels: rows are reconstructed."""
        return all(
            one.event.itself if isinstance(one.event, Train) else one.event.model.reconstructs
            for one in self.learnings
            if isinstance(one.event, Train | Forward)
        )

    @property
    def inside_search(self) -> bool:
        """Settings are compared fold by fold: the figure chooses, and is not reported."""
        return isinstance(self.event, Score) and self.event.metric == "search"

    @property
    def apart(self) -> bool:
        """The rows are those of a part that was divided from the others before: some are still untouched."""
        return any(map(of_a_part, self.rows))

    @property
    def held_out_by_fit(self) -> bool:
        """The fit itself held out these rows of those that it was given (``validation_split``)."""
        return any(held_out_by_fit(cut) for rows in self.rows for cut in rows.cuts)

    def was_in(self, mark: Mark) -> bool:
        """What was computed saw rows that are judged here."""
        return self.surely_in(mark) or any(
            all(any(other.drawn_among(one, self.draws) for one in mark.rows) for other in each)
            for each in possibilities(self.rows)
        )

    def surely_in(self, mark: Mark) -> bool:
        """The same, and no draw had to hit what was computed from some of the rows only."""
        return holds(mark.rows, self.rows)

    def of_this_side(self, mark: Mark) -> bool:
        """What was computed saw none of the rows that were learnt from, and is not in them."""
        known = all(mark not in one.marks and strangers(mark.rows, one.rows) for one in self.learnings)
        return known and bool(self.learnings)

    def alone_in(self, mark: Mark) -> bool:
        """What was computed saw no other rows than those that are judged here."""
        return all(any(one.holds(other) for one in self.rows) for other in mark.rows)

    def learnt_with(self, mark: Mark) -> bool:
        """What was computed there was in rows that were learnt from."""
        return any(mark.place == other.place for learning in self.learnings for other in learning.marks)


def drawn_apart(one: Rows, other: Rows, draws: frozenset[Cut], anew: frozenset[Cut]) -> bool:
    """Nothing but draws tells these rows apart, and one of those took no notice of the other."""
    mine, theirs = one.cuts - other.cuts, other.cuts - one.cuts
    if one.origin != other.origin or one.excludes(other) or not (mine and theirs and mine | theirs <= draws):
        return False
    return bool((mine | theirs) & anew) and {cut.key for cut in mine}.isdisjoint(cut.key for cut in theirs)


def one_of_folds(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "folds"


def held_out_by_fit(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == HELD_OUT


def of_folds(rows: Rows) -> bool:
    """They are one side of a fold, or some of it."""
    return any(map(one_of_folds, rows.cuts))


def of_a_part(rows: Rows) -> bool:
    """They were divided from others, and neither by folds nor by the fit itself."""
    return any(cut.part is not None for cut in rows.cuts if not (one_of_folds(cut) or held_out_by_fit(cut)))


def learnings(trace: Trace) -> Iterator[Learning]:
    for train in trace.all(Train):
        if train.rows or train.targets:
            yield learning_of(train)
    for forward in trace.all(Forward):
        if forward.rows and trace.trains(forward):
            used = [about(sink, forward) for sink in trace.sinks(forward) if sink.kind == "backward"]
            rows = frozenset[Rows]().union(*used) or forward.rows
            yield Learning(forward, rows, forward.marks, forward.name or forward.model.name)


def about(sink: Sink, forward: Forward) -> frozenset[Rows]:
    """The rows of a pass that a figure is about: all, or those that were chosen after it.

    What arrives with it from passes over other rows has their rows: the losses of both sides in one line of a report.
    """
    own = frozenset(one for one in sink.rows if any(whole.holds(one) for whole in forward.rows))
    if all(not strangers(other.rows, forward.rows) for other in sink.forwards if other.rows):
        of_others = not own and any(other.rows != forward.rows for other in sink.forwards)
        return forward.rows if of_others else sink.rows or forward.rows
    return own or forward.rows


def from_tests(event: Event) -> bool:
    return (event.chain[0] if event.chain else event.place).in_tests


def learning_of(train: Train) -> Learning:
    return Learning(train, train.rows, train.marks, train.name)


def assessments(trace: Trace) -> tuple[Assessment, ...]:
    """Who is judged on which rows. What a test suite does with rows of its own says nothing of a training program.

    Told once for each trace: a dozen rules ask.
    """
    return trace.remembered(assessments, lambda: tuple(_assessments(trace)))


def _assessments(trace: Trace) -> Iterator[Assessment]:
    draws = frozenset(cut for split in trace.all(Split) for cut in split.cuts if split.how in ("random", "stratified"))
    ordered = frozenset(cut for split in trace.all(Split) for cut in split.cuts if split.how == "ordered")
    anew = frozenset(cut for split in trace.all(Split) for cut in split.cuts if split.anew and split.how != "ordered")
    for score in trace.all(Score):
        if from_tests(score):
            continue
        taught = tuple(learning_of(one) for one in sorted(score.trained, key=by_place))
        yield Assessment(
            score, score.rows, score.marks, taught, not (score.predicts or score.inflates), score.held_out, score.name,
            tuple(one.place for one in sorted(score.predicted, key=by_place)),
            draws | frozenset(cut for rows in score.rows for cut in rows.cuts if one_of_folds(cut)) - ordered, anew,
        )  # fmt: skip
    yield from _passes(trace, draws)


def _passes(trace: Trace, draws: frozenset[Cut]) -> Iterator[Assessment]:
    by_model = defaultdict(list)
    for one in learnings(trace):
        if isinstance(one.event, Forward):
            by_model[one.event.model].append(one)
    for forward in trace.all(Forward):
        if not forward.rows or from_tests(forward):
            continue
        taught = tuple(by_model.get(forward.model, ()))
        name = forward.name or forward.model.name
        asked: dict[frozenset[Rows], bool] = {}
        for sink in trace.evaluates(forward):
            rows = about(sink, forward)
            asked[rows] = asked.get(rows, False) or sink.kind == "select" or judges(sink, forward)
        narrow = {rows for rows in asked if any(other < rows or narrower(other, rows) for other in asked)}
        for rows, figure in asked.items():
            if rows not in narrow:
                yield Assessment(forward, rows, forward.marks, taught, figure, False, name, draws=draws)


def shown_beside_held_out(trace: Trace, one: Assessment) -> bool:
    """A training score under that name: held-out rows of the same source are scored in this program, be it with another
    model."""
    if trace.held_out(one.rows):
        return False
    others = (other for other in assessments(trace) if other.figure and other.learnings)
    return any(
        begins_in(other.event) == begins_in(one.event)
        and any(mine.origin == theirs.origin for mine in one.rows for theirs in other.rows)
        and (other.held_out or (not other.on_learnt_rows and apart(other.rows, one.rows)))
        for other in others
    )


def others_untouched(trace: Trace, one: Assessment) -> bool:
    """The call holds out some rows of a part, and rows beyond that part are left.

    Where a fit holds out some of its own (``validation_split``), these were a part if they are called training rows,
    or if what has learnt is judged on others too.
    """
    if not one.held_out or one.apart:
        return one.held_out
    if not one.held_out_by_fit:
        return False
    learnt = {learning.event for learning in one.learnings}
    return any(trace.part(rows) == "train" for learning in one.learnings for rows in learning.rows) or any(
        not (other.held_out_by_fit or other.on_learnt_rows)
        and learnt & {learning.event for learning in other.learnings}
        for other in assessments(trace)
    )


def scored_on_learnt_rows(trace: Trace) -> Iterator[tuple[Assessment, bool]]:
    """The figures over rows that were learnt; whether what was learnt there is scored on other rows too."""
    asked = [one for one in assessments(trace) if one.learnings and not one.unsupervised]
    others = [one for one in asked if not one.on_learnt_rows and not one.held_out_by_fit]
    clean = {learning.event for one in others if not one.inside_search for learning in one.learnings}
    searched = {learning.event for one in others if one.inside_search for learning in one.learnings}
    for one in asked:
        if one.figure and one.on_learnt_rows:
            scored = clean if trace.held_out(one.rows) else clean | searched
            beside = any(learning.event in scored for learning in one.learnings) or shown_beside_held_out(trace, one)
            yield one, beside


def learnt_and_judged(one: Assessment) -> tuple[Evidence, ...]:
    """How a figure over rows that were learnt comes about."""
    steps = [Evidence(learning.place, "the same rows are learnt from here") for learning in one.on_learnt_rows[:3]]
    return (*way(one.event), *steps, *(Evidence(place, "the predictions are made here") for place in one.through[:3]))


def begins_in(event: Event) -> str:
    """The file whose code leads to an event."""
    return (event.chain[0] if event.chain else event.place).path


def judges(sink: Sink, forward: Forward) -> bool:
    """A figure of how right the outputs are, and not only what is read off those of one example: a loss, they meet
    something else, or batches are gone through."""
    return sink.kind == "score" and (sink.loss or sink.against or not sink.told or forward.turns > 0)


def compared(trace: Trace, one: Assessment) -> bool:
    """A figure comes of it because the outputs meet something else, and not only decisions: nobody knows of answers."""
    if not one.figure or not isinstance(one.event, Forward):
        return one.figure
    return any(
        sink.kind == "select" or (sink.kind == "score" and (sink.loss or sink.against or not sink.told))
        for sink in trace.evaluates(one.event)
    )


MOST_CALLS = 3


def way(event: Event) -> tuple[Evidence, ...]:
    """The last calls that lead to an event."""
    return tuple(Evidence(place, "called from here") for place in event.chain[-MOST_CALLS:])


LONGEST_TEXT = 60


def named(mark: Mark) -> str:
    """What a message calls what was computed: the user's estimator, or the expression."""
    if mark.name:
        return f"`{mark.name}`"
    text = mark.place.text
    return f"`{text}`" if 0 < len(text) <= LONGEST_TEXT else "a figure"


def narrower(part: frozenset[Rows], whole: frozenset[Rows]) -> bool:
    """Some of the rows only: a mask chose them."""
    return part != whole and all(any(one.holds(other) and one != other for one in whole) for other in part)


def split_before(trace: Trace, rows: Iterable[Rows]) -> Split | None:
    """Where these rows were divided from others."""
    cuts = frozenset[Cut]().union(*(one.cuts for one in rows))
    return next((split for split in trace.all(Split) if split.cuts & cuts and not drawn_only(trace, split)), None)


def drawn_only(trace: Trace, split: Split) -> bool:
    """Some rows are drawn and nobody uses the others: a smaller table, and no split."""
    return len(split.cuts) == 1 and not any(
        drawn.excludes(cut) for drawn in split.cuts for cut in trace.remembered(cuts_used, lambda: cuts_used(trace))
    )


def cuts_used(trace: Trace) -> frozenset[Cut]:
    """The choices among rows that somebody learns from, is judged on, or has a name for."""
    used = [one.rows for one in learnings(trace)]
    used += [one.rows for one in assessments(trace)] + [one.rows for one in trace.all(Named)]
    return frozenset(cut for each in used for rows in each for cut in rows.cuts)


def divided(trace: Trace) -> Iterator[tuple[Mark, Split | None, Place]]:
    """What was computed over rows that are then divided and called training and held-out rows, with it in them.

    For programs in which nobody is seen to score the held-out rows: a module that prepares
    them, the first half of a notebook. Where somebody is, that says what is in them by then.
    """
    asked = [one for one in assessments(trace) if one.learnings]
    learnt: dict[Mark, set[Rows]] = defaultdict(set)
    for one in trace.all(Named):
        for mark in one.marks if one.part == "train" else ():
            learnt[mark] |= one.rows
    for one in trace.all(Named):
        if one.part == "train":
            continue
        for mark in sorted(one.marks & learnt.keys(), key=by_place):
            alone = all(any(rows.holds(other) for rows in one.rows) for other in mark.rows)
            again = holds(learnt[mark], one.rows)  # some training rows under another name
            without = any(mark not in other.marks_met and holds(one.rows, other.rows) for other in asked)
            inner = all(of_folds(rows) and of_a_part(rows) for rows in one.rows)  # other rows are still untouched
            if holds(mark.rows, one.rows) and not alone and not again and not without and not inner:
                yield mark, split_before(trace, one.rows), one.place


BEST = re.compile(r"(^|[^a-z])best", re.IGNORECASE)


def named_best(name: str) -> bool:
    """The user calls what is kept the best."""
    return bool(BEST.search(name))


LESS = re.compile(r"loss|error|mse|mae|mape|nll|perplexity|(^|_)(ppl|wer|cer|fid|ece)(_|$)", re.IGNORECASE)
MORE = re.compile(
    r"acc(uracy)?(_|$)|(^|_)(auc|auroc|f1|dice|iou|miou|map|precision|recall|kappa|mcc|bleu|rouge|psnr|ssim|ndcg|r2)(_|$)",
    re.IGNORECASE,
)


def better(name: str) -> Literal["min", "max"] | None:
    """Whether less or more of a score is better, as far as its name says."""
    if LESS.search(name):
        return "min"
    return "max" if MORE.search(name) else None


def backwards(watch: Watch) -> Literal["min", "max"] | None:
    """The way in which its score is better, where it takes the worst one for the best."""
    right = better(watch.monitor) if watch.monitor is not None and watch.mode is not None else None
    return right if right != watch.mode else None
