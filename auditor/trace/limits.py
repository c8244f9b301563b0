"""What the user knows better than the source, and where the user draws lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows as they are stated, and from which figures on a network is too large for its rows.

    ``training_rows`` None: as many as the source reveals. ``weights_per_row``: from so many on a layer that nothing
    regularises is warned of, from ``noted_weights_per_row`` on it is noted. ``share`` is the part of a network's
    weights, in [0, 1], that a layer holds at least to be named; ``passes`` how often all rows pass at least.
    """

    training_rows: int | None = None
    weights_per_row: float = 20.0
    noted_weights_per_row: float = 5.0
    share: float = 0.25
    passes: int = 20


DEFAULT_LIMITS = Limits()
