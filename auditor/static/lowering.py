"""libcst tree -> the core language of :mod:`auditor.static.syntax`.

Lowering is deterministic, so numbering a file twice gives the same sites: the second time with libcst's positions,
for the few files that end up in a report.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import libcst as cst

from auditor.static import syntax as s
from auditor.static.best_so_far import as_alternatives, compare_with_gathered

Lower = Callable[["Lowering", Any], s.Expr]


class _Scope:
    """What is collected while a module, class or function is lowered."""

    __slots__ = ("bound", "cls", "foreign", "function", "generator", "mentions")

    def __init__(self, function: s.Function | None = None, cls: s.Class | None = None) -> None:
        self.bound: set[str] = set()
        self.foreign: set[str] = set()
        self.mentions: set[str] = set()
        self.generator = False
        self.function = function
        self.cls = cls


class Lowering:
    """One file. ``nodes`` holds the tree node of each site when ``keep`` asks for it."""

    def __init__(self, module: str, keep: bool = False) -> None:
        self.module = module
        self.nodes: list[cst.CSTNode] | None = [] if keep else None
        self.sites = 0
        self.scopes: list[_Scope] = []
        self.loops: list[set[str]] = []
        self.functions: list[s.Function] = []
        self.classes: list[s.Class] = []
        self.imports: list[s.Import] = []

    def site(self, node: cst.CSTNode) -> int:
        number = self.sites
        self.sites = number + 1
        if self.nodes is not None:
            self.nodes.append(node)
        return number

    def lower(self, tree: cst.Module) -> s.Module:
        scope = _Scope()
        self.scopes.append(scope)
        body = self.block(tree.body)
        self.scopes.pop()
        return s.Module(
            body,
            frozenset(scope.bound),
            frozenset(scope.mentions),
            self.functions,
            self.classes,
            self.imports,
            self.sites,
        )

    # names

    def bind(self, name: str) -> None:
        self.scopes[-1].bound.add(name)
        if self.loops:
            self.loops[-1].add(name)

    def targets(self, target: s.Expr) -> None:
        if isinstance(target, s.Name):
            self.bind(target.id)
        elif isinstance(target, s.Sequence):
            for item in target.items:
                self.targets(item)
        elif isinstance(target, s.Star):
            self.targets(target.value)

    def mention(self, name: str) -> str:
        self.scopes[-1].mentions.add(name)
        return name

    def _called(self, name: str) -> None:
        cls = next((scope.cls for scope in reversed(self.scopes) if scope.cls is not None), None)
        if cls is not None:
            cls.calls.add(name)

    def enclosing_function(self) -> s.Function | None:
        return next((scope.function for scope in reversed(self.scopes) if scope.function is not None), None)

    def loop(self, parts: Callable[[], Any]) -> tuple[Any, frozenset[str]]:
        """Lower something whose bindings change from turn to turn."""
        self.loops.append(set())
        made = parts()
        bound = self.loops.pop()
        if self.loops:
            self.loops[-1] |= bound
        return made, frozenset(bound)

    # statements

    def block(self, statements: Iterable[cst.CSTNode]) -> list[s.Stmt]:
        made: list[s.Stmt] = []
        for statement in statements:
            if isinstance(statement, cst.SimpleStatementLine):
                for small in statement.body:
                    made.extend(self.statement(small))
            else:
                made.extend(self.statement(statement))
        compare_with_gathered(made)
        return as_alternatives(made)

    def suite(self, body: cst.BaseSuite) -> list[s.Stmt]:
        if isinstance(body, cst.SimpleStatementSuite):
            return [made for small in body.body for made in self.statement(small)]
        return self.block(body.body)

    def statement(self, node: cst.CSTNode) -> Sequence[s.Stmt]:
        lower = _STATEMENTS.get(type(node))
        return lower(self, node) if lower is not None else ()

    def _expr(self, node: cst.Expr) -> Sequence[s.Stmt]:
        return (s.ExprStmt(self.expr(node.value)),)

    def _assign(self, node: cst.Assign) -> Sequence[s.Stmt]:
        value = self.expr(node.value)
        made = [self.expr(target.target) for target in node.targets]
        for target in made:
            self.targets(target)
        return (s.Assign(made, value),)

    def _annotated(self, node: cst.AnnAssign) -> Sequence[s.Stmt]:
        annotation = self.annotation(node.annotation)
        value = self.expr(node.value) if node.value is not None else None
        target = self.expr(node.target)
        self.targets(target)
        return (s.Assign([target], value, annotation),)

    def _augmented(self, node: cst.AugAssign) -> Sequence[s.Stmt]:
        value = self.expr(node.value)
        target = self.expr(node.target)
        self.targets(target)
        return (s.AugAssign(target, type(node.operator).__name__.removesuffix("Assign"), value),)

    def _if(self, node: cst.If) -> Sequence[s.Stmt]:
        test = self.expr(node.test)
        body = self.suite(node.body)
        orelse: list[s.Stmt] = []
        if isinstance(node.orelse, cst.If):
            orelse = list(self._if(node.orelse))
        elif node.orelse is not None:
            orelse = self.suite(node.orelse.body)
        return (s.If(test, body, orelse, frozenset(s.assigned([*body, *orelse]))),)

    def _for(self, node: cst.For) -> Sequence[s.Stmt]:
        iterable = self.expr(node.iter)

        def parts() -> tuple[s.Expr, list[s.Stmt]]:
            target = self.expr(node.target)
            self.targets(target)
            return target, self.suite(node.body)

        (target, body), bound = self.loop(parts)
        orelse = self.suite(node.orelse.body) if node.orelse is not None else []
        return (s.For(target, iterable, body, orelse, bound),)

    def _while(self, node: cst.While) -> Sequence[s.Stmt]:
        (test, body), bound = self.loop(lambda: (self.expr(node.test), self.suite(node.body)))
        orelse = self.suite(node.orelse.body) if node.orelse is not None else []
        return (s.While(test, body, orelse, bound),)

    def _with(self, node: cst.With) -> Sequence[s.Stmt]:
        entered: list[tuple[s.Expr, s.Expr | None]] = []
        for item in node.items:
            context = self.expr(item.item)
            target = self.expr(item.asname.name) if item.asname is not None else None
            if target is not None:
                self.targets(target)
            entered.append((context, target))
        body = self.suite(node.body)
        for context, target in reversed(entered):
            body = [s.With(context, target, body)]
        return body

    def _try(self, node: cst.Try | cst.TryStar) -> Sequence[s.Stmt]:
        body = self.suite(node.body)
        handlers = [self._handler(handler) for handler in node.handlers]
        orelse = self.suite(node.orelse.body) if node.orelse is not None else []
        final = self.suite(node.finalbody.body) if node.finalbody is not None else []
        return (s.Try(body, handlers, orelse, final),)

    def _handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> s.Handler:
        kind = self.expr(node.type) if node.type is not None else None
        name = node.name.name.value if node.name is not None and isinstance(node.name.name, cst.Name) else None
        if name is not None:
            self.bind(name)
        return s.Handler(kind, name, self.suite(node.body))

    def _return(self, node: cst.Return) -> Sequence[s.Stmt]:
        return (s.Return(self.expr(node.value) if node.value is not None else None),)

    def _raise(self, node: cst.Raise) -> Sequence[s.Stmt]:
        return (s.Raise(self.expr(node.exc) if node.exc is not None else None),)

    def _assert(self, node: cst.Assert) -> Sequence[s.Stmt]:
        return (s.ExprStmt(self.expr(node.test)),)

    def _delete(self, node: cst.Del) -> Sequence[s.Stmt]:
        target = self.expr(node.target)
        return (s.Delete(target.items if isinstance(target, s.Sequence) else [target]),)

    def _scope_names(self, node: cst.Global | cst.Nonlocal) -> Sequence[s.Stmt]:
        self.scopes[-1].foreign.update(item.name.value for item in node.names)
        return ()

    def _import(self, node: cst.Import) -> Sequence[s.Stmt]:
        made: list[s.Stmt] = []
        for alias in node.names:
            name = _dotted(alias.name)
            asname = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else None
            self.bind(asname or name.partition(".")[0])
            made.append(s.Import(name, 0, None, asname))
        return self._imported(made)

    def _import_from(self, node: cst.ImportFrom) -> Sequence[s.Stmt]:
        module = _dotted(node.module) if node.module is not None else ""
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            return self._imported([s.Import(module, level, "*", None)])
        made: list[s.Stmt] = []
        for alias in node.names:
            name = _dotted(alias.name)
            asname = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            self.bind(asname)
            made.append(s.Import(module, level, name, asname))
        return self._imported(made)

    def _imported(self, made: list[s.Stmt]) -> list[s.Stmt]:
        self.imports.extend(statement for statement in made if isinstance(statement, s.Import))
        return made

    def _match(self, node: cst.Match) -> Sequence[s.Stmt]:
        subject = self.expr(node.subject)
        cases: list[s.Case] = []
        for case in node.cases:
            literals: list[s.Expr] = []
            names: list[str] = []
            self._pattern(case.pattern, literals, names)
            for name in names:
                self.bind(name)
            guard = self.expr(case.guard) if case.guard is not None else None
            cases.append(s.Case(literals if not names else [], names, guard, self.suite(case.body)))
        return (s.Match(subject, cases),)

    def _pattern(self, node: cst.CSTNode, literals: list[s.Expr], names: list[str]) -> None:
        if isinstance(node, cst.MatchValue | cst.MatchSingleton):
            literals.append(self.expr(node.value))
        elif isinstance(node, cst.MatchOr):
            for part in node.patterns:
                self._pattern(part.pattern, literals, names)
        elif isinstance(node, cst.MatchAs) and node.pattern is None and node.name is None:
            return
        else:
            self._captures(node, names)

    def _captures(self, node: cst.CSTNode, names: list[str]) -> None:
        if isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
            names.append(node.name.value)
        for child in node.children:
            self._captures(child, names)
        names.append("_")

    # definitions

    def _function(self, node: cst.FunctionDef) -> Sequence[s.Stmt]:
        decorators = [self.expr(decorator.decorator) for decorator in node.decorators]
        self.bind(node.name.value)
        made = self._make_function(node.name.value, self.site(node.name), node.params)
        made.decorators = decorators
        cls = self.scopes[-1].cls
        if cls is not None:
            made.owner = cls
            cls.methods[made.name] = made
        self._body(made, lambda: self.suite(node.body))
        self.functions.append(made)
        return (made,)

    def _make_function(self, name: str, site: int, parameters: cst.Parameters) -> s.Function:
        params: list[s.Param] = []

        def add(param: cst.Param, kind: str) -> None:
            default = self.expr(param.default) if param.default is not None else None
            annotation = self.annotation(param.annotation) if param.annotation is not None else None
            params.append(s.Param(param.name.value, kind, default, annotation))

        for param in (*parameters.posonly_params, *parameters.params):
            add(param, "positional")
        if isinstance(parameters.star_arg, cst.Param):
            add(parameters.star_arg, "*")
        for param in parameters.kwonly_params:
            add(param, "keyword")
        if parameters.star_kwarg is not None:
            add(parameters.star_kwarg, "**")
        outer = self.enclosing_function()
        if outer is not None:
            outer.inner = True
        return s.Function(name, site, params, [], [], outer=outer, module=self.module)

    def _body(self, made: s.Function, body: Callable[[], list[s.Stmt]]) -> None:
        scope = _Scope(function=made)
        self.scopes.append(scope)
        loops, self.loops = self.loops, []
        for param in made.params:
            scope.bound.add(param.name)
        made.body = body()
        self.loops = loops
        self.scopes.pop()
        made.locals = frozenset(scope.bound - scope.foreign)
        made.generator = scope.generator
        made.mentions = frozenset(scope.mentions)
        self.scopes[-1].mentions |= scope.mentions

    def _class(self, node: cst.ClassDef) -> Sequence[s.Stmt]:
        decorators = [self.expr(decorator.decorator) for decorator in node.decorators]
        bases = [self.expr(base.value) for base in node.bases if not base.star]
        keywords = [self._arg(keyword) for keyword in node.keywords]
        self.bind(node.name.value)
        made = s.Class(
            node.name.value, self.site(node.name), bases, keywords, [], decorators,
            outer=self.enclosing_function(), module=self.module,
        )  # fmt: skip
        scope = _Scope(cls=made)
        self.scopes.append(scope)
        made.body = self.suite(node.body)
        self.scopes.pop()
        made.locals = frozenset(scope.bound)
        made.mentions = frozenset(scope.mentions)
        self.scopes[-1].mentions |= scope.mentions
        self.classes.append(made)
        return (made,)

    # expressions

    def expr(self, node: cst.CSTNode) -> s.Expr:
        lower = _EXPRESSIONS.get(type(node))
        if lower is None:
            parts = [self.expr(child) for child in node.children if isinstance(child, cst.BaseExpression)]
            return s.Mix(self.site(node), parts)
        return lower(self, node)

    def annotation(self, node: cst.Annotation) -> s.Expr:
        text = node.annotation
        if isinstance(text, cst.SimpleString):
            try:
                return self.expr(cst.parse_expression(str(text.evaluated_value)))
            except cst.ParserSyntaxError:
                return s.Mix(self.site(text), [])
        return self.expr(text)

    def _name(self, node: cst.Name) -> s.Expr:
        if node.value in _CONSTANTS:
            return s.Const(self.site(node), _CONSTANTS[node.value])
        return s.Name(self.site(node), self.mention(node.value))

    def _attribute(self, node: cst.Attribute) -> s.Expr:
        site = self.site(node)
        return s.Attr(site, self.expr(node.value), self.mention(node.attr.value))

    def _subscript(self, node: cst.Subscript) -> s.Expr:
        site = self.site(node)
        obj = self.expr(node.value)
        parts = [self._index(element.slice) for element in node.slice]
        index = parts[0] if len(parts) == 1 else s.Sequence(site, "tuple", parts)
        return s.Item(site, obj, index)

    def _index(self, node: cst.BaseSlice) -> s.Expr:
        if isinstance(node, cst.Index):
            return self.expr(node.value)
        assert isinstance(node, cst.Slice)
        parts = [self.expr(part) if part is not None else None for part in (node.lower, node.upper, node.step)]
        return s.Slice(self.site(node), parts)

    def _arg(self, node: cst.Arg) -> s.Arg:
        return s.Arg(self.expr(node.value), node.keyword.value if node.keyword else None, node.star)

    def _call(self, node: cst.Call) -> s.Expr:
        site = self.site(node)
        func = self.expr(node.func)
        if isinstance(func, s.Attr) and isinstance(func.obj, s.Name) and func.obj.id == "self":
            self._called(func.name)
        return s.Call(site, func, [self._arg(arg) for arg in node.args])

    def _binary(self, node: cst.BinaryOperation) -> s.Expr:
        site = self.site(node)
        return s.Bin(site, type(node.operator).__name__, self.expr(node.left), self.expr(node.right))

    def _boolean(self, node: cst.BooleanOperation) -> s.Expr:
        site = self.site(node)
        op = "and" if isinstance(node.operator, cst.And) else "or"
        return s.Bool(site, op, self.expr(node.left), self.expr(node.right))

    def _unary(self, node: cst.UnaryOperation) -> s.Expr:
        return s.Unary(self.site(node), type(node.operator).__name__, self.expr(node.expression))

    def _comparison(self, node: cst.Comparison) -> s.Expr:
        site = self.site(node)
        left = self.expr(node.left)
        ops = [(type(part.operator).__name__, self.expr(part.comparator)) for part in node.comparisons]
        return s.Compare(site, left, ops)

    def _conditional(self, node: cst.IfExp) -> s.Expr:
        site = self.site(node)
        return s.IfExp(site, self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def _sequence(self, node: cst.Tuple | cst.List | cst.Set) -> s.Expr:
        site = self.site(node)
        items = [self._element(element) for element in node.elements]
        return s.Sequence(site, type(node).__name__.lower(), items)

    def _element(self, node: cst.BaseElement) -> s.Expr:
        value = self.expr(node.value)
        return s.Star(value.site, value) if isinstance(node, cst.StarredElement) else value

    def _dict(self, node: cst.Dict) -> s.Expr:
        site = self.site(node)
        pairs: list[tuple[s.Expr | None, s.Expr]] = []
        for element in node.elements:
            key = self.expr(element.key) if isinstance(element, cst.DictElement) else None
            pairs.append((key, self.expr(element.value)))
        return s.Dict(site, pairs)

    def _comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp) -> s.Expr:
        site = self.site(node)

        def parts() -> tuple[list[tuple[s.Expr, s.Expr, list[s.Expr]]], s.Expr | None, s.Expr]:
            loops: list[tuple[s.Expr, s.Expr, list[s.Expr]]] = []
            inner: cst.CompFor | None = node.for_in
            while inner is not None:
                iterable = self.expr(inner.iter)
                target = self.expr(inner.target)
                self.targets(target)
                loops.append((target, iterable, [self.expr(test.test) for test in inner.ifs]))
                inner = inner.inner_for_in
            key = self.expr(node.key) if isinstance(node, cst.DictComp) else None
            return loops, key, self.expr(node.value if isinstance(node, cst.DictComp) else node.elt)

        (loops, key, element), bound = self.loop(parts)
        kind = {cst.ListComp: "list", cst.SetComp: "set", cst.DictComp: "dict"}.get(type(node), "generator")
        return s.Comp(site, kind, element, key, loops, bound)

    def _lambda(self, node: cst.Lambda) -> s.Expr:
        site = self.site(node)
        made = self._make_function("<lambda>", site, node.params)
        self._body(made, lambda: [s.Return(self.expr(node.body))])
        return s.Lambda(site, made)

    def _yield(self, node: cst.Yield) -> s.Expr:
        site = self.site(node)
        self.scopes[-1].generator = True
        value: s.Expr | None = None
        if isinstance(node.value, cst.From):
            inner = self.expr(node.value.item)
            value = s.Item(inner.site, inner, s.Mix(inner.site, []))
        elif node.value is not None:
            value = self.expr(node.value)
        return s.Yield(site, value)

    def _named(self, node: cst.NamedExpr) -> s.Expr:
        site = self.site(node)
        value = self.expr(node.value)
        target = self.expr(node.target)
        self.targets(target)
        return s.Named(site, target, value)

    def _await(self, node: cst.Await) -> s.Expr:
        return self.expr(node.expression)

    def _number(self, node: cst.Integer | cst.Float | cst.Imaginary) -> s.Expr:
        return s.Const(self.site(node), ast.literal_eval(node.value))

    def _string(self, node: cst.SimpleString) -> s.Expr:
        return s.Const(self.site(node), node.evaluated_value)

    def _joined(self, node: cst.ConcatenatedString) -> s.Expr:
        site = self.site(node)
        parts = [self.expr(node.left), self.expr(node.right)]
        values = [part.value if isinstance(part, s.Const) else None for part in parts]
        if isinstance(values[0], str) and isinstance(values[1], str):
            return s.Const(site, values[0] + values[1])
        return s.Mix(site, parts)

    def _formatted(self, node: cst.FormattedString) -> s.Expr:
        site = self.site(node)
        shown = [p for p in node.parts if isinstance(p, cst.FormattedStringExpression)]
        parts = [self.expr(one.expression) for one in shown]
        if any(one.conversion or one.format_spec or one.equal for one in shown):
            return s.Mix(site, parts)
        between = [""]
        for one in node.parts:
            if isinstance(one, cst.FormattedStringText):
                between[-1] += one.value
            else:
                between.append("")
        if any("\\" in text or "{" in text or "}" in text for text in between):
            return s.Mix(site, parts)  # escaped
        return s.Text(site, parts, between)

    def _ellipsis(self, node: cst.Ellipsis) -> s.Expr:
        return s.Const(self.site(node), ...)

    def _break(self, node: cst.Break) -> Sequence[s.Stmt]:
        return (s.Break(),)

    def _continue(self, node: cst.Continue) -> Sequence[s.Stmt]:
        return (s.Continue(),)


_CONSTANTS: Mapping[str, object] = {"None": None, "True": True, "False": False}


def _dotted(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


_STATEMENTS: dict[type[cst.CSTNode], Callable[[Lowering, Any], Sequence[s.Stmt]]] = {
    cst.Expr: Lowering._expr,
    cst.Assign: Lowering._assign,
    cst.AnnAssign: Lowering._annotated,
    cst.AugAssign: Lowering._augmented,
    cst.If: Lowering._if,
    cst.For: Lowering._for,
    cst.While: Lowering._while,
    cst.With: Lowering._with,
    cst.Try: Lowering._try,
    cst.TryStar: Lowering._try,
    cst.Return: Lowering._return,
    cst.Raise: Lowering._raise,
    cst.Assert: Lowering._assert,
    cst.Del: Lowering._delete,
    cst.Global: Lowering._scope_names,
    cst.Nonlocal: Lowering._scope_names,
    cst.Import: Lowering._import,
    cst.ImportFrom: Lowering._import_from,
    cst.Match: Lowering._match,
    cst.FunctionDef: Lowering._function,
    cst.ClassDef: Lowering._class,
    cst.Break: Lowering._break,
    cst.Continue: Lowering._continue,
}

_EXPRESSIONS: dict[type[cst.CSTNode], Lower] = {
    cst.Name: Lowering._name,
    cst.Attribute: Lowering._attribute,
    cst.Subscript: Lowering._subscript,
    cst.Call: Lowering._call,
    cst.BinaryOperation: Lowering._binary,
    cst.BooleanOperation: Lowering._boolean,
    cst.UnaryOperation: Lowering._unary,
    cst.Comparison: Lowering._comparison,
    cst.IfExp: Lowering._conditional,
    cst.Tuple: Lowering._sequence,
    cst.List: Lowering._sequence,
    cst.Set: Lowering._sequence,
    cst.Dict: Lowering._dict,
    cst.ListComp: Lowering._comprehension,
    cst.SetComp: Lowering._comprehension,
    cst.DictComp: Lowering._comprehension,
    cst.GeneratorExp: Lowering._comprehension,
    cst.Lambda: Lowering._lambda,
    cst.Yield: Lowering._yield,
    cst.NamedExpr: Lowering._named,
    cst.Await: Lowering._await,
    cst.Integer: Lowering._number,
    cst.Float: Lowering._number,
    cst.Imaginary: Lowering._number,
    cst.SimpleString: Lowering._string,
    cst.ConcatenatedString: Lowering._joined,
    cst.FormattedString: Lowering._formatted,
    cst.Ellipsis: Lowering._ellipsis,
}
