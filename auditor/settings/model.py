"""The settings, each with the meaning of its values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from auditor.trace import Confidence, Limits, Severity

CallableRole = Literal["splitter", "transformer", "loader", "metric", "trainer"]
"""What a callable of the user's own does to rows."""


def _severity(value: object) -> object:
    return Severity[value.upper()] if isinstance(value, str) and value.upper() in Severity.__members__ else value


def _confidence(value: object) -> object:
    return Confidence[value.upper()] if isinstance(value, str) and value.upper() in Confidence.__members__ else value


class Capacity(BaseModel):
    """The keys of `[tool.auditor.capacity]`: from which figures on a network is too large for its rows."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=lambda name: name.replace("_", "-")
    )

    weights_per_row: Annotated[float, Field(gt=0)] = 20.0
    noted_weights_per_row: Annotated[float, Field(gt=0)] = 5.0
    share: Annotated[float, Field(gt=0, le=1)] = 0.25
    passes: Annotated[int, Field(gt=0)] = 20


class Settings(BaseModel):
    """The keys of `[tool.auditor]`, with dashes there. Patterns have the form of a `.gitignore` line."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=lambda name: name.replace("_", "-")
    )

    folder: Path = Field(default_factory=Path.cwd, exclude=True)
    """What patterns are relative to: the folder of the file that they are written in. No key."""

    select: Annotated[tuple[str, ...], Field(strict=False)] = ("ALL",)
    ignore: Annotated[tuple[str, ...], Field(strict=False)] = ()
    exclude: Annotated[tuple[str, ...], Field(strict=False)] = ()
    min_confidence: Annotated[Confidence, BeforeValidator(_confidence)] = Confidence.MEDIUM
    severity: Annotated[Severity | None, BeforeValidator(_severity)] = None
    """None: as low as `fail_on`, so that what fails is shown."""
    fail_on: Annotated[Severity, BeforeValidator(_severity)] = Severity.WARNING
    per_file_ignores: Mapping[str, Annotated[tuple[str, ...], Field(strict=False)]] = {}
    callables: Mapping[str, CallableRole] = {}
    """The user's own, by dotted name."""

    training_rows: Annotated[int, Field(gt=0)] | None = None
    """How many rows the networks learn from, where the source does not say, or says otherwise."""
    capacity: Capacity = Capacity()

    @property
    def limits(self) -> Limits:
        """What rules about sizes go by."""
        return Limits(self.training_rows, **self.capacity.model_dump())

    @property
    def shown(self) -> Severity:
        """The lowest severity that is shown."""
        return min(Severity.WARNING, self.fail_on) if self.severity is None else self.severity
