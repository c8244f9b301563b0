"""The auditor says of each fixture what its lines say it should, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import shelf

from auditor import rulebook
from auditor.trace import Rule

each_program = pytest.mark.parametrize("program", shelf.programs(), ids=shelf.named)
each_rule = pytest.mark.parametrize("rule", rulebook.discover(), ids=lambda rule: rule.code)


def all_of(kind: str) -> list[shelf.Spot]:
    return [spot for program in shelf.programs() for spot in shelf.verdicts(program)[kind]]


def below(program: Path) -> list[shelf.Said]:
    name = shelf.named(program)
    return [said for said in shelf.heard_of_all() if f"{said.spot.path}/".startswith(f"{name}/")]


@each_program
def test_findings_are_those_marked(program: Path) -> None:
    marked = shelf.verdicts(program)
    said = {it.spot: it for it in below(program)}
    wanted = marked["expect"] | marked["known-false-alarm"]
    trouble = [f"unexpected: {it}" for spot, it in said.items() if spot not in wanted | marked["known-miss"]]
    trouble += [f"missing: {spot}" for spot in sorted(marked["expect"] - said.keys())]
    trouble += [f"found by now, make it `expect`: {spot}" for spot in sorted(marked["known-miss"] & said.keys())]
    trouble += [f"silent by now, make it `ok`: {spot}" for spot in sorted(marked["known-false-alarm"] - said.keys())]
    assert not trouble, "\n" + "\n".join(trouble)


@each_program
def test_a_program_alone_sounds_as_among_the_others(program: Path) -> None:
    alone = {(it.spot, it.elsewhere) for it in shelf.heard(program)}
    among = {(it.spot, it.elsewhere) for it in below(program)}
    assert alone == among


@each_program
def test_no_line_says_two_things_of_a_code(program: Path) -> None:
    counted = Counter(spot for spots in shelf.verdicts(program).values() for spot in spots)
    assert not [str(spot) for spot, times in counted.items() if times > 1]


def test_markers_name_rules() -> None:
    codes = {rule.code for rule in rulebook.discover()}
    kinds = ("expect", "ok", "known-miss", "known-false-alarm")
    assert not [str(spot) for kind in kinds for spot in all_of(kind) if spot.code not in codes]


@each_rule
def test_each_rule_has_both_sides(rule: Rule) -> None:
    assert sum(spot.code == rule.code for spot in all_of("expect")) >= 3
    assert sum(spot.code == rule.code for spot in all_of("ok")) >= 3


def test_silence_is_meant_at_least_as_often_as_speech() -> None:
    assert len(all_of("ok")) >= len(all_of("expect"))


def test_defects_whose_cause_is_in_another_file() -> None:
    expected = set(all_of("expect"))
    across = [it for it in shelf.heard_of_all() if it.spot in expected and it.elsewhere]
    assert len([it for it in across if it.spot.path.startswith("projects/")]) >= 10
