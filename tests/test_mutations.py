"""A clean program without one of the lines that make it clean is found out."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
import shelf
from mutations import AFTER, Mutant, claims, mutants


class Trial(NamedTuple):
    """What became of one mutant."""

    file: str
    mutant: Mutant
    codes: frozenset[str]
    """Of the findings that were not there before."""

    def __str__(self) -> str:
        said = ", ".join(sorted(self.codes)) or "silence"
        return f"{self.file}:{self.mutant.line} without `{self.mutant.was}`: {said}"

    @property
    def seen(self) -> bool:
        return bool(self.codes & AFTER[self.mutant.kind])


def clean_programs() -> list[Path]:
    """Programs of which nothing bad is expected, and that can be changed line by line."""
    faulty = ("expect", "known-miss", "known-false-alarm")
    return [
        program
        for program in shelf.programs()
        if program.suffix != ".ipynb" and not any(shelf.verdicts(program)[kind] for kind in faulty)
    ]


def files(program: Path) -> list[Path]:
    return [program] if program.is_file() else sorted(program.rglob("*.py"))


@cache
def trials(program: Path) -> tuple[Trial, ...]:
    with TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / program.name
        if program.is_file():
            shutil.copy(program, copy)
        else:
            shutil.copytree(program, copy, ignore=shutil.ignore_patterns("__pycache__"))
        before = spots(copy)
        return tuple(trial for file in files(copy) for trial in _tried(copy, file, before))


def spots(program: Path) -> set[shelf.Spot]:
    return {said.spot for said in shelf.heard(program, program.parent)}


def _tried(program: Path, file: Path, before: set[shelf.Spot]) -> list[Trial]:
    text = file.read_text(encoding="utf-8")
    made = []
    for mutant in mutants(text):
        file.write_text(mutant.text, encoding="utf-8")
        codes = frozenset(spot.code for spot in spots(program) - before)
        made.append(Trial(file.relative_to(program.parent).as_posix(), mutant, codes))
    file.write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("program", clean_programs(), ids=shelf.named)
def test_each_line_is_missed(program: Path) -> None:
    unseen = [str(it) for it in trials(program) if not it.mutant.redundant and not it.seen and not it.mutant.undetected]
    unseen += [f"found by now, not undetected: {it}" for it in trials(program) if it.mutant.undetected and it.seen]
    loud = [f"redundant, yet {it}" for it in trials(program) if it.mutant.redundant and it.codes]
    assert not unseen + loud, "\n" + "\n".join(unseen + loud)


def test_most_lines_are_missed() -> None:
    tried = [trial for program in clean_programs() for trial in trials(program)]
    assert sum(trial.seen for trial in tried) >= 0.8 * len(tried)
    assert len(tried) >= 100


@pytest.mark.parametrize("program", clean_programs(), ids=shelf.named)
def test_only_lines_that_can_be_taken_out_are_called_redundant(program: Path) -> None:
    for file in files(program):
        text = file.read_text(encoding="utf-8")
        assert claims(text) <= {mutant.line for mutant in mutants(text)}, file
