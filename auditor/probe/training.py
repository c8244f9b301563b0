"""The loop over epochs that every engine runs in: rows in, scores on a schedule out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from auditor.probe.curves import Curve, Side
from auditor.probe.division import Division
from auditor.probe.rows import Rows, Tree, on_each
from auditor.probe.scoring import Scorer
from auditor.probe.treatment import Treatment

HALVES: tuple[Side, Side] = ("first", "second")
SCORED = 20
"""About how often a training is scored: the first epoch, the last, and evenly between."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One training to be done: a treatment under a seed, on its rows. ``labels`` are the rows whose targets the
    training rows get, ``(n,)``."""

    treatment: Treatment
    seed: int
    division: Division
    labels: torch.Tensor

    @property
    def name(self) -> str:
        return self.treatment.variant.name


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


def orders(seed: int, n: int, batch_size: int | None) -> Iterator[list[NDArray[np.int64]]]:
    """Epoch after epoch, the positions of each batch among the training rows; the last batch may be smaller."""
    generator = np.random.default_rng([seed, 0])
    size = min(batch_size or n, n)
    while True:
        order = generator.permutation(n) if size < n else np.arange(n)
        yield [order[start : start + size] for start in range(0, n, size)]


@dataclass(slots=True, eq=False)
class Record:
    """The scores of one run so far."""

    run: Run
    weights: int
    epochs: list[int] = field(default_factory=list)
    scores: dict[Side, dict[str, list[float]]] = field(default_factory=dict)
    modes: dict[str, float] = field(default_factory=dict)
    complete: bool = False
    diverged: bool = False

    def note(self, epoch: int, found: Mapping[Side, Mapping[str, float]]) -> None:
        """Adds the scores of one epoch, unless a loss is or was no finite number."""
        self.diverged = self.diverged or not all(math.isfinite(of["loss"]) for of in found.values())
        if self.diverged:
            return
        self.epochs.append(epoch)
        for side, scores in found.items():
            for name, value in scores.items():
                self.scores.setdefault(side, {}).setdefault(name, []).append(value)

    def curve(self) -> Curve:
        scores = {side: {name: np.array(values) for name, values in of.items()} for side, of in self.scores.items()}
        variant, seed = self.run.treatment.variant.name, self.run.seed
        return Curve(variant, seed, tuple(self.epochs), scores, self.complete, self.diverged, self.weights)


class Course:
    """The training of one engine's runs, from the first epoch to the last."""

    def __init__(
        self, engine: Engine, records: list[Record], rows: Rows, scorer: Scorer, batch_size: int | None
    ) -> None:
        self.engine = engine
        self.records = records
        self.rows = rows
        self.scorer = scorer
        self.batch_size = batch_size
        self.orders = [orders(one.run.seed, len(one.run.division.train), batch_size) for one in records]
        self.gathered: dict[str, Rows] = {}

    def run(self, epochs: int, after: Callable[[int], None]) -> None:
        """Trains; ``after`` is called with each epoch's number and may raise to end it."""
        scored = set(schedule(epochs))
        for epoch in range(1, epochs + 1):
            for batch in self.batches():
                self.engine.step(batch)
            if epoch in scored:
                self.score(epoch)
            after(epoch)
            if all(one.diverged for one in self.records):
                return
        for record in self.records:
            record.complete = not record.diverged
        self.score_modes()

    def batches(self) -> Iterator[Rows]:
        """One epoch's rows, ``(V, B, ...)`` each."""
        epoch = [next(order) for order in self.orders]
        if len(epoch[0]) == 1:
            yield self.side("train")
            return
        for positions in zip(*epoch, strict=True):
            chosen = [torch.from_numpy(one) for one in positions]
            index = torch.stack([one.run.division.train[at] for one, at in zip(self.records, chosen, strict=True)])
            labels = torch.stack([one.run.labels[at] for one, at in zip(self.records, chosen, strict=True)])
            yield self.rows.take(index, labels)

    def side(self, side: Side) -> Rows:
        """All rows of one side, ``(V, N, ...)``, gathered once; what all variants share takes memory once."""
        if side not in self.gathered:
            index = [rows_of(one.run.division, side) for one in self.records]
            labels = [one.run.labels for one in self.records] if side == "train" else index
            self.gathered[side] = Rows(gathered(self.rows.inputs, index), gathered(self.rows.targets, labels))
        return self.gathered[side]

    def score(self, epoch: int) -> None:
        """Scores both sides and both halves, and closes what is no finite number any more."""
        outputs: dict[Side, Tree] = {"train": self.engine.outputs(self.side("train").inputs)}
        outputs["validation"] = self.engine.outputs(self.side("validation").inputs)
        found = {side: self.scores(side, outputs[side]) for side in outputs}
        for half in HALVES:
            at = torch.stack([getattr(one.run.division, half) for one in self.records])
            found[half] = self.scores(half, on_each(lambda leaf: picked(leaf, at), outputs["validation"]))
        for number, record in enumerate(self.records):
            record.note(epoch, {side: {name: float(of[name][number]) for name in of} for side, of in found.items()})

    def scores(self, side: Side, outputs: Tree) -> dict[str, NDArray[np.float64]]:
        return self.scorer.scores(outputs, self.side(side).targets, self.engine.size)

    def score_modes(self) -> None:
        """Train mode minus eval mode on the training rows, after the last epoch."""
        side = self.side("train")
        training = self.scores("train", self.engine.outputs(side.inputs, training=True))
        for name, values in training.items():
            for number, record in enumerate(self.records):
                if record.complete:
                    record.modes[name] = float(values[number]) - record.scores["train"][name][-1]


def rows_of(division: Division, side: Side) -> torch.Tensor:
    """The pool's indices of one side's rows."""
    if side in HALVES:
        return division.validation[getattr(division, side)]
    rows: torch.Tensor = getattr(division, side)
    return rows


def gathered(tree: Tree, index: list[torch.Tensor]) -> Tree:
    """``(V, N, ...)``: an expanded view where all variants have the same rows."""
    if all(torch.equal(index[0], one) for one in index[1:]):
        return on_each(lambda leaf: leaf[index[0]].expand(len(index), *leaf[index[0]].shape), tree)
    stacked = torch.stack(index)
    return on_each(lambda leaf: leaf[stacked], tree)


def picked(leaf: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """``leaf[v, at[v]]`` for each variant."""
    return leaf[torch.arange(len(at))[:, None], at]
