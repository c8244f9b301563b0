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


def test_dropout_before_the_layer_is_said(program: Path) -> None:
    settings = Settings.model_validate({"severity": Severity.NOTE, "select": ("REG001",)})
    (finding,) = audit([str(program)], settings).findings
    assert "and only the dropout before it regularises it" in finding.message


STEPS = """
import numpy as np
from keras import Sequential, layers

images, kinds = np.load("images.npy"), np.load("kinds.npy")
model = Sequential([layers.Input((150, 150, 3)), layers.Flatten(), layers.Dense(3, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(images, kinds, epochs=100, steps_per_epoch=32)
"""
LEARNERS = """
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

x, y = load_iris(return_X_y=True)
MLPClassifier(hidden_layer_sizes=(512, 512), max_iter=500).fit(x, y)
"""


@pytest.mark.parametrize(("text", "said", "unsaid"), [
    (STEPS, "How many rows it learns from, the source does not say", "learns from 1,024 rows"),
    (LEARNERS, "Hypotheses: `alpha=0.01`; `early_stopping=True`.", "dropout"),
])  # fmt: skip
def test_what_a_program_does_not_say_is_not_made_up(tmp_path: Path, text: str, said: str, unsaid: str) -> None:
    path = tmp_path / "steps.py"
    path.write_text(text, encoding="utf-8")
    settings = Settings.model_validate({"severity": Severity.NOTE, "select": ("REG001",)})
    (finding,) = audit([str(path)], settings).findings
    assert said in finding.message
    assert unsaid not in finding.message


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
