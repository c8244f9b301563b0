"""How code remembers the best score so far: comparisons of a score with what their branch, or a list, keeps of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import permutations

from auditor.static import syntax as s

ORDERINGS = frozenset({"LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual"})


def comparisons(test: s.Expr) -> list[s.Compare]:
    """The comparisons of sizes in a test."""
    if isinstance(test, s.Bool):
        return [*comparisons(test.left), *comparisons(test.right)]
    if isinstance(test, s.Unary):
        return comparisons(test.value)
    if not isinstance(test, s.Compare) or len(test.ops) != 1:
        return []
    ((op, right),) = test.ops
    return [test] if op in ORDERINGS or (op == "Equal" and (computed_of(test.left) or computed_of(right))) else []


def weighed(test: s.Compare, kept: frozenset[str]) -> list[str]:
    """Those of these variables that stand on one side of a comparison, themselves or with a margin added."""
    return [name for side in sides_of(test) for name in _terms(side) if name in kept]


def sides_of(test: s.Compare) -> list[s.Expr]:
    """All that is compared, in the order in which it stands there."""
    return [test.left, *(right for _, right in test.ops)]


def stands_for(side: s.Expr, names: Collection[str]) -> bool:
    """One side of a comparison is one of these variables, itself or with a margin added."""
    return any(name in names for name in _terms(side))


def _terms(expr: s.Expr) -> Iterator[str]:
    if isinstance(expr, s.Bin):
        yield from _terms(expr.left)
        yield from _terms(expr.right)
    elif isinstance(expr, s.Unary):
        yield from _terms(expr.value)
    else:
        yield s.written(expr) or computed_of(expr)
        if isinstance(expr, s.Item) and s.written(expr):
            yield s.written(expr.obj)


def computed_of(expr: s.Expr) -> str:
    """What a function of one operand is asked about: ``scores`` in ``max(scores)``; empty for anything else."""
    if not isinstance(expr, s.Call) or len(expr.args) != 1 or expr.args[0].keyword is not None:
        return ""
    return s.written(expr.args[0].value)


def compares_with_best(branch: s.If) -> bool:
    """``if score > best: best = score``: one side of a comparison of sizes is assigned in the branch."""
    return any(weighed(test, branch.assigns) for test in comparisons(branch.test))


def as_alternatives(body: list[s.Stmt]) -> list[s.Stmt]:
    """``if score <= best: continue`` lets only a better score on: what follows is the other branch of it.

    So it is where both gather something (``if held_out(row): test.append(row); continue``).
    """
    for index, statement in enumerate(body):
        if isinstance(statement, s.If) and _leaves(statement):
            behind = as_alternatives(body[index + 1 :])
            assigns = frozenset(s.assigned(behind))
            sorted_out = isinstance(statement.body[-1], s.Continue) and _gathers(statement.body) and _gathers(behind)
            if sorted_out or any(weighed(test, assigns) for test in comparisons(statement.test)):
                return [*body[:index], s.If(statement.test, statement.body, behind, statement.assigns | assigns)]
    return body


def _leaves(branch: s.If) -> bool:
    """Nothing goes on behind it."""
    return not branch.orelse and bool(branch.body) and isinstance(branch.body[-1], (s.Continue, s.Return))


def _gathers(body: list[s.Stmt]) -> bool:
    """Something is put into a list."""
    return any(call.func.name in ("append", "extend", "add") for call in s.calls_in(body))


def compare_with_gathered(body: list[s.Stmt]) -> None:
    """``if score >= max(scores)`` in a block that gathers the scores: the best so far is in the list."""
    gathered = {
        s.written(call.func.obj): call.args[0].value for one in body if isinstance(one, s.ExprStmt)
        for call in (one.value,) if isinstance(call, s.Call) and isinstance(call.func, s.Attr)
        and call.func.name == "append" and len(call.args) == 1 and s.written(call.func.obj)
    }  # fmt: skip
    for branch in body if gathered else ():
        if isinstance(branch, s.If):
            branch.assigns |= {
                name for test in comparisons(branch.test) for one, other in permutations(sides_of(test))
                if (name := computed_of(one)) in gathered and _newest(other, name, gathered[name])
            }  # fmt: skip


def _newest(expr: s.Expr, name: str, taken: s.Expr) -> bool:
    """It is what the list of this name takes, or its last element."""
    if isinstance(expr, s.Item) and s.written(expr.obj) == name:
        return isinstance(expr.index, s.Unary) and isinstance(expr.index.value, s.Const) and expr.index.value.value == 1
    return bool(s.written(expr)) and s.written(expr) == s.written(taken)
