"""What each remedy does to a network, and each measure in a second, plain implementation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from experiments import brief, chain, curve, experiment, rows
from torch import nn
from torch.nn import functional

from auditor.probe import remedies
from auditor.probe.curves import Measurement
from auditor.probe.dropping import Dropping, survey
from auditor.probe.linears import dropped
from auditor.probe.measure import MEMORIZATION, measure
from auditor.probe.treatment import Subject, Treatment, remedy

X, Y = rows(30, 0)


def names(measurement: Measurement) -> list[str]:
    return [one.name for one in measurement.variants]


def test_every_file_is_a_remedy_of_its_name() -> None:
    assert {"dropout", "weight_decay", "l1_penalty", "norm_layers", "narrower_layers", "early_stopping"} == set(
        remedies.known()
    )
    for name, one in remedies.known().items():
        assert one.__name__ == name
        assert one.__doc__


class Functional(nn.Module):
    """Activations that are no modules, and one whose result is returned."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(6, 50), nn.Linear(50, 50)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.two(self.one(x).relu() + functional.gelu(self.one(x))))


RECURRENT = nn.LSTM(6, 20, batch_first=True)
PLACES: dict[str, tuple[Callable[[], Any], int, int]] = {
    "modules": (lambda: chain()(X), 2, 0),
    "functions": (lambda: Functional()(X), 2, 0),
    "recurrent": (lambda: RECURRENT(X[:, None])[0][:, -1] * 2, 1, 0),
    "its own": (lambda: nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 1))(X), 0, 1),
    "none": (lambda: nn.Linear(6, 1)(X), 0, 0),
}


@pytest.mark.parametrize(("forward", "hidden", "droppers"), PLACES.values(), ids=PLACES)
def test_where_dropout_can_be_placed(forward: Callable[[], Any], hidden: int, droppers: int) -> None:
    places, own = survey(forward)
    assert (len(places), own) == (hidden, droppers)


def test_dropout_follows_hidden_activations_only() -> None:
    """As many zeros as the rate says, the others scaled up; what the network returns has none."""
    network = Functional()
    seen: list[torch.Tensor] = []
    network.two.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    places, _ = survey(lambda: network(X))
    seen.clear()
    with Dropping(torch.tensor(0.4), places, 0):
        result = network(X.repeat(20, 1))
    hidden = network.one(X.repeat(20, 1))
    relu, gelu = hidden.relu(), functional.gelu(hidden)
    kept = ((seen[0] - gelu / 0.6).abs() < 1e-5) & (relu == 0)
    lost = ((seen[0]).abs() < 1e-9) & (relu == 0)
    assert float(lost.sum() / (kept | lost).sum()) == pytest.approx(0.4, abs=0.03)
    assert float((kept | lost).sum() / (relu == 0).sum()) == pytest.approx(1.0, abs=0.01)
    assert not bool((result == 0).any())


def test_the_rate_of_dropout_that_is_there_is_replaced() -> None:
    network = nn.Sequential(nn.Dropout(0.9), nn.ReLU())
    ones = torch.ones(200, 50)
    for rate, share in ((0.0, 0.0), (0.3, 0.3), (float("nan"), 0.9)):
        with Dropping(torch.tensor(rate), frozenset(), 1):
            result = network(ones)
        assert float((result == 0).double().mean()) == pytest.approx(share, abs=0.02)
        assert float(result.max()) == pytest.approx(1 / (1 - share))


def test_stacked_dropout_has_a_rate_for_each_variant() -> None:
    ones = torch.ones(4, 300, 40)
    result = dropped(ones, [0.0, 0.2, 0.5, 0.0])
    for part, rate in zip(result, (0.0, 0.2, 0.5, 0.0), strict=True):
        assert float((part == 0).double().mean()) == pytest.approx(rate, abs=0.02)
        assert float(part.max()) == pytest.approx(1 / (1 - rate), rel=1e-4)
    first, second = result[1] == 0, result[2] == 0
    assert float((first & second).double().mean()) == pytest.approx(0.1, abs=0.02), "drawn apart"


def test_dropout_acts_in_training_and_never_in_scoring() -> None:
    def gone(subject: Subject) -> list[Treatment | str]:
        return [Treatment(remedy("all", "-"), dropout=0.999)]

    for batched in (True, False):
        found = brief(experiment(epochs=30), remedies=[gone], batched=batched)
        control, numb = (curve(found, name).scores["train"]["loss"] for name in ("control", "all"))
        assert control[-1] < 0.9 * control[0]
        assert abs(numb[-1] - numb[0]) < 0.1 * numb[0]


def trained(step: Callable[..., torch.optim.Optimizer], penalty: Callable[[nn.Module], Any] | None = None) -> float:
    """A plain loop under seed 0; the loss of the training rows at the end."""
    torch.manual_seed(0)
    model = chain()
    optimizer = step(model.parameters())
    for _ in range(20):
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(model(X), Y)
        (loss + (penalty(model) if penalty else 0.0)).backward()
        optimizer.step()
    with torch.no_grad():
        return float(functional.binary_cross_entropy_with_logits(model(X), Y))


def l1(model: nn.Module) -> Any:
    return 0.01 * sum(weight.abs().sum() for weight in model.parameters() if weight.ndim > 1)


def l2(model: nn.Module) -> Any:
    return 0.025 * sum((weight**2).sum() for weight in model.parameters())


Adam, AdamW, SGD = torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD
ALIKE: dict[str, tuple[Any, dict[str, Any], float]] = {
    "coupled Adam": (partial(Adam, lr=0.01), {"coupled": 0.05}, trained(partial(Adam, lr=0.01, weight_decay=0.05))),
    "a penalty": (partial(Adam, lr=0.01), {"coupled": 0.05}, trained(partial(Adam, lr=0.01), l2)),
    "coupled SGD": (partial(SGD, lr=0.1), {"coupled": 0.05}, trained(partial(SGD, lr=0.1, weight_decay=0.05))),
    "decoupled": (partial(Adam, lr=0.01), {"decoupled": 0.5}, trained(partial(AdamW, lr=0.01, weight_decay=0.5))),
    "more decoupled": (partial(AdamW, lr=0.01), {"decoupled": 0.5}, trained(partial(AdamW, lr=0.01, weight_decay=0.5))),
    "AdamW to Adam": (
        partial(AdamW, lr=0.01),
        {"coupled": 0.05, "decoupled": 0.0},
        trained(partial(Adam, lr=0.01, weight_decay=0.05)),
    ),
    "L1": (partial(Adam, lr=0.01), {"l1": 0.01}, trained(partial(Adam, lr=0.01), l1)),
}


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize(("optimizer", "change", "wanted"), ALIKE.values(), ids=ALIKE)
def test_a_pull_is_what_its_line_of_code_is(
    optimizer: Any, change: dict[str, Any], wanted: float, batched: bool
) -> None:
    def pulled(subject: Subject) -> list[Treatment | str]:
        return [Treatment(remedy("pulled", "-"), **change)]

    found = brief(experiment(optimizer=optimizer, epochs=20), remedies=[pulled], batched=batched)
    assert curve(found, "pulled").scores["train"]["loss"][-1] == pytest.approx(wanted, abs=2e-5)
    assert curve(found).scores["train"]["loss"][-1] != pytest.approx(wanted, abs=1e-3)


def test_a_decay_says_what_it_can_do() -> None:
    found = brief(experiment(optimizer=partial(Adam, lr=5e-4), epochs=100), remedies=["weight_decay"])
    notes = {one.name: one.notes for one in found.variants}
    assert notes["decoupled decay 0.1"] == ("this decay can shrink the weights by 0.50% over these 100 steps",)
    assert {one.name: one.change for one in found.variants}["coupled L2 0.01"] == "weight_decay=0.01 in Adam"


def test_a_decay_that_the_optimizer_has_is_not_tried_again() -> None:
    found = brief(experiment(optimizer=partial(AdamW, lr=0.01)), remedies=["weight_decay"])
    assert "decoupled decay 0.01" not in names(found)
    assert "decoupled decay 0.1" in names(found)


class TwoBranches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.last = nn.Linear(6, 10), nn.Linear(6, 10), nn.Linear(20, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat([self.one(x).relu(), self.two(x).relu()], 1))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("model", "narrow", "normed"),
    [
        (chain, 6 * 4 + 4 + 4 * 4 + 4 + 4 + 1, 6 * 8 + 8 + 8 * 8 + 8 + 8 + 1 + 2 * 16),
        (TwoBranches, 2 * (6 * 5 + 5) + 10 + 1, 2 * (6 * 10 + 10) + 20 + 1 + 2 * 20),
    ],
)
def test_narrower_and_normed_networks(model: Callable[[], nn.Module], narrow: int, normed: int) -> None:
    found = brief(experiment(model=model, epochs=2), remedies=["narrower_layers", "norm_layers"])
    assert curve(found, "narrower layers").weights == narrow
    assert curve(found, "norm layers").weights == normed
    assert not found.notes


def test_a_width_in_the_code_is_a_note() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.last = nn.Linear(6, 8), nn.Linear(8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.one(x).view(-1, 8))  # type: ignore[no-any-return]

    found = brief(experiment(model=Fixed), remedies=["narrower_layers", "dropout"])
    assert names(found) == ["control"]
    assert [note.partition(":")[0] for note in found.notes] == [
        "narrower layers were not tried",
        "dropout was not tried",
    ]


def test_early_stopping_reads_the_curves_of_the_control() -> None:
    found = brief(experiment(), remedies=["early_stopping"])
    (stopped,) = (one for one in found.variants if one.name == "early stopping")
    assert stopped.chooses
    np.testing.assert_array_equal(
        curve(found, "early stopping").scores["first"]["loss"], curve(found).scores["first"]["loss"]
    )


def test_scores_are_those_of_a_plain_loop() -> None:
    """Loss and accuracy of each side and half, recomputed from the weights of a hand-written training."""
    found = brief(experiment(epochs=4))
    torch.manual_seed(0)
    model = chain()
    optimizer = Adam(model.parameters(), lr=0.01)
    for _ in range(4):
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(model(X), Y).backward()
        optimizer.step()
    order = np.random.default_rng([0, 2]).permutation(40)
    x, y = rows(40, 1)
    sides = {"train": (X, Y), "validation": (x, y), "first": (x[order[:20]], y[order[:20]])}
    for side, (inputs, labels) in sides.items():
        with torch.no_grad():
            outputs = model(inputs)
        scores = curve(found).scores[side]  # type: ignore[index]
        assert scores["loss"][-1] == pytest.approx(functional.binary_cross_entropy_with_logits(outputs, labels).item())
        assert scores["accuracy"][-1] == pytest.approx(np.mean((outputs.numpy() > 0) == (labels.numpy() > 0.5)))


def test_halves_make_the_whole() -> None:
    scores = curve(brief(experiment())).scores
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose((scores["first"][name] + scores["second"][name]) / 2, scores["validation"][name])


@pytest.mark.parametrize("batched", [True, False])
def test_train_mode_minus_eval_mode(batched: bool) -> None:
    """With dropout of .5 on the only layer and no training, the expected difference is known by drawing it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 1))
    still = partial(SGD, lr=0.0)
    x, y = rows(2000, 3)
    found = brief(experiment(model=model, optimizer=still, train=(x, y), epochs=1), batched=batched)
    with torch.no_grad():
        loss = functional.binary_cross_entropy_with_logits
        drawn = np.mean([float(loss(model.train()(x), y)) for _ in range(20)]) - float(loss(model.eval()(x), y))
    assert found.modes is not None
    assert found.modes["loss"] == pytest.approx(drawn, abs=0.02)
    assert abs(drawn) > 0.01
    without = brief(experiment())
    assert without.modes is not None
    assert np.all(without.modes["loss"] == 0)


def test_modes_leave_batch_norm_as_it_was() -> None:
    def model() -> nn.Module:
        """In double precision, for Adam makes steps of the rounding in the gradient of a bias before a norm."""
        return nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)).double()

    batched, alone = (brief(experiment(model=model, batch_size=10), batched=batched) for batched in (True, False))
    assert batched.modes is not None
    assert alone.modes is not None
    np.testing.assert_allclose(batched.modes["loss"], alone.modes["loss"], atol=1e-5)
    assert np.all(batched.modes["loss"] != 0)


def test_random_labels_are_memorized_and_not_predicted() -> None:
    """A wide network learns them by heart; on rows of its own labels it is a coin."""
    declared = experiment(
        model=partial(chain, 64), optimizer=partial(Adam, lr=0.01), epochs=150, validation=rows(1000, 1)
    )
    found = brief(declared, memorization=True)
    for seed in (0, 1):
        scores = curve(found, MEMORIZATION, seed).scores
        assert scores["train"]["accuracy"][-1] > 0.95
        assert scores["validation"]["accuracy"][-1] == pytest.approx(0.5, abs=0.2)
        assert curve(found, "control", seed).scores["validation"]["accuracy"][-1] > 0.75


def test_fractions_are_that_many_rows_and_labels_stay_with_theirs() -> None:
    declared = experiment(epochs=2, batch_size=8)
    found = measure(declared, seeds=2, remedies=[], fractions=[0.5], memorization=False)
    assert [(one.name, one.fraction) for one in found.variants] == [("control", 1.0), ("50% of the rows", 0.5)]
    part = np.sort(np.random.default_rng([0, 3]).permutation(30)[:15])
    by_hand = brief(experiment(train=(X[part], Y[part]), epochs=2, batch_size=8))
    np.testing.assert_allclose(
        curve(found, "50% of the rows").scores["train"]["loss"], curve(by_hand).scores["train"]["loss"], atol=1e-6
    )


def test_a_null_remedy_has_draws_of_its_own() -> None:
    def null(subject: Subject) -> list[Treatment | str]:
        return [Treatment(remedy("null", "-"), draws=1), Treatment(remedy("same", "-"))]

    found = brief(experiment(), remedies=[null])
    control, null_curve, same = (curve(found, name).scores["train"]["loss"] for name in ("control", "null", "same"))
    np.testing.assert_allclose(control, same, atol=1e-6)
    assert abs(control - null_curve).max() > 1e-3


def test_a_remedy_cannot_change_what_is_trained() -> None:
    def greedy(subject: Subject) -> list[Treatment | str]:
        with torch.no_grad():
            for weight in subject.model.parameters():
                weight.zero_()
        return ["it looked"]

    model = chain()
    kept = copy.deepcopy(model.state_dict())
    found, wanted = brief(experiment(model=model), remedies=[greedy]), brief(experiment(model=model))
    assert curve(found).scores["train"]["loss"].tolist() == curve(wanted).scores["train"]["loss"].tolist()
    assert all(torch.equal(kept[name], tensor) for name, tensor in model.state_dict().items())
    assert "it looked" in found.notes
