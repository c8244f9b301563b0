"""Notebooks: cells to Python, magics out of the way, places back to cells."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SourceError
from auditor.sources import SourceFile


def notebook(tmp_path: Path, *cells: str, **metadata: Any) -> SourceFile:
    made = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    made.insert(1, {"cell_type": "markdown", "source": ["import nothing"]})
    return written(tmp_path, {"cells": made, "metadata": metadata, "nbformat": 4})


def written(tmp_path: Path, content: object) -> SourceFile:
    file = tmp_path / "a.ipynb"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return SourceFile("a.ipynb", file)


def test_cells_are_joined_and_lines_found_again(tmp_path: Path) -> None:
    file = notebook(tmp_path, "import torch\nx = 1", "y = 2", "", "z = 3\n")
    assert file.text() == "import torch\nx = 1\ny = 2\n\nz = 3\n"
    assert [file.locate(line) for line in range(1, 7)] == [(1, 1), (2, 1), (1, 2), (1, 3), (1, 4), (2, 4)]
    assert file.shown(1, 4) == "z = 3"


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install torch\nx = 1", "pass\nx = 1"),
        ("!pip install \\\n  torch it's\nx = 1", "pass\n\nx = 1"),
        ("if x:\n    !ls\n    y = 1", "if x:\n    pass\n    y = 1"),
        ("files = !ls\nx = %env HOME", "files = None\nx = None"),
        ("?model\nmodel.fit?\nx = 1", "pass\npass\nx = 1"),
        ("pip install torch\ncd ..\nls = 3\nx = ls -la", "pass\npass\nls = 3\nx = ls -la"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%capture out\n%%time\nx = 1", "\n\n\nx = 1"),
        ("%%bash\nls 'x\nrm", "\n\n"),
        ("%%writefile train.py\nimport torch", "\n"),
        ("%%html\n<b>", "\n"),
        ("%time x = f(y)\n%timeit -n 10 g(x)", "x = f(y)\ng(x)"),
        ("%time", "pass"),
        ("x = (a\n% b)\ny = '''\n!not a command\n%nor a magic\n'''", None),
        ("x = 5 % 3\ny = x != 2\nz %= 4", None),
        ("await f()", None),
    ],
)
def test_magics_give_way_and_lines_stay(tmp_path: Path, cell: str, python: str | None) -> None:
    file = notebook(tmp_path, cell)
    assert file.text() == (cell if python is None else python)
    compile(file.text(), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_a_timed_statement_keeps_its_columns(tmp_path: Path) -> None:
    file = notebook(tmp_path, "a = 1", "%time model(x)")
    assert file.column(2, 1) == 7
    assert file.shown(1, 2)[6:] == "model(x)"


def test_words_at_the_start_of_a_line_are_mentioned(tmp_path: Path) -> None:
    assert notebook(tmp_path, "x = 1\ntorch.f()").mentions(re.compile(rb"\btorch\b"))


def test_suppressions_count_lines_in_their_cell(tmp_path: Path) -> None:
    (found,) = notebook(tmp_path, "a = 1", "b = 2\nf(x)  # noqa: EVA001").suppressions
    assert (found.cell, found.line, found.column) == (2, 2, 7)


def test_other_languages_are_none_of_ours(tmp_path: Path) -> None:
    file = notebook(tmp_path, "x <- 1", language_info={"name": "R"})
    assert file.text() == ""
    assert notebook(tmp_path, "x = 1", kernelspec={"language": "python"}).text() == "x = 1"


def test_format_3_and_sources_of_one_string(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}, {"cell_type": "code", "source": "c = 3"}]
    assert written(tmp_path, {"worksheets": [{"cells": cells}]}).text() == "a = 1\nb = 2\nc = 3"


def test_an_empty_file_is_a_new_notebook(tmp_path: Path) -> None:
    assert written(tmp_path, "").text() == ""


@pytest.mark.parametrize("content", ["{", "[1]", "x = 1\n", "[" * 100_000])
def test_what_is_no_notebook_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match="is not a notebook"):
        written(tmp_path, content).text()


@pytest.mark.parametrize(
    "content",
    [{}, {"cells": None}, {"cells": [1, {"cell_type": "code"}], "metadata": []}, {"metadata": {"kernelspec": 1}}],
)
def test_odd_notebooks_are_read_as_far_as_they_go(tmp_path: Path, content: object) -> None:
    assert written(tmp_path, content).text() == ""
