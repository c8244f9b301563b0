"""Which functions have to do with networks at all, as far as names tell.

The interpreter keeps worlds apart only where that can matter, and does not enter functions that nobody calls when
nothing in them, or in what they call, could say something about a network.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.libraries import Libraries
from auditor.static import syntax as s
from auditor.static.conventions import names_loss, names_model

TELLING_METHODS = frozenset({"mode", "forward", "freeze", "backward", "step"})
TELLING_CALLS = frozenset(
    {"gradients", "backward", "gradient", "operation", "fit", "trainer", "optimizer", "copy", "share"}
)
DRIVING = frozenset({"mode", "backward", "step", "zero", "gradients", "optimizer"})
DIVIDING = frozenset(
    {
        "split",
        "folds",
        "fit",
        "fit-transform",
        "fit-resample",
        "train",
        "score",
        "cross-validate",
        "search",
        "resample",
        "loader",
        "subset",
    }
)
COMMON_WORDS = frozenset({"copy", "step", "run", "apply"})


class Relevance:
    """Answers by name: a function mentions a telling word, or a project function or class that does."""

    def __init__(self, libraries: Libraries, modules: Iterable[s.Module]) -> None:
        methods = (
            name
            for table in libraries.methods.values()
            for name, row in table.items()
            if row.does in TELLING_METHODS or (row.rows is not None and row.rows.does in DIVIDING)
        )
        calls = (
            name.rpartition(".")[2]
            for name, row in libraries.calls.items()
            if row.does in TELLING_CALLS or (row.rows is not None and row.rows.does in DIVIDING)
        )
        self._words = frozenset((*methods, *calls)) - COMMON_WORDS
        self._modes = frozenset(
            name for table in libraries.methods.values() for name, row in table.items() if row.does == "mode"
        )
        self._driving = frozenset(
            (
                *(n for table in libraries.methods.values() for n, row in table.items() if row.does in DRIVING),
                *(name.rpartition(".")[2] for name, row in libraries.calls.items() if row.does in DRIVING),
            )
        )
        self._direct: dict[str, bool] = {}
        self._known: dict[s.Function, bool] = {}
        self._names = self._spread(list(modules))

    def switches(self, function: s.Function) -> bool:
        """It sets a mode."""
        return bool(function.mentions & self._modes)

    def drives(self, function: s.Function) -> bool:
        """It switches modes or gradients, steps an optimizer or computes a loss by itself."""
        return self.drives_by(function.mentions)

    def drives_by(self, words: frozenset[str]) -> bool:
        return any(word in self._driving or names_loss(word) for word in words)

    def _telling(self, word: str) -> bool:
        known = self._direct.get(word)
        if known is None:
            known = self._direct[word] = word in self._words or names_model(word) or names_loss(word)
        return known

    def _spread(self, modules: list[s.Module]) -> frozenset[str]:
        """The names of project functions and classes that lead to a telling word."""
        mentions: dict[str, set[str]] = {}
        for module in modules:
            for function in module.functions:
                mentions.setdefault(function.name, set()).update(function.mentions)
            for cls in module.classes:
                mentions.setdefault(cls.name, set()).update(cls.mentions)
        callers: dict[str, list[str]] = {}
        todo: list[str] = []
        for name, words in mentions.items():
            for word in words & mentions.keys():
                callers.setdefault(word, []).append(name)
            if any(self._telling(word) for word in words):
                todo.append(name)
        found: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(callers.get(name, ()))
        return frozenset(found)

    def __call__(self, function: s.Function) -> bool:
        known = self._known.get(function)
        if known is None:
            words = function.mentions
            known = bool(words & self._names) or any(self._telling(word) for word in words)
            self._known[function] = known
        return known
