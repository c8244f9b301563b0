"""Rules are found by walking, judge together, and fail alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from made_up import RULES, Page, Story, made_up_rule

from auditor import rulebook
from auditor.errors import RuleError, SettingsError
from auditor.rulebook import judge
from auditor.selection import selected
from auditor.trace import Confidence, Evidence, Report, Rule, Severity, Trace, rule

PAGE = Page("train.py")


def reported(**reports: list[Report]) -> Story:
    return Story(reports)


def test_rules_are_found_once_and_in_order() -> None:
    rules = rulebook.discover()
    assert len(rules) == len({rule.code for rule in rules}) > 0
    assert [rule.code for rule in rules] == sorted(rule.code for rule in rules)


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of rules that another distribution brings."""
    package = tmp_path / "third_party_rules"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("third_party", "third_party_rules", rulebook.GROUP)]
    monkeypatch.setattr(rulebook, "entry_points", lambda group: points if group == rulebook.GROUP else [])
    yield package
    for name in [name for name in sys.modules if name.startswith("third_party_rules")]:
        del sys.modules[name]


RULE = """\
from auditor.trace import Severity, rule

@rule("{code}", "{name}", Severity.NOTE)
def found(trace):
    return ()
"""


def test_rules_of_other_distributions_join(third_party: Path) -> None:
    (third_party / "deep").mkdir()
    (third_party / "deep" / "__init__.py").write_text("")
    (third_party / "deep" / "own.py").write_text(RULE.format(code="OWN001", name="own-rule"))
    assert "OWN001" in [rule.code for rule in rulebook.discover()]


@pytest.mark.parametrize(("code", "name"), [("EVA001", "own-rule"), ("OWN001", "missing-eval-mode")])
def test_codes_and_names_are_taken_once(third_party: Path, code: str, name: str) -> None:
    (third_party / "own.py").write_text(RULE.format(code=code, name=name))
    with pytest.raises(RuleError, match=r"two rules are called .*third_party_rules\.own"):
        rulebook.discover()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import not_installed_anywhere", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_rule_that_cannot_be_loaded_is_loud(third_party: Path, text: str, message: str) -> None:
    (third_party / "broken.py").write_text(text)
    with pytest.raises(RuleError, match=rf"`third_party_rules.broken` cannot be loaded: {message}") as caught:
        rulebook.discover()
    assert "\n" not in str(caught.value)


def test_one_finding_a_code_and_place() -> None:
    place, first, second = PAGE.place(3), PAGE.place(1), PAGE.place(2)
    story = reported(
        TST001=[
            Report(place, "one way", (Evidence(first, "here"),), Confidence.MEDIUM, explains=frozenset({first})),
            Report(place, "another way", (Evidence(first, "here"), Evidence(second, "there"))),
        ],
        TST002=[Report(place, "something else")],
    )
    one, other = judge(story, RULES).findings
    assert (one.code, other.code) == ("TST001", "TST002")
    assert (one.message, one.confidence) == ("another way", Confidence.HIGH)
    assert [step.message for step in one.evidence] == ["here", "there", "one way"]
    assert one.explains == {first}


def test_another_message_with_no_evidence_of_its_own_becomes_evidence() -> None:
    place = PAGE.place(3)
    said = [Report(place, message) for message in ("a", "a", "b", "b")]
    (finding,) = judge(reported(TST001=said), RULES).findings
    assert [(step.place, step.message) for step in finding.evidence] == [(place, "b")]


def test_messages_that_differ_in_a_line_only_are_said_once() -> None:
    place = PAGE.place(3)
    said = [Report(place, message) for message in ("trained at line 4", "trained at line 21", "kept in a.py:7")]
    (finding,) = judge(reported(TST001=said), RULES).findings
    assert [step.message for step in finding.evidence] == ["kept in a.py:7"]


def test_evidence_of_many_findings_is_told_once_and_whole() -> None:
    place = PAGE.place(3)
    steps = tuple(Evidence(PAGE.place(1), f"step {number}") for number in range(20))
    said = [Report(place, "a", steps[:12]), *(Report(place, "a", (step,)) for step in steps[6:])]
    (finding,) = judge(reported(TST001=said), RULES).findings
    assert finding.evidence == steps


def test_one_code_a_cause() -> None:
    cause, effect, unrelated = PAGE.place(1), PAGE.place(5), PAGE.place(9)
    story = reported(
        TST001=[Report(effect, "effect"), Report(unrelated, "something else")],
        TST002=[Report(effect, "stands under nobody")],
        TST005=[Report(cause, "cause", explains=frozenset({effect}))],
    )
    found = {(finding.code, finding.message) for finding in judge(story, RULES).findings}
    assert found == {("TST005", "cause"), ("TST001", "something else"), ("TST002", "stands under nobody")}


def test_a_rule_that_fails_costs_nobody_elses_findings() -> None:
    @rule("BAD001", "bad-rule", Severity.ERROR)
    def bad(trace: Trace) -> Iterator[Report]:
        yield Report(PAGE.place(1), "before it fails")
        raise KeyError("secret\nkey")

    judgement = judge(reported(TST001=[Report(PAGE.place(2), "fine")]), (bad, *RULES))
    assert [finding.message for finding in judgement.findings] == ["before it fails", "fine"]
    (failure,) = judgement.failures
    assert failure.startswith("rule BAD001 (bad-rule) failed: KeyError: ")
    assert "test_rulebook.py:" in failure
    assert "\n" not in failure


def codes(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.code for rule in rules]


def test_selectors_are_codes_beginnings_and_names() -> None:
    rules = (made_up_rule("AAA001"), made_up_rule("AAA002"), made_up_rule("BBB001"))
    assert codes(selected(rules, ["AAA"], [])) == ["AAA001", "AAA002"]
    assert codes(selected(rules, ["ALL"], ["AAA001", "made-up-bbb001"])) == ["AAA002"]
    assert codes(selected(rules, ["aaa002", "BBB001"], [])) == ["AAA002", "BBB001"]


@pytest.mark.parametrize(
    ("selector", "hint"), [("AAA01", "did you mean `AAA001`"), ("made-up-aaa01", "`made-up-aaa001`"), ("", "see")]
)
def test_a_selector_that_names_no_rule_is_an_error(selector: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=f"select: `{selector}` names no rule.*{hint}"):
        selected((made_up_rule("AAA001"),), [selector], [])
