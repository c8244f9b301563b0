"""Nothing that a folder may hold ends in a traceback. From end to end: the installed command, no made-up witness."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BAD = """\
import torch
from torch import nn
from torch.utils.data import DataLoader

from data import validation_rows

model = nn.Sequential(nn.Linear(20, 64), nn.Dropout(0.5), nn.Linear(64, 2))
right = 0
with torch.no_grad():
    for features, target in DataLoader(validation_rows(), batch_size=64):
        right += (model(features).argmax(dim=1) == target).sum().item()
print(right)
"""
FORWARD = 11
"""The line of the evaluation in train mode."""


def audited(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "auditor", "--format", "json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def found(document: dict[str, Any]) -> list[tuple[str, int]]:
    return [(it["path"], it["line"]) for it in document["findings"] if it["code"] == "EVA001"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One program with a finding, so that a test sees whether the rest goes on."""
    (tmp_path / "train.py").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_the_program_is_found_wanting(folder: Path) -> None:
    code, document, err = audited(folder, ".")
    assert (code, found(document), document["errors"], err) == (1, [("train.py", FORWARD)], [], "")


def test_no_such_path(folder: Path) -> None:
    code, _, err = audited(folder, "gone")
    assert (code, err) == (2, "audit: no such file or folder: gone\n")


def test_an_encoding_that_a_package_registers_is_read_as_what_it_rewrites(folder: Path) -> None:
    (folder / "train.py").write_text("# -*- coding: future_fstrings -*-\n" + BAD, encoding="utf-8")
    code, document, err = audited(folder, ".")
    assert (code, found(document), document["errors"], err) == (1, [("train.py", FORWARD + 1)], [], "")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"def f(:\n    pass\n", 1),
        (b"import torch\nmodel = torch.nn.Linear(1, 1)\nmodel.eval(\n", 3),
        (b"import torch\nprint 'python 2'\n", 2),
        (b"import torch\nmodel.eval()\nx = '\xff'\n", 3),
        (b"import torch\nmodel.eval()\0\n", 2),
        (b"import torch  # model.eval()\n" + b"x = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" * 160_000, 1),
        (b"import torch\nmodel.eval()\nx = " + b"[" * 5000 + b"]" * 5000, 3),
        ("import torch\nmodel.eval()\n".encode("utf-16"), 1),
    ],
    ids=["syntax", "unclosed", "python-2", "encoding", "null-byte", "5-megabytes", "5000-brackets", "utf-16"],
)
def test_what_cannot_be_parsed_is_named_and_the_rest_goes_on(folder: Path, data: bytes, line: int) -> None:
    (folder / "broken.py").write_bytes(data)
    code, document, err = audited(folder, ".")
    assert (code, found(document)) == (1, [("train.py", FORWARD)])
    (error,) = document["errors"]
    assert error["path"] == "broken.py"
    assert abs(error["line"] - line) <= 1, error
    assert "\n" not in error["message"]
    assert err.splitlines()[-1] == "audit: 1 file could not be audited"


def test_200_nested_brackets_are_no_trouble(folder: Path) -> None:
    (folder / "deep.py").write_text("import torch\nmodel.eval()\nx = " + "[" * 199 + "]" * 199 + "\n")
    code, document, _ = audited(folder, ".")
    assert (code, found(document), document["errors"]) == (1, [("train.py", FORWARD)], [])


def test_deep_trees_are_no_trouble(folder: Path) -> None:
    deep = "import torch\nmodel.eval()\nx = " + "1 + " * 3000 + "1\nif a: b\n" + "elif a: b\n" * 2000
    (folder / "deep.py").write_text(deep)
    code, document, _ = audited(folder, ".")
    assert (code, found(document)) == (1, [("train.py", FORWARD)])


@pytest.mark.parametrize("text", ["[tool.auditor]\nselct = []\n", "[tool.auditor\n"])
def test_broken_settings(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    code, document, err = audited(folder, ".")
    assert (code, document, err.count("\n")) == (2, {}, 1)
    assert "pyproject.toml" in err


def test_imports_in_a_circle(folder: Path) -> None:
    (folder / "a.py").write_text("import a\nimport train\nfrom b import *\n")
    (folder / "b.py").write_text("import a\nfrom . import train\nfrom a import *\n")
    (folder / "train.py").write_text("import b\n" + BAD)
    code, document, _ = audited(folder, ".")
    assert (code, found(document)) == (1, [("train.py", FORWARD + 1)])


def test_links_in_a_circle(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self.py").symlink_to("self.py")
    code, document, _ = audited(folder, ".")
    assert (code, found(document), document["files"]["seen"]) == (1, [("train.py", FORWARD)], 1)


def test_a_folder_without_python(tmp_path: Path) -> None:
    code, document, err = audited(tmp_path, ".")
    assert (code, document["findings"], document["files"]["seen"]) == (0, [], 0)
    assert err == "audit: no Python files in .\n"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_are_those_of_an_editor(folder: Path, end: str) -> None:
    (folder / "train.py").write_bytes(BAD.replace("\n", end).encode())
    assert found(audited(folder, ".")[1]) == [("train.py", FORWARD)]


def test_tabs_beside_spaces(folder: Path) -> None:
    mixed = BAD.replace("\n    for", "\n\tfor").replace("\n        right", "\n                right")
    compile(mixed, "train.py", "exec")
    (folder / "train.py").write_text(mixed)
    _, document, _ = audited(folder, ".")
    assert found(document) == [("train.py", FORWARD)]
    assert document["errors"] == []


def test_a_notebook_counts_by_cell(folder: Path) -> None:
    lines = BAD.splitlines(keepends=True)
    cells = [["%matplotlib inline\n", *lines[:6]], ["%%time\n", *lines[6:]]]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": {}, "nbformat": 4}
    (folder / "train.py").unlink()
    (folder / "train.ipynb").write_text(json.dumps(notebook))
    _, document, _ = audited(folder, ".")
    (finding,) = [it for it in document["findings"] if it["code"] == "EVA001"]
    assert (finding["path"], finding["cell"], finding["line"]) == ("train.ipynb", 2, FORWARD - 6 + 1)
    assert all("cell" in step for step in finding["evidence"])


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything can be read here")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    (folder / "secret.py").write_text("import torch")
    (folder / "secret.py").chmod(0)
    code, document, _ = audited(folder, ".")
    assert code == 1
    assert document["errors"] == [{"path": "secret.py", "line": 1, "message": "cannot be read: Permission denied"}]


def test_files_named_like_modules_of_the_library_are_not_run(folder: Path) -> None:
    """``python -m`` looks for modules in the working directory first."""
    for name in ("select", "tomli", "pathspec"):
        (folder / f"{name}.py").write_text("raise SystemExit('ran')\n")
    code, document, _ = audited(folder, ".")
    assert (code, found(document)) == (1, [("train.py", FORWARD)])
