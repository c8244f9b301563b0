"""The small lexer against Python's own, over all the Python there is in this repository."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from auditor.sources.indentation import normalised
from auditor.sources.lexer import Lexer

FILES = sorted(file for file in Path(__file__).parent.parent.rglob("*.py") if ".venv" not in file.parts)


def comments(text: str) -> list[tuple[int, int]]:
    lexer = Lexer()
    found = [(line, lexer.feed(source)) for line, source in enumerate(text.split("\n"), 1)]
    return [(line, column) for line, column in found if column is not None]


def logical(text: str) -> list[int]:
    """The lines on which statements begin."""
    lexer, found = Lexer(), []
    for line, source in enumerate(text.split("\n"), 1):
        if lexer.fresh and source.strip() and not source.lstrip().startswith("#"):
            found.append(line)
        lexer.feed(source)
    return found


def by_tokenize(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    found, begun, starts = [], False, []
    layout = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            found.append(token.start)
        elif token.type == tokenize.NEWLINE:
            begun = False
        elif token.type not in layout and not begun:
            begun = True
            starts.append(token.start[0])
    return found, starts


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_comments_and_statements_are_where_tokenize_has_them(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert (comments(text), logical(text)) == by_tokenize(text)


ODD = [
    "x = '''a\n# no\n''' # yes\n",
    "x = 'a\\\n# no' # yes\ny = 1\n",
    "x = (1, # yes\n  2) # yes\n",
    "x = 1 + \\\n  2 # yes\n",
    'x = f"{y!r:#>8}" # yes\n',
    "x = r'\\'' + '#' # yes\n",
    "x = b'\\\\' # yes\n",
    'x = "it\'s" # yes\ny = \'say "# no"\'\n',
]


@pytest.mark.parametrize("text", ODD)
def test_odd_strings(text: str) -> None:
    assert (comments(text), logical(text)) == by_tokenize(text)


@pytest.mark.parametrize(
    "text",
    [
        "if a:\n\tb\n\tif c:\n                d\n\te\n",
        "class A:\n        def f(self):\n\t\treturn 1\n\n        x = 2\n",
        "if a:\n  if b:\n\tc\n",  # a tab to the next stop, or one column: two readings, so it stays as it is
        "if a:\n        b = [\n\t1,\n  2]\n        c = '''\n\td'''\n",
    ],
)
def test_normalised_indentation_means_the_same(text: str) -> None:
    new, _ = normalised(text)
    try:
        meant = ast.dump(ast.parse(text))
    except TabError:
        assert new == text
    else:
        assert ast.dump(ast.parse(new)) == meant
