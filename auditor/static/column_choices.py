"""Which columns are kept, where figures that the labels had a hand in decide it.

A selection by importances, coefficients or correlations is estimated like a scaler is: what it saw is in the columns
that it leaves. Figures of how columns go with each other, and what is known without the labels (types, gaps,
spreads), choose columns too; what that gives away of held-out rows is next to nothing, and nothing is said of it.
"""

from __future__ import annotations

from auditor.static import syntax as s
from auditor.static.row_calls import ESTIMATORS, Doing
from auditor.static.rows_changed import Changed
from auditor.static.trails import AMONG, NOWHERE, Trail, merged
from auditor.static.values import Const, Data, Ref, Value
from auditor.trace import Mark, Rows


class ColumnChoices(Changed):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.figured = False
        """Somebody asked for figures of columns in this program."""

    def _on_association(self, doing: Doing) -> Value:
        """How columns go with the labels, or with each other as long as nobody asks for one of them, and not for one
        after the other."""
        self.figured = True
        if type(doing.receiver) is Ref or (type(doing.receiver) is Data and doing.receiver.kind in ESTIMATORS):
            return self.made(doing.site, self.figures_of_columns(doing.receiver, doing.site), doing.value)
        trail = self.rows_in(doing)
        if any(one is not None and one.learnt for one in map(self.trail_of, doing.args.all())):
            return self._on_statistic(doing)  # of predictions: a score
        if trail is None or trail.figures or trail.role in ("element", "index"):
            return doing.value
        if self.within_rows(doing):
            return self._back(doing, trail)
        mark = self.mark("statistic", trail, doing.site, "", target=True)
        column = None if self._asked_of_one(self.target_of(doing)) else AMONG
        return self._back(doing, Trail(marks=trail.marks | {(column, mark)}, role="columns"))

    def _asked_of_one(self, target: Value | None) -> bool:
        """The operand is one column, or labels: not one column after the other, nor how the figures are computed."""
        if target is None or type(target) is Const:
            return False
        trail = self.trail_of(target)
        return trail is None or trail.columns is not None

    def figures_of_columns(self, receiver: Value, site: int) -> Trail | None:
        """What an estimator has found of each column of the rows that it was fitted to with their labels."""
        self.figured = True
        state = self.state(receiver)
        found = frozenset((column, mark) for column, mark in state.marks if mark.target)
        rows = frozenset[Rows]().union(*(train.rows for train in state.learnt))
        if rows:
            found |= {(None, self.mark("statistic", Trail(rows), site, "", target=True))}
        return Trail(marks=found, role="columns") if found else None

    def found_by_learner(self, receiver: Value | None, site: int) -> frozenset[Mark]:
        """What a selector goes by that was not fitted itself: its learner had been (``prefit=True``)."""
        held: Value | None = self.world.get(receiver.obj, "%learner") if type(receiver) is Ref else None
        figures = self.figures_of_columns(held, site) if type(held) is Ref else None
        return figures.by_labels if figures is not None else frozenset()

    def state(self, receiver: Value | None) -> Trail:
        """What an estimator has estimated, and the fits that it has had."""
        raise NotImplementedError

    def among_figures(self, doing: Doing) -> Value | None:
        """What comes of figures of columns says the same of them; None where a call is about something else."""
        if not self.figured:
            return None
        subject = self.subject(doing)
        figures = self.of_columns(subject) if type(subject) is Data else None
        if figures is None:
            return None
        asked = any(self.names_in(one) for one in doing.args.all()) and doing.flow.does != "drop"
        in_turn = doing.called is not None and any(self.changes_in_loop(one.value) for one in doing.called.args)
        return self._back(doing, figures.asked_of() if asked and not in_turn else figures)

    def attribute_trail(self, value: Data, name: str, site: int) -> Trail | None:
        own = self.libraries.attribute(value.kind, name) if value.kind else None
        if own is not None and own.rows == "association":
            return self.figures_of_columns(value, site)
        figures = self.of_columns(value)
        if figures is None:
            return super().attribute_trail(value, name, site)
        row = self.libraries.attribute("rows", name)
        if row is None:
            return figures.asked_of()
        return None if row.rows == "none" else figures

    def _taken(self, owner: Data, trail: Trail | None, index: s.Expr, value: Value, located: bool) -> Trail | None:
        by = self.of_columns(value)
        if trail is not None and trail.role == "columns":
            named = (type(value) is Const or self.names_in(value)) and not self.changes_in_loop(index)
            return merged((trail.asked_of() if named else trail, by))
        if by is None:
            return super()._taken(owner, trail, index, value, located)
        return by if trail is None or not trail.rows else trail.columned(None).marked(by.by_labels)

    def _across(self, owner: Data, first: Trail | None, index: s.Sequence, parts: tuple[Value, ...]) -> Trail | None:
        by = self.of_columns(parts[1]) if len(parts) > 1 else None
        first = super()._across(owner, first, index, parts)
        if by is None:
            return first
        return (first or self.sourced(owner) or NOWHERE).marked(by.by_labels)

    def appended(self, value: Value) -> Value:
        """What a list gets in branches that figures of columns have let in."""
        if not self.figured or not self.stack:
            return value
        asked = {name for branch in self.stack[-1].branches for name in s.names(branch.test)}
        return self.passing(value, [self.lookup(name) for name in sorted(asked)])

    def passing(self, element: Value, tests: list[Value]) -> Value:
        """What a comprehension keeps of names or numbers where figures of columns pass its tests."""
        by = merged(map(self.of_columns, tests))
        if by is None or type(element) is not Data or self.trail_of(element) is not None:
            return element
        return element.on(by)
