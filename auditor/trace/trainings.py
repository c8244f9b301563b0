"""Trainings as a whole: which network learns from how many rows, over how many passes, and what regularises it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import floor, log10, prod

from auditor.trace.events import Configure, Event, Forward, Mark, Select, Step, Train, Turns, Watch
from auditor.trace.networks import Layer, Model, Network
from auditor.trace.places import Place
from auditor.trace.rows import Rows, counted
from auditor.trace.trace import Trace

MOVES = 0.01
"""A decay that shrinks a weight by less than this share over the whole run changes nothing that one could measure."""


@dataclass(frozen=True, eq=False)
class Training:
    """A network learns. Whatever is None is not known."""

    trace: Trace
    model: Model
    event: Event
    """The pass through the network, or the call of the framework's loop."""
    rows: int | None
    passes: int | None
    """How often all the rows pass."""
    steps: int | None
    """How often an optimizer moves the weights."""
    learnt: frozenset[Rows]
    marks: frozenset[Mark]
    optimizers: tuple[Configure, ...]
    undecided: bool = False
    """An optimizer that nobody knows steps too."""
    stated: bool = False
    """The settings say how many rows there are."""

    @property
    def place(self) -> Place:
        return self.event.place

    @property
    def network(self) -> Network:
        return self.model.network

    @cached_property
    def weights(self) -> int:
        """The weights that gradients move, without those of embeddings: their rows are words that may never occur."""
        return sum(layer.weights or 0 for layer in self.learning if layer.part != "embedding")

    @property
    def free(self) -> int:
        """How many of the weights can be chosen: linear layers in a row compute what one of them would."""
        first, last = self.learning[0], self.learning[-1]
        if not self.network.one_map or not first.width or not last.width or first.shape is None or len(first.shape) > 1:
            return self.weights
        return min(self.weights, (first.weights or 0) // first.width * last.width)

    @property
    def weights_per_row(self) -> float | None:
        return self.free / self.rows if self.rows else None

    @property
    def fits_rows(self) -> bool:
        """Its weights are known, it begins untrained, and it learns one answer for each row."""
        network, model = self.network, self.model
        if not network.counted or network.pretrained or model.origin != "built" or not self.learning:
            return False
        if model.generative or model.own_gradients or (isinstance(self.event, Train) and self.event.itself):
            return False
        if any(self.trace.reaches(one, "act") for one in self.trace.passes(model)):
            return False
        last = self.learning[-1].shape
        return last is None or len(last) == 1

    @property
    def augmented(self) -> bool:
        """Rows are altered at random on the way in, or by the network's first layers."""
        noise = any(layer.sensitivity == "stochastic" and layer.weights == 0 for layer in self.network.layers)
        served = isinstance(self.event, Train) and self.event.altered
        return noise or served or any(mark.kind == "augment" for mark in self.marks)

    @cached_property
    def stopped(self) -> bool:
        """Something ends it in time, or keeps its best weights: by the score on other rows than it learns from."""
        return any(
            watch.does != "schedule" and watch.side != "train" and not watch.by_batch
            and (watch.place == self.place or watch.model is self.model)
            for watch in self.trace.all(Watch)
        ) or any(
            select.how in ("stop", "best")
            and (select.place == self.place or any(one.model is self.model for one in select.forwards))
            for select in self.trace.all(Select)
        )  # fmt: skip

    def shrinks(self, optimizer: Configure) -> float | None:
        """By which share the decay alone shrinks a weight over the run; None where that is not known.

        Decoupled, a step takes the learning rate times the decay of each weight (Loshchilov and Hutter 2019). Coupled
        with plain gradients it comes to the same; divided by the gradients' scale, nobody can say.
        """
        if optimizer.decay == 0:
            return 0.0
        if self.steps is None or optimizer.rate is None or optimizer.decay is None:
            return None
        if optimizer.adaptive and not optimizer.decoupled:
            return None
        return float(1 - max(0.0, 1 - optimizer.rate * optimizer.decay) ** self.steps)

    def decay_taking(self, share: float, optimizer: Configure | None = None) -> float | None:
        """The decoupled decay that takes this share of each weight over the run, to one digit; None: not known."""
        rates = [one.rate for one in ((optimizer,) if optimizer is not None else self.optimizers) if one.rate]
        if not rates or not self.steps:
            return None
        decay = (1 - (1 - share) ** (1 / self.steps)) / max(rates)
        return float(round(decay, -floor(log10(decay))))

    @property
    def decayed(self) -> bool:
        """A weight decay moves the weights, or may."""
        shares = [self.shrinks(one) for one in self.optimizers]
        return self.undecided or any(share is None or share >= MOVES for share in shares)

    def acting_on(self, layer: Layer) -> tuple[str, ...]:
        """What acts on the weights of this layer: in the network, or on all of them."""
        found = list(self.network.acting_on(layer))
        for one in self.optimizers:
            share = self.shrinks(one)
            if one.decay != 0 and (share is None or share >= MOVES):
                found.append("weight decay" + (f" {one.decay:g}" if one.decay is not None else ""))
        if self.undecided and not found:
            found.append("perhaps a weight decay")
        found += ["augmentation"] if self.augmented else []
        found += ["stopping"] if self.stopped or self.network.stops else []
        return tuple(dict.fromkeys(found))

    def regularises(self, layer: Layer) -> bool:
        """Something acts on the weights of this layer."""
        return bool(self.acting_on(layer))

    @property
    def regularised(self) -> bool:
        """Something regularises some part of it."""
        layers = self.network.layers
        return (
            self.decayed
            or self.augmented
            or self.stopped
            or self.network.stops
            or any(layer.drops or layer.penalised or layer.part == "norm" for layer in layers)
            or any(layer.sensitivity is not None and layer.rate != 0 for layer in layers)
        )

    @cached_property
    def learning(self) -> tuple[Layer, ...]:
        """The layers with weights that gradients move, norms left out."""
        return tuple(
            layer for layer in self.network.layers if layer.weights and layer.trainable and layer.part != "norm"
        )


def trainings(trace: Trace) -> tuple[Training, ...]:
    """Each network that learns, once for each place and way in which it does.

    Told once for each trace: several rules ask.
    """
    return trace.remembered(trainings, lambda: (*_fits(trace), *_loops(trace)))


def _fits(trace: Trace) -> Iterator[Training]:
    """A framework's own loop."""
    told = {(train.model, train.place) for train in trace.all(Train) if train.rows}
    for train in trace.all(Train):
        if train.model is None or (not train.rows and (train.epochs is None or (train.model, train.place) in told)):
            continue
        rows = counted(train.rows)
        if rows is not None:
            rows = None if train.fraction is None else int(rows * (1 - train.fraction))
        stated = trace.limits.training_rows
        rows = stated if stated is not None else rows
        batches = -(-rows // train.batch) if rows is not None and train.batch else None
        steps = batches * train.epochs if batches is not None and train.epochs is not None else None
        yield Training(
            trace, train.model, train, rows, train.epochs, steps, train.rows, train.marks,
            tuple(one for one in trace.all(Configure) if one.models is not None and train.model in one.models),
            stated=stated is not None,
        )  # fmt: skip


def _loops(trace: Trace) -> Iterator[Training]:
    """A loop by hand: a pass in it whose loss an optimizer steps on."""
    moved: dict[Model, list[tuple[Step, set[Event]]]] = {}
    for step in trace.all(Step):
        before = trace.before(step) if step.models else set()
        for model in step.models or ():
            moved.setdefault(model, []).append((step, before))
    for forward in trace.all(Forward):
        taught = [step for step, before in moved.get(forward.model, ()) if forward in before]
        if not taught or not trace.trains(forward):
            continue
        step = max(taught, key=lambda one: len(one.turns))
        passes, steps = turned([one for one in step.turns if one.loop not in forward.model.loops], forward)
        if step.assumed and all(one.batches for one in step.turns):
            steps = None  # whoever calls this has a loop over the epochs
        stated = trace.limits.training_rows
        rows = stated if stated is not None else (counted(forward.rows) if forward.rows else forward.length)
        yield Training(
            trace, forward.model, forward, rows, passes, steps, forward.rows, forward.marks,
            tuple(dict.fromkeys(one.optimizer for one in taught if one.optimizer is not None)),
            undecided=any(one.optimizer is None for one in taught), stated=stated is not None,
        )  # fmt: skip


def turned(turns: list[Turns], forward: Forward) -> tuple[int | None, int | None]:
    """How often all rows pass, and how many steps are taken."""
    counts = [one.count for one in turns]
    steps = None if None in counts else prod(count for count in counts if count is not None)
    over = [place for place, one in enumerate(turns) if one.batches]
    if over:
        outer = counts[: over[-1]]
    elif forward.element and turns:
        outer = counts[:-1]
    elif forward.length is not None or forward.repeated:
        outer = counts
    else:
        return None, steps  # batches that are drawn in a way nobody knows
    return None if None in outer else prod(count for count in outer if count is not None), steps
