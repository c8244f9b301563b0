"""Measures the generalization gap of a user's experiment by retraining it, and what each remedy is worth.

``auditor.probe(experiment)`` runs one. The room and the function share a name, so the room itself can be called.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.probe.gap_report import GapReport


class _Callable(ModuleType):
    """See `auditor.probe.session.probe`, which imports torch and is imported when called."""

    def __call__(self, *positions: Any, **keywords: Any) -> GapReport:
        report: GapReport = import_module("auditor.probe.session").probe(*positions, **keywords)
        return report


sys.modules[__name__].__class__ = _Callable
