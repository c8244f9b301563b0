"""Audits training code: can its reported accuracy be trusted, and which change would measurably help?"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# In a wheel the built-in rules are `auditor/rules`; in a checkout they stand beside the package, as `rules`.
# Appending the checkout's root makes `auditor.rules` their one name in both.
_HERE = Path(__file__).parent
if not (_HERE / "rules").is_dir():
    __path__.append(str(_HERE.parent))


_LAZY = {"Experiment": "auditor.probe.experiment", "GapReport": "auditor.probe.gap_report"}
"""What is public and lives in a room that the linter does not need."""

if TYPE_CHECKING:
    from auditor.probe.experiment import Experiment as Experiment
    from auditor.probe.gap_report import GapReport as GapReport
    from auditor.probe.session import probe as probe


def __getattr__(name: str) -> Any:
    if name == "probe":
        return import_module("auditor.probe")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
