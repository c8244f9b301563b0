"""``package.module:experiment``: the one thing of a user's that the command line imports, because it was asked to."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import UsageError, one_line, suggestion

if TYPE_CHECKING:
    from auditor.probe.experiment import Experiment

_NAMES = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_NEEDED = ("numpy", "scipy", "sklearn", "matplotlib", "torch")


@dataclass(frozen=True, slots=True)
class Target:
    """A module and the dotted name of an experiment in it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Target:
        """For argparse."""
        if text.endswith(".py") or Path(text).exists():
            raise argparse.ArgumentTypeError(
                f"{text} is a path: name an experiment in it, as in {Path(text).stem}:experiment"
            )
        module, colon, name = text.partition(":")
        if not (colon and _NAMES.fullmatch(module) and _NAMES.fullmatch(name)):
            raise argparse.ArgumentTypeError(f"{text!r} is not of the form package.module:experiment")
        return cls(module, name)

    def load(self) -> Experiment:
        """Imports the module, with the current folder importable, and calls what is no experiment yet.

        Raises `UsageError`: no such module or name, an error of the module's own, or something else than an experiment.
        """
        found = self._found()
        if callable(found) and not _is_experiment(found):
            found = self._called(found)
        if not _is_experiment(found):
            raise UsageError(f"{self} is {_a(type(found).__name__)} and no auditor.Experiment, nor a function of one")
        experiment: Experiment = found
        return experiment

    def _found(self) -> Any:
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))  # for good: an experiment imports while it trains, in its workers too
        try:
            found = importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            if error.name is not None and (self.module + ".").startswith(error.name + "."):
                raise UsageError(f"there is no module {error.name} here or among what is installed") from error
            raise UsageError(f"{self.module} cannot be imported: {one_line(error)}") from error
        except (Exception, SystemExit) as error:
            raise UsageError(f"{self.module} cannot be imported: {one_line(error)}") from error
        for part in self.name.split("."):
            if not hasattr(found, part):
                close = suggestion(part, [name for name in vars(found) if not name.startswith("_")])
                raise UsageError(f"{self.module} has no `{self.name}`{close}")
            found = getattr(found, part)
        return found

    def _called(self, function: Any) -> Any:
        try:
            return function()
        except (Exception, SystemExit) as error:
            raise UsageError(f"{self}() raised {one_line(error)}") from error


def _is_experiment(found: object) -> bool:
    from auditor.probe.experiment import Experiment  # noqa: PLC0415

    return isinstance(found, Experiment)


def _a(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


@contextmanager
def needing_torch() -> Iterator[None]:
    """What the extra ``probe`` would have installed is asked for in a line."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _NEEDED:
            raise
        raise UsageError(f"audit probe needs {error.name}: pip install 'overfit-auditor[probe]'") from error
