"""Early stopping of the user's own: a loop that is left once a score has not improved for a while.

The code that compares a score with the best so far also counts how long it has waited, or says that it is enough. A
loop that is left where that count or that word is asked for has been stopped early.
"""

from __future__ import annotations

from typing import NamedTuple

from auditor.static import syntax as s
from auditor.static.best_so_far import compares_with_best, comparisons
from auditor.static.expressions import Expressions
from auditor.static.values import Cls, Fn, Lib, Ref, Value, alternatives
from auditor.trace import Select, Watch


class Waiting(NamedTuple):
    """What a comparison with the best so far counts or says, and the comparisons."""

    words: frozenset[str]
    tests: tuple[s.Expr, ...]


NOBODY = Waiting(frozenset(), ())


class Stops(Expressions):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._waiting: dict[s.Function | s.Class | s.Module, Waiting] = {}
        rows = self.libraries.calls.items()
        self._file_tests = frozenset(name.rpartition(".")[2] for name, row in rows if row.does == "exists")

    def left_early(self) -> None:
        """A loop is left from within a branch."""
        running = self.stack[-1]
        if not running.branches or not running.loops:
            return
        branch = running.branches[-1]
        tests = self._waited_for(branch.test)
        chosen = [one for test in tests for one in self.selections.get(test, ())]
        if not chosen:
            return
        models = {forward.model for one in chosen for forward in one.forwards}
        scores: frozenset[Select] = frozenset(chosen)
        for model in sorted(models, key=lambda one: self.asked_of[one][0]):
            self.emit(
                Watch, branch.test.site, (model, scores),
                lambda place, model=model: Watch(  # type: ignore[misc]
                    place=place, does="stop", made=place, model=model, restores=False, selects=scores,
                ),
            )  # fmt: skip

    def _waited_for(self, test: s.Expr) -> list[s.Expr]:
        """The comparisons with the best so far that decide a test."""
        here = self._here()
        found: list[s.Expr] = []
        for part in s.read_in(test):
            if s.written(part) in here.words:
                found.extend(here.tests)
            if isinstance(part, s.Attr) and isinstance(part.obj, (s.Name, s.Attr)):
                found.extend(self._said_by(self.evaluate(part.obj), part.name).tests)
            if isinstance(part, s.Call) and isinstance(part.func, (s.Name, s.Attr)):
                found.extend(self._answers(self.evaluate(part.func)).tests)
            if isinstance(part, s.Name):
                found.extend(test for call in self._given(part.id) for test in self._answers(call).tests)
        return list(dict.fromkeys(found))

    def asks_for_kept(self, test: s.Expr) -> bool:
        """A test asks only whether there is what a better epoch keeps: a name, an attribute, a file."""
        if isinstance(test, s.Bool):
            parts = (test.left, test.right)
            asked = [self.asks_for_kept(part) for part in parts]
            return any(asked) and all(one or self._holds(part) for one, part in zip(asked, parts, strict=True))
        subject = s.asked_for(test)
        if isinstance(subject, s.Name):
            return subject.id in self._here().words
        if isinstance(subject, s.Attr):
            here = s.written(subject) in self._here().words
            return here or bool(self._said_by(self.evaluate(subject.obj), subject.name).tests)
        return isinstance(subject, s.Call) and self._asks_for_file(subject.func)

    def _holds(self, test: s.Expr) -> bool:
        """A setting that is known to be on."""
        return isinstance(test, (s.Name, s.Attr)) and self.truth(self.evaluate(test)) is True

    def _asks_for_file(self, func: s.Expr) -> bool:
        """``os.path.exists``, ``exists``, ``path.is_file``"""
        if isinstance(func, s.Attr):
            told = self.libraries.method("unknown", func.name)
            if told is not None and told.does == "exists":
                return True
        name = func.name if isinstance(func, s.Attr) else func.id if isinstance(func, s.Name) else ""
        called = self.evaluate(func) if name in self._file_tests else None
        row = self.libraries.call(called.name) if type(called) is Lib else None
        return row is not None and row.does == "exists"

    def _here(self) -> Waiting:
        running = self._running()
        return self._waiting_in(running) if running is not None else NOBODY

    def _running(self) -> s.Function | s.Module | None:
        """The function that is running, or the module at its top level."""
        return self.stack[-1].function or self.project.module(self.frame.module)

    def _waiting_in(self, owner: s.Function | s.Module) -> Waiting:
        known = self._waiting.get(owner)
        if known is None:
            branches = [one for one in s.branches_in(owner.body) if compares_with_best(one)]
            words = frozenset(
                word for one in branches for word in s.changed_in(one) | self._changed_by_calls(owner, one)
            )
            tests = tuple(test for one in branches for test in comparisons(one.test))
            known = self._waiting[owner] = Waiting(words, tests)
        return known

    def _changed_by_calls(self, owner: s.Function | s.Module, branch: s.If) -> set[str]:
        """The attributes that methods of the same object set which a branch calls (``self.save_checkpoint(net)``)."""
        if not isinstance(owner, s.Function) or owner.owner is None or not owner.params:
            return set()
        words: set[str] = set()
        for call in s.calls_in([*branch.body, *branch.orelse]):
            found = (
                self.method(owner.owner, call.func.name) if s.written(call.func.obj) == owner.params[0].name else None
            )
            words.update(s.assigned_in(found[1].body) if found is not None else ())
        return words

    def _said_by(self, owner: Value, name: str) -> Waiting:
        """What sets an attribute of an object of the project's."""
        tests: list[s.Expr] = []
        for one in alternatives(owner):
            if type(one) is Ref and one.obj.cls is not None:
                for cls in self.linear(one.obj.cls):
                    for method in cls.methods.values():
                        waiting = self._waiting_in(method)
                        if f"{method.params[0].name}.{name}" in waiting.words if method.params else False:
                            tests.extend(waiting.tests)
        return Waiting(frozenset(), tuple(tests))

    def _answers(self, called: Value) -> Waiting:
        """What decides the answer of a function of the project's that compares with the best so far."""
        tests: list[s.Expr] = []
        for one in alternatives(called):
            function = one.function if type(one) is Fn else None
            if type(one) is Ref and one.obj.cls is not None:
                found = self.method(one.obj.cls, "__call__")
                function = found[1] if found is not None else None
            if function is not None and type(one) is not Cls:
                tests.extend(self._waiting_in(function).tests)
        return Waiting(frozenset(), tuple(tests))

    def running_body(self) -> list[s.Stmt]:
        """The statements of the function that is running, or of its module."""
        running = self._running()
        return running.body if running is not None else []

    def _given(self, name: str) -> list[Value]:
        """The functions whose answer a variable holds, as far as one line says so."""
        given = [
            one
            for one in s.statements_in(self.running_body())
            if isinstance(one, s.Assign) and isinstance(one.value, s.Call)
        ]
        named = [one.value.func for one in given if any(s.written(it) == name for it in one.targets)]  # type: ignore[union-attr]
        return [self.evaluate(func) for func in named if isinstance(func, (s.Name, s.Attr))]
