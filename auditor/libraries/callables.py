"""Callables of the user's own, that the settings name: the row that each role stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from auditor.libraries.libraries import Libraries
from auditor.libraries.schema import Argument, Call, Flow

_JUDGED = Flow(does="score", arg=Argument(at=0, name="y_true"), predictions=Argument(at=1, name="y_pred"))
ROLES: Mapping[str, Call] = {
    "splitter": Call(does="value", rows=Flow(does="split", groups=Argument(default=True))),
    "transformer": Call(does="value", rows=Flow(does="fit-transform", arg=Argument(at=0)), estimates="statistic"),
    "loader": Call(does="constant", rows=Flow(does="source")),
    "metric": Call(does="score", rows=_JUDGED),
    "trainer": Call(does="fit", rows=Flow(does="train", arg=Argument(at=0), target=Argument(at=1))),
}
"""What a callable of each role does. Operands are found by position, whatever the user's own function calls them. How a
splitter draws is not asked: whoever writes one has a reason, and keeps together what belongs together."""


def with_callables(libraries: Libraries, callables: Mapping[str, str]) -> Libraries:
    """The libraries and these callables, each name with its role; a name that a library has means what the user says.

    Their packages are no libraries: what else is in them stays unknown, or the project's. A file that names one of
    these callables is training code.
    """
    if not callables:
        return libraries
    rows = {libraries.canonical(name): ROLES[role] for name, role in callables.items()}
    lasts = (name.rpartition(".")[2] for name in callables)
    return replace(
        libraries,
        calls={**libraries.calls, **rows},
        triggers=libraries.triggers.union(lasts),
        callables=frozenset(callables),
        _rows={},
    )
