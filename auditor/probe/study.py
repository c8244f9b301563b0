"""One study of an experiment: all runs, in groups, within the time and memory there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from auditor.errors import ProbeError
from auditor.probe.budget import SPENDABLE, Budget, OutOfTime, cut, timed
from auditor.probe.curves import CONTROL, Measurement
from auditor.probe.division import pooled
from auditor.probe.elsewhere import elsewhere
from auditor.probe.engines import Group, Workshop
from auditor.probe.experiment import Experiment
from auditor.probe.keras_alone import KerasAlone, possible
from auditor.probe.look import Look, check_targets
from auditor.probe.memory import ran_out
from auditor.probe.metrics import scorer
from auditor.probe.network import Nursery
from auditor.probe.racing import WARM_UP, dominated
from auditor.probe.records import Record, Run
from auditor.probe.rows import Ragged, tensors
from auditor.probe.training import Course, schedule
from auditor.probe.treatment import THE_CONTROL, Remedy, Treatment

Progress = Callable[[float, float | None], None]
"""Told after each epoch: the share that is done, in [0, 1], and about how many seconds are left (None: unknown)."""


class Study:
    """One call of `measure`."""

    def __init__(
        self,
        experiment: Experiment,
        seeds: Sequence[int],
        budget: Budget,
        device: torch.device,
        *,
        resplit: bool,
        batched: bool,
        jobs: int | None = None,
    ) -> None:
        if experiment.epochs is None and budget.seconds is None:
            raise ProbeError("Experiment: give epochs, or a time budget that tells how many fit")
        self.seeds = seeds
        self.budget = budget
        self.nursery = Nursery(experiment, device)
        self.pool = pooled(experiment, seeds, self.nursery.dtype(seeds[0]), device, resplit=resplit)
        self.epochs = experiment.epochs
        self.look = Look(self.nursery, self.pool, seeds[0], self.epochs or 0)
        self.notes = [
            *self.pool.notes,
            *check_targets(self.pool, seeds[0]),
            *self.look.notes(),
        ]
        self.scorer, self.metrics = scorer(experiment, self.look.outputs, self.look.few.targets)
        self.workshop = Workshop(
            self.nursery,
            self.scorer,
            self.look.arguments,
            self.pool.rows,
            self.look.sites,
            self.pool.batch_size,
            device,
            batched,
            jobs,
        )
        self.records: list[Record] = []
        self.racing = False
        self.progress: Progress = lambda share, left: None
        self.done = 0
        self.total = 1

    def proposed(self, remedies: Iterable[Remedy]) -> list[Treatment]:
        """The control and what the remedies want to try; what they say instead is a note."""
        subject = self.look.subject()
        proposed = [one for each in remedies for one in each(subject)]
        self.notes += [one for one in proposed if isinstance(one, str)]
        treatments = [one for one in proposed if isinstance(one, Treatment)]
        if isinstance(self.look.trainee.model, KerasAlone):
            names = [one.variant.name for one in treatments if not possible(one)]
            self.notes += [f"not tried, for on this backend Keras trains by its own API: {', '.join(names)}"] * bool(
                names
            )
            treatments = [one for one in treatments if possible(one)]
        return [THE_CONTROL, *treatments]

    def run_of(self, treatment: Treatment, seed: int) -> Run:
        """A treatment under a seed: on fewer rows, or with their targets shuffled, where it says so."""
        division = self.pool.divisions[seed]
        order = torch.from_numpy(np.random.default_rng([seed, 3]).permutation(len(division.train)))
        if treatment.variant.fraction < 1:
            part = order[: max(1, round(treatment.variant.fraction * len(order)))].sort().values
            division = replace(division, train=division.train[part])
        labels = division.train[order] if treatment.permuted else division.train
        return Run(treatment, seed, division, labels)

    def can_permute(self) -> bool:
        """Targets of other rows fit: not where these are sequences of other lengths."""
        if isinstance(self.pool.rows, Ragged) and any(leaf.ndim > 1 for leaf in tensors(self.look.few.targets)):
            self.notes.append("memorization was not measured: targets of other rows have other lengths")
            return False
        return True

    def measured(self, treatments: Sequence[Treatment]) -> Measurement:
        treatments = [one for one in treatments if not one.permuted or self.can_permute()]
        runs = [self.run_of(one, seed) for one in treatments if not one.posthoc for seed in self.seeds]
        interrupted = False
        try:
            self.train(self.affordable(runs))
        except OutOfTime:
            self.notes.append(f"budget: the time was up after {self.budget.seconds:g} s, so not all was trained")
        except KeyboardInterrupt:
            if not any(record.epochs for record in self.records):
                raise
            interrupted = True
            self.notes.append("interrupted: what follows was measured until then")
        return self.measurement(treatments, interrupted=interrupted)

    def affordable(self, runs: list[Run]) -> list[Run]:
        """The runs that the budget allows; where it alone says how long to train, that too."""
        if self.budget.seconds is None:
            return runs
        few = [run for run in runs if run.seed == self.seeds[0] or run.name == CONTROL]
        cost = timed(self.workshop.sample(few))
        seconds = SPENDABLE * self.budget.left
        if self.epochs is None:
            self.epochs = cost.epochs_in(seconds, len(runs))
            self.notes.append(f"budget: {self.epochs} epochs fit into {self.budget.seconds:g} s")
        left, notes = cut(runs, self.epochs, cost, seconds)
        self.notes += notes
        return left

    def train(self, runs: list[Run]) -> None:
        """All runs, group by group; a group that does not fit into memory is halved."""
        assert self.epochs is not None
        self.total = len(runs) * self.epochs
        groups = self.workshop.groups(runs, self.notes)
        while groups:
            trained = self.trained_elsewhere(groups) if self.workshop.jobs is not None else map(self.trained, groups)
            failed = [group for group, fitted in zip(groups, trained, strict=True) if not fitted]
            groups = [half for group in failed for half in self.halved(group)]
        self.refuse_divergence()

    def trained(self, group: Group) -> bool:
        """Trains a group; False where it did not fit into memory."""
        assert self.epochs is not None
        before, done = len(self.records), self.done
        try:
            course = self.workshop.course(group)
            self.records += course.records
            course.run(self.epochs, self.after)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            del self.records[before:]
            self.done = done
            return False
        return True

    def trained_elsewhere(self, groups: Sequence[Group]) -> Iterator[bool]:
        """Trains groups through joblib; False for each that did not fit into memory."""
        assert self.epochs is not None
        assert self.workshop.jobs is not None
        seconds = None if self.budget.seconds is None else max(0.01, self.budget.left)
        for records in elsewhere(self.workshop, groups, self.epochs, seconds, self.workshop.jobs):
            self.records += records or []
            self.done += self.epochs * len(records or [])
            self.tell()
            yield records is not None
        if self.budget.left <= 0:
            raise OutOfTime

    def halved(self, group: Group) -> list[Group]:
        """Two groups of one that did not fit into memory."""
        if len(group.runs) == 1:
            raise ProbeError("one network alone does not fit into memory; use a smaller batch size")
        self.notes.append(f"memory: {len(group.runs)} networks at once were too many, and were halved")
        return group.halves()

    def tell(self) -> None:
        """Says how far it is."""
        share = min(1.0, self.done / self.total)
        if share:
            self.progress(share, self.budget.spent * (1 - share) / share)

    def after(self, course: Course, epoch: int) -> None:
        """After each epoch: tells how far it is, ends what is out of time, drops what is dominated."""
        assert self.epochs is not None
        self.done += len(course.records)
        self.tell()
        if self.budget.left <= 0:
            raise OutOfTime
        if self.racing and epoch in schedule(self.epochs) and WARM_UP * self.epochs <= epoch < self.epochs:
            gone = dominated(course.records, self.records, self.metrics)
            if gone:
                course.drop(gone)
                self.done += len(gone) * (self.epochs - epoch)
                names = dict.fromkeys(record.run.name for record in gone)
                self.notes.append(f"racing: stopped after epoch {epoch}: {', '.join(names)}")

    def refuse_divergence(self) -> None:
        control = [record for record in self.records if record.run.name == CONTROL]
        if control and all(record.diverged for record in control):
            last = max((record.epochs[-1] for record in control if record.epochs), default=0)
            raise ProbeError(
                f"the loss is no finite number after epoch {last}, under every seed:"
                " lower the learning rate, or look for a logarithm or a division in the loss"
            )

    def measurement(self, treatments: Sequence[Treatment], *, interrupted: bool) -> Measurement:
        control = [record for record in self.records if record.run.name == CONTROL]
        curves = [record.curve() for record in self.records if record.epochs or record.diverged]
        for one in treatments:
            if one.posthoc:
                curves += [replace(record.curve(), variant=one.variant.name) for record in control if record.epochs]
        whole = [record.modes for record in control if record.complete]
        return Measurement(
            curves=tuple(curves),
            variants=tuple(one.variant for one in treatments),
            metrics=self.metrics,
            spread=self.pool.spread,
            rows=control[0].run.division.counts if control else self.pool.counts,
            modes={name: np.array([modes[name] for modes in whole]) for name in whole[0]} if whole else None,
            notes=tuple(self.notes),
            interrupted=interrupted,
        )
