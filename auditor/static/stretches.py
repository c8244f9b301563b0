"""Stretches of a series that a loop takes: whether they lie side by side, or overlap like the windows of a forecast."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.static import syntax as s


def side_by_side(stretch: s.Slice, loops: Iterable[object]) -> bool:
    """The next stretch begins where this one ends: ``x[i * n : (i + 1) * n]``, or ``x[i : i + n]`` in steps of ``n``.

    `loops` are those that the slice stands in, the innermost last.
    """
    low, high = [*stretch.parts, None, None][:2]
    if low is None or high is None:
        return False
    return _next_multiple(low, high) or any(
        _multiple_of(low, width) or (isinstance(low, s.Name) and _in_steps(low.id, width, loops))
        for width in _beyond(low, high)
    )


def at_given_ends(stretch: s.Slice, loops: Iterable[object]) -> bool:
    """Where it ends is looked up by itself (``end = ends[i]``): such stretches lie wherever somebody has put them."""
    low, high = [*stretch.parts, None, None][:2]
    if low is None or high is None:
        return False
    own = s.names(high) - s.names(low)
    given = (one for loop in loops if isinstance(loop, s.For) for one in s.statements_in(loop.body))
    return any(
        isinstance(one, s.Assign) and _looked_up(one.value) and any(s.written(target) in own for target in one.targets)
        for one in given
    )


def _looked_up(value: s.Expr | None) -> bool:
    return isinstance(value, s.Item) and not isinstance(value.index, s.Slice)


def window_in(function: s.Function) -> int | None:
    """The site of a slice that moves with a parameter and overlaps the next one: ``series[i : i + length]``."""
    names = {param.name for param in function.params[1:]}
    todo: list[object] = list(function.body)
    while todo:
        one = todo.pop()
        if isinstance(one, s.Slice) and _follows(one, names) and not side_by_side(one, ()):
            return one.site
        if isinstance(one, (list, tuple)):
            todo.extend(one)
        elif isinstance(one, (s.Expr, s.Stmt, s.Arg)) and not isinstance(one, (s.Function, s.Class)):
            todo.extend(getattr(one, slot) for cls in type(one).__mro__ for slot in getattr(cls, "__slots__", ()))
    return None


def numbers_in(function: s.Function) -> frozenset[str]:
    """The attributes whose items are row numbers in others: ``self.images[self.chosen[index]]``, in one line or two."""
    given = [one for one in s.statements_in(function.body) if isinstance(one, s.Assign) and one.value is not None]
    words = {s.written(target): _of_attribute(one.value) for one in given for target in one.targets if one.value}
    items = [one for one in s.items_in(function.body) if isinstance(one.obj, s.Attr)]
    found = {_of_attribute(one.index) or words.get(s.written(one.index), "") for one in items}
    return frozenset(found - {""})


def _of_attribute(expr: s.Expr) -> str:
    """``chosen`` for ``self.chosen[index]``."""
    inside = expr.obj if isinstance(expr, s.Item) else None
    return inside.name if isinstance(inside, s.Attr) and isinstance(inside.obj, s.Name) else ""


def _follows(stretch: s.Slice, names: set[str]) -> bool:
    """Both of its ends move with these variables."""
    ends = stretch.parts[:2]
    return len(ends) > 1 and all(end is not None and not names.isdisjoint(s.names(end)) for end in ends)


def same(one: s.Expr, other: s.Expr) -> bool:
    """They are written alike, and have no effects."""
    if isinstance(one, s.Const) and isinstance(other, s.Const):
        return one.value == other.value
    if isinstance(one, s.Bin) and isinstance(other, s.Bin):
        return one.op == other.op and same(one.left, other.left) and same(one.right, other.right)
    return s.written(one) == s.written(other) != ""


def _sides(expr: s.Expr, op: str) -> tuple[tuple[s.Expr, s.Expr], ...]:
    """Both operands of an operation whose order does not matter, each first once."""
    if not isinstance(expr, s.Bin) or expr.op != op:
        return ()
    return (expr.left, expr.right), (expr.right, expr.left)


def _beyond(low: s.Expr, high: s.Expr) -> list[s.Expr]:
    """What is added to the one end to get to the other."""
    return [more for base, more in _sides(high, "Add") if same(base, low)]


def _multiple_of(expr: s.Expr, width: s.Expr) -> bool:
    return any(same(factor, width) for factor, _ in _sides(expr, "Multiply"))


def _next_multiple(low: s.Expr, high: s.Expr) -> bool:
    """``i * n`` and ``(i + 1) * n``"""
    return any(
        same(width, factor) and any(isinstance(more, s.Const) and more.value == 1 for more in _beyond(number, after))
        for width, number in _sides(low, "Multiply")
        for factor, after in _sides(high, "Multiply")
    )


def _in_steps(name: str, width: s.Expr, loops: Iterable[object]) -> bool:
    """The innermost loop over this name counts in steps of so many."""
    passes = [
        (target, iterable)
        for loop in loops
        for target, iterable in (
            [(loop.target, loop.iter)] if isinstance(loop, s.For)
            else [(target, iterable) for target, iterable, _ in loop.loops] if isinstance(loop, s.Comp)
            else []
        )
        if isinstance(target, s.Name) and target.id == name
    ]  # fmt: skip
    if not passes:
        return False
    counter = passes[-1][1]
    return isinstance(counter, s.Call) and len(counter.args) == 3 and same(counter.args[2].value, width)
