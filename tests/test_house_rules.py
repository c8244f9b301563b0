"""One name in five places, and a page in every rule whose examples are true."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from auditor import rulebook
from auditor.audit import audit
from auditor.settings import Settings
from auditor.trace import Rule, Severity

RULES = rulebook.discover()
HEADINGS = ["What it finds", "Why it matters", "Bad", "Good", "Not reported", "Sources"]

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def home(rule: Rule) -> Path:
    return Path(inspect.getfile(rule.judge))


def sections(rule: Rule) -> dict[str, str]:
    """The parts of a page by their headings."""
    parts = re.split(r"^## (.+)$", rule.page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(rule: Rule, heading: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", sections(rule)[heading], re.MULTILINE | re.DOTALL)


@each_rule
def test_file_function_and_rule_share_a_name(rule: Rule) -> None:
    snake = rule.name.replace("-", "_")
    assert re.fullmatch(r"[A-Z]{3}\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert home(rule).name == f"{rule.code.lower()}_{snake}.py"
    assert rule.judge.__name__ == snake


def test_every_file_of_rules_holds_one() -> None:
    folder = Path(__file__).parent.parent / "rules"
    assert {home(rule) for rule in RULES} == {file for file in folder.glob("*.py") if file.name != "__init__.py"}


@each_rule
def test_the_page_has_its_parts(rule: Rule) -> None:
    assert list(sections(rule)) == HEADINGS
    opening = rule.page.partition("\n\n")[0]
    assert opening.endswith("."), "a page opens with one sentence"
    assert "http" in sections(rule)["Sources"]
    for heading, text in sections(rule).items():
        assert text.strip(), heading


@each_rule
def test_examples_fit_into_a_narrow_terminal(rule: Rule) -> None:
    """A page is shown with a margin of one column on each side of code."""
    for code in examples(rule, "Bad") + examples(rule, "Good"):
        assert max(map(len, code.splitlines())) <= 78, code


@each_rule
def test_the_rules_it_stands_over_exist(rule: Rule) -> None:
    assert set(rule.over) <= {other.code for other in RULES} - {rule.code}


@each_rule
def test_no_library_is_named_in_the_code(rule: Rule) -> None:
    """Library knowledge is data; a rule asks the trace. Messages may say what to write."""
    for node in ast.walk(ast.parse(home(rule).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.fullmatch(r"(torch|nn|F|tf|keras|sklearn)(\.\w+)+", node.value), node.value


def codes(code: str, folder: Path) -> set[str]:
    file = folder / "example.py"
    file.write_text(code, encoding="utf-8")
    everything = Settings(severity=Severity.NOTE)
    outcome = audit([str(file)], everything)
    assert not outcome.problems
    assert not outcome.failures
    return {finding.code for finding in outcome.findings}


@each_rule
def test_bad_is_found(rule: Rule, tmp_path: Path) -> None:
    assert examples(rule, "Bad")
    for code in examples(rule, "Bad"):
        assert codes(code, tmp_path) == {rule.code}, code


@each_rule
def test_good_is_silent(rule: Rule, tmp_path: Path) -> None:
    assert examples(rule, "Good")
    for code in examples(rule, "Good"):
        assert codes(code, tmp_path) == set(), code
