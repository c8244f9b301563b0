"""Times as people write them."""

from __future__ import annotations

import re

from auditor.errors import UsageError

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """``60``, ``60s``, ``1.5m`` or ``1h`` in seconds. Raises `UsageError` for anything else, and for 0."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|)", text.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"`{text}` is no time: write 60s, 5m or 1h")
    return float(found[1]) * _SECONDS[found[2]]
