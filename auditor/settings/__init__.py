"""What the user may set, in `[tool.auditor]` of a `pyproject.toml` and on the command line, which wins."""

from auditor.settings.model import Settings
from auditor.settings.reading import nearest, read, validated

__all__ = ["Settings", "nearest", "read", "validated"]
