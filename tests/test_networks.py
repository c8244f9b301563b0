"""`audit networks`, and what the settings say of rows and of capacity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import cli
from auditor.audit import audit
from auditor.errors import SettingsError
from auditor.settings import Settings, read
from auditor.trace import Layer, Severity

PROGRAM = """\
import torch
from torch import nn
from reading import load

model = nn.Sequential(nn.Linear(30, 200), nn.ReLU(), nn.Dropout(0.5), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 2))
x, y = load()
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(40):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "train.py"
    file.write_text(PROGRAM, encoding="utf-8")
    return file


def table(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(("networks", *words)) == 0
    return capsys.readouterr().out


def test_each_layer_has_a_line(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table(capsys, "train.py")
    assert "40,200" in out
    assert "dropout 0.5 after it" in out
    assert "46,802 weights to learn" in out
    assert "learns from an unknown number of rows" in out
    assert out.endswith("1 network in 1 file.\n")


def test_no_line_is_too_wide(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "60")
    assert all(len(line) <= 60 and line == line.rstrip() for line in table(capsys, "train.py").splitlines())


def test_json_holds_the_same(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(table(capsys, "train.py", "--format", "json"))
    (network,) = told["networks"]
    assert (network["name"], network["weights"], network["exact"]) == ("model", 46802, True)
    assert [layer["weights"] for layer in network["layers"]] == [6200, 0, 0, 40200, 0, 402]
    assert network["layers"][0]["regularised_by"] == ["dropout 0.5 after it"]


def test_what_is_not_known_is_not_counted(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text(PROGRAM.replace("nn.Linear(30, 200)", "nn.Linear(columns(), 200)"), encoding="utf-8")
    assert "at least 40,602 weights to learn" in table(capsys, "train.py")


def severities(program: Path, **given: object) -> list[Severity]:
    settings = Settings.model_validate({"severity": Severity.NOTE, "select": ("REG001",), **given})
    return [finding.severity for finding in audit([str(program)], settings).findings]


def test_rows_that_are_stated_count(program: Path) -> None:
    assert severities(program) == [Severity.NOTE]
    assert severities(program, **{"training-rows": 500}) == [Severity.WARNING]
    assert severities(program, **{"training-rows": 5_000}) == [Severity.NOTE]
    assert severities(program, **{"training-rows": 50_000}) == []


def test_the_lines_can_be_drawn_elsewhere(program: Path) -> None:
    rows = {"training-rows": 500}
    assert severities(program, **rows, capacity={"weights-per-row": 100.0}) == [Severity.NOTE]
    assert severities(program, **rows, capacity={"passes": 50}) == []
    assert severities(program, **rows, capacity={"share": 0.9}) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("training-rows = 0", "`training-rows`"),
        ('training-rows = "many"', "`training-rows`"),
        ("[tool.auditor.capacity]\nshare = 2.0", "`capacity.share`"),
        ("[tool.auditor.capacity]\nwidth = 3", "`capacity.width`"),
    ],
)
def test_what_is_no_number_of_rows_is_said_in_a_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"[tool.auditor]\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint) as error:
        read(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("torch.nn.Dropout", "its Dropout layers act as in training"),
        ("Attention.training", "its own code that asks `self.training` acts as in training"),
        ("transformers.AutoModel.from_pretrained", "its AutoModel layers act as in training"),
        ("zoo.load", "its layers act as in training"),
    ],
)
def test_what_changes_with_the_mode_is_named_in_plain_words(kind: str, said: str) -> None:
    assert Layer("", kind, None, "stochastic").in_training == said
