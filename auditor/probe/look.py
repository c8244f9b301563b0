"""A first look at an experiment, before anything is trained: does it run, and where can a remedy take hold?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from auditor.errors import ProbeError
from auditor.probe.division import Division, Pool
from auditor.probe.dropping import survey
from auditor.probe.keras_networks import scoring
from auditor.probe.loading import in_one_line
from auditor.probe.network import Arguments, Nursery, Trainee, arguments
from auditor.probe.pulls import decay_of
from auditor.probe.rows import Rows, Tree, tensors
from auditor.probe.treatment import Subject

FEW = 8
"""Rows of the first look."""
BROADCASTS = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
"""Losses of torch that broadcast outputs against targets of another shape instead of refusing them."""


class Look:
    """What a network returns for a few training rows under the first seed."""

    def __init__(self, nursery: Nursery, pool: Pool, seed: int, epochs: int) -> None:
        self.pool = pool
        division = pool.divisions[seed]
        some = division.train[:FEW]
        self.few: Rows = pool.rows.take(some, some)
        nursery.few = self.few.inputs
        self.trainee: Trainee = nursery.trainee(seed)
        self.arguments: Arguments = arguments(self.trainee.model, self.few.inputs)
        self.epochs = epochs
        self.loss = scoring(nursery.experiment.loss)
        self.given = nursery.given
        self.outputs = self.tried()
        self.sites = survey(lambda: self.forward(self.trainee.model.train(len(self.few) > 1)))
        n = len(division.train)
        self.batches = -(-n // (pool.batch_size or n))

    def forward(self, model: torch.nn.Module) -> Tree:
        """Batch norm in train mode needs more than one row."""
        positions, keywords = self.arguments(self.few.inputs)
        return model(*positions, **keywords)

    def tried(self) -> Tree:
        """A forward pass and a loss, or one line that says what does not go together."""
        try:
            with torch.no_grad():
                outputs = self.forward(self.trainee.model.eval())
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
            raise ProbeError(f"the model cannot take {shapes(self.few.inputs)}: {in_one_line(error)}") from error
        self.refuse_other_rows(outputs)
        self.refuse_broadcasting(outputs)
        try:
            value = self.loss(outputs, self.few.targets)
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
            said = f"outputs {shapes(outputs)} and targets {shapes(self.few.targets)}: {in_one_line(error)}"
            raise ProbeError(f"the loss cannot take {said}") from error
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            raise ProbeError(f"the loss returned {shapes(value)}, not one number: use a mean over rows")
        return outputs

    def refuse_other_rows(self, outputs: Tree) -> None:
        """Rows are scored by halves, so that each must have an output of its own."""
        if any(not leaf.ndim or len(leaf) != len(self.few) for leaf in tensors(outputs)):
            raise ProbeError(
                f"the model returns {shapes(outputs)} for {len(self.few)} rows: the first dimension must be the row;"
                " leave what flattens it to the loss"
            )

    def refuse_broadcasting(self, outputs: Tree) -> None:
        """``(N, 1)`` against ``(N,)`` is ``(N, N)``: no error in torch, and no loss that anybody wants."""
        name = (
            type(self.loss).__name__ if isinstance(self.loss, torch.nn.Module) else getattr(self.loss, "__name__", "")
        )
        targets = self.few.targets
        if name in BROADCASTS and isinstance(outputs, torch.Tensor) and outputs.shape != targets.shape:
            raise ProbeError(
                f"outputs {shapes(outputs)} and targets {shapes(targets)}: {name} broadcasts one against the other;"
                " give both one shape"
            )

    def subject(self) -> Subject:
        """What remedies may know."""
        return Subject(
            model=self.trainee.model,
            optimizer=self.trainee.optimizer,
            steps=self.epochs * self.batches,
            epochs=self.epochs,
            activations=len(self.sites[0]),
            droppers=self.sites[1],
            decay=decay_of(self.trainee.optimizer),
            pretrained=self.given,
            inputs=self.few.inputs,
            run=self.forward,
        )

    def notes(self) -> Iterator[str]:
        """What a reader must know of this network and these rows."""
        model = self.trainee.model
        with torch.no_grad():
            model.eval()
            once, again = self.forward(model), self.forward(model)
            training = self.forward(model.train()) if len(self.few) > 1 else None
            model.eval()
        if not same(once, again):
            yield "in eval mode the network returns something else each time: it ignores its mode, and scores are noisy"
        elif training is not None and self.sites[1] and same(once, training):
            yield "the network has dropout and returns the same in train mode: it ignores its mode"
        if self.given:
            yield "all seeds start from the weights of the given model; a factory would draw new ones for each seed"
            if self.batches == 1 and self.pool.spread == "weights" and not self.sites[1]:
                yield (
                    "nothing differs between seeds: the same weights, rows and order; give a model factory,"
                    " a batch size or resplit the rows"
                )


def check_targets(pool: Pool, seed: int) -> Iterator[str]:
    """One class only: nothing can be learnt from it.

    Raises:
        ProbeError: all targets of the training rows are equal, or there is one validation row.
    """
    division: Division = pool.divisions[seed]
    if len(division.validation) < 2:
        raise ProbeError("validation rows: there is one, and two are needed: an epoch is chosen on one half of them")
    for side, index in (("train", division.train), ("validation", division.validation)):
        targets = tensors(pool.rows.take(index[:1], index[:1]).targets)
        if len(targets) != 1 or targets[0].numel() != 1 or not isinstance(pool.rows, Rows):
            continue
        values = tensors(pool.rows.take(index, index).targets)[0]
        if bool((values == values.flatten()[0]).all()) and len(values) > 1:
            said = f"{side} rows: all targets are {values.flatten()[0].item():g}"
            if side == "train":
                raise ProbeError(f"{said}: there is nothing to learn")
            yield f"{said}: this side cannot tell a good network from a bad one"


def same(one: Tree, other: Tree) -> bool:
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(tensors(one), tensors(other), strict=True))


def shapes(tree: Any) -> str:
    """The shapes of a tree, for a message."""
    found = [str(tuple(leaf.shape)) for leaf in tensors(tree)]
    return ", ".join(found) or type(tree).__name__
