"""Which files an audit is about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.sources import discover
from auditor.sources.ignored import Excluded


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n", encoding="utf-8")


def found(*paths: str, excluded: tuple[Excluded, ...] = ()) -> list[str]:
    return [file.path for file in discover(paths, excluded).files]


def test_folders_are_searched_in_order(here: Path) -> None:
    lay(here, "b.py", "a/z.py", "a/b/c.ipynb", "a/w.pyw", "a/README.md", "a/data.csv", ".hidden.py")
    assert found(".") == ["a/b/c.ipynb", "a/w.pyw", "a/z.py", "b.py"]


def test_what_is_nobodys_own_code_is_left_out(here: Path) -> None:
    lay(here, "a.py", ".venv/b.py", "venv/c.py", "build/d.py", "x/__pycache__/e.py", "node_modules/f.py", ".git/g.py")
    lay(here, "lib/site-packages/h.py", ".ipynb_checkpoints/i.ipynb", "a/build.py")
    assert found(".") == ["a/build.py", "a.py"]


def test_what_is_named_is_taken(here: Path) -> None:
    lay(here, "notes.txt", ".venv/b.py", "build/d.py")
    assert found("notes.txt", ".venv", "build/d.py") == [".venv/b.py", "build/d.py", "notes.txt"]


def test_other_paths_than_those_below_here_are_absolute(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    lay(elsewhere, "far.py")
    lay(here, "near.py")
    assert set(found(str(here / "near.py"), str(elsewhere))) == {"near.py", (elsewhere / "far.py").as_posix()}


def test_a_file_named_twice_is_read_once(here: Path) -> None:
    lay(here, "a/b.py")
    assert found("a", "a/b.py", "./a/../a/b.py") == ["a/b.py"]


def test_gitignores_nest_and_later_lines_win(here: Path) -> None:
    lay(here, "a.py", "gen/b.py", "src/c.py", "src/gen/d.py", "src/keep/e_pb2.py", "src/f_pb2.py", "src/deep/only.py")
    (here / ".gitignore").write_text("*_pb2.py\n/gen/\n[\n")
    (here / "src" / ".gitignore").write_text("!keep/e_pb2.py\n/deep\n")
    assert found(".") == ["a.py", "src/c.py", "src/gen/d.py", "src/keep/e_pb2.py"]


def test_gitignores_above_count_up_to_the_root_of_the_repository(here: Path) -> None:
    (here / ".gitignore").write_text("*.py\n")
    lay(here, "repo/src/a.py", "repo/src/b.py")
    (here / "repo" / ".git").mkdir()
    (here / "repo" / ".gitignore").write_text("src/b.py\n")
    assert found("repo/src") == ["repo/src/a.py"]


def test_an_ignored_folder_that_is_named_is_searched(here: Path) -> None:
    (here / ".git").mkdir()
    (here / ".gitignore").write_text("scratch/\n")
    lay(here, "scratch/try/a.py")
    assert found(".") == []
    assert found("scratch/try") == ["scratch/try/a.py"]


def test_excluded_patterns_are_relative_to_their_folder(here: Path) -> None:
    lay(here, "a/b.py", "a/third_party/c.py", "third_party/d.py", "a/e_test.py")
    excluded = (Excluded(("/third_party/", "*_test.py"), here),)
    assert found(".", excluded=excluded) == ["a/b.py", "a/third_party/c.py"]
    assert found("a/e_test.py", excluded=excluded) == ["a/e_test.py"], "a file that is named is taken"


def test_a_loop_of_links_ends(here: Path) -> None:
    lay(here, "a/b/c.py")
    (here / "a" / "b" / "up").symlink_to(here / "a")
    (here / "a" / "self").symlink_to("self")
    (here / "0link").symlink_to("a")
    assert found(".") == ["a/b/c.py"], "under its own name, once"
    assert found("0link") == ["0link/b/c.py"]


def test_a_link_to_elsewhere_is_followed(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    lay(elsewhere, "pkg/far.py", "one.py")
    (here / "linked").symlink_to(elsewhere / "pkg")
    (here / "one.py").symlink_to(elsewhere / "one.py")
    assert found(".") == ["linked/far.py", "one.py"]


def test_folders_without_python_are_told(here: Path) -> None:
    lay(here, "docs/readme.txt", "a.py")
    assert discover(["docs", "a.py"]).empty == ("docs",)


@pytest.mark.parametrize("path", ["gone.py", "a.py/b.py", "nul\0byte", "x" * 5000, ""])
def test_a_path_that_is_not_there_is_an_error(here: Path, path: str) -> None:
    lay(here, "a.py")
    with pytest.raises(UsageError, match=r"no such|is no path|an empty path"):
        discover([path])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "pipe.py")
    assert found(".") == []
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        discover(["pipe.py"])
