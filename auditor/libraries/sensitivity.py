"""Why a layer that a row describes answers differently in train and eval mode, given how it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from auditor.libraries.schema import Argument, Call, Condition

Read = Callable[[Argument], "tuple[bool, object]"]
"""Reads an operand of the call: whether it is known, and its value (its default where it was not given)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a row and a call's operands together say of a layer.

    ``sensitivity`` is None where the mode changes nothing, ``rate`` the dropout rate where it is known, and
    ``complete`` False where the layer may be sensitive in a way that is not known.
    """

    sensitivity: Literal["dropout", "normalisation", "stochastic"] | None
    rate: float | None
    complete: bool


def answer(row: Call, read: Read) -> Answer:
    """The sensitivity of what this call makes."""
    if row.sensitivity is None:
        return Answer(None, None, row.complete)
    holds = condition(row.when, read) if row.when is not None else None
    if holds or (row.when is None and row.rate is None):
        return Answer(row.sensitivity, None, row.complete)
    undecided = row.when is not None and holds is None
    if row.rate is None:
        return Answer(None, None, row.complete and not undecided)
    known, value = read(row.rate)
    rate = float(value) if known and isinstance(value, (int, float)) else None
    if rate == 0 or (known and value is None):
        return Answer(None, 0.0, row.complete and not undecided)
    if row.layers is not None and read(row.layers) == (True, 1):  # it stands between layers, and there is one
        return Answer(None, rate, row.complete)
    return Answer("dropout" if row.when is not None else row.sensitivity, rate, row.complete)


def condition(when: Condition, read: Read) -> bool | None:
    """Whether a condition holds; None where its operand is not known."""
    known, value = read(when)
    if not known:
        return None
    return value in when.among if when.among else bool(value)
