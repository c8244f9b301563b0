"""Which runs train together, and by which engine: hand-stacked, vmapped, or one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from auditor.errors import one_line
from auditor.probe.linears import chain, linears
from auditor.probe.network import Arguments, Nursery, Trainee
from auditor.probe.plain import Plain
from auditor.probe.rows import Rows, on_each, tensors
from auditor.probe.scoring import Scorer, one
from auditor.probe.stack import Stack, stackable
from auditor.probe.training import Course, Engine, Record, Run
from auditor.probe.vmapped import vmapped

REFUSALS = (RuntimeError, NotImplementedError, TypeError, ValueError, KeyError, AttributeError, IndexError)
"""What torch raises for a network, a loss or a layer that it cannot batch."""


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What engines are made from."""

    nursery: Nursery
    scorer: Scorer
    arguments: Arguments
    rows: Rows
    sites: tuple[frozenset[int], int]
    batch_size: int | None
    batched: bool

    def courses(self, runs: Sequence[Run], notes: list[str]) -> Iterator[Course]:
        """The runs in groups that train together; what cannot be batched goes alone, and a note says why."""
        for _, group in groupby(sorted(runs, key=shape), key=shape):
            together = list(group)
            refusal = self.refusal(together) if self.batched and len(together) > 1 else None
            if self.batched and len(together) > 1 and refusal is None:
                yield self.course(together, stacked=True)
                continue
            if refusal:
                notes.append(f"trained one after another: {refusal}")
            for run in together:
                yield self.course([run], stacked=False)

    def course(self, runs: Sequence[Run], *, stacked: bool) -> Course:
        engine, records = self.stack(runs) if stacked else self.plain(runs[0])
        return Course(engine, records, self.rows, self.scorer, self.batch_size)

    def trainees(self, runs: Sequence[Run]) -> list[Trainee]:
        return [self.nursery.trainee(run.seed, run.treatment.edit) for run in runs]

    def plain(self, run: Run) -> tuple[Engine, list[Record]]:
        (trainee,) = self.trainees([run])
        engine = Plain(trainee, run.treatment, run.treatment.loss or self.scorer.loss, self.arguments, self.sites)
        return engine, [Record(run, trainable(trainee.model))]

    def stack(self, runs: Sequence[Run]) -> tuple[Stack, list[Record]]:
        trainees = self.trainees(runs)
        layers = chain(trainees[0].model)
        sites = self.sites
        forward = linears(layers, *sites) if layers else vmapped(self.arguments, *sites)
        losses = self.scorer.losses(runs[0].treatment.loss)
        records = [Record(run, trainable(trainee.model)) for run, trainee in zip(runs, trainees, strict=True)]
        return Stack(trainees, [run.treatment for run in runs], losses, forward), records

    def refusal(self, runs: Sequence[Run]) -> str | None:
        """Why these runs cannot be one stack: a step is tried on two of them and compared with one alone."""
        pair = [runs[0], runs[-1]]
        (trainee,) = self.trainees(pair[:1])
        if not stackable(trainee.optimizer):
            return f"{type(trainee.optimizer).__name__} steps over stacked weights are not steps of each network alone"
        try:
            stack, _ = self.stack(pair)
            rows = self.rows.take(torch.stack([run.division.train[:4] for run in pair]))
            batched = one(stack.outputs(rows.inputs), 0)
            stack.step(rows)
        except REFUSALS as error:
            return one_line(error)
        plain, _ = self.plain(pair[0])
        alone = one(plain.outputs(on_each(lambda leaf: leaf[:1], rows.inputs)), 0)
        return None if close(batched, alone) else "batched and alone, this network returns different outputs"


def shape(run: Run) -> tuple[int, int, int]:
    """Runs of one shape can train together."""
    return id(run.treatment.edit), id(run.treatment.loss), len(run.division.train)


def trainable(model: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def close(a: object, b: object) -> bool:
    """Two trees of outputs agree as far as the precision allows."""
    return all(
        torch.allclose(x, y, rtol=1e-3, atol=1e-4, equal_nan=True) for x, y in zip(tensors(a), tensors(b), strict=True)
    )
