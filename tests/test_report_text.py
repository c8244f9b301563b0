"""What people read."""

from __future__ import annotations

import io

import pytest
from made_up import Page, finding, outcome

from auditor.outcome import Hidden, Outcome, Problem, Unused
from auditor.report import text
from auditor.report.excerpt import excerpt
from auditor.report.printable import printable
from auditor.trace import Confidence, Evidence, Severity, Span


def rendered(told: Outcome, monkeypatch: pytest.MonkeyPatch, width: int = 80, color: bool | None = None) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    out = io.StringIO()
    text.write(told, out, color)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def test_a_finding_its_line_and_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        rendered(outcome(finding()), monkeypatch)
        == """\
train.py

  42:9  error  TST001 made-up
    `model` is scored while it is in train mode: its dropout is active. Call
    `model.eval()` before.

    42 │ train.py(x, 42)
       │ ^^^^^^^^

    net.py:12  built here
    line 40    put in train mode

1 error in 3 files.
"""
    )


def test_everything_not_shown_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    told = outcome(
        hidden=Hidden({Severity.NOTE: 2}, unsure=1, suppressed=3),
        problems=(Problem("b.py", 3, "syntax error"), Problem("c.py", 1, "holds a null byte")),
        unused=(Unused("a.py", None, 3, 1, "suppression of TST001 silences nothing"),),
    )
    assert (
        rendered(told, monkeypatch, width=100)
        == """\
Suppressions to remove

    a.py:3  suppression of TST001 silences nothing

Could not be audited

    b.py:3  syntax error
    c.py:1  holds a null byte

Nothing to show in 3 files.
Not shown: 2 notes (--severity note), 1 unsure (--min-confidence low), 3 suppressed in the code.
Not audited: 2 files, listed above.
"""
    )


def test_nothing_found_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(outcome(seen=1), monkeypatch) == "Nothing found in 1 file.\n"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_prose_and_source_keep_to_the_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    long = finding(message="word " * 100, evidence=(Evidence(Page("x" * 30).place(1), "word " * 50),))
    told = outcome(long, line=lambda *_: "call(" + "argument, " * 60 + ")")
    assert max(map(len, rendered(told, monkeypatch, width).split("\n"))) <= width


def test_confidence_below_high_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "made-up  medium confidence\n" in rendered(outcome(finding(confidence=Confidence.MEDIUM)), monkeypatch)


def test_a_notebook_names_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    told = outcome(finding("a.ipynb", place=Page("a.ipynb").place(2, 1, 5, cell=3), evidence=()))
    assert "  cell 3:2:1  error" in rendered(told, monkeypatch)


def test_other_peoples_text_is_never_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = outcome(
        finding("[red]\x1b[31m:bomb:.py", message="`[bold]x[/bold]` \x1b[2J"),
        line=lambda *_: "x = '[/red]\x1b[31m' # \u202e",
    )
    shown = rendered(told, monkeypatch, color=True)
    assert "[red]\\x1b[31m:bomb:.py" in shown
    assert "[bold]x[/bold]" in shown
    assert "\\u202e" in shown
    assert "\x1b[31m" not in shown
    assert "\x1b[2J" not in shown


def test_colours_only_on_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in rendered(outcome(finding()), monkeypatch)
    assert "\x1b[" not in rendered(outcome(finding()), monkeypatch, color=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in rendered(outcome(finding()), monkeypatch, color=True)


@pytest.mark.parametrize(
    ("line", "span", "width", "rows"),
    [
        ("    f(model(x))", Span(7, 7, 7, 15), 60, ["7 │ f(model(x))", "  │   ^^^^^^^^"]),
        ("\tmodel(x)", Span(7, 2, 7, 10), 60, ["7 │ model(x)", "  │ ^^^^^^^^"]),
        ("f(日本, model(x))", Span(7, 7, 7, 15), 60, ["7 │ f(日本, model(x))", "  │         ^^^^^^^^"]),
        ("f(x,  # long", Span(7, 1, 9, 2), 60, ["7 │ f(x,  # long", "  │ ^^^^^^^^^^^^"]),
        ("abcdefghij(model(x), klmnop)", Span(7, 12, 7, 20), 24, ["7 │ …efghij(model(x), k…", "  │         ^^^^^^^^"]),
        ("x", Span(7, 9, 7, 12), 60, ["7 │ x", "  │  ^"]),
        ("  ", Span(7, 1, 7, 2), 60, []),
    ],
)
def test_excerpts(line: str, span: Span, width: int, rows: list[str]) -> None:
    assert [row.plain.rstrip() for row in excerpt(line, span, width)] == rows


def test_excerpts_in_ascii() -> None:
    first, _ = excerpt("call(" + "argument, " * 20, Span(7, 1, 7, 5), 40, ascii_only=True)
    assert first.plain.isascii()


def test_printable_spells_out_what_a_terminal_would_obey() -> None:
    assert printable("é日\t\n\x1b\x9b\u200f\udcff") == "é日 \\n\\x1b\\x9b\\u200f\\udcff"
