"""File names and source lines are other people's text: what of it a terminal would obey is shown instead."""

from __future__ import annotations

import unicodedata

from auditor.trace import Place


def printable(text: str) -> str:
    """On one line, with control and format characters (escapes, overrides of the writing direction) spelled out."""
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def position(line: int, column: int | None, cell: int | None) -> str:
    """``12:5``, or ``cell 3:12:5`` in a notebook."""
    within = f"cell {cell}:" if cell is not None else ""
    return f"{within}{line}" if column is None else f"{within}{line}:{column}"


def spot(place: Place, seen_from: Place) -> str:
    """``line 12`` in the same file, ``train.py:12`` in another."""
    if place.path == seen_from.path:
        return place.seen_from(seen_from)
    span = place.span
    return f"{printable(place.path)}:{position(span.line, None, span.cell)}"
