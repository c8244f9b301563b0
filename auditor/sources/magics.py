"""What IPython adds to Python in a code cell, replaced line by line, so that the rest of the cell keeps its lines.

https://ipython.readthedocs.io/en/stable/interactive/magics.html
"""

from __future__ import annotations

import ast
import re
import warnings

from auditor.sources.lexer import Lexer

FOREIGN = frozenset(
    "! bash bigquery cmd cpp cu cuda cython file html javascript js julia latex markdown perl powershell pypy python "
    "python2 python3 r ruby script sh shell sql sx svg system writefile writetemplate".split()
)
"""Cell magics whose body is no Python, or Python of another process."""

_CELL = re.compile(r"\s*%%\s*([\w!]+)")
_LINE = re.compile(r"(\s*)(?:[%!?]|[\w.\[\]'\"]+\?{1,2}\s*$)")
_TIMED = re.compile(r"(\s*)%(?:time|timeit|prun|memit)\s+(?:-\w+\s*\d*\s+)*(?=\S)")
_ASSIGNED = re.compile(r"(\s*[\w., ]+?\s*=\s*)[%!](?![=\s])")
_COMMAND = re.compile(r"(\s*)(?:pip3?|conda|mamba|cd|cp|ls|mkdir|mv|rm|cat|wget|git|matplotlib|load_ext|run)\s+\S")
_ANYTHING = re.compile(rf"^(?:{_LINE.pattern}|{_ASSIGNED.pattern}|{_COMMAND.pattern})", re.MULTILINE)


def without_magics(cell: str) -> tuple[str, dict[int, int]]:
    """The Python of a cell, on its own lines, and by how many columns a line (1-based) was moved to the left."""
    lines = cell.split("\n")
    foreign = _blank_cell_magics(lines)
    if foreign:
        return "\n" * (len(lines) - 1), {}
    if not _ANYTHING.search("\n".join(lines)):
        return "\n".join(lines), {}
    return _replaced(lines)


def _blank_cell_magics(lines: list[str]) -> bool:
    """Empties the ``%%`` lines that a cell begins with. True when what follows is not Python for this kernel."""
    for index, line in enumerate(lines):
        magic = _CELL.match(line)
        if magic is None and line.strip():
            return False
        if magic is not None and magic.group(1).lower() in FOREIGN:
            return True
        lines[index] = ""
    return False


def _replaced(lines: list[str]) -> tuple[str, dict[int, int]]:
    lexer, shifts, swallowed = Lexer(), dict[int, int](), False
    for index, line in enumerate(lines):
        python = line
        if swallowed:
            python, swallowed = "", line.endswith("\\")
        elif lexer.fresh and (timed := _timed(line)):
            python, shifts[index + 1] = timed, len(line) - len(timed)
        elif lexer.fresh and (stood_for := _stands_for(line)):
            python, swallowed = stood_for, line.endswith("\\")
        lines[index] = python
        lexer.feed(python)
    return "\n".join(lines), shifts


def _timed(line: str) -> str | None:
    """The statement that ``%time`` and its kin measure."""
    timed = _TIMED.match(line)
    return timed.group(1) + line[timed.end() :] if timed and _parses(line[timed.end() :]) else None


def _stands_for(line: str) -> str | None:
    """The Python to put where a magic, a shell command or a question begins a statement; None for Python."""
    if assigned := _ASSIGNED.match(line):
        return f"{assigned.group(1)}None"
    if magic := _LINE.match(line):
        return f"{magic.group(1)}pass"
    command = _COMMAND.match(line)
    return f"{command.group(1)}pass" if command and not _parses(line) else None


def _parses(line: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(line.strip())
        except (SyntaxError, ValueError):
            return False
        return True
