"""Audits training code: can its reported accuracy be trusted, and which change would measurably help?"""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# In a wheel the built-in rules are `auditor/rules`; in a checkout they stand beside the package, as `rules`.
# Appending the checkout's root makes `auditor.rules` their one name in both.
_HERE = Path(__file__).parent
if not (_HERE / "rules").is_dir():
    __path__.append(str(_HERE.parent))


_LAZY = {"Experiment": "auditor.probe.experiment"}
"""What is public and lives in a room that the linter does not need."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
