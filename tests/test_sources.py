"""Bytes to Python, and back to what an editor shows."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.sources import SourceFile


def source(tmp_path: Path, data: bytes | str, name: str = "a.py") -> SourceFile:
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return SourceFile(name, file)


@pytest.mark.parametrize(
    "data",
    [
        b"a = 1\nb = 2\nc = 3\n",
        b"a = 1\r\nb = 2\r\nc = 3\r\n",
        b"a = 1\rb = 2\rc = 3\r",
        b"a = 1\rb = 2\r\nc = 3\n",
        b"\xef\xbb\xbfa = 1\nb = 2\nc = 3\n",
    ],
)
def test_line_ends_and_marks_of_any_kind_read_the_same(tmp_path: Path, data: bytes) -> None:
    assert source(tmp_path, data).text() == "a = 1\nb = 2\nc = 3\n"


def test_characters_that_only_str_splitlines_breaks_at_keep_the_line_numbers(tmp_path: Path) -> None:
    file = source(tmp_path, "a = 'x\x0cy\x1cz\u2028'\nb = 2\n")
    assert file.text().split("\n")[1] == "b = 2"
    assert file.shown(2) == "b = 2"


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    assert source(tmp_path, "# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1")).text().endswith("'é'\n")


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a = 1\nb = '\xe9'\n", 2, "is not valid utf-8"),
        (b"# coding: latin-99\n\xe9", 2, "declares no encoding that is known"),
        (b"# coding: rot13\n", 1, "not one of text"),
        (b"# coding: ascii\n\nx = '\xe9'\n", 3, "is not valid ascii"),
        (b"a = 1\r\nb = 2\0\n", 2, "null byte"),
        ("x = 1\n".encode("utf-16"), 1, "UTF-16"),
        (b"\nx = " + b"[" * 201 + b"]" * 201, 2, "more than 200 brackets"),
        (b"x = 1\n" * 400_000, 1, "more than the 2 million"),
    ],
)
def test_what_is_no_python_source_says_why_and_where(tmp_path: Path, data: bytes, line: int, message: str) -> None:
    file = source(tmp_path, data)
    with pytest.raises(SourceError, match=message) as caught:
        file.text()
    assert (caught.value.path, caught.value.line) == ("a.py", line)
    assert file.suppressions == ()


@pytest.mark.parametrize("data", [b"x = 1\0", b"x = 1\n" * 400_000, "x = 1".encode("utf-16")])
def test_triage_loses_no_file_that_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    assert source(tmp_path, data).mentions(re.compile(b"nothing of the kind"))
    assert SourceFile("gone.py", tmp_path / "gone.py").mentions(re.compile(b"nothing of the kind"))


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        SourceFile("gone.py", tmp_path / "gone.py").text()


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(SourceError("a.py", 3, "is odd", 2)))
    assert (error.path, error.line, error.message, error.cell) == ("a.py", 3, "is odd", 2)


def test_200_brackets_are_read(tmp_path: Path) -> None:
    text = "x = " + "[" * 200 + "]" * 200
    assert source(tmp_path, text).text() == text


TABS_THEN_SPACES = "class A:\n\tdef f(self):\n                return 1\n\n\tdef g(self):\n\t\treturn '''\n\tkept\n'''\n"


def test_tabs_in_one_block_and_spaces_in_the_next_become_spaces(tmp_path: Path) -> None:
    compile(TABS_THEN_SPACES, "a.py", "exec")
    file = source(tmp_path, TABS_THEN_SPACES)
    lines = file.text().split("\n")
    assert lines[1] == "        def f(self):"
    assert lines[5:7] == ["                return '''", "\tkept"]
    assert file.column(2, 9) == 2, "the column of `def` behind one tab"
    assert file.column(3, 17) == 17
    assert file.shown(2) == "\tdef f(self):"


@pytest.mark.parametrize(
    "text",
    [
        "if x:\n\ty = 1\n\tz = 2\n",
        "if x:\n    y = (1 +\n\t2)\n",
        "if x:\n        y = 1\n\tz = 2\n",  # CPython refuses it too
    ],
)
def test_other_indentation_is_left_alone(tmp_path: Path, text: str) -> None:
    assert source(tmp_path, text).text() == text


def test_a_name_that_became_a_keyword_is_read_as_a_name(tmp_path: Path) -> None:
    text = "x = x.cuda(async=True)\ndef load(self, async=True):\n    self.async = async, 1\n"
    file = source(tmp_path, text)
    assert file.text() == text.replace("async", "asyn_")
    assert file.shown(1) == "x = x.cuda(async=True)"


@pytest.mark.parametrize("text", ["async def f():\n    pass\n", "x = 'async=True'\n", "x = f(async=True\n"])
def test_other_text_with_that_word_is_left_alone(tmp_path: Path, text: str) -> None:
    assert source(tmp_path, text).text() == text


def test_a_form_feed_starts_the_column_again(tmp_path: Path) -> None:
    file = source(tmp_path, "if x:\n    y = 1\n\x0c    z = 2\n")
    assert file.text() == "if x:\n    y = 1\n    z = 2\n"
    assert file.column(3, 5) == 6


def test_mentions_searches_bytes(tmp_path: Path) -> None:
    file = source(tmp_path, "import torch\n")
    assert file.mentions(re.compile(rb"\btorch\b"))
    assert not file.mentions(re.compile(rb"\bkeras\b"))


def found(file: SourceFile) -> list[tuple[int, int, str, str]]:
    return [(it.line, it.column, it.code, it.kind) for it in file.suppressions]


def test_suppressions_are_comments_with_codes(tmp_path: Path) -> None:
    text = """\
a = f(x)  # noqa: EVA001, EVA002
b = f(x)  # noqa
c = f(x)  # NOQA:E501,EVA003 because
d = f(x)  # auditor: ignore[EVA001, missing-no-grad] Monte-Carlo dropout
e = "# noqa: EVA001"
f = '''
# noqa: EVA001
'''  # noqa: EVA004
g = f"{x!r:#>4}"  # see 3  # noqa: EVA005
h = f(x)  # auditor: ignore
"""
    assert found(source(tmp_path, text)) == [
        (1, 11, "EVA001", "noqa"),
        (1, 11, "EVA002", "noqa"),
        (3, 11, "E501", "noqa"),
        (3, 11, "EVA003", "noqa"),
        (4, 11, "EVA001", "ignore"),
        (4, 11, "missing-no-grad", "ignore"),
        (8, 6, "EVA004", "noqa"),
        (9, 28, "EVA005", "noqa"),
    ]
