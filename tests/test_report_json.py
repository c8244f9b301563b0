"""What programs read, and the lines for editors."""

from __future__ import annotations

import io
import json
from typing import Any

from made_up import Page, finding, outcome

from auditor.outcome import Problem, Unused
from auditor.report import concise
from auditor.report import json as as_json
from auditor.trace import Edit, Evidence, Finding, Fix


def written(*findings: Finding, **more: Any) -> Any:
    out = io.StringIO()
    as_json.write(outcome(*findings, **more), out)
    assert out.getvalue().isascii()
    return json.loads(out.getvalue())


def test_the_contract() -> None:
    page = Page("sub/é.py")
    fix = Fix(True, "call eval", (Edit(page.place(40), "model.eval()", "before"),))
    told = finding(
        "sub/é.py",
        place=page.place(42, 9, 17),
        evidence=(Evidence(page.place(12), "built here"),),
        fix=fix,
        message="m",
    )
    assert written(told, problems=(Problem("b.py", 3, "odd"),)) == {
        "version": 1,
        "findings": [
            {
                "code": "TST001",
                "name": "made-up",
                "path": "sub/é.py",
                "line": 42,
                "column": 9,
                "end_line": 42,
                "end_column": 17,
                "severity": "error",
                "confidence": "high",
                "message": "m",
                "evidence": [{"path": "sub/é.py", "line": 12, "message": "built here"}],
                "fix": {
                    "safe": True,
                    "message": "call eval",
                    "edits": [
                        {
                            "path": "sub/é.py",
                            "line": 40,
                            "column": 1,
                            "end_line": 40,
                            "end_column": 2,
                            "text": "model.eval()",
                            "insert": "before",
                        }
                    ],
                },
            }
        ],
        "errors": [{"path": "b.py", "line": 3, "message": "odd"}],
        "files": {"seen": 3, "audited": 2},
        "unfinished": [],
    }


def test_notebook_locations_carry_the_cell() -> None:
    page = Page("a.ipynb")
    told = finding(place=page.place(2, cell=3), evidence=(Evidence(page.place(1, cell=1), "built"),))
    (only,) = written(told)["findings"]
    assert only["cell"] == 3
    assert only["evidence"][0]["cell"] == 1
    assert only["fix"] is None


def test_unused_suppressions_are_there_when_asked_for() -> None:
    assert "unused_suppressions" not in written()
    (only,) = written(unused=(Unused("a.py", None, 3, 5, "vain"),))["unused_suppressions"]
    assert only == {"path": "a.py", "line": 3, "column": 5, "message": "vain"}


def test_concise_is_one_line_a_finding() -> None:
    out = io.StringIO()
    notebook = finding("a.ipynb", place=Page("a.ipynb").place(2, 5, cell=3), message="two\nlines")
    concise.write(outcome(finding(message="one"), notebook, unused=(Unused("b.py", None, 1, 2, "vain"),)), out)
    assert out.getvalue().splitlines() == [
        "train.py:42:9 TST001 one",
        "a.ipynb:cell 3:2:5 TST001 two lines",
        "b.py:1:2 unused vain",
    ]


def test_what_was_followed_in_part_is_named() -> None:
    told = written(unfinished=(("a.py", ""), ("b.py", "Trainer")))
    assert told["unfinished"] == [{"path": "a.py", "name": None}, {"path": "b.py", "name": "Trainer"}]
