"""How much a finding weighs, where one rule says more than one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.settings import Settings
from auditor.trace import Severity

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.mark.parametrize(
    ("file", "severity", "words"),
    [
        ("leakage/stopped_by_test_keras.py", Severity.WARNING, "chosen by a score on the test rows"),
        ("leakage/too_patient_keras.py", Severity.NOTE, "scored while the network learns"),
    ],
)
def test_that_test_rows_choose_weighs_more_than_that_somebody_may_look(
    file: str, severity: Severity, words: str
) -> None:
    outcome = audit([str(FIXTURES / file)], Settings(severity=Severity.NOTE))
    (finding,) = (one for one in outcome.findings if one.code == "LEA005")
    assert finding.severity is severity
    assert words in finding.message
