"""Loops that build layers: each turn makes layers of its own, told apart where the number of turns is known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from auditor.static import syntax as s
from auditor.static.calls import Calls
from auditor.static.values import Cls, Const, Fn, Seq, Value

MOST_TURNS_BUILT = 40
"""Of a loop that builds layers."""


class Building(Calls):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._words: dict[s.For | s.Comp, list[str]] = {}

    def drives_by(self, words: frozenset[str]) -> bool:
        """Something among these names switches modes, takes gradients or steps."""
        raise NotImplementedError

    def turns(self, loop: s.For | s.Comp, value: Value) -> tuple[Value, ...] | None:
        """The elements of a loop that builds layers with them, where each is known."""
        items = self.items(value)
        count = len(items) if items is not None else self.turns_of(value)
        if not count or count > MOST_TURNS_BUILT or not self.builds(loop):
            return None
        if items is not None:
            return items
        ends = self.read(self.ranges[value.sym])  # type: ignore[attr-defined]  # it has a number of turns
        return Seq(tuple(Const(number) for number in range(*ends))).items

    def builds(self, loop: s.For | s.Comp) -> bool:
        """The turns of a loop make layers that may differ from turn to turn, and nothing is trained in it."""
        words = self._words.get(loop)
        if words is None:
            words = self._words[loop] = self._building_words(loop)
        if not words:
            return False
        return not self._layer_words.isdisjoint(words) or self._in_constructor() or any(map(self._makes_layers, words))

    def _building_words(self, loop: s.For | s.Comp) -> list[str]:
        """The names in the body of a loop that may build layers, in order; none where it does other things."""
        words = mentioned(loop.body if isinstance(loop, s.For) else [loop.element])
        target = mentioned([loop.target if isinstance(loop, s.For) else loop.loops[0][0]])
        if words & self._fit_words or self.drives_by(words - target) or not words & (target | self._shaped_words):
            return []
        return sorted(words)

    def _in_constructor(self) -> bool:
        return any(one.receiver is not None and one.function is not None and one.function.name == "__init__"
                   for one in self.stack)  # fmt: skip

    def _makes_layers(self, name: str) -> bool:
        """It is one of the project's networks here, or a function that makes layers and does nothing with them."""
        value = self.lookup(name)
        if type(value) is Cls:
            return self.is_network(value.cls)
        return (
            type(value) is Fn
            and bool(value.function.mentions & self._layer_words)
            and not self.drives_by(value.function.mentions)
        )

    @cached_property
    def _layer_words(self) -> frozenset[str]:
        """What the layers of libraries are called."""
        names = (name.rpartition(".")[2] for name in self.libraries.sizes)
        return frozenset(name for name in names if name[:1].isupper())

    @cached_property
    def _fit_words(self) -> frozenset[str]:
        """What trains, or judges, in one call."""
        tables = self.libraries.methods.values()
        return frozenset(name for table in tables for name, row in table.items() if row.does == "fit")

    @cached_property
    def _shaped_words(self) -> frozenset[str]:
        """What layers are called that are as large as what goes in asks for."""
        return frozenset(
            name.rpartition(".")[2] for name, row in self.libraries.sizes.items() if "inputs" in row.weights
        )


def mentioned(parts: Iterable[s.Expr | s.Stmt]) -> frozenset[str]:
    """Every name and attribute that occurs in some code."""
    found: set[str] = set()
    todo: list[object] = list(parts)
    while todo:
        one = todo.pop()
        if isinstance(one, s.Name):
            found.add(one.id)
        elif isinstance(one, s.Attr):
            found.add(one.name)
        if isinstance(one, (list, tuple)):
            todo.extend(one)
        elif isinstance(one, (s.Expr, s.Stmt, s.Arg)):
            todo.extend(
                getattr(one, slot) for cls in type(one).__mro__ for slot in getattr(cls, "__slots__", ())
                if slot not in ("owner", "outer")
            )  # fmt: skip  # what a function stands in is no part of it
    return frozenset(found)
