"""Retrains an experiment under seeds and remedies, and returns the curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch

from auditor.errors import ProbeError
from auditor.probe import remedies as folder
from auditor.probe.curves import CONTROL, Measurement
from auditor.probe.division import Pool, pooled
from auditor.probe.dropping import survey
from auditor.probe.engines import Workshop
from auditor.probe.experiment import Experiment
from auditor.probe.loading import floating
from auditor.probe.metrics import scorer
from auditor.probe.network import Nursery, arguments, dtype_of
from auditor.probe.pulls import decay_of
from auditor.probe.rows import Rows
from auditor.probe.training import Record, Run
from auditor.probe.treatment import THE_CONTROL, Remedy, Subject, Treatment
from auditor.probe.untouched import untouched


def measure(
    experiment: Experiment,
    *,
    seeds: int = 5,
    device: str = "auto",
    remedies: Sequence[str | Remedy] | None = None,
    resplit: bool = False,
    batched: bool = True,
) -> Measurement:
    """Trains the control and what remedies propose, each under the same seeds."""
    if seeds < 1:
        raise ProbeError(f"seeds must be at least 1, not {seeds}")
    with untouched():
        return Study(experiment, range(seeds), placed(device), resplit, batched).measured(folder.chosen(remedies))


def placed(device: str) -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ProbeError(f"device {device}: torch sees no CUDA here; use --device cpu")
    return torch.device(device)


class Study:
    """One call of `measure`."""

    def __init__(
        self, experiment: Experiment, seeds: range, device: torch.device, resplit: bool, batched: bool
    ) -> None:
        self.experiment = experiment
        self.seeds = seeds
        self.batched = batched
        self.nursery = Nursery(experiment, device)
        self.notes: list[str] = []
        first = self.nursery.trainee(seeds[0])
        pool = pooled(experiment, seeds, resplit=resplit)
        self.pool = Pool(
            floating(pool.rows, dtype_of(first.model)).to(device), pool.divisions, pool.spread, pool.counts
        )
        self.scorer, self.metrics = scorer(experiment)
        few = self.pool.rows.take(self.pool.divisions[seeds[0]].train[:8])
        self.arguments = arguments(first.model, few.inputs)
        first.model.eval()
        self.sites = survey(lambda: self.forward(first.model, few))
        self.subject = Subject(
            model=first.model,
            optimizer=first.optimizer,
            steps=self.epochs * -(-self.pool.counts["train"] // (experiment.batch_size or self.pool.counts["train"])),
            epochs=self.epochs,
            activations=len(self.sites[0]),
            droppers=self.sites[1],
            decay=decay_of(first.optimizer),
            run=lambda model: self.forward(model, few),
        )

    @property
    def epochs(self) -> int:
        if self.experiment.epochs is None:
            raise ProbeError("Experiment: epochs are needed where no time budget is given")
        return self.experiment.epochs

    def forward(self, model: torch.nn.Module, rows: Rows) -> object:
        positions, keywords = self.arguments(rows.inputs)
        return model(*positions, **keywords)

    def treatments(self, remedies: Iterable[Remedy]) -> list[Treatment]:
        proposed = [one for each in remedies for one in each(self.subject)]
        self.notes += [one for one in proposed if isinstance(one, str)]
        return [THE_CONTROL, *(one for one in proposed if isinstance(one, Treatment))]

    def run(self, treatment: Treatment, seed: int) -> Run:
        """A treatment under a seed: on fewer rows, or with their targets shuffled, where it says so."""
        division = self.pool.divisions[seed]
        generator = np.random.default_rng([seed, 3])
        order = torch.from_numpy(generator.permutation(len(division.train)))
        if treatment.variant.fraction < 1:
            part = order[: max(1, round(treatment.variant.fraction * len(order)))].sort().values
            division = replace(division, train=division.train[part])
        labels = division.train[order] if treatment.permuted else division.train
        return Run(treatment, seed, division, labels)

    def workshop(self) -> Workshop:
        return Workshop(
            self.nursery,
            self.scorer,
            self.arguments,
            self.pool.rows,
            self.sites,
            self.experiment.batch_size,
            self.batched,
        )

    def measured(self, remedies: Iterable[Remedy]) -> Measurement:
        treatments = self.treatments(remedies)
        runs = [self.run(one, seed) for one in treatments if not one.posthoc for seed in self.seeds]
        records: list[Record] = []
        for course in self.workshop().courses(runs, self.notes):
            course.run(self.epochs, lambda _: None)
            records += course.records
        curves = [one.curve() for one in records]
        control = [one for one in records if one.run.name == CONTROL]
        for one in treatments:
            if one.posthoc:
                curves += [replace(record.curve(), variant=one.variant.name) for record in control]
        return Measurement(
            curves=tuple(curves),
            variants=tuple(one.variant for one in treatments),
            metrics=self.metrics,
            spread=self.pool.spread,
            rows=self.pool.counts,
            modes={name: np.array([one.modes[name] for one in control]) for name in control[0].modes},
            notes=tuple(self.notes),
        )
