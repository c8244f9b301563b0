"""Indentation that CPython takes and libcst does not: tabs here and spaces there, form feeds.

CPython compares two readings of each indentation, a tab to the next multiple of 8 and a tab as 1, and is content where
they agree (https://docs.python.org/3/reference/lexical_analysis.html#indentation); libcst wants an inner block to
begin with the very characters of the outer one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.sources.lexer import Lexer

_MIXED = re.compile(r"^(?: +\t|\t+ |[ \t]*\f)", re.MULTILINE)
_TABS, _SPACES = re.compile(r"^\t", re.MULTILINE), re.compile(r"^ ", re.MULTILINE)
_LEADING = re.compile(r"[ \t\f]*")


def normalised(text: str) -> tuple[str, dict[int, int]]:
    """The text with indentation of spaces only, and how many columns each changed line (1-based) lost (negative: won).

    Text with one kind of indentation, or with one that CPython refuses too, comes back as it is.
    """
    if not _MIXED.search(text) and not (_TABS.search(text) and _SPACES.search(text)):
        return text, {}
    lines = text.split("\n")
    if not _consistent([_widths(lines[index]) for index in _logical(lines)]):
        return text, {}
    shifts: dict[int, int] = {}
    for index in _begun(lines):
        leading = _leading(lines[index])
        indentation = " " * _width(leading, 8)
        if indentation != leading:
            lines[index] = indentation + lines[index][len(leading) :]
            shifts[index + 1] = len(leading) - len(indentation)
    return "\n".join(lines), shifts


def _begun(lines: list[str]) -> Iterator[int]:
    """The lines at which a logical line, a comment or a blank line begins."""
    lexer = Lexer()
    for index, line in enumerate(lines):
        if lexer.fresh:
            yield index
        lexer.feed(line)


def _logical(lines: list[str]) -> Iterator[int]:
    for index in _begun(lines):
        code = lines[index].lstrip(" \t\f")
        if code and not code.startswith("#"):
            yield index


def _leading(line: str) -> str:
    found = _LEADING.match(line)
    return found.group() if found else ""


def _width(leading: str, tab: int) -> int:
    """The column that the code begins at; a form feed starts the count again."""
    column = 0
    for character in leading.rpartition("\f")[2]:
        column = (column // tab + 1) * tab if character == "\t" else column + 1
    return column


def _widths(line: str) -> tuple[int, int]:
    leading = _leading(line)
    return _width(leading, 8), _width(leading, 1)


def _consistent(widths: list[tuple[int, int]]) -> bool:
    """Both readings of the tabs open and close the same blocks."""
    blocks = [(0, 0)]
    for wide, narrow in widths:
        while blocks[-1][0] > wide:
            blocks.pop()
        if blocks[-1][0] == wide:
            if blocks[-1][1] != narrow:
                return False
        elif blocks[-1][1] >= narrow:
            return False
        else:
            blocks.append((wide, narrow))
    return True
