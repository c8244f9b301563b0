"""What each library's calls mean, as data: one TOML file a library. Both witnesses read it."""

from auditor.libraries.callables import ROLES, with_callables
from auditor.libraries.libraries import Libraries, load, shipped
from auditor.libraries.schema import Argument, Attribute, Call, Condition, Flow, Hooks, LibraryFile, Method, Part, Watch
from auditor.libraries.sensitivity import Answer, answer

__all__ = [
    "ROLES",
    "Answer",
    "Argument",
    "Attribute",
    "Call",
    "Condition",
    "Flow",
    "Hooks",
    "Libraries",
    "LibraryFile",
    "Method",
    "Part",
    "Watch",
    "answer",
    "load",
    "shipped",
    "with_callables",
]
