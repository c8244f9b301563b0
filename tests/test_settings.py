"""`[tool.auditor]`, and one line for everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import SettingsError
from auditor.settings import Settings, nearest, read
from auditor.trace import Confidence, Severity

ALL = """\
[tool.auditor]
select = ["EVA"]
ignore = ["EVA010"]
exclude = ["third_party/"]
min-confidence = "low"
severity = "note"
fail-on = "error"

[tool.auditor.per-file-ignores]
"notebooks/*" = ["EVA002"]
"""


def project(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_key_is_read(tmp_path: Path) -> None:
    assert read(project(tmp_path, ALL)) == Settings.model_validate(
        {
            "folder": tmp_path,
            "select": ("EVA",),
            "ignore": ("EVA010",),
            "exclude": ("third_party/",),
            "min-confidence": Confidence.LOW,
            "severity": Severity.NOTE,
            "fail-on": Severity.ERROR,
            "per-file-ignores": {"notebooks/*": ("EVA002",)},
        }
    )


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    project(tmp_path, "[tool.auditor]\nignore = ['EVA001']\n")
    project(tmp_path / "a", "[tool.other]\nx = 1\n")
    settings = nearest([str(inner / "train.py"), str(tmp_path / "a" / "c")])
    assert settings.ignore == ("EVA001",)
    assert settings.folder == tmp_path


def test_without_a_table_the_defaults_hold(tmp_path: Path) -> None:
    settings = nearest([str(tmp_path)])
    assert settings.select == ("ALL",)
    assert (settings.min_confidence, settings.fail_on) == (Confidence.MEDIUM, Severity.WARNING)


@pytest.mark.parametrize(
    ("fail_on", "severity", "shown"),
    [
        ("error", None, Severity.WARNING),
        ("note", None, Severity.NOTE),
        ("note", "error", Severity.ERROR),
        ("error", "note", Severity.NOTE),
    ],
)
def test_what_fails_is_shown_unless_it_is_asked_otherwise(fail_on: str, severity: str | None, shown: Severity) -> None:
    assert Settings.model_validate({"fail-on": fail_on, "severity": severity}).shown is shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().select = ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.auditor]\nselct = []", r"pyproject.toml: `selct` is no setting \(did you mean `select`\?\)$"),
        ("[tool.auditor]\nmin_confidence = 'low'", "did you mean `min-confidence`"),
        ("[tool.auditor]\nzzz = 1", "`zzz` is no setting$"),
        ("[tool.auditor]\nfolder = '/'", "`folder` is no setting"),
        ("[tool.auditor]\nselect = 'EVA'", "`select` is a list of strings, not 'EVA'"),
        ("[tool.auditor]\nselect = [1]", "`select` is a list of strings, not 1"),
        ("[tool.auditor]\nseverity = 'bad'", "`severity` is one of note, warning, error, not 'bad'"),
        ("[tool.auditor]\nfail-on = 3", "`fail-on` is one of note, warning, error, not 3"),
        ("[tool.auditor]\nmin-confidence = 'sure'", "is one of low, medium, high, not 'sure'"),
        ("[tool.auditor]\nper-file-ignores = ['x']", "is a table of pattern to list of rules"),
        ("[tool.auditor.per-file-ignores]\nx = 'EVA'", "is a table of pattern to list of rules"),
        ("[tool]\nauditor = 3", "tool.auditor is a table, not 3"),
        ("a = 1\nb = = 2\n", r"pyproject.toml:2: is not valid TOML"),
        ("a = [1,\n\n", r"pyproject.toml:\d: is not valid TOML"),
        ("[tool.other]\nx = 1", r"has no \[tool.auditor\] table"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read(project(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone.toml cannot be read: No such file"):
        read(tmp_path / "gone.toml")
    file = tmp_path / "pyproject.toml"
    file.write_bytes(b"a = '\xff'")
    with pytest.raises(SettingsError, match="not valid UTF-8"):
        nearest([str(tmp_path)])


def test_a_file_of_our_own_needs_no_table(tmp_path: Path) -> None:
    file = tmp_path / "audit.toml"
    file.write_text("ignore = ['EVA001']", encoding="utf-8")
    assert read(file).ignore == ("EVA001",)
