"""What a probe of 40 variants costs on one core, as a ratio to training them one after another by hand.

The example is the one that everybody quotes: 60 training and 400 validation rows of 20 features, two hidden layers,
Adam, 100 full-batch epochs; 5 seeds times 8 settings. Both sides score both sides of the rows on the same epochs, and
each is timed as a whole, in turn, in one process; ratios are medians over rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import nn

from auditor import Experiment
from auditor.probe.curves import Measurement
from auditor.probe.measure import measure
from auditor.probe.training import schedule
from auditor.probe.treatment import Subject, Treatment, remedy

EPOCHS, LR, SEEDS = 100, 5e-4, 5
DROPOUT = (0.2, 0.4, 0.5)
DECOUPLED = (0.01, 0.1)
COUPLED = (0.001, 0.01)
Drawn = tuple[torch.Tensor, torch.Tensor]


def rows(count: int, seed: int) -> Drawn:
    features = torch.randn(count, 20, generator=torch.Generator().manual_seed(seed))
    return features, (features[:, :1] + 0.5 * features[:, 1:2] > 0).float()


def network(width: int, dropout: float = 0.0) -> nn.Module:
    between = [nn.Dropout(dropout)] if dropout else []
    hidden = [nn.Linear(20, width), nn.ReLU(), *between, nn.Linear(width, width), nn.ReLU(), *between]
    return nn.Sequential(*hidden, nn.Linear(width, 1))


def by_hand(
    width: int,
    seed: int,
    train: Drawn,
    validation: Drawn,
    dropout: float,
    optimizer: Callable[..., torch.optim.Optimizer],
) -> list[float]:
    """One plain training; what it scored."""
    torch.manual_seed(seed)
    model = network(width, dropout)
    step = optimizer(model.parameters(), lr=LR)
    loss = nn.BCEWithLogitsLoss()
    scored = set(schedule(EPOCHS))
    scores = []
    for epoch in range(1, EPOCHS + 1):
        model.train()
        step.zero_grad()
        loss(model(train[0]), train[1]).backward()
        step.step()
        if epoch in scored:
            model.eval()
            with torch.no_grad():
                for features, labels in (train, validation):
                    outputs = model(features)
                    scores.append(loss(outputs, labels).item())
                    scores.append(((outputs > 0) == (labels > 0.5)).double().mean().item())
    return scores


def all_by_hand(width: int, train: Drawn, validation: Drawn) -> None:
    adam = torch.optim.Adam
    settings: list[tuple[float, Callable[..., torch.optim.Optimizer]]] = [(0.0, adam)]
    settings += [(rate, adam) for rate in DROPOUT]
    settings += [(0.0, partial(torch.optim.AdamW, weight_decay=decay)) for decay in DECOUPLED]
    settings += [(0.0, partial(adam, weight_decay=decay)) for decay in COUPLED]
    for dropout, optimizer in settings:
        for seed in range(SEEDS):
            by_hand(width, seed, train, validation, dropout, optimizer)


def seven(subject: Subject) -> Iterator[Treatment | str]:
    """The same settings as remedies; the control is the eighth."""
    for rate in DROPOUT:
        yield Treatment(remedy(f"dropout {rate}", "-"), dropout=rate)
    for decay in DECOUPLED:
        yield Treatment(remedy(f"decoupled {decay}", "-"), decoupled=decay)
    for decay in COUPLED:
        yield Treatment(remedy(f"coupled {decay}", "-"), coupled=decay)


def probed(width: int, train: Drawn, validation: Drawn, *, racing: bool) -> Measurement:
    experiment = Experiment(
        model=partial(network, width),
        train=train,
        validation=validation,
        loss=nn.BCEWithLogitsLoss(),
        optimizer=partial(torch.optim.Adam, lr=LR),
        metrics="accuracy",
        epochs=EPOCHS,
    )
    return measure(
        experiment, seeds=SEEDS, remedies=[seven], fractions=(), memorization=False, racing=racing, device="cpu"
    )


def seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 256])
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, validation = rows(60, 0), rows(400, 1)
    for width in args.widths:
        sides: dict[str, Callable[[], object]] = {
            "by hand": partial(all_by_hand, width, train, validation),
            "one plain training": partial(by_hand, width, 0, train, validation, 0.0, torch.optim.Adam),
            "probe": partial(probed, width, train, validation, racing=False),
            "probe, racing": partial(probed, width, train, validation, racing=True),
        }
        for function in sides.values():
            function()
        rounds = [{name: seconds(one) for name, one in sides.items()} for _ in range(args.rounds)]
        taken = {name: statistics.median(of[name] for of in rounds) for name in sides}
        stopped = sum(not curve.complete for curve in probed(width, train, validation, racing=True).curves)
        hand, plain = taken["by hand"], taken["one plain training"]
        print(f"width {width}: by hand {hand:.3f} s, {hand / plain:.1f} plain trainings of {plain:.4f} s")
        for name in ("probe", "probe, racing"):
            said = f", {stopped} of {8 * SEEDS} stopped" if "racing" in name else ""
            less = statistics.median(of["by hand"] / of[name] for of in rounds)
            ratios = f"{less:.2f}x less, {taken[name] / plain:.1f} plain trainings"
            print(f"  {name}: {taken[name]:.3f} s, {ratios}{said}")


if __name__ == "__main__":
    main()
