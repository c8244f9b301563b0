"""What a probe reports. ``audit schema`` publishes the JSON schema of `GapReport`; every other form is made from it.

Keys are only ever added; a change of meaning raises ``version``. Nothing here needs NumPy or torch, so that a report
can be read, compared and shown without them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, FiniteFloat, PositiveInt

Better: TypeAlias = Literal["higher", "lower"]
Verdict: TypeAlias = Literal["helps", "lowers the loss only", "no worthwhile effect", "harms", "not enough runs"]
Spread: TypeAlias = Literal["weights", "resplit", "redraw"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Estimate(_Frozen):
    """A mean over seeds and its 95% interval; the ends are null where fewer than two seeds were measured."""

    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    runs: int = 0
    """Seeds behind it."""


class Gap(Estimate):
    """How much worse the held-out rows are scored than the training rows: positive is worse, whatever the metric."""

    train: FiniteFloat
    validation: FiniteFloat
    better: Better
    rows: FiniteFloat | None = None
    """Half a 95% interval: how far another draw of as many validation rows would move the validation score. It is
    no part of ``low`` and ``high``, unless the rows were divided or drawn anew for each seed: then it is null."""


class Onset(_Frozen):
    """Where the validation loss turned. Reported only where it then rose by more than 3.7% of its minimum."""

    epoch: PositiveInt
    rise: FiniteFloat
    """Of the smoothed loss, from its minimum to the end, in parts of the minimum, on the mean over seeds."""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    earliest: PositiveInt
    latest: PositiveInt
    """The epochs of the minima of single seeds."""
    seeds: int
    """Of the seeds, those whose own curve rises as much."""


class Effect(Estimate):
    """Variant minus control in the metric's own unit, paired by seed.

    The intervals of all remedies tried hold jointly with 95% (Bonferroni), so that a remedy is no finding because
    many were tried.
    """

    at_most: FiniteFloat | None = None
    """By how much this improves the score, at most: a one-sided 95% bound of this remedy alone. Positive is better."""
    rows: FiniteFloat | None = None
    """As in a gap: what another draw of the validation rows would add to either side of ``value``."""


class Remedy(_Frozen):
    """One change to the experiment, against the same seeds without it."""

    name: str
    change: str
    """The line to write."""
    verdict: Verdict
    recommended: bool
    effect: dict[str, Effect]
    """For each metric, and ``"loss"``. Empty for a remedy without one complete pair."""
    why: str
    pairs: int
    stopped: bool = False
    """Ended early in every run (dominated, out of time, interrupted), so that there is no interval."""
    runs_needed: int | None = None
    """With so many seeds the same mean and spread would decide; null where that is decided, or would take too many."""
    notes: tuple[str, ...] = ()


class Size(_Frozen):
    """The validation score when a part of the training rows is used."""

    fraction: FiniteFloat
    rows: int | None = None
    score: dict[str, Estimate]


class MoreRows(Estimate):
    """What twice the training rows would be worth, in the metric's unit, positive is better; an extrapolation."""

    exponent: FiniteFloat
    """Of the fitted power law, score = limit -+ scale x rows^-exponent."""


class LearningCurve(_Frozen):
    """``twice`` is empty where fewer than three sizes were measured."""

    sizes: tuple[Size, ...]
    twice: dict[str, MoreRows]


class Memorization(_Frozen):
    """Scores after training as long on permuted labels, which hold nothing to learn: what was learnt was memorized."""

    train: dict[str, Estimate]
    validation: dict[str, Estimate]


class Pair(_Frozen):
    """A validation row and the training row that it equals or nearly equals; both counted from 0."""

    validation: int
    train: int
    distance: FiniteFloat
    """In units of the usual distance from a training row to its nearest other; 0 is a copy."""


class Duplicates(_Frozen):
    """Validation rows that the training rows hold already, or nearly."""

    rows: int
    """Validation rows that were looked at."""
    exact: int
    near: int
    """Without the exact ones."""
    expected: FiniteFloat = 0.0
    """Copies by chance, where rows have few values: as if columns were independent of each other."""
    same_label: int | None = None
    """Of the exact and the near, those with the label of their training row; null without labels."""
    pairs: tuple[Pair, ...]
    """The closest, at most twenty."""


class SuspectLabel(_Frozen):
    """A row whose neighbours are of another class than its own; counted from 0."""

    side: Literal["train", "validation"]
    row: int
    given: str
    likely: str
    confidence: FiniteFloat


class LabelNoise(_Frozen):
    """Hints, no proof: rows whose label out-of-fold neighbours contradict with confidence (confident learning)."""

    rows: int
    suspects: int
    share: FiniteFloat
    worst: tuple[SuspectLabel, ...]
    """At most twenty."""


class Band(_Frozen):
    """A quantity over the scored epochs: mean over seeds and 95% interval, ``(E,)`` each; no interval from one seed."""

    mean: tuple[FiniteFloat, ...]
    low: tuple[FiniteFloat, ...] = ()
    high: tuple[FiniteFloat, ...] = ()


class Curves(_Frozen):
    """The control's scores of one quantity on both sides."""

    epochs: tuple[int, ...]
    train: Band
    validation: Band


class Gate(_Frozen):
    """One condition on the report and how it came out."""

    name: str
    outcome: Literal["passed", "failed", "inconclusive"]
    message: str


class GapReport(_Frozen):
    """How large the generalization gap of an experiment is, and what each remedy that was tried is worth.

    Losses and metrics of both sides were measured in eval mode. ``gap`` is after the last epoch, ``gap_at_best``
    at the epoch of the lowest validation loss, which was chosen on one half of the validation rows and judged on the
    other. Intervals are 95%.
    """

    version: Literal[1] = 1
    experiment: str = "experiment"
    seeds: int
    spread: Spread
    """What differs between seeds, so what the intervals cover: weights and order only, the division of the rows too
    (``resplit``), or the rows themselves (``redraw``)."""
    epochs: int
    rows: dict[str, int] | None = None
    decides: str
    """The quantity that verdicts on remedies are about: the first metric, or ``"loss"``."""
    smallest_effect: dict[str, FiniteFloat]
    """For each quantity the smallest effect that is worth a change."""
    gap: dict[str, Gap]
    gap_at_best: dict[str, Gap]
    best_epoch: int | None
    """The median over seeds and halves of the validation rows."""
    onset: Onset | None
    still_falling: bool = False
    """The validation loss fell by more than 1% of itself over the last fifth of the epochs: more would lower it."""
    remedies: tuple[Remedy, ...]
    """The best first, those that were stopped last."""
    learning_curve: LearningCurve | None = None
    memorization: Memorization | None = None
    modes: dict[str, Estimate] | None = None
    """The training rows' score in train mode minus the same score in eval mode."""
    duplicates: Duplicates | None = None
    label_noise: LabelNoise | None = None
    curves: dict[str, Curves]
    interrupted: bool = False
    headline: tuple[str, ...] = ()
    """What to take away, in sentences, the most important first."""
    notes: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
