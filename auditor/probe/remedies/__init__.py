"""What can be tried against a gap: one file a kind, each a function of its own name, found by looking into this folder.

Other distributions add theirs under the entry-point group ``auditor.remedies``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points

from auditor.errors import ProbeError, suggestion
from auditor.probe.treatment import Remedy


def known() -> dict[str, Remedy]:
    """Every remedy by its name, the built-in ones first."""
    return dict(found())


def found() -> Iterator[tuple[str, Remedy]]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        yield module.name, getattr(importlib.import_module(f"{__name__}.{module.name}"), module.name)
    for entry in entry_points(group="auditor.remedies"):
        yield entry.name, entry.load()


def chosen(wanted: Sequence[str | Remedy] | None) -> list[Remedy]:
    """The remedies of these names, or all; a remedy that is no name is taken as it is.

    Raises:
        ProbeError: a name that no remedy has.
    """
    if wanted is not None and not any(isinstance(one, str) for one in wanted):
        return [one for one in wanted if not isinstance(one, str)]
    everything = known()
    if wanted is None:
        return list(everything.values())
    for name in wanted:
        if isinstance(name, str) and name not in everything:
            raise ProbeError(f"no remedy is called `{name}`{suggestion(name, everything)}: {', '.join(everything)}")
    return [everything[one] if isinstance(one, str) else one for one in wanted]
