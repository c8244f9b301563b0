"""The command line from words to exit codes, over a witness that tells what a comment asks for."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import made_up
import pytest

import auditor.audit
from auditor import __version__, cli, rulebook

TRAIN = """\
model(x)  # TST001
model(x)  # TST002
model(x)  # TST003
model(x)  # TST001 unsure
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`audit` in an empty folder, with the made-up rules and witness. Returns the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(auditor.audit, "tell", made_up.tell)
    monkeypatch.setattr(rulebook, "discover", lambda: made_up.RULES)

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def lay(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.py").write_text(text, encoding="utf-8")


def found(out: str) -> list[str]:
    return [line.split()[1] for line in out.splitlines()]


def test_findings_make_1_and_none_make_0(run: Run) -> None:
    lay(train=TRAIN, clean="model(x)\n")
    assert run("train.py")[0] == 1
    assert run("clean.py") == (0, "Nothing found in 1 file.\n", "")
    assert run()[0] == 1, "without a path it is the current folder"


def test_notes_and_the_unsure_are_counted_and_shown_on_request(run: Run) -> None:
    lay(train=TRAIN)
    code, out, _ = run("--format", "concise", ".")
    assert (code, found(out)) == (1, ["TST001", "TST002"])
    assert "Not shown: 1 note (--severity note), 1 unsure (--min-confidence low)." in run(".")[1]
    assert found(run("--format=concise", "--severity=note", ".")[1]) == ["TST001", "TST002", "TST003"]
    assert found(run("--format=concise", "--min-confidence", "low", ".")[1]) == ["TST001", "TST002", "TST001"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--select TST002 --fail-on error", 0),
        ("--select TST002 --fail-on warning", 1),
        ("--select TST003", 0),
        ("--select TST003 --fail-on note", 1),
        ("--select TST002 --severity error", 1),
        ("--select TST001 --min-confidence high", 1),
        ("--ignore TST001,TST002", 0),
        ("--ignore TST001 --ignore made-up-tst002", 0),
        ("--exclude train.py", 0),
    ],
)
def test_what_fails(run: Run, words: str, code: int) -> None:
    lay(train=TRAIN, clean="")
    assert run(*words.split(), ".")[0] == code


def test_findings_come_in_the_order_of_path_line_and_column(run: Run) -> None:
    lay(b="\n\nf(x)  # TST001\ng(x)  # TST002\n", a="f(x)  # TST002\n")
    out = run("--format", "concise")[1]
    assert [line.split(":")[0:2] for line in out.splitlines()] == [["a.py", "1"], ["b.py", "3"], ["b.py", "4"]]


def test_json_is_all_there_is_on_stdout(run: Run) -> None:
    lay(train=TRAIN, broken="\0")
    code, out, err = run("--format", "json", ".")
    document: dict[str, Any] = json.loads(out)
    assert code == 1
    assert [it["code"] for it in document["findings"]] == ["TST001", "TST002"]
    (error,) = document["errors"]
    assert error == {"path": "broken.py", "line": 1, "message": "holds a null byte, so it is no Python source"}
    assert document["files"] == {"seen": 2, "audited": 1}
    assert err.splitlines()[-1] == "audit: 1 file could not be audited"


def test_files_that_cannot_be_read_end_nothing(run: Run) -> None:
    lay(broken="\0", clean="")
    code, out, err = run(".")
    assert code == 0
    assert "broken.py:1" in out
    assert "Not audited: 1 file, listed above." in out
    assert err == "audit: 1 file could not be audited\n"
    assert run("--fail-on-errors", ".")[0] == 1


def test_internal_errors_make_2_after_the_rest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(train=TRAIN)
    monkeypatch.setattr(auditor.audit, "tell", functools.partial(made_up.tell, failures=("train.py: KeyError",)))
    code, out, err = run("--format", "concise", ".")
    assert (code, found(out)) == (2, ["TST001", "TST002"])
    assert err == "audit: internal error: train.py: KeyError\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.py"], "no such file or folder: gone.py"),
        (["--selct", "TST001", "."], "unknown option --selct (did you mean `--select`?); see audit --help"),
        (["--select", "TST01", "."], "select: `TST01` names no rule (did you mean `TST001`?)"),
        (["--severity", "bad", "."], "argument --severity: 'bad' is none of note, warning, error"),
        (["--format", "xml", "."], "argument --format: invalid choice: 'xml'"),
        (["--config", "gone.toml", "."], "gone.toml cannot be read: No such file or directory"),
        (["--output", "gone/out.txt", "."], "cannot write to gone/out.txt: No such file or directory"),
        (["--select"], "argument --select: expected one argument"),
        (["explain", "TST01"], "`TST01` is no rule (did you mean `TST001`?)"),
        (["explain", "TST001", "more"], "unrecognized arguments: more"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(run: Run, words: Sequence[str], message: str) -> None:
    lay(train="")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err or "unknown option more" in err
    assert err.startswith("audit: ")
    assert err.count("\n") == 1


def test_settings_hold_and_options_win(run: Run) -> None:
    lay(train=TRAIN, skipped=TRAIN)
    Path("pyproject.toml").write_text(
        "[tool.auditor]\nselect = ['TST002']\nexclude = ['skipped.py']\nfail-on = 'error'\n"
        "[tool.auditor.per-file-ignores]\n'sub/*' = ['TST']\n"
    )
    assert run("--format", "concise", ".")[:2] == (0, "train.py:2:1 TST002 `model(x)` is called.\n")
    assert found(run("--format", "concise", "--select", "TST001", ".")[1]) == ["TST001"]
    Path("sub").mkdir()
    Path("sub/train.py").write_text(TRAIN)
    assert run("--format", "concise", "sub")[:2] == (0, "")


@pytest.mark.parametrize(
    "text", ["[tool.auditor]\nselct = 1", "[tool.auditor", "[tool.auditor.per-file-ignores]\n'a' = ['X']"]
)
def test_settings_that_mean_nothing_make_2(run: Run, text: str) -> None:
    Path("pyproject.toml").write_text(text)
    code, out, err = run(".")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_comments_silence_what_they_name(run: Run) -> None:
    lay(
        train="model(x)  # TST001  # noqa: TST001\n"
        "model(x)  # TST001  # noqa\n"
        "model(x)  # TST002  # auditor: ignore[made-up-tst002] meant so\n"
        "model(x)  # TST002  # noqa: TST001, E501\n"
        "model(x)  # auditor: ignore[TST999]\n"
    )
    code, out, _ = run("--format", "concise", "--report-unused-suppressions", ".")
    assert code == 1
    assert out.splitlines() == [
        "train.py:2:1 TST001 `model(x)` is called.",
        "train.py:4:1 TST002 `model(x)` is called.",
        "train.py:4:21 unused suppression of TST001 silences nothing",
        "train.py:5:11 unused suppression of `TST999`, which is no rule",
    ]
    assert "2 suppressed in the code" in run(".")[1]


def test_notebooks_are_reported_by_cell(run: Run) -> None:
    sources = "%pip install x\na = 1", "b = 1\nmodel(x)  # TST001"
    cells = [{"cell_type": "code", "source": source} for source in sources]
    Path("a.ipynb").write_text(json.dumps({"cells": cells}))
    assert run("--format", "concise", ".")[1] == "a.ipynb:cell 2:2:1 TST001 `model(x)` is called.\n"
    assert "2 │ model(x)  # TST001" in run(".")[1]


def test_a_cell_that_does_not_parse_is_named(run: Run) -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("import torch", "x = 1\ny = ???")]
    Path("a.ipynb").write_text(json.dumps({"cells": cells}))
    assert run("--format", "concise", ".")[2].startswith("audit: a.ipynb:cell 2:2: does not parse: ")


def test_a_folder_without_python_is_0_with_a_line(run: Run) -> None:
    Path("docs").mkdir()
    code, out, err = run("--format", "json", "docs")
    assert (code, json.loads(out)["files"]) == (0, {"seen": 0, "audited": 0})
    assert err == "audit: no Python files in docs\n"


def test_a_first_word_that_is_a_command_is_the_command(run: Run) -> None:
    Path("explain").mkdir()
    code, out, err = run("explain")
    assert (code, "TST001" in out) == (0, True)
    assert err == "audit: `explain` is a command; to audit what is called so here: audit ./explain\n"
    assert run("./explain")[2] == "audit: no Python files in ./explain\n"


def test_explain_lists_and_explains(run: Run) -> None:
    assert [line.split()[0] for line in run("explain")[1].splitlines() if "TST" in line.split()[0]] == [
        "TST001",
        "TST002",
        "TST003",
        "TST005",
    ]
    code, out, _ = run("explain", "made-up-tst001")
    assert code == 0
    assert out.startswith("# TST001 made-up-tst001 (error)\n\nA witness that tells")
    assert run("explain", "tst001")[1] == out


def test_the_report_can_go_to_a_file(run: Run) -> None:
    lay(train=TRAIN)
    code, out, _ = run("--format", "concise", "--output", "report.txt", ".")
    assert (code, out) == (1, "")
    assert found(Path("report.txt").read_text()) == ["TST001", "TST002"]


def test_interrupted_is_130_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(auditor.audit, "tell", interrupted)
    lay(train=TRAIN)
    assert run(".") == (130, "", "")


def test_a_bug_is_one_line_and_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(auditor.audit, "tell", failing)
    code, out, err = run(".")
    assert (code, out) == (2, "")
    assert err.startswith("audit: internal error: RuntimeError: odd (test_cli.py:")
    assert err.count("\n") == 1
    monkeypatch.setenv("AUDITOR_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="odd"):
        run(".")


def test_accepted_from_the_start(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--no-cache", "--color", "never", ".")[0] == 0
    with pytest.raises(SystemExit, match="0"):
        run("--version")
    assert capsys.readouterr().out == f"audit {__version__}\n"


def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "auditor", "explain"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_any_encoding_of_the_terminal_will_do(tmp_path: Path) -> None:
    (tmp_path / "é").mkdir()
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "auditor", "é", "--color", "never"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "audit: no Python files in \\xe9\n")
