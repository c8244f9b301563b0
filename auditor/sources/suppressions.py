"""Comments that silence a finding: ``# noqa: EVA001`` and ``# auditor: ignore[EVA001] why``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.sources.lexer import Lexer
from auditor.sources.listing import Listing

ANY = re.compile(rb"noqa|auditor\s*:", re.IGNORECASE)
"""What a file with suppressions mentions."""

_CODES = r"[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*"
_NOQA = re.compile(rf"#\s*noqa\s*:\s*(?P<codes>{_CODES})", re.IGNORECASE)
_OURS = re.compile(r"#\s*auditor\s*:\s*ignore\s*\[(?P<codes>[^\]]*)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One code or name that one comment silences on its line. A bare ``# noqa`` makes none."""

    path: str
    line: int
    column: int
    cell: int | None
    code: str
    kind: Literal["noqa", "ignore"]


def suppressions(listing: Listing, path: str) -> Iterator[Suppression]:
    lexer = Lexer()
    for number, python in enumerate(listing.text.split("\n"), 1):
        comment = lexer.feed(python)
        if comment is not None:
            line, cell = listing.locate(number)
            offset = comment + listing.shifts.get(number, 0)
            for kind, found in _marks(python[comment:]):
                for code in filter(None, re.split(r"[,\s]+", found["codes"])):
                    yield Suppression(path, line, offset + found.start() + 1, cell, code, kind)


def _marks(comment: str) -> Iterator[tuple[Literal["noqa", "ignore"], re.Match[str]]]:
    yield from (("noqa", found) for found in _NOQA.finditer(comment))
    yield from (("ignore", found) for found in _OURS.finditer(comment))
