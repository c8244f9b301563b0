"""What a rule reports: a finding with a primary place, captioned evidence, and severity and confidence kept apart."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.trace.places import Place


class Severity(enum.IntEnum):
    """How bad it is if the finding is true."""

    NOTE = 1
    """Advice; shown on request."""
    WARNING = 2
    """Very likely wrong, or wasteful at the scale of the model."""
    ERROR = 3
    """The numbers reported or the weights kept are wrong."""

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How sure we are that the finding is true."""

    LOW = 1
    """Something unknown touched the subject on the way."""
    MEDIUM = 2
    """The pass is seen, the way to it is partly assumed (undriven code, unknown layers)."""
    HIGH = 3
    """Every step of the evidence was followed in the source, or recorded in a run."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One step of the chain that makes a finding true."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the source text of one place; an empty text deletes it. ``insert`` puts text on lines of its own before
    (``"before"``) or after (``"after"``) the statement that holds the place, at its indentation."""

    place: Place
    text: str
    insert: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the source. ``safe`` means that it makes the code do what it evidently claims to do."""

    safe: bool
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One true statement about one place.

    ``explains`` names places of findings that have this one as their cause: the engine reports one code a cause and
    drops the findings of the codes that the rule stands over at those places.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    place: Place
    message: str
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    explains: frozenset[Place] = frozenset()
