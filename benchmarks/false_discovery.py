"""How often a remedy that does nothing is recommended: 40 experiments on redrawn data, each with a null remedy.

The null remedy initialises the network once more and changes nothing else: equal to the control in distribution, with
draws of its own. It stands among the built-in remedies, whose number its interval pays for. Each experiment is the
quoted example at a width of 32 on rows of its own; its seeds differ in the initial weights.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import torch
from torch import nn

import auditor
from auditor.probe import remedies
from auditor.probe.conclude import conclude
from auditor.probe.measure import measure
from auditor.probe.treatment import Subject, Treatment, remedy

NULL = "null remedy"


def null(subject: Subject) -> Iterator[Treatment]:
    yield Treatment(remedy(NULL, "nothing"), edit=initialised_again)


def initialised_again(model: nn.Module) -> nn.Module:
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return model


def rows(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(count, 20, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, :1] + 0.5 * x[:, 1:2] > 0).float()


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))


def experiment(number: int) -> auditor.Experiment:
    return auditor.Experiment(
        model=net,
        train=rows(60, 2 * number),
        validation=rows(400, 2 * number + 1),
        loss=nn.BCEWithLogitsLoss(),
        optimizer=partial(torch.optim.Adam, lr=3e-3),
        metrics=["accuracy"],
        epochs=100,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    verdicts: dict[str, Counter[str]] = {}
    began = time.process_time()
    for number in range(options.experiments):
        measurement = measure(
            experiment(number),
            seeds=options.seeds,
            remedies=[*remedies.known().values(), null],
            fractions=(),
            memorization=False,
        )
        for each in conclude(measurement).remedies:
            verdicts.setdefault(each.name, Counter())[each.verdict] += 1
    print(f"{options.experiments} experiments, {options.seeds} seeds, {time.process_time() - began:.0f} s of one core")
    for name, found in verdicts.items():
        print(f"{name:<22} {', '.join(f'{count} {verdict}' for verdict, count in found.most_common())}")
    print(f"null remedy recommended in {verdicts[NULL]['helps']} of {options.experiments} experiments (at most 3)")


if __name__ == "__main__":
    main()
