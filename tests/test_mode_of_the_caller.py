"""A network handed in by nobody comes in a mode that nobody knows: it is wrong for one of training and evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.settings import Settings

EXPERIMENT = """
import torch


class Experiment:
    def __init__(self, net, optimizer, loss, hooks):
        self.net = net
        self.optimizer = optimizer
        self.loss = loss
        self.hooks = hooks

    def fit(self, training, validation, epochs):
        for epoch in range(epochs):
            for rows, labels in training:
                self.optimizer.zero_grad()
                self.loss(self.net(rows), labels).backward()
                self.optimizer.step()
            self.hooks.between(epoch)
            print(epoch, self.validate(validation))

    def validate(self, validation):
        total = 0.0
        with torch.no_grad():
            for rows, labels in validation:
                total += self.loss(self.net(rows), labels).item()
        return total / len(validation)
"""
EVALUATION = 25
"""The line of the pass that is validated."""
HOOK = """
class Hook:
    def before_validation(self, experiment):
        experiment.net.eval()
        print(experiment.net(experiment.sample).argmax(1))
"""
PLAIN = """
import torch
from torch import nn

net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
print(net(torch.load("rows.pt")).mean())
"""


def found(folder: Path) -> list[tuple[str, int]]:
    outcome = audit([str(folder)], Settings())
    assert not outcome.problems + outcome.failures
    return [(it.code, it.place.line) for it in outcome.findings if it.code == "EVA001"]


def test_trained_and_validated_in_the_same_mode(tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(EXPERIMENT, encoding="utf-8")
    assert found(tmp_path) == [("EVA001", EVALUATION)]


@pytest.mark.parametrize(
    "text",
    [
        EXPERIMENT.replace("        total = 0.0\n", "        self.net.eval()\n        total = 0.0\n"),
        EXPERIMENT.replace("self.hooks.between(epoch)", "self.hooks.between(epoch, self.net)"),
        EXPERIMENT + HOOK,
        EXPERIMENT + PLAIN,
    ],
    ids=["switched", "in the hands of a hook", "switched by a hook", "no network that knows modes"],
)
def test_somebody_may_know_better(text: str, tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text(text, encoding="utf-8")
    assert found(tmp_path) == []
