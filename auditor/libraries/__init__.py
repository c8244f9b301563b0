"""What each library's calls mean, as data: one TOML file a library. Both witnesses read it."""

from auditor.libraries.callables import ROLES, with_callables
from auditor.libraries.formulas import Shape, Unknown, evaluate
from auditor.libraries.libraries import Libraries, load, shipped
from auditor.libraries.schema import (
    Argument,
    Array,
    Attribute,
    Call,
    Condition,
    Flow,
    Hands,
    Hooks,
    LibraryFile,
    Method,
    Part,
    Size,
    Watch,
)
from auditor.libraries.sensitivity import Answer, answer

__all__ = [
    "ROLES",
    "Answer",
    "Argument",
    "Array",
    "Attribute",
    "Call",
    "Condition",
    "Flow",
    "Hands",
    "Hooks",
    "Libraries",
    "LibraryFile",
    "Method",
    "Part",
    "Shape",
    "Size",
    "Unknown",
    "Watch",
    "answer",
    "evaluate",
    "load",
    "shipped",
    "with_callables",
]
