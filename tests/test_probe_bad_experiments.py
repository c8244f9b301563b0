"""What a user may get wrong: one clear line each, or a note."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from experiments import brief, chain, curve, experiment, rows
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from auditor.errors import AuditorError
from auditor.probe.study import Study
from auditor.probe.training import Course

X, Y = rows(30, 0)


def with_nan() -> torch.Tensor:
    x = X.clone()
    x[3, 2] = float("nan")
    return x


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no validation rows": ({"validation": (X[:0], Y[:0])}, "validation rows: there are none"),
    "one validation row": ({"validation": (X[:1], Y[:1])}, "there is one, and two are needed"),
    "flattened outputs": (
        {"model": lambda: nn.Sequential(nn.Linear(6, 4), nn.Flatten(0)), "loss": lambda o, t: o.mean()},
        r"the model returns \(32,\) for 8 rows: the first dimension must be the row",
    ),
    "no validation": ({"validation": None}, "validation rows: there are none"),
    "an empty loader": (
        {"train": DataLoader(TensorDataset(X[:0], Y[:0]), batch_size=4)},
        "train rows: there are none",
    ),
    "lengths": ({"train": (X, Y[:20])}, r"different lengths \(30 and 20\)"),
    "NaN inputs": ({"train": (with_nan(), Y)}, "train rows: inputs hold NaN"),
    "one class": ({"train": (X, torch.ones_like(Y))}, "all targets are 1: there is nothing to learn"),
    "texts": ({"train": (np.array(["a", "b"]), np.array([0, 1]))}, "are no numbers"),
    "no pair": ({"train": X}, "Tensor is no pair|is no pair"),
    "no target": ({"train": {"a": X, "b": Y}}, "none of a, b is named like a target"),
    "features": ({"model": lambda: nn.Linear(5, 1)}, r"the model cannot take \(8, 6\)"),
    "sides": ({"validation": (X[:, :4], Y)}, "different shapes"),
    "targets": ({"train": (X, Y[:, 0]), "validation": (X, Y[:, 0])}, "the loss cannot take outputs"),
    "broadcasting": (
        {"train": (X, X[:, 0]), "validation": (X, X[:, 0]), "loss": nn.MSELoss()},
        r"\(8, 1\) and targets \(8,\): MSELoss broadcasts",
    ),
    "loss of each row": ({"loss": nn.BCEWithLogitsLoss(reduction="none")}, "not one number"),
    "NaN loss": ({"optimizer": partial(torch.optim.SGD, lr=1e30)}, "the loss is no finite number"),
    "metric": ({"metrics": "acuracy"}, "no metric is called `acuracy`.*did you mean `accuracy`"),
    "epochs": ({"epochs": None}, "give epochs, or a time budget"),
    "no network": ({"model": lambda: 3}, "factory returned int"),
    "no optimizer": ({"optimizer": lambda parameters: None}, "factory returned NoneType"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
def test_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(AuditorError, match=said) as caught:
        brief(experiment(**given))
    assert "\n" not in str(caught.value)


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "seeds": ({"seeds": 0}, "seeds must be at least 1"),
    "budget": ({"budget": 0.0}, "budget must be"),
    "remedy": ({"remedies": ["dropuot"]}, "no remedy is called `dropuot`.*did you mean `dropout`"),
    "fraction": ({"fractions": [1.5]}, "fractions must lie between 0 and 1"),
    "device": ({"device": "tpu9"}, "device tpu9"),
}


@pytest.mark.parametrize(("options", "said"), OPTIONS.values(), ids=OPTIONS)
def test_options(options: dict[str, Any], said: str) -> None:
    with pytest.raises(AuditorError, match=said):
        brief(experiment(), **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_is_asked_for_and_absent() -> None:
    with pytest.raises(AuditorError, match="torch sees no CUDA here; use --device cpu"):
        brief(experiment(), device="cuda")


def test_declaring_says_what_is_no_number() -> None:
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(AuditorError, match="epochs must be a whole number"):
            experiment(epochs=wrong)
    with pytest.raises(AuditorError, match="model is 3"):
        experiment(model=3)


class Deaf(nn.Module):
    """Drops in every mode."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(self.last(x))


class Stuck(nn.Module):
    """Never drops, for it stays in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(nn.functional.dropout(x, 0.5, training=False))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("model", "said"),
    [(Deaf, "something else each time: it ignores its mode"), (Stuck, "same in train mode: it ignores its mode")],
)
def test_a_network_that_ignores_its_mode(model: Callable[[], nn.Module], said: str) -> None:
    assert any(said in note for note in brief(experiment(model=model)).notes)


def test_one_class_to_validate_on_is_told() -> None:
    found = brief(experiment(validation=(X, torch.ones_like(Y))))
    assert any("cannot tell a good network" in note for note in found.notes)


def test_one_seed_that_diverges_is_marked_and_the_others_go_on() -> None:
    """Weights of the second seed start at infinity."""
    made: list[nn.Module] = []

    def model() -> nn.Module:
        network = chain()
        if torch.initial_seed() == 1:
            network[-1].weight.data.fill_(float("inf"))  # type: ignore[index]
        made.append(network)
        return network

    found = brief(experiment(model=model), seeds=3)
    assert [one.diverged for one in found.curves] == [False, True, False]
    assert [one.complete for one in found.curves] == [True, False, True]
    assert found.curves[1].epochs == ()
    assert found.modes is not None
    assert len(found.modes["loss"]) == 2


def test_an_interrupt_returns_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def progress(share: float, left: float | None) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    found = brief(experiment(epochs=10), remedies=["dropout", "norm_layers"], progress=progress)
    assert found.interrupted
    assert curve(found).epochs
    assert not all(one.complete for one in found.curves)
    monkeypatch.setattr(Course, "score", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        brief(experiment(epochs=10), progress=progress)


def test_out_of_memory_halves_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = brief(experiment(), remedies=["weight_decay"])
    whole = Course.run

    def run(self: Course, *args: Any) -> None:
        if self.engine.size > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        whole(self, *args)

    monkeypatch.setattr(Course, "run", run)
    found = brief(experiment(), remedies=["weight_decay"])
    assert any("10 networks at once were too many" in note for note in found.notes)
    assert len(found.curves) == len(wanted.curves)
    for one in wanted.curves:
        again = curve(found, one.variant, one.seed).scores["validation"]["loss"]
        np.testing.assert_allclose(one.scores["validation"]["loss"], again, atol=1e-5)


def test_one_network_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Course, *_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Course, "run", run)
    with pytest.raises(AuditorError, match="one network alone does not fit into memory"):
        brief(experiment())


def test_other_failures_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Study, "after", lambda *_: (_ for _ in ()).throw(RuntimeError("something else")))
    with pytest.raises(RuntimeError, match="something else"):
        brief(experiment())
