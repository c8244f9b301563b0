"""Which runs train together, and by which engine: hand-stacked, vmapped, or one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from auditor.probe import memory
from auditor.probe.keras_alone import Alone, AloneStep, KerasAlone
from auditor.probe.linears import chain, layout, linears
from auditor.probe.loading import in_one_line
from auditor.probe.network import Arguments, Nursery, Trainee
from auditor.probe.plain import Plain
from auditor.probe.records import Record, Run
from auditor.probe.rows import Ragged, Source, Tree, on_each, tensors
from auditor.probe.scoring import Scorer, part
from auditor.probe.stack import Stack, stackable
from auditor.probe.training import Course, Engine
from auditor.probe.vmapped import vmapped

REFUSALS = (RuntimeError, NotImplementedError, TypeError, ValueError, KeyError, AttributeError, IndexError)
"""What torch raises for a network, a loss or a layer that it cannot batch."""
FEWEST = 4
"""Networks at once, however large they are."""
STATES = 5
"""Tensors as large as the weights that training holds: weights, gradients, two moments, and one in passing."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Runs that train together: as one stack, or one that trains alone."""

    runs: tuple[Run, ...]
    stacked: bool

    def halves(self) -> list[Group]:
        middle = (len(self.runs) + 1) // 2
        return [Group(runs, self.stacked) for runs in (self.runs[:middle], self.runs[middle:])]


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What engines are made from."""

    nursery: Nursery
    scorer: Scorer
    arguments: Arguments
    rows: Source
    sites: tuple[frozenset[int], int]
    batch_size: int | None
    device: torch.device
    batched: bool
    jobs: int | None = None

    def groups(self, runs: Sequence[Run], notes: list[str]) -> list[Group]:
        """The runs in groups; what cannot be batched goes alone, and a note says why."""
        by_shape: dict[tuple[int, int, int], list[Run]] = {}
        for run in runs:
            by_shape.setdefault(shape(run), []).append(run)
        groups: list[Group] = []
        refusals: list[str] = []
        for together in by_shape.values():
            refusal = self.refusal(together) if self.batched and len(together) > 1 else None
            if self.batched and len(together) > 1 and refusal is None:
                groups += [Group(tuple(chunk), stacked=True) for chunk in self.chunks(together)]
                continue
            refusals += [refusal] if refusal else []
            groups += [Group((run,), stacked=False) for run in together]
        notes += [f"trained one after another: {refusal}" for refusal in dict.fromkeys(refusals)]
        return groups

    def chunks(self, runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
        """As many runs at once as memory allows, by what one of them keeps for its backward pass; on a CPU, no more
        than its cache holds, for a stack that is read from memory at every step gains nothing. Where there is room for
        all seeds of a treatment, they stay together."""
        each = self.bytes_of(runs[0])
        size = int(memory.SHARE * memory.free(self.device) / each)
        if self.device.type == "cpu":
            size = min(size, max(FEWEST, int(memory.CACHE / each)))
        if self.jobs is not None:
            size = min(size, -(-len(runs) // self.jobs))
        seeds = len({run.seed for run in runs})
        size = max(1, size // seeds * seeds if size > seeds else size)
        for start in range(0, len(runs), size):
            yield runs[start : start + size]

    def bytes_of(self, run: Run) -> float:
        """Bytes that one run takes: its weights, and activations for a batch and for what is scored at once."""
        trainee = self.trainee(run)
        weights = sum(one.nbytes for one in trainee.model.parameters())
        n = len(run.division.train)
        some = run.division.train[: min(n, self.batch_size or n, 64)]
        rows = self.rows.take(some, some)
        positions, keywords = self.arguments(rows.inputs)
        saved = memory.saved_bytes(lambda: trainee.model.train()(*positions, **keywords))
        per_row = (saved + sum(leaf.nbytes for leaf in tensors(rows))) / len(some)
        return STATES * weights + 2 * per_row * max(self.batch_size or n, self.piece(run) or 0) + 1

    def piece(self, run: Run) -> int | None:
        """How many rows are scored at once; None: all of them."""
        if isinstance(self.rows, Ragged):
            return self.batch_size or len(run.division.train)
        return None if self.batch_size is None else max(256, 4 * self.batch_size)

    def sample(self, runs: Sequence[Run]) -> Course:
        """A course like those that the runs will take, to see what it costs."""
        first = shape(runs[0])
        alike = [run for run in runs if shape(run) == first]
        return self.course(self.groups(alike, [])[0])

    def course(self, group: Group) -> Course:
        engine, records = self.stack(group.runs) if group.stacked else self.plain(group.runs[0])
        return Course(engine, records, self.rows, self.scorer, self.batch_size, self.piece(group.runs[0]))

    def trainee(self, run: Run) -> Trainee:
        return self.nursery.trainee(run.draw, run.treatment.edit)

    def plain(self, run: Run) -> tuple[Engine, list[Record]]:
        trainee = self.trainee(run)
        if isinstance(trainee.model, KerasAlone) and isinstance(trainee.optimizer, AloneStep):
            alone = Alone(trainee.model, trainee.optimizer, run.treatment, self.nursery.experiment.loss)
            return alone, [Record(run, trainee.model.size)]
        engine = Plain(trainee, run.treatment, run.treatment.loss or self.scorer.loss, self.arguments, self.sites)
        return engine, [Record(run, trainable(trainee.model))]

    def stack(self, runs: Sequence[Run]) -> tuple[Stack, list[Record]]:
        starts = {run.draw: run for run in runs}  # runs of a stack share an edit, so those of a seed start alike
        made = {draw: self.trainee(run) for draw, run in starts.items()}
        trainees = [made[run.draw] for run in runs]
        layers = chain(trainees[0].model)
        forward = linears(layers, *self.sites) if layers else vmapped(self.arguments, *self.sites)
        losses = self.scorer.losses(runs[0].treatment.loss)
        records = [Record(run, trainable(trainee.model)) for run, trainee in zip(runs, trainees, strict=True)]
        stack = Stack(trainees, [run.treatment for run in runs], losses, forward)
        if layers:
            layout(stack.weights, layers)
        return stack, records

    def refusal(self, runs: Sequence[Run]) -> str | None:
        """Why these runs cannot be one stack: it is tried on two of them, and compared with one alone."""
        pair = [runs[0], runs[-1]]
        if isinstance(self.rows, Ragged):
            return "rows of different shapes fit together in batches of one network only"
        trainee = self.trainee(pair[0])
        if isinstance(trainee.model, KerasAlone):
            return "on this backend Keras trains by its own API"
        if not stackable(trainee.optimizer):
            return f"a step of {type(trainee.optimizer).__name__} over stacked weights is no step of each network alone"
        some = torch.stack([run.division.train[:4] for run in pair])
        rows = self.rows.take(some, some)
        try:
            stack, _ = self.stack(pair)
            batched = part(stack.outputs(rows.inputs), 0)
            stack.step(rows)
        except REFUSALS as error:
            if memory.ran_out(error):
                raise
            return in_one_line(error)
        plain, _ = self.plain(pair[0])
        alone = part(plain.outputs(on_each(lambda leaf: leaf[:1], rows.inputs)), 0)
        return None if close(batched, alone) else "batched and alone, this network returns different outputs"


def shape(run: Run) -> tuple[int, int, int]:
    """Runs of one shape can train together."""
    return id(run.treatment.edit), id(run.treatment.loss), len(run.division.train)


def trainable(model: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def close(a: Tree, b: Tree) -> bool:
    """Two trees of outputs agree as far as the precision allows."""
    pairs = zip(tensors(a), tensors(b), strict=True)
    return all(torch.allclose(x, y, rtol=1e-3, atol=1e-4, equal_nan=True) for x, y in pairs)
