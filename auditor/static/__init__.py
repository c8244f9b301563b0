"""The static witness: interprets sources abstractly; nothing of the program under audit is imported or executed."""

from auditor.static.project import File, Problem
from auditor.static.witness import Telling, networks, tell

__all__ = ["File", "Problem", "Telling", "networks", "tell"]
