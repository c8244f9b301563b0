"""The house rules that a machine can watch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "errors": set(),
    "memory": set(),
    "trace": set(),
    "libraries": {"errors"},
    "rules": {"trace"},
    "outcome": {"trace"},
    "settings": {"errors", "trace"},
    "selection": {"errors", "trace"},
    "rulebook": {"errors", "memory", "trace"},
    "sources": {"errors"},
    "static": {"errors", "libraries", "memory", "trace"},
    "probe": {"errors"},
    "report": {"errors", "outcome", "probe", "trace"},
    "pytest_plugin": {"probe", "report"},
    "audit": {"errors", "outcome", "rulebook", "selection", "settings", "sources", "static", "trace"},
    "cli": {"audit", "errors", "outcome", "probe", "report", "rulebook", "settings", "trace"},
    "__init__": {"probe"},
    "__main__": {"cli"},
}
"""Who may know whom. A new room gets a row, and the row says where in the house it is."""


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted((ROOT / "auditor").rglob("*.py")):
        yield file.relative_to(ROOT / "auditor").parts[0].removesuffix(".py"), file
    for file in sorted((ROOT / "rules").glob("*.py")):
        yield "rules", file


def imported(file: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize(("room", "file"), list(modules()), ids=lambda it: it.name if isinstance(it, Path) else it)
def test_imports_point_one_way(room: str, file: Path) -> None:
    for name in imported(file):
        parts = name.split(".")
        assert parts[0] != "rules", name
        assert parts[0] not in ("torch", "keras", "tensorflow") or room in ("probe", "runtime"), name
        if parts[0] == "auditor" and not parts[1].startswith("__"):
            assert parts[1] in MAY_IMPORT[room] | ({room} - {"rules"}), f"{room} imports {name}"


def test_the_linter_never_imports_what_it_audits_with(tmp_path: Path) -> None:
    """A `torch` on the path that would raise is never touched, and nothing heavy comes along."""
    for name in ("torch", "keras", "tensorflow", "transformers"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    (tmp_path / "train.py").write_text("import torch, keras\nmodel = torch.nn.Linear(1, 1)\nmodel.eval()\n")
    code = (
        "import sys; from auditor.cli import main; main(['--format', 'json', 'train.py']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stderr.splitlines()[-1]))
    assert "libcst" in loaded
    assert not loaded & {"torch", "keras", "tensorflow", "transformers", "numpy", "sklearn", "pandas"}


def test_types_are_strict() -> None:
    ran("mypy", "auditor", "rules", "tests", "benchmarks")


def test_style() -> None:
    ran("ruff", "check", ".")
    ran("ruff", "format", "--check", ".")


def ran(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_rooms_for_leftovers() -> None:
    for _, file in modules():
        assert not re.search(r"util|helper|common|misc|manager|base", file.stem), file
        for name in re.findall(r"^class (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert not re.search(r"Manager|Helper|Util|^_?Base|^_?Abstract", name), f"{file}: {name}"


def test_nothing_names_the_machine_it_was_written_on() -> None:
    command = ["git", "grep", "-nE", r"/(work|root|home/[a-z]+)/|\.\./shared"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if not line.startswith("tests/test_house.py")]
    assert not found
