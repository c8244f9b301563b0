"""What is installed, and what the README promises about it."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import auditor
from auditor import rulebook

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_installs_one_package(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"auditor", "overfit_auditor"}
    assert {"auditor/py.typed", "auditor/rules/__init__.py", "auditor/libraries/torch.toml"} <= set(names)


def test_the_wheel_brings_every_rule(wheel: zipfile.ZipFile) -> None:
    installed = {Path(name).name for name in wheel.namelist() if name.startswith("auditor/rules/")}
    assert installed == {file.name for file in (ROOT / "rules").glob("*.py")}


def test_the_linter_needs_no_torch(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in required if "torch" in line or "keras" in line]


def test_rules_have_one_name_in_a_checkout_too() -> None:
    assert importlib.import_module("auditor.rules").__name__ == "auditor.rules"
    assert "rules" not in sys.modules


def test_the_changelog_knows_the_version() -> None:
    assert re.search(
        rf"^## ({re.escape(auditor.__version__)}|Unreleased)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


def test_the_readme_opens_with_two_commands() -> None:
    commands = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE)
    assert commands[0].endswith("audit fixtures")
    assert commands[1].endswith("pytest")
    assert len(README[: README.index(commands[1])].splitlines()) < 20


def test_the_readme_names_every_option() -> None:
    commands = [["--help"], ["probe", "--help"]]
    pages = [
        subprocess.run([sys.executable, "-m", "auditor", *words], capture_output=True, text=True, check=True).stdout
        for words in commands
    ]
    known = set(re.findall(r"--[a-z][a-z-]+", "".join(pages)))
    assert set(re.findall(r"(?<=audit )--[a-z-]+|`(--[a-z-]+)`", README)) - {""} <= known


def test_the_readme_lists_the_rules_as_they_are() -> None:
    listed = re.findall(r"^\| ([A-Z]{3}\d{3}) \| (\S+) \| (\S+) \| (.+) \|$", README, re.MULTILINE)
    assert listed == [
        (rule.code, rule.name, str(rule.severity), " ".join(rule.page.partition("\n\n")[0].split()))
        for rule in rulebook.discover()
    ]


def test_the_readme_shows_a_row_as_it_is() -> None:
    (row,) = re.findall(r"^```toml\n\[calls\]\n(.+)\n```$", README, re.MULTILINE)
    assert row in (ROOT / "auditor/libraries/torch.toml").read_text(encoding="utf-8").splitlines()


def test_the_sample_in_the_readme_is_what_is_printed() -> None:
    command, printed = re.findall(r"^```\n\$ audit (\S+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[0]
    done = subprocess.run(
        [sys.executable, "-m", "auditor", command],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == printed


def test_the_networks_in_the_readme_are_what_is_printed() -> None:
    (path, printed), *_ = re.findall(r"^```\n\$ audit networks (\S+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "networks", path],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == printed
