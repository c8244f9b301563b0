"""The loop over epochs that every engine runs in: rows in, scores on a schedule out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from auditor.probe.curves import Side
from auditor.probe.records import HALVES, Record
from auditor.probe.rows import Rows, Source, Tree, merged, on_each, same_shapes
from auditor.probe.scoring import Scorer

SCORED = 20
"""About how often a training is scored: after the first epoch, the last, and evenly between."""

Found = dict[str, NDArray[np.float64]]
"""Each quantity's scores, ``(V,)``."""


class Engine(Protocol):
    """``size`` networks in training; batches and outputs have them as first dimension."""

    @property
    def size(self) -> int: ...
    def step(self, batch: Rows, /) -> None: ...
    def outputs(self, inputs: Tree, /, *, training: bool = False) -> Tree: ...
    def keep(self, variants: Sequence[int], /) -> None: ...


def schedule(epochs: int) -> tuple[int, ...]:
    """The 1-based epochs that are scored."""
    every = max(1, round(epochs / SCORED))
    return tuple(sorted({1, *range(every, epochs + 1, every), epochs}))


def orders(seed: int, n: int, batch_size: int | None) -> Iterator[list[torch.Tensor]]:
    """Epoch after epoch, the positions of each batch among the training rows; the last batch may be smaller."""
    generator = np.random.default_rng([seed, 0])
    size = min(batch_size or n, n)
    while True:
        yield list(torch.from_numpy(generator.permutation(n)).split(size))


class Course:
    """The training of one engine's runs, from the first epoch to the last.

    ``records`` are the runs that train; ``piece`` is how many rows are scored at once.
    """

    def __init__(
        self,
        engine: Engine,
        records: Sequence[Record],
        rows: Source,
        scorer: Scorer,
        batch_size: int | None,
        piece: int | None = None,
    ) -> None:
        self.engine = engine
        self.records = list(records)
        self.rows = rows
        self.scorer = scorer
        self.batch_size = batch_size
        self.piece = piece
        self.orders = [orders(one.run.draw, len(one.run.division.train), batch_size) for one in records]
        self.gathered: dict[Side, Rows] = {}

    def run(self, epochs: int, after: Callable[[Course, int], None]) -> None:
        """Trains; ``after`` is called with each epoch's number, may drop runs, and may raise to end it all."""
        scored = set(schedule(epochs))
        for epoch in range(1, epochs + 1):
            for batch in self.batches():
                self.engine.step(batch)
            if epoch in scored:
                self.score(epoch)
            after(self, epoch)
            if all(one.diverged for one in self.records):  # or dropped
                return
        for record in self.records:
            record.complete = not record.diverged
        self.score_modes()

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch."""
        n = len(self.records[0].run.division.train)
        return -(-n // (self.batch_size or n))

    def drop(self, gone: Sequence[Record]) -> None:
        """Goes on without these runs."""
        stay = [number for number, record in enumerate(self.records) if record not in gone]
        if stay:
            self.engine.keep(stay)
        self.records = [self.records[number] for number in stay]
        self.orders = [self.orders[number] for number in stay]
        self.gathered.clear()

    def batches(self) -> Iterator[Rows]:
        """One epoch's rows, ``(V, B, ...)`` each."""
        if self.steps == 1:
            yield self.whole("train")
            return
        epoch = [next(order) for order in self.orders]
        for positions in zip(*epoch, strict=True):
            yield self.chosen("train", positions)

    def chosen(self, side: Side, positions: Sequence[torch.Tensor]) -> Rows:
        """The rows at these positions of one side, each variant's own; what all share takes memory once."""
        runs = [record.run for record in self.records]
        index = [run.rows(side)[at] for run, at in zip(runs, positions, strict=True)]
        labels = [run.labels[at] for run, at in zip(runs, positions, strict=True)] if side == "train" else index
        shared = all(torch.equal(index[0], one) for one in index[1:])
        if shared and all(torch.equal(labels[0], one) for one in labels[1:]):
            taken = self.rows.take(index[0], labels[0])
            return Rows(expanded(taken.inputs, len(runs)), expanded(taken.targets, len(runs)))
        return self.rows.take(torch.stack(index), torch.stack(labels))

    def whole(self, side: Side) -> Rows:
        """All rows of one side, ``(V, N, ...)``, gathered once."""
        if side not in self.gathered:
            everything = [torch.arange(len(one.run.rows(side))) for one in self.records]
            self.gathered[side] = self.chosen(side, everything)
        return self.gathered[side]

    def pieces(self, side: Side, size: int | None) -> Iterator[Rows]:
        """All rows of one side, at most ``size`` at once."""
        n = len(self.records[0].run.rows(side))
        if size is None or n <= size:
            yield self.whole(side)
            return
        for part in torch.arange(n).split(size):
            yield self.chosen(side, [part] * len(self.records))

    def score(self, epoch: int) -> None:
        """Scores both sides and both halves of the validation rows, in eval mode."""
        found: dict[Side, Found] = {"train": self.scores("train")[0]}
        found["validation"], whole = self.scores("validation")
        for half in HALVES:
            if whole is None:
                found[half] = self.scores(half)[0]
            else:
                at = torch.stack([getattr(one.run.division, half) for one in self.records])
                part = on_each(lambda leaf: leaf[torch.arange(len(at))[:, None], at], whole)
                found[half] = self.scorer.scores(part.inputs, part.targets, self.engine.size)
        for number, record in enumerate(self.records):
            record.note(epoch, {side: {name: float(of[name][number]) for name in of} for side, of in found.items()})

    def scores(self, side: Side, *, training: bool = False, size: int | None = None) -> tuple[Found, Rows | None]:
        """Each quantity over all rows of a side, and the outputs (as inputs) beside the targets of these rows.

        Where outputs of different batches do not fit together, as with padded tokens, scores are means over batches,
        weighted by their rows, and there are no outputs of the whole.
        """
        parts = []
        for rows in self.pieces(side, size or self.piece):
            outputs = self.engine.outputs(rows.inputs, training=training)
            parts.append(Rows(outputs, rows.targets))
        if same_shapes(parts):
            whole = merged(parts, dim=1)
            return self.scorer.scores(whole.inputs, whole.targets, self.engine.size), whole
        found = [self.scorer.scores(part.inputs, part.targets, self.engine.size) for part in parts]
        shares = np.array([part.count(dim=1) for part in parts], dtype=np.float64)
        return {name: np.average([of[name] for of in found], axis=0, weights=shares) for name in found[0]}, None

    def score_modes(self) -> None:
        """Train mode minus eval mode on the training rows, after the last epoch, in batches as they are trained on."""
        training, _ = self.scores("train", training=True, size=self.batch_size)
        for name, values in training.items():
            for number, record in enumerate(self.records):
                if record.complete:
                    record.modes[name] = float(values[number]) - record.scores["train"][name][-1]


def expanded(tree: Tree, size: int) -> Tree:
    """A view with a first dimension of this size."""
    return on_each(lambda leaf: leaf.expand(size, *leaf.shape), tree)
