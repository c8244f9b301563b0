"""What can go wrong that is not ours. Each message is one line: what, where, what to do."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class AuditorError(Exception):
    """The audit cannot be done; the command line prints the message and exits with 2."""


class UsageError(AuditorError):
    """What was asked for on the command line does not exist or does not go together."""


class SettingsError(AuditorError):
    """The configuration cannot be read, or says something that means nothing."""


class RuleError(AuditorError):
    """A rule cannot be loaded, or two rules claim one code."""


class ProbeError(AuditorError):
    """An experiment cannot be run or measured as it was declared."""


class SourceError(AuditorError, ValueError):
    """One file cannot be read as Python. The audit goes on without it and lists it; it ends nothing.

    A ValueError too, so that a witness can tell it from a failure of its own without knowing us.
    """

    def __init__(self, path: str, line: int, message: str, cell: int | None = None) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
        self.message = message
        self.cell = cell

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, int, str, int | None]]:
        """Errors of worker processes come home whole."""
        return type(self), (self.path, self.line, self.message, self.cell)


def one_line(error: BaseException) -> str:
    """What an error that nobody foresaw says, and where it was raised."""
    message = " ".join(str(error).split()) or "no message"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {message}{where}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`` (did you mean `select`?)`` where something known is close to the word, else nothing."""
    spellings = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), spellings, n=1)
    return f" (did you mean `{spellings[close[0]]}`?)" if close else ""
