"""The small language in which library data say how many weights a layer has and what shape it gives.

A formula is a Python expression over the layer's own arguments, by name, and over ``inputs``: the shape of one row that
goes in, without the batch, ``None`` for what is not known. There are numbers, tuples, indexing, slices,
``a if c else b`` and the functions below; whatever the answer needs and nobody knows makes it `Unknown`.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

Shape = tuple["int | None", ...]


class Unknown(Exception):
    """Something that the formula needs is not known."""


def product(shape: object) -> int:
    """The size of a shape, or the number itself."""
    parts = shape if isinstance(shape, tuple) else (shape,)
    return math.prod(_whole(part) for part in parts)


def spread(value: object, dimensions: int) -> tuple[Any, ...]:
    """A number for each dimension: ``3`` and ``(3, 3)`` are the same kernel."""
    if isinstance(value, tuple):
        return value if len(value) == dimensions else value * dimensions if len(value) == 1 else _nothing()
    return (value,) * dimensions


def windows(sizes: object, kernel: object, stride: object, padding: object, dilation: object = 1) -> Shape:
    """How often a window fits into each dimension. ``padding``: a number, or ``"same"`` or ``"valid"``."""
    assert isinstance(sizes, tuple)
    found: list[int | None] = []
    given = [spread(one, len(sizes)) for one in (kernel, kernel if stride is None else stride, padding, dilation)]
    for size, width, step, pad, gap in zip(sizes, *given, strict=True):
        if size is None:
            found.append(None)
        elif pad == "same":
            found.append(-(-size // _whole(step)))
        else:
            around = 0 if pad == "valid" else 2 * _whole(pad)
            found.append((size + around - _whole(gap) * (_whole(width) - 1) - 1) // _whole(step) + 1)
    return tuple(found)


def widened(
    sizes: object, kernel: object, stride: object, padding: object, dilation: object = 1, more: object = 0
) -> Shape:
    """What a transposed convolution makes of each dimension; ``more`` is its ``output_padding``."""
    assert isinstance(sizes, tuple)
    found: list[int | None] = []
    given = [spread(one, len(sizes)) for one in (kernel, stride, padding, dilation, more)]
    for size, width, step, pad, gap, extra in zip(sizes, *given, strict=True):
        if size is None:
            found.append(None)
        elif pad == "same":
            found.append(size * _whole(step))
        else:
            reach = _whole(gap) * (_whole(width) - 1)
            if pad == "valid":
                found.append((size - 1) * _whole(step) + max(reach + 1, _whole(step)))
            else:
                found.append((size - 1) * _whole(step) - 2 * _whole(pad) + reach + _whole(extra) + 1)
    return tuple(found)


def scaled(sizes: object, factor: object) -> Shape:
    assert isinstance(sizes, tuple)
    factors = spread(factor, len(sizes))
    return tuple(None if size is None else int(size * _number(one)) for size, one in zip(sizes, factors, strict=True))


def filled(shape: object, whole: object) -> Shape:
    """A shape with one -1 for whatever is left of another shape's size."""
    assert isinstance(shape, tuple)
    if -1 not in shape:
        return shape
    try:
        known = math.prod(part for part in shape if part != -1)
        left: int | None = product(whole) // known
    except Unknown:
        left = None
    return tuple(left if part == -1 else part for part in shape)


def flat(shape: object) -> Shape:
    """One dimension; its size where all are known."""
    try:
        return (product(shape),)
    except Unknown:
        return (None,)


def joined(shapes: object, axis: object) -> Shape:
    """Shapes put together along an axis, counted with the batch; from the end where negative."""
    assert isinstance(shapes, tuple)
    where = _whole(axis)
    first = shapes[0]
    where = where - 1 if where > 0 else where + len(first)
    parts = [shape[where] for shape in shapes]
    return (*first[:where], None if None in parts else sum(parts), *first[where + 1 :])


def dims(sizes: object) -> Shape:
    """Operands that are a shape: ``randn(60, 20)`` and ``randn((60, 20))``."""
    assert isinstance(sizes, tuple)
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple) else sizes


def listed(sizes: object) -> tuple[Any, ...]:
    """``100`` and ``(100,)`` are the same list of sizes."""
    return sizes if isinstance(sizes, tuple) else (sizes,)


def connected(sizes: object) -> int:
    """The weights of fully connected layers with biases, from these sizes on."""
    assert isinstance(sizes, tuple)
    return sum((_whole(before) + 1) * _whole(after) for before, after in pairwise(sizes))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "connected": connected,
    "dims": dims,
    "listed": listed,
    "product": product,
    "spread": spread,
    "windows": windows,
    "widened": widened,
    "scaled": scaled,
    "filled": filled,
    "flat": flat,
    "joined": joined,
    "len": len,
    "max": max,
    "min": min,
    "int": int,
    "round": round,
    "ceil": math.ceil,
}
_OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
MOST = 10**15
"""A number beyond this is a mistake of whoever wrote the program, or of ours."""


Read = Callable[[str], Any]
"""The value of a name; raises `Unknown` where it has none."""
Functions = Mapping[str, Callable[..., Any]]


def evaluate(formula: str, read: Read, functions: Functions | None = None) -> Any:
    """The value of a formula. Raises `Unknown` where a name has no value, or where its values do not go together."""
    try:
        return _value(parsed(formula), read, functions or {})
    except (TypeError, ValueError, IndexError, ArithmeticError, AssertionError) as error:
        raise Unknown from error


@lru_cache(maxsize=1024)
def parsed(formula: str) -> ast.expr:
    """Raises `SyntaxError` for what is no expression."""
    return ast.parse(formula, mode="eval").body


def _value(node: ast.expr, read: Read, functions: Functions) -> Any:
    def of(part: ast.expr) -> Any:
        return _value(part, read, functions)

    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return read(name)
        case ast.Tuple(elts=parts):
            return tuple(
                one for part in parts for one in (of(part.value) if isinstance(part, ast.Starred) else (of(part),))
            )
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_OPERATIONS[type(op)](_operand(of(left)), _operand(of(right))))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not of(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(of(operand))
        case ast.BoolOp(op=op, values=parts):
            value = of(parts[0])
            for part in parts[1:]:
                if bool(value) == isinstance(op, ast.Or):
                    break
                value = of(part)
            return value
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARISONS[type(op)](of(left), of(right))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return of(body) if of(test) else of(orelse)
        case ast.Subscript(value=owner, slice=ast.Slice(lower=lower, upper=upper)):
            return of(owner)[slice(*(of(end) if end is not None else None for end in (lower, upper)))]
        case ast.Subscript(value=owner, slice=index):
            return of(owner)[of(index)]
        case ast.Call(func=ast.Name(id=name), args=args):
            return (functions.get(name) or FUNCTIONS[name])(*(of(part) for part in args))
    raise SyntaxError(f"no part of a formula: {ast.dump(node)}")


def _bounded(value: Any) -> Any:
    if isinstance(value, (int, float)) and abs(value) > MOST:
        raise Unknown
    return value


def _operand(value: Any) -> Any:
    return value if isinstance(value, tuple) else _number(value)


def _number(value: Any) -> Any:
    if not isinstance(value, (int, float)):
        raise Unknown
    return value


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int):
        raise Unknown
    return value


def _nothing() -> Any:
    raise Unknown
