"""Option parsing that fails in one line."""

from __future__ import annotations

import argparse
import enum
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from auditor.errors import UsageError, suggestion
from auditor.trace import Confidence, Severity

Level = TypeVar("Level", bound=enum.Enum)


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Options and paths in any order; what looks like an option and is none gets a suggestion."""
        options, unknown = self.parse_known_intermixed_args(words)
        for word in unknown:
            known = [name for action in self._actions for name in action.option_strings]
            self.error(f"unknown option {word}{suggestion(word.partition('=')[0], known)}")
        return options


def listed(text: str) -> list[str]:
    """``EVA001,EVA002``."""
    return [item.strip() for item in text.split(",") if item.strip()]


def severity(text: str) -> Severity:
    return _level(text, Severity)


def confidence(text: str) -> Confidence:
    return _level(text, Confidence)


def _level(text: str, levels: type[Level]) -> Level:
    if text.upper() not in levels.__members__:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(str(level) for level in levels)}")
    return levels[text.upper()]
