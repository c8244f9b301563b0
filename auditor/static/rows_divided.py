"""How rows are divided: splits, folds, and what a cross-validation hands out."""

from __future__ import annotations

from collections.abc import Hashable
from math import ceil, floor

from auditor.static import syntax as s
from auditor.static.column_choices import ColumnChoices
from auditor.static.row_calls import (
    MOST_PARTS,
    SEEDED,
    TRAIL,
    Doing,
    kind_of,
    row_numbers,
    same_as,
)
from auditor.static.trails import Trail, merged
from auditor.static.values import NONE, Const, Data, Ref, Seq, Value
from auditor.trace import (
    Cut,
    Origin,
    Rows,
    Split,
)


class Divided(ColumnChoices):
    # roles: splits

    def split(
        self, doing: Doing, trail: Trail, cuts: frozenset[Cut], how: str, folds: bool = False,
    ) -> None:  # fmt: skip
        """Rows are divided."""
        flow, args = doing.flow, doing.args
        seed = self.operand(args, flow.seed) if flow.seed is not None else None
        seeded = None if flow.seed is None else seed is not None and seed != NONE
        modules = {self.frame.module, *(one.frame.module for one in self.stack)}
        anew = seeded is False
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
        before = frozenset[Cut]().union(*(one.cuts for one in rows))
        for cut in cuts:
            self._chosen_before[cut] = self._chosen_before.get(cut, frozenset()) | before
        self.emit(
            Split, doing.site, (rows, how, marks),
            lambda place: Split(
                place=place, rows=rows, cuts=cuts, how=how, folds=folds, seeded=seeded, anew=anew, marks=marks,  # type: ignore[arg-type]
                name=name,
            ),
        )  # fmt: skip

    def _on_split(self, doing: Doing) -> Value:
        flow, args = doing.flow, doing.args
        if doing.receiver is not None and flow.arg is None:
            arrays: list[Value] = [doing.receiver]
        elif flow.arrays == 1:
            first = self.operand(args, flow.arg)
            arrays = [first] if first is not None else []
        else:
            arrays = [value for value in args.positional if type(value) is not Const]
        trails = [self.sourced(one, doing.name_at(number)) for number, one in enumerate(arrays)]
        known = [one for one in trails if one is not None]
        whole = merged(known)
        key = ("split", self.frame.module, doing.site, self._drawn_again(doing, whole))
        count = self._count(doing)
        parts = [Cut(key, number) for number in range(count)]
        shuffle = self.operand(args, flow.shuffle) if flow.shuffle is not None else None
        ordered = type(shuffle) is Const and not shuffle.value
        if whole is not None:
            self.split(doing, whole, frozenset(parts), "ordered" if ordered else "random")
        base = self.fresh(doing.site)
        made = [
            [
                Data((base, number, part), kind=kind_of(array), trail=self._portion(doing, trail, cut, part, count))
                for part, cut in enumerate(parts)
            ]
            for number, (array, trail) in enumerate(zip(arrays, trails, strict=True))
        ]
        for array, row in zip(arrays, made, strict=True):
            for value in row if type(array) is Data else ():
                self.alike(value.sym, array.sym)  # type: ignore[attr-defined]
        for one in (value.sym for row in made for value in row):
            if one in self._changed:
                self.world.set(one, TRAIL, None)
        if doing.receiver is not None and made:
            return self.dictionary({"train": made[0][0], "test": made[0][-1]}, doing.site)
        if flow.order == "by-part":
            made = [list(column) for column in zip(*made, strict=True)]
        return Seq(tuple(value for row in made for value in row))

    def _drawn_again(self, doing: Doing, whole: Trail | None) -> Hashable:
        """What makes it the same draw in every call: its seed, rows and settings; the calls, where one is not known."""
        seed = self.operand(doing.args, doing.flow.seed) if doing.flow.seed is not None else None
        if type(seed) is not Const or seed == NONE or whole is None or doing.args.more is not None:
            return self.context
        told = frozenset((name, self._setting(value)) for name, value in doing.args.keyword.items())
        if any(setting is None for _, setting in told):
            return self.context
        return self.numbered(("drawn", whole.rows, told))

    def _setting(self, value: Value) -> Hashable:
        """A setting of a split: itself where it is known, and the rows that it holds (``stratify=y``)."""
        trail = self.trail_of(value)
        return trail.rows if trail is not None and trail.rows else same_as(value)

    def _portion(self, doing: Doing, trail: Trail | None, cut: Cut, part: int, parts: int) -> Trail | None:
        """One part of the rows, with as many as the call says."""
        return (
            trail.cut(cut, count=lambda whole: self._portion_of(doing, whole, part, parts))
            if trail is not None
            else None
        )

    def _portion_of(self, doing: Doing, whole: int, part: int, parts: int) -> int | None:
        flow = doing.flow
        lengths = self.operand(doing.args, flow.lengths) if flow.lengths is not None else None
        items = self.items(lengths) if lengths is not None else None
        if items is not None and len(items) == parts:
            length = self.known(items[part])
            return None if length is None else round(whole * length) if length < 1 else int(length)
        if parts != 2 or flow.share is None:
            return None
        last = self.known(self.operand(doing.args, flow.share))
        first = self.known(self.operand(doing.args, flow.rest)) if flow.rest is not None else None
        if first is None and last is None:
            unsaid = flow.share.name not in doing.args.keyword and doing.args.more is None
            last = flow.usual if unsaid else None
        if first is None and last is None:
            return None
        out = None if last is None else ceil(whole * last) if last < 1 else int(last)
        kept = (whole - (out or 0)) if first is None else floor(whole * first) if first < 1 else int(first)
        return kept if part == 0 else whole - kept if out is None else out

    def _count(self, doing: Doing) -> int:
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

    def _on_folds(self, doing: Doing) -> Value:
        subject = self.operand(doing.args, doing.flow.arg)
        trail = self.sourced(subject, doing.name_of(subject))
        key = ("folds", self.frame.module, doing.site, self.context)
        parts = Cut(key, "train"), Cut(key, "test")
        if trail is not None:
            self.split(doing, trail, frozenset(parts), self.how(doing.receiver), folds=True)
        origin = Origin(key, "", self.place(doing.site))
        pair = Seq(tuple(
            Data((self.fresh(doing.site), cut.part), trail=row_numbers(Rows(origin, frozenset((cut,)))))
            for cut in parts
        ))  # fmt: skip
        return self.iterating(pair, doing.site)

    def by_branch(self, value: Value) -> Value:
        """``if test: one.append(row) else: other.append(row)``: what each row is like tells where it goes."""
        trail = self.trail_of(value) if type(value) is Data and not value.flows else None
        if type(value) is not Data or trail is None or not trail.rows or trail.learnt:
            return value
        running = self.stack[-1]
        turning = frozenset[str]().union(*running.loops)
        cuts = [
            Cut(("mask", ("branch", self.frame.module, branch.test.site, self.context)), holds)
            for branch, holds in zip(running.branches, running.sides, strict=True)
            if turning and (s.names(branch.test) & turning or s.asks(branch.test))
        ]
        return value.on(trail.cut(*cuts)) if cuts else value

    def how(self, receiver: Value | None) -> str:
        kind = receiver.obj.kind if type(receiver) is Ref else ""
        if type(receiver) is Ref and kind == "splitter" and self.world.get(receiver.obj, "%shuffles") is None:
            return "unknown"
        return {"group-splitter": "grouped", "time-splitter": "ordered", "splitter": "random"}.get(kind, "unknown")
