"""A small core language that Python sources are lowered to.

Interpreting libcst's own tree would keep 1.3 kB a line in memory and handle each of its hundred node types. This is
what remains of a file when white space, parentheses and sugar are gone: the interpreter's only input, and about a
tenth of the size. ``site`` numbers the expression in the order of lowering: equal for equal source text, so
that positions can be computed later, and only for files that end up in a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Expr:
    site: int


@dataclass(slots=True, eq=False)
class Const(Expr):
    """A literal: None, a bool, a number, a string, bytes, or ``...``."""

    value: object


@dataclass(slots=True, eq=False)
class Name(Expr):
    id: str


@dataclass(slots=True, eq=False)
class Attr(Expr):
    obj: Expr
    name: str


@dataclass(slots=True, eq=False)
class Item(Expr):
    obj: Expr
    index: Expr


@dataclass(slots=True, eq=False)
class Slice(Expr):
    parts: list[Expr | None]


@dataclass(slots=True, eq=False)
class Arg:
    value: Expr
    keyword: str | None = None
    star: str = ""


@dataclass(slots=True, eq=False)
class Call(Expr):
    func: Expr
    args: list[Arg]


@dataclass(slots=True, eq=False)
class Bin(Expr):
    """A binary operation; ``op`` is the operator's class name (Add, MatrixMultiply, ...)."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Compare(Expr):
    left: Expr
    ops: list[tuple[str, Expr]]


@dataclass(slots=True, eq=False)
class Bool(Expr):
    """``and`` / ``or``, both sides."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Unary(Expr):
    op: str
    value: Expr


@dataclass(slots=True, eq=False)
class IfExp(Expr):
    test: Expr
    body: Expr
    orelse: Expr


@dataclass(slots=True, eq=False)
class Sequence(Expr):
    """A tuple, list or set display."""

    kind: str
    items: list[Expr]


@dataclass(slots=True, eq=False)
class Star(Expr):
    value: Expr


@dataclass(slots=True, eq=False)
class Dict(Expr):
    """Pairs of key and value; a key of None stands before ``**value``."""

    pairs: list[tuple[Expr | None, Expr]]


@dataclass(slots=True, eq=False)
class Comp(Expr):
    """A comprehension or generator expression as the loops that it is."""

    kind: str
    element: Expr
    key: Expr | None
    loops: list[tuple[Expr, Expr, list[Expr]]]
    """target, iterable, conditions"""
    bound: frozenset[str]
    """The names that change from one element to the next."""


@dataclass(slots=True, eq=False)
class Lambda(Expr):
    function: Function


@dataclass(slots=True, eq=False)
class Yield(Expr):
    value: Expr | None


@dataclass(slots=True, eq=False)
class Named(Expr):
    target: Expr
    value: Expr


@dataclass(slots=True, eq=False)
class Mix(Expr):
    """Something made of parts whose way of mixing does not matter: an f-string, joined strings."""

    parts: list[Expr]


@dataclass(slots=True, eq=False)
class Text(Mix):
    """An f-string that shows each of its parts as ``str`` does."""

    between: list[str]
    """What is written out: before the first part, after it, ..."""


# statements


@dataclass(slots=True, eq=False)
class Stmt:
    pass


@dataclass(slots=True, eq=False)
class ExprStmt(Stmt):
    value: Expr


@dataclass(slots=True, eq=False)
class Assign(Stmt):
    targets: list[Expr]
    value: Expr | None
    annotation: Expr | None = None


@dataclass(slots=True, eq=False)
class AugAssign(Stmt):
    target: Expr
    op: str
    value: Expr


@dataclass(slots=True, eq=False)
class If(Stmt):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    assigns: frozenset[str] = frozenset()
    """What is assigned in its branches, as written."""


@dataclass(slots=True, eq=False)
class For(Stmt):
    target: Expr
    iter: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    bound: frozenset[str]
    """The names that the loop assigns, itself or in its body."""


@dataclass(slots=True, eq=False)
class While(Stmt):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    bound: frozenset[str]


@dataclass(slots=True, eq=False)
class With(Stmt):
    context: Expr
    target: Expr | None
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Handler:
    type: Expr | None
    name: str | None
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Try(Stmt):
    body: list[Stmt]
    handlers: list[Handler]
    orelse: list[Stmt]
    final: list[Stmt]


@dataclass(slots=True, eq=False)
class Return(Stmt):
    value: Expr | None


@dataclass(slots=True, eq=False)
class Raise(Stmt):
    value: Expr | None


@dataclass(slots=True, eq=False)
class Break(Stmt):
    pass


@dataclass(slots=True, eq=False)
class Continue(Stmt):
    pass


@dataclass(slots=True, eq=False)
class Delete(Stmt):
    targets: list[Expr]


@dataclass(slots=True, eq=False)
class Import(Stmt):
    """``import a.b as c`` and ``from .a import b as c``; ``name`` None imports a module, ``"*"`` everything."""

    module: str
    level: int
    name: str | None
    alias: str | None


@dataclass(slots=True, eq=False)
class Param:
    name: str
    kind: str
    """``positional``, ``keyword``, ``*`` or ``**``"""
    default: Expr | None
    annotation: Expr | None


@dataclass(slots=True, eq=False)
class Function(Stmt):
    name: str
    site: int
    params: list[Param]
    body: list[Stmt]
    decorators: list[Expr]
    locals: frozenset[str] = frozenset()
    """Names that are bound in it, parameters included, those declared global or nonlocal excluded."""
    generator: bool = False
    mentions: frozenset[str] = frozenset()
    """Every name and attribute that occurs in it, nested functions included."""
    inner: bool = False
    """Functions are defined in it, which may outlive a call of it."""
    owner: Class | None = None
    outer: Function | None = None
    """The function that it is defined in."""
    module: str = ""


@dataclass(slots=True, eq=False)
class Class(Stmt):
    name: str
    site: int
    bases: list[Expr]
    keywords: list[Arg]
    body: list[Stmt]
    decorators: list[Expr]
    locals: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    outer: Function | None = None
    module: str = ""
    methods: dict[str, Function] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    """The attributes of ``self`` that its methods call."""


@dataclass(slots=True, eq=False)
class Case:
    pattern: list[Expr]
    """The literals that it matches; empty: anything."""
    names: list[str]
    guard: Expr | None
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Match(Stmt):
    subject: Expr
    cases: list[Case]


@dataclass(slots=True, eq=False)
class Module:
    """One file."""

    body: list[Stmt]
    locals: frozenset[str]
    mentions: frozenset[str]
    functions: list[Function]
    classes: list[Class]
    imports: list[Import]
    sites: int = 0


def written(expr: Expr) -> str:
    """A name, attribute or item as the user wrote it; empty for anything else."""
    if isinstance(expr, Name):
        return expr.id
    if isinstance(expr, Attr):
        head = written(expr.obj)
        return f"{head}.{expr.name}" if head else ""
    if isinstance(expr, Item) and isinstance(expr.index, Const):
        head = written(expr.obj)
        return f"{head}[{expr.index.value!r}]" if head else ""
    return ""


def dotted(expr: Expr) -> str:
    """``self.model`` as the user wrote it; empty for anything that is not a name."""
    if isinstance(expr, Attr):
        head = dotted(expr.obj)
        return f"{head}.{expr.name}" if head else ""
    return expr.id if isinstance(expr, Name) else ""


def names(expr: Expr) -> set[str]:
    """The variables that an expression reads."""
    found: set[str] = set()
    todo: list[object] = [expr]
    while todo:
        one = todo.pop()
        if isinstance(one, Name):
            found.add(one.id)
        elif isinstance(one, (list, tuple)):
            todo.extend(one)
        elif isinstance(one, (Expr, Arg)):
            todo.extend(getattr(one, slot) for cls in type(one).__mro__ for slot in getattr(cls, "__slots__", ()))
    return found


def subject(expr: Expr) -> str:
    """Whose methods are called, as the user wrote it: ``x`` in ``x.view(-1).float()``."""
    while isinstance(expr, Call) and isinstance(expr.func, Attr):
        expr = expr.func.obj
    return written(expr)


def assigned(body: list[Stmt]) -> set[str]:
    """What the statements of a block assign, as written; not inside loops and functions of its own."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, Assign):
            for target in statement.targets:
                parts = target.items if isinstance(target, Sequence) else [target]
                found.update(written(part) for part in parts)
        elif isinstance(statement, If):
            found |= statement.assigns
        elif isinstance(statement, With):
            found |= assigned(statement.body)
    return found - {""}


def reads_name(body: list[Stmt], name: str, beyond: Stmt | None = None) -> bool:
    """A variable is read in a block, nested functions included, outside of one statement of it."""
    return any(isinstance(one, Name) and one.id == name for one in _read(body, () if beyond is None else (beyond,)))


def reads_attribute(body: list[Stmt], name: str, beyond: Stmt | None = None) -> bool:
    """The same of an attribute of that name, of whatever object."""
    return any(isinstance(one, Attr) and one.name == name for one in _read(body, () if beyond is None else (beyond,)))


def attributes_read(body: list[Stmt], beyond: tuple[Stmt, ...]) -> set[str]:
    """The names of the attributes that a block reads, but for some of its statements."""
    return {one.name for one in _read(body, beyond) if isinstance(one, Attr)}


def _read(body: list[Stmt], beyond: tuple[Stmt, ...] = ()) -> Iterator[Expr]:
    """The expressions of a block, without what is only assigned to."""
    todo: list[object] = list(body)
    while todo:
        one = todo.pop()
        if one in beyond:
            continue
        if isinstance(one, (list, tuple)):
            todo.extend(one)
        elif isinstance(one, Assign):
            todo.append(one.value)
            todo.extend(target.obj for target in one.targets if isinstance(target, (Attr, Item)))
        elif isinstance(one, (Expr, Stmt, Arg, Handler, Case)):
            if isinstance(one, Expr):
                yield one
            todo.extend(
                getattr(one, slot) for cls in type(one).__mro__ for slot in getattr(cls, "__slots__", ())
                if slot not in ("owner", "outer")
            )  # fmt: skip


@dataclass(slots=True, eq=False)
class MethodCall:
    """A call whose function is an attribute."""

    func: Attr
    args: list[Arg]


def calls_in(body: list[Stmt]) -> Iterator[MethodCall]:
    """The calls of methods in a block, nested functions included."""
    for one in _read(body):
        if isinstance(one, Call) and isinstance(one.func, Attr):
            yield MethodCall(one.func, one.args)


def asks(expr: Expr) -> bool:
    """Something is called in it: it may have another value each time."""
    return any(isinstance(one, Call) for one in _read([ExprStmt(expr)]))


def argument(call: Call | MethodCall, at: int | None, name: str | None) -> Expr | None:
    """An operand as it is written in a call."""
    for arg in call.args:
        if name is not None and arg.keyword == name:
            return arg.value
    plain = [arg for arg in call.args if arg.keyword is None and not arg.star]
    return plain[at].value if at is not None and at < len(plain) else None


def literal_names(expr: Expr | None) -> set[str] | None:
    """A text that is written out, or the keys of a dict that all are."""
    if isinstance(expr, Const) and isinstance(expr.value, str):
        return {expr.value}
    if isinstance(expr, Dict):
        keys = [key.value if isinstance(key, Const) else None for key, _ in expr.pairs]
        return {str(key) for key in keys} if all(isinstance(key, str) for key in keys) else None
    return None


def asked_for(test: Expr) -> Expr:
    """What ``x is not None`` and ``x`` ask for."""
    if isinstance(test, Compare) and len(test.ops) == 1 and test.ops[0][0] in ("IsNot", "NotEqual"):
        right = test.ops[0][1]
        return test.left if isinstance(right, Const) and right.value is None else test
    return test


def missing(test: Expr) -> Expr | None:
    """What ``x is None`` and ``not x`` find missing."""
    if isinstance(test, Unary) and test.op == "Not":
        return test.value
    if isinstance(test, Compare) and len(test.ops) == 1 and test.ops[0][0] in ("Is", "Equal"):
        right = test.ops[0][1]
        return test.left if isinstance(right, Const) and right.value is None else None
    return None


def branches_in(body: list[Stmt]) -> Iterator[If]:
    """The branches of a block, at any depth, without those of functions defined in it."""
    return (one for one in statements_in(body) if isinstance(one, If))


def assigned_in(body: list[Stmt]) -> set[str]:
    """The variables and attributes that a block sets at any depth, as written."""
    assigned = (one for one in statements_in(body) if isinstance(one, Assign))
    return {written(target) for one in assigned for target in one.targets} - {""}


def changed_in(branch: If) -> set[str]:
    """The variables and attributes that a branch sets or counts, as written."""
    found: set[str] = set()
    todo: list[Stmt] = [*branch.body, *branch.orelse]
    while todo:
        one = todo.pop()
        if isinstance(one, Assign):
            parts = (part for to in one.targets for part in (to.items if isinstance(to, Sequence) else [to]))
            found.update(map(written, parts))
        elif isinstance(one, AugAssign):
            found.add(written(one.target))
        elif isinstance(one, If):
            todo.extend((*one.body, *one.orelse))
        elif isinstance(one, With):
            todo.extend(one.body)
    return found - {""}


def read_in(expr: Expr) -> Iterator[Expr]:
    """An expression and all that it is made of."""
    yield from _read([ExprStmt(expr)])


def items_in(body: list[Stmt]) -> Iterator[Item]:
    """What is taken by an index or a key in a block."""
    return (one for one in _read(body) if isinstance(one, Item))


def picked_by(body: list[Stmt]) -> frozenset[str]:
    """The variables that pick from other variables: ``rows`` of ``hidden[rows]``, and not of ``self.table[rows]``."""
    items = (one for one in _read(body) if isinstance(one, Item) and isinstance(one.obj, Name))
    return frozenset(one.index.id for one in items if isinstance(one.index, Name))


def statements_in(body: list[Stmt]) -> Iterator[Stmt]:
    """The statements of a block at any depth, without those of functions defined in it."""
    for statement in body:
        yield statement
        if isinstance(statement, (If, For, While)):
            yield from statements_in([*statement.body, *statement.orelse])
        elif isinstance(statement, With):
            yield from statements_in(statement.body)
        elif isinstance(statement, Try):
            yield from statements_in([*statement.body, *statement.orelse, *statement.final])


def loop_around(body: list[Stmt], target: Expr) -> For | While | None:
    """The innermost loop of a block in which something is assigned."""
    found = None
    for loop in statements_in(body):
        if isinstance(loop, (For, While)):
            inside = statements_in(loop.body)
            if any(
                (isinstance(one, AugAssign) and one.target is target)
                or (isinstance(one, Assign) and target in one.targets)
                for one in inside
            ):
                found = loop
    return found
