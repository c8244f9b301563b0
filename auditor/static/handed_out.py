"""Rows that a framework asks for: the loaders that a data module or the network itself makes when a training begins."""

from __future__ import annotations

from auditor.libraries import Hands
from auditor.static.machine import Arguments
from auditor.static.row_calls import Doing
from auditor.static.values import Const, Fn, Obj, Ref, Value
from auditor.static.watched import Watching

HANDS = "%hands"
"""The object that handed out rows to the receiver before."""


class HandedOut(Watching):
    def asked(self, doing: Doing) -> Doing:
        """The same call, as if the rows that its framework asks for had been given to it."""
        hands = doing.flow.hands
        if hands is None:
            return doing
        obj = self._who_hands(doing, hands)
        if obj is None:
            return doing
        if type(doing.receiver) is Ref:
            self.world.set(doing.receiver.obj, HANDS, Ref(obj))
        for name in hands.before:
            self._hook(obj, name, hands.stage, doing.site)
        given = dict(doing.args.keyword)
        for where, method in ((doing.flow.arg, hands.rows), (doing.flow.validation, hands.validation)):
            rows = self._hook(obj, method, "", doing.site) if method is not None else None
            if where is not None and where.name is not None and rows is not None:
                given[where.name] = rows
        args = Arguments(doing.args.positional, given, doing.args.more)
        return Doing(doing.flow, doing.receiver, args, doing.site, doing.value, doing.called, doing.row)

    def _who_hands(self, doing: Doing, hands: Hands) -> Obj | None:
        """The object that is asked for rows; none where loaders are given."""
        before = self.world.get(doing.receiver.obj, HANDS) if type(doing.receiver) is Ref else None
        said = [self._maker(self.operand(doing.args, where)) for where in hands.by]
        loaders = self.operand(doing.args, doing.flow.arg)
        if loaders is not None and self._maker(loaders) is None and not self._is_none(loaders):
            return None
        for obj in (*said, self._maker(before)):
            if obj is not None and obj.cls is not None and self.method(obj.cls, hands.rows) is not None:
                return obj
        return None

    @staticmethod
    def _maker(value: Value | None) -> Obj | None:
        return value.obj if type(value) is Ref and value.obj.cls is not None else None

    @staticmethod
    def _is_none(value: Value) -> bool:
        return type(value) is Const and value.value is None

    def _hook(self, obj: Obj, name: str, stage: str, site: int) -> Value | None:
        """What a method of the object answers, told the stage where it asks for it."""
        found = self.method(obj.cls, name) if obj.cls is not None else None
        if found is None:
            return None
        told: list[Value] = [Const(stage)] if stage and len(found[1].params) > 1 else []
        return self.call(Fn(found[1], self.scopes[found[0]].frame, Ref(obj)), Arguments(told, {}), site)
