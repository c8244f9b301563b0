"""What happens in a training program. Each event says what, to whom, in which state, and how the program came there."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from auditor.trace.networks import Model
from auditor.trace.places import Place
from auditor.trace.rows import Cut, PartName, Rows

ModeName = Literal["train", "eval"]


@dataclass(frozen=True, slots=True)
class Mode:
    """One mode that a model may be in.

    ``value`` is None when it is not known. ``cause`` is the switch that set it; None: the mode that the model was
    built, loaded or handed in with. ``told`` is False when something unknown had the model in its hands since.
    """

    value: ModeName | None
    cause: Switch | None = None
    told: bool = True


Choice = tuple[Hashable, bool]
"""A question, which nobody but its equality tells anything of, and its answer."""


@dataclass(slots=True, eq=False, kw_only=True)
class Event:
    """Anything that happens. Identity is the object itself: one event a place, call context and state."""

    place: Place
    chain: tuple[Place, ...] = ()
    """The calls that lead here, outermost first; empty at the top level of a program."""
    function: Place | None = None
    """The definition of the function that it happens in; None at the top level of a module."""
    assumed: tuple[Place, ...] = ()
    """The undriven functions that somebody is taken to call: the entry point, and the methods called before it."""
    under: frozenset[Choice] = frozenset()
    """What the program has asked about its settings on every way here, with the answers."""
    after: set[Event] = field(default_factory=set)
    """The events that may come immediately before."""

    def never_with(self, other: Event) -> bool:
        """One run of the program has one of the two and not the other: they stand under opposite settings."""
        return any((question, not answer) in other.under for question, answer in self.under)


def by_place(event: Event) -> tuple[str, int, tuple[tuple[str, int], ...]]:
    """A key to sort by: the order in the sources, the same in every run; of one place, that of the calls to it."""
    return event.place.path, event.place.node, tuple((place.path, place.node) for place in event.chain)


@dataclass(slots=True, eq=False, kw_only=True)
class Build(Event):
    """A model was made."""

    model: Model


@dataclass(slots=True, eq=False, kw_only=True)
class Switch(Event):
    """A model's mode was set. ``mode`` None: from an unknown value. ``called`` False: the bare ``model.eval``."""

    model: Model
    mode: ModeName | None
    called: bool = True
    whole: bool = True
    """False: some of its layers only (frozen batch norm, Monte-Carlo dropout)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Grad(Event):
    """Autograd was switched on or off. ``called`` False: the context was named without parentheses and does nothing."""

    on: bool
    scope: Literal["with", "statement", "decorator"]
    called: bool = True


@dataclass(slots=True, eq=False, kw_only=True)
class Forward(Event):
    """A forward pass over some rows.

    Its purpose is no field but a question to the trace: which sinks its output reaches.
    ``modes`` holds every mode that the model may be in, ``grad`` whether autograd records (None: not known).
    """

    model: Model
    modes: tuple[Mode, ...]
    grad: bool | None
    name: str = ""
    """What the network is called where it is called."""
    inside: tuple[Place, ...] = ()
    """Where the layers are called, when the pass is a method of the network called from outside."""
    driven: bool = False
    """A framework that switches modes and autograd by itself drives the network, or what it is a part of."""
    on_leaf: bool = False
    """Gradients of the inputs are asked for (attacks, saliency, latents)."""
    repeated: bool = False
    """The same inputs pass again and again in a loop: an average over passes is wanted."""
    forced: ModeName | None = None
    """``model(x, training=True)``: the mode asked for in the call itself (Keras)."""
    frozen: bool = False
    """The weights of the model were told to ask for no gradients; what was put on since may learn."""
    wholly_frozen: bool = False
    """No weight of the model asks for gradients."""
    takes: frozenset[Forward] = frozenset()
    """The passes whose outputs go in."""
    rows: frozenset[Rows] = frozenset()
    """The rows that pass, as far as they are known."""
    again: bool = False
    """The network has learnt from other folds of the same rows."""
    marks: frozenset[Mark] = frozenset()
    """What was estimated, resampled or augmented and is in these rows now."""
    length: int | None = None
    """How many rows pass at once, where the shape of what goes in is known."""
    single: bool = False
    """One row passes, and no batch."""
    drawn: bool = False
    """What goes in is drawn at random: it is an example of nothing."""
    element: bool = False
    """One batch at a time of the rows passes."""
    apart: tuple[Switch, ...] = ()
    """The switches that put parts of the model in another mode than the model itself is in."""
    behind: frozenset[Model] = frozenset()
    """The other parts, as far as they can learn, where there are such switches."""
    turns: int = 0
    """How many loops run around it."""
    labelled: bool = False
    """Its loss compares it with something else than what went in."""
    open: bool = False
    """Nobody saw what becomes of its output in the end: gradients may be taken of it yet."""


SinkKind = Literal["backward", "gradient", "score", "store", "report", "select", "act"]


@dataclass(slots=True, eq=False, kw_only=True)
class Sink(Event):
    """The output of forward passes arrives somewhere that gives them a purpose.

    ``backward``: a backward pass. ``gradient``: gradients with respect to something else than weights. ``score``: a
    number or a decision is made of it. ``store``: kept as a prediction. ``report``: shown. ``select``: a choice depends
    on it. ``act``: handed to an environment.
    """

    kind: SinkKind
    forwards: frozenset[Forward]
    """The passes that it comes from."""
    through: frozenset[Forward] = frozenset()
    """Those that gradients can flow back to; what is in ``forwards`` only was detached or computed without autograd."""
    told: bool = True
    """False: more than the passes named may arrive: something unknown, weights, a tensor that asks for gradients."""
    sums: frozenset[Accumulate] = frozenset()
    """The running totals that arrive."""
    loss: bool = False
    """What arrives is a loss."""
    penalised: frozenset[Model] = frozenset()
    """The models from whose weights some of what arrives was computed."""
    against: bool = False
    """Something that comes from no pass, and is no number that is written out, arrives with it: labels, perhaps."""
    rows: frozenset[Rows] = frozenset()
    """The rows that what arrives is about."""


@dataclass(frozen=True, slots=True)
class Turns:
    """A loop that something stands in: how often it goes round (None: not known), and whether over rows, in batches."""

    loop: Hashable = field(repr=False)
    count: int | None
    batches: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Configure(Event):
    """An optimizer is made, or a framework is told which to use.

    ``decay`` is the weight decay, or the factor of an L2 penalty where it is not ``decoupled`` from the gradients; None
    where it is not known, or not the same for all weights.
    """

    models: frozenset[Model] | None
    kind: str
    rate: float | None
    decay: float | None
    decoupled: bool
    adaptive: bool
    """It divides the gradients by their scale (Adam and its kin)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Step(Event):
    """An optimizer step. ``models`` holds the models of which it moves some weights; None: not known which."""

    models: frozenset[Model] | None
    optimizer: Configure | None = None
    turns: tuple[Turns, ...] = ()
    """The loops that it stands in, outermost first, over all the calls that lead here."""


@dataclass(slots=True, eq=False, kw_only=True)
class Accumulate(Event):
    """A value is added to a running total, or appended to a list, that lives on across iterations of a loop."""

    name: str
    forwards: frozenset[Forward]
    attached: frozenset[Forward]
    """Passes whose graph the value still holds: no ``.item()``, no ``.detach()``, autograd on."""
    scalar: bool = False
    """The value is a loss."""
    kept: bool = False
    """The total already holds what was added here before: it lives on from turn to turn."""


@dataclass(slots=True, eq=False, kw_only=True)
class Apply(Event):
    """A functional operation, or a layer called, inside a network's own forward.

    ``active`` says whether a mode-sensitive operation is switched on: ``"always"`` (by the default of the function or a
    literal), ``"never"``, ``"mode"`` (follows the network's mode) or None when not known.
    """

    operation: str
    sensitivity: str
    active: Literal["always", "never", "mode"] | None
    literal: bool = False
    """The switch is written out (``training=True``), so somebody meant it."""
    owner: str = ""
    """The class whose forward it is."""
    flag: str = "training"
    """The argument that would switch it."""
    layer: Model | None = None
    """The layer that is called, where it is one that is told the mode in the call (Keras)."""
    handed: bool = True
    """False: it is never switched on because the forward around it cannot be told the mode (Keras)."""
    idle: bool = False
    """Its rate is an attribute that is 0 here: it does nothing until somebody asks for a rate."""


MarkKind = Literal["statistic", "encoding", "vocabulary", "resample", "augment", "lag", "window"]


@dataclass(slots=True, eq=False, kw_only=True)
class Mark(Event):
    """Something was computed over many rows, or made of them, that other values may hold from then on.

    ``statistic``, ``encoding``, ``vocabulary``: a number, a list of categories, a list of words. ``resample``: rows
    were multiplied. ``augment``: they are altered at random. ``lag``, ``window``: a row holds parts of its neighbours.
    """

    kind: MarkKind
    rows: frozenset[Rows]
    """The rows that it was computed over."""
    name: str = ""
    """What the user calls the estimator or the statistic."""
    target: bool = False
    """The labels had a hand in it."""
    grouped: bool = False
    """It is made anew for each of several groups: subjects, recordings, clips."""
    within: frozenset[str] = frozenset()
    """The columns by which rows were grouped, where each group has a figure of its own."""
    marks: frozenset[Mark] = frozenset()
    """What had been computed and was in these rows before."""


@dataclass(slots=True, eq=False, kw_only=True)
class Named(Event):
    """The user's name for some rows says what they are for: the weakest witness, and never a finding by itself."""

    cut: Cut
    part: PartName
    rows: frozenset[Rows] = frozenset()
    marks: frozenset[Mark] = frozenset()
    """What is in the rows by then."""


@dataclass(slots=True, eq=False, kw_only=True)
class Split(Event):
    """Rows are divided."""

    rows: frozenset[Rows]
    cuts: frozenset[Cut]
    """The parts."""
    how: Literal["random", "ordered", "grouped", "stratified", "unknown"]
    folds: bool = False
    seeded: bool | None = None
    """None: not known."""
    anew: bool = False
    """The call has no seed of its own: the next one like it divides the same rows in another way."""
    marks: frozenset[Mark] = frozenset()
    """What the rows hold by then."""
    name: str = ""
    """What the user calls the rows that are divided."""


@dataclass(slots=True, eq=False, kw_only=True)
class Train(Event):
    """A high-level fit: a framework's own loop over a network, or an estimator's ``fit``."""

    model: Model | None
    framework: str
    name: str = ""
    """What the user calls the learner."""
    rows: frozenset[Rows] = frozenset()
    targets: frozenset[Rows] = frozenset()
    marks: frozenset[Mark] = frozenset()
    label: str = ""
    """The column of the labels, where it is among the features too."""
    told: bool = True
    """False: the rows may hold others than those named."""
    afresh: bool = True
    """The learner forgets what it learnt before."""
    itself: bool = False
    """The rows are their own labels (autoencoders)."""
    validated: bool | None = None
    """Validation rows are scored meanwhile; None: not known."""
    epochs: int | None = None
    watched: bool | None = None
    """Somebody may stop it or keep the best weights; None: not known."""
    again: bool = False
    """It goes on from what it has learnt from other folds of the same rows."""
    batch: int | None = None
    """How many rows go into one step."""
    altered: bool = False
    """Whoever serves the rows alters them at random."""
    fraction: float | None = 0.0
    """The share of the rows that the call itself holds back; None: not known."""


@dataclass(slots=True, eq=False, kw_only=True)
class Score(Event):
    """A number is computed over some rows, or predictions are made for them."""

    metric: str
    rows: frozenset[Rows]
    trained: frozenset[Train] = frozenset()
    """The fits whose learner is scored."""
    marks: frozenset[Mark] = frozenset()
    held_out: bool = False
    """A part of the rows is held out by the call itself (cross-validation)."""
    predicts: bool = False
    """Predictions are made; no figure yet."""
    predicted: frozenset[Score] = frozenset()
    """Where the predictions were made that a figure is made of."""
    name: str = ""
    """What the user calls the rows."""
    inflates: bool = False
    """It goes into ``1 / (1 - r2)``: how far columns explain one another, a variance inflation factor."""


@dataclass(slots=True, eq=False, kw_only=True)
class Resume(Event):
    """A training goes on from where an earlier run of the program left it: its optimizer is loaded."""


@dataclass(slots=True, eq=False, kw_only=True)
class Select(Event):
    """A decision is taken on a score: the best weights, the end of the training, a setting."""

    how: Literal["best", "noted", "stop", "search", "schedule", "watch"]
    """``noted``: the best of scores that were noted before, when all is over; ``schedule``: the learning rate follows
    it; ``watch``: somebody may look at it."""
    rows: frozenset[Rows]
    scores: frozenset[Score] = frozenset()
    forwards: frozenset[Forward] = frozenset()
    by: tuple[Place, ...] = ()
    """Who takes it: callbacks."""


@dataclass(slots=True, eq=False, kw_only=True)
class Watch(Event):
    """Something acts on a score of a training: a callback, a setting of the trainer, code of the user's own.

    It stands where the training begins or, of code of the user's own, where it ends early. What is not known is None.
    """

    does: Literal["stop", "best", "schedule"]
    made: Place
    """Where the watcher is made."""
    model: Model | None = None
    name: str = ""
    """What the watcher is called; empty for code of the user's own."""
    monitor: str | None = None
    side: Literal["train", "validation"] | None = None
    """Whose score is watched."""
    mode: Literal["min", "max"] | None = None
    patience: int | None = None
    epochs: int | None = None
    """How many the training is to run at most."""
    restores: bool | None = None
    """It brings the best weights back in the end."""
    remedy: str = ""
    """The setting with which it would."""
    fetched: str = ""
    """The attribute by which the program asks for the best weights; empty: it does not."""
    by_batch: bool = False
    """The score is that of the last batch of an epoch, and of no more."""
    validated: bool | None = None
    """The training scores validation rows."""
    logged: frozenset[str] | None = None
    """The names of the scores that the training computes."""
    selects: frozenset[Select] = frozenset()
    """Code of the user's own: the comparisons with the best so far that decide."""

    @property
    def never_computed(self) -> bool:
        """The training is known to compute no score of this name; releases have differed in how long one is."""
        if self.logged is None or self.monitor is None:
            return False
        return self.monitor.replace("accuracy", "acc") not in {one.replace("accuracy", "acc") for one in self.logged}


@dataclass(slots=True, eq=False, kw_only=True)
class Use(Event):
    """A framework scores a model, or predicts with it."""

    model: Model
    best: bool = False
    """With the best weights, which the framework loads first."""


@dataclass(slots=True, eq=False, kw_only=True)
class Idle(Event):
    """A regulariser that is asked for and does nothing.

    ``layer``: a dropout layer that no forward pass calls. ``argument``: a dropout rate that reaches no layer.
    ``single``: the dropout between the layers of a recurrent network that has one.
    """

    what: Literal["layer", "argument", "single"]
    name: str
    owner: str
    """The class."""


@dataclass(slots=True, eq=False, kw_only=True)
class Penalty(Event):
    """A figure is computed from the weights of a model and called a penalty.

    ``joined``: it is added to a loss, which gets a name.
    """

    models: frozenset[Model]
    name: str
    joined: bool = False
    read: bool = False
    """What it is called by is read somewhere."""


@dataclass(slots=True, eq=False, kw_only=True)
class Keep(Event):
    """The weights of a model are put aside."""

    model: Model
    name: str
    """Where to, as the user wrote it: a variable, an attribute, an item."""
    added: bool = False
    """It joins others in a list, and takes nobody's place."""
    moved: bool = False
    """The tensors were moved to some device: copied, where they were on another one."""
    owner: Place | None = None
    """The class whose method does it."""
    subject: str = ""
    """What the user calls the network there."""
    form: Literal["reference", "copy", "file"]
    """``reference``: the live weights themselves, so that training goes on in what was kept. ``file``: written out."""
    state: bool = False
    """The value is the model's state as it was just asked for, and nothing made of it."""
    states: frozenset[Hashable] = field(default=frozenset(), repr=False)
    """The states that are kept, each as it was asked for; none where the model itself is kept."""
    when: Literal["better", "perhaps", "always"] = "always"
    """``better``: a comparison with the best score so far decides; ``perhaps``: some other test."""
    by: frozenset[Place] = frozenset()
    """Where these comparisons stand."""
    read: bool = False
    """What is kept is read elsewhere than in the branch that keeps it."""


@dataclass(slots=True, eq=False, kw_only=True)
class Restore(Event):
    """Weights are loaded into a model."""

    model: Model
    kept: frozenset[Model] = frozenset()
    """The models whose live weights what is loaded refers to: itself among them, and nothing is restored."""
    states: frozenset[Hashable] = field(default=frozenset(), repr=False)
    """The states that are loaded, each as it was asked for."""
    source: str = ""
    """What is loaded, as the user wrote it."""
    owner: Place | None = None
    """The class whose method does it."""


@dataclass(slots=True, eq=False, kw_only=True)
class Compare(Event):
    """Scores of two kinds of passes meet: subtracted, plotted, or printed side by side."""

    left: frozenset[Forward]
    right: frozenset[Forward]
    how: str
