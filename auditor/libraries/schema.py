"""The form of a library's data file: what its calls mean, a row a callable.

A row says what a call *does* in the words of the trace, and where in the call its operands stand, by position and by
keyword. Names are full dotted paths as imported. A ``*`` in a name stands for any text: ``torch.optim.*`` is everything
below ``torch.optim``, ``transformers.*Config.*`` whatever is called on any configuration class. The row with the
longest literal text wins, and a name without ``*`` wins over all.

Rows describe the release named by ``checked``; names that only older releases have carry ``gone = true``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal[
    "layer",  # makes a module of known behaviour
    "model",  # makes a whole network whose layers are the library's business
    "base",  # a class to inherit from: its subclasses are networks
    "share",  # returns what it is given, wrapped: same weights, same mode (DataParallel, compile)
    "prepare",  # returns its arguments as they are, one or a tuple (accelerator.prepare)
    "copy",  # returns an independent copy of a network (deepcopy, EMA)
    "optimizer",  # makes an optimizer over the parameters it is given
    "loss",  # makes a loss, to be called with outputs and targets
    "loss-of",  # computes a loss
    "metric",  # makes a metric, to be called or updated with outputs and targets
    "score",  # computes a score or takes a decision of outputs
    "store",  # keeps what it is given (files, images, arrays)
    "report",  # shows what it is given (print, log, plot)
    "draw",  # shows what it is given beside what was drawn before (plot)
    "loader",  # makes an iterable of batches
    "gradients",  # switches autograd: context manager, decorator or statement
    "backward",  # a backward pass
    "gradient",  # gradients with respect to something that the caller names
    "operation",  # a functional operation that depends on a training flag
    "trainer",  # makes an object that runs its own loop, modes and gradients
    "fit",  # runs such a loop
    "invoke",  # calls a function that it is given
    "shallow",  # returns another container of the same values
    "partial",  # returns a function that it is given, with arguments filled in
    "elements",  # iterates over what it is given
    "element",  # gives one element of what it is given
    "enumerate",
    "zip",
    "mapping",  # makes a dictionary of pairs and of keywords
    "constant",  # returns something that holds no output of a network (sizes, times, configuration)
    "exists",  # tells whether there is a file
    "detach",  # returns the values without their graph
    "read",  # reads a number out of a tensor: without graph (float)
    "recording",  # tells whether autograd records
    "exit",  # ends the program
    "environment",  # makes something to act in
    "context",  # returns a context manager that changes nothing the trace tells of; entered, it gives its argument
    "scaled-loss",  # a context that gives the loss it is handed (amp.scale_loss)
    "value",  # anything else: what goes in may come out
]

MethodRole = Literal[
    "mode",  # sets train or eval mode of the receiver
    "forward",  # a forward pass
    "self",  # returns the receiver
    "moved",  # returns the receiver where it is there already, else a copy
    "copied",  # returns an independent copy of the receiver's values
    "restore",  # loads weights into the receiver
    "freeze",  # requires_grad_(flag)
    "parameters",  # weights of the receiver
    "parts",  # its sub-modules
    "none",  # nothing the trace tells of
    "constant",
    "exists",  # tells whether there is a file
    "detach",
    "read",  # reads a number out of a tensor (item): without graph
    "score",
    "store",
    "report",
    "draw",  # shows what it is given beside what the receiver was given before
    "backward",
    "gradient",
    "step",
    "zero",  # clears gradients
    "scale",  # returns the loss it is given (gradient scaler)
    "step-of",  # steps the optimizer it is given (gradient scaler)
    "prepare",
    "leaf",  # asks for gradients of the receiver
    "fit",
    "update",  # a metric takes outputs
    "compute",  # a metric gives its number
    "gradients",
    "append",
    "elements",
    "invoke",  # calls a function that it is given (pool.map, executor.submit)
    "value",
]


class Argument(BaseModel):
    """Where an operand stands: by position (0-based, the receiver not counted), by keyword, and its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: int | None = None
    name: str | None = None
    formerly: str | None = None
    """The keyword that earlier versions had for it."""
    default: bool | int | float | str | None = None


class Condition(Argument):
    """An operand that switches something on: a true one, or one of ``among`` where that is given."""

    among: tuple[bool | int | float | str, ...] = ()


PartName = Literal["train", "validation", "test"]
RowsRole = Literal[
    "source",  # rows nobody has seen before; ``part`` says what they are for
    "same",  # the same rows, one by one
    "record",  # the same rows; what stands under the names of a dictionary is one row
    "rename",  # the same rows; ``columns``, by keyword or where said, gives columns other names
    "mixed",  # rows of what goes in, reordered, put together or computed from each other
    "joined",  # the rows of one table with columns of others
    "aligned",  # the rows of the receiver, and those of the operand
    "some",  # some of the rows; which, is not known
    "split",  # divides what goes in: part after part, for one array after the other
    "folds",  # an iterable of pairs of row numbers, one for each fold
    "sample",  # some rows at random; dropping their index leaves the others
    "drop",  # the rows without those whose index it is given; columns where ``columns`` says so
    "index",  # row numbers
    "found",  # the numbers of the rows of which something holds
    "where",  # the same where nothing else is given; else the same rows, with values of the other operands in them
    "count",  # how many rows there are
    "apply",  # the same rows, by a function: of each row or value where there is one column or ``axis`` is 1
    "gather",  # what a function makes of each group, one below the other: rows, or a row a group
    "mask",  # true or false of each row
    "isin",  # a mask: rows whose index is among what it is given
    "statistic",  # a number over all rows; over each row where ``axis`` is 1
    "association",  # figures of each column: how it goes with the labels, or with others; of an estimator, its own
    "tally",  # how often each value occurs, over all rows
    "extreme",  # a statistic that picks the best of several
    "encoding",  # the same rows, by categories or bins that all rows are asked for
    "binning",  # the same rows, in bins whose edges all rows decide, unless ``bins`` lists them
    "lag",  # a row holds parts of other rows
    "window",  # overlapping stretches of one series
    "explode",  # one row becomes several
    "resample",  # rows are multiplied
    "augment",  # rows are altered at random
    "filled",  # the same rows, with values of another operand in them
    "fit",  # the receiver estimates something from the rows
    "transform",  # the same rows, by what the receiver has estimated
    "fit-transform",
    "fit-resample",
    "train",  # the receiver learns from the rows
    "predict",  # the receiver answers for the rows
    "score",  # a figure over the rows: of a learner, or of predictions
    "cross-validate",  # fits and scores a learner fold by fold
    "search",  # fits and scores learners fold by fold and keeps the best one
    "schedule",  # a schedule follows a score
    "seed",  # makes what is drawn at random from then on repeatable
    "tune",  # calls a function and keeps the settings with the best figure; ``target`` makes its operands
    "loads",  # what an earlier run may have left under a name
    "saves",  # leaves something under a name for a later run
    "resume",  # the receiver goes on from where an earlier run left it
    "path",  # a path made of parts
    "forget",  # the weights of the receiver, or of the operand, are set back
    "visit",  # calls a function with each part of the receiver
    "loader",  # serves the rows of a data set in batches
    "subset",  # the rows of a data set at some row numbers
    "none",  # nothing that has to do with rows: sizes, names, types
]


class Part(Argument):
    """An operand that says what rows are for, and what its values mean."""

    train: tuple[bool | int | str, ...] = ()
    validation: tuple[bool | int | str, ...] = ()
    test: tuple[bool | int | str, ...] = ()
    both: tuple[bool | int | str, ...] = ()
    """Training and validation rows come back as a pair."""


Computation = Literal[
    "abs", "ceil", "exp", "float", "floor", "int", "len", "log", "log10", "log2", "max", "min", "prod", "round", "sqrt",
    "sum",
]  # fmt: skip


class Watch(BaseModel):
    """Something that watches a training and acts on a score: a callback, a setting of the loop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Literal["stop", "best", "schedule"]
    """It ends the training, keeps the best weights, or lowers the learning rate."""
    monitor: Argument | None = None
    """The operand that names the score."""
    when: Condition | None = None
    """It does so only under this condition."""
    mode: Argument | None = None
    """The operand that says whether less or more is better: ``min``, ``max``."""
    less: Argument | None = None
    """The operand that is true where less is better."""
    more: Argument | None = None
    patience: Argument | None = None
    """How many epochs without a better score it bears."""
    restores: Condition | None = None
    """The best weights are back in the end under this condition; nothing said: never."""
    held_out: str | None = None
    """How the names of scores of validation rows begin; scores of other names are those of the training rows."""
    fetch: str | None = None
    """The attribute by which a program asks for the best weights."""
    score: Argument | None = None
    """The function that gives the score, of the one that it is attached to."""
    batch: str | None = None
    """Where that function finds the output of a single batch."""
    saves: Argument | None = None
    """What is written out with the weights: the one that trains among it."""
    of: str | None = None
    """The kind of model whose training it watches, where the model itself is not known."""


class Hands(BaseModel):
    """Objects of the project's that hand out rows by methods of theirs, to a framework that asks for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: tuple[Argument, ...]
    """The operands that may be such objects: the first that has the method is asked. None is given: those of the call
    before on the same receiver."""
    before: tuple[str, ...] = ()
    """The methods that the framework calls first."""
    stage: str
    """What it tells those that take an operand."""
    rows: str
    """The method that hands out the rows."""
    validation: str | None = None
    """train: the method that hands out those that are scored beside."""


class Flow(BaseModel):
    """What a call does to rows: which it holds, what was estimated from them, who learns from them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: RowsRole
    arg: Argument | None = None
    """The rows. Nothing said: the receiver of a method of rows, else the first operand."""
    target: Argument | None = None
    """The labels: of a fit, a score, a resampling."""
    part: Part | None = None
    """source: which operand says what the rows are for."""
    described: Argument | None = None
    """source: where it is true, a pair comes back: the rows, and a description of them."""
    low: Argument | None = None
    """window: the number of the first row that is used..."""
    high: Argument | None = None
    """...and of the first that is not any more."""
    axis: Argument | None = None
    """statistic: 1 or -1 makes it a figure of each row."""
    position: bool = False
    """extreme: it says where among several the best one is."""
    bins: Argument | None = None
    """binning: the edges, or how many there are to be."""
    columns: Argument | None = None
    """drop: 1 drops columns and no rows; also an operand that names columns. same: the new name of a single column."""
    shuffle: Argument | None = None
    """split, folds: whether rows are taken at random; nothing said: in order."""
    seed: Argument | None = None
    """split, folds, sample: what makes it repeatable."""
    groups: Argument | None = None
    """split, folds: rows of one group stay together."""
    stratify: Argument | None = None
    share: Argument | None = None
    """split: the part of the rows, or their number, that goes into the last part."""
    rest: Argument | None = None
    """split: the same for the first part, where it is said."""
    usual: float | None = None
    """split: what goes into the last part where nothing is said."""
    arrays: int | None = None
    """split: only so many operands are divided; else every positional one."""
    parts: int = 2
    """split: how many parts come back for each array."""
    lengths: Argument | None = None
    """split: as many parts as there are lengths."""
    borders: Argument | None = None
    """split: one part more than there are borders; or how many parts."""
    order: Literal["by-array", "by-part"] = "by-array"
    """split: ``a_train, a_test, b_train, b_test`` or ``a_train, b_train, a_test, b_test``."""
    model: Argument | None = None
    """score, cross-validate, search: the learner; else the receiver or whatever made the predictions."""
    predictions: Argument | None = None
    """score: the predictions."""
    chooses: Argument | None = None
    """same, train, score: an operand that lets some of the rows count only, where it is given (weights, a start)."""
    validation: Argument | None = None
    """train: rows that are scored while it learns."""
    validates: str | None = None
    """train: the method by which the network scores validation rows, wherever they come from; without it, none."""
    fraction: Argument | None = None
    """train: the share of the rows that is held out from the end (``validation_split``)."""
    hands: Hands | None = None
    """train, score, predict: rows may be asked for instead of given."""
    callbacks: Argument | None = None
    """train: who watches."""
    epochs: Argument | None = None
    """train: how often all rows pass."""
    batch: Argument | None = None
    """train, source, transform, loader: how many rows at once."""
    turns: Argument | None = None
    """train: how many batches make a pass, where the call says so."""
    afresh: bool = True
    """train: False where the receiver goes on from what it has learnt (networks, ``partial_fit``)."""
    watches: Watch | None = None
    """train: the call itself acts on the score of the rows that it watches."""
    fixed: Condition | None = None
    """augment: under this condition nothing is left to chance."""
    inplace: Argument | None = None
    """The receiver itself is changed where this operand is true."""
    returns: int | None = None
    """source: it returns a tuple of so many, each with rows of its own. found: the numbers come in a tuple."""
    pairs: tuple[PartName, ...] = ()
    """source: it returns pairs (features, labels), one for each of these parts (``mnist.load_data``)."""


class Steps(BaseModel):
    """How an optimizer moves weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Argument
    """The learning rate."""
    decay: Argument | None = None
    """The weight decay; None: it has none."""
    decoupled: bool = False
    """The decay is taken from the weights themselves, and not through the gradients."""
    adaptive: bool = False
    """Gradients are divided by their scale."""


class Call(BaseModel):
    """One row: what calling a function or a class does.

    Where a class is inherited from, ``layer``, ``model`` and ``base`` alike make the subclass a network. A path like
    ``X.from_pretrained`` is also the class method of X's subclasses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Role
    arg: Argument | None = None
    """The operand that the role is about; the first argument where nothing is said."""
    sensitivity: Literal["dropout", "normalisation", "stochastic"] | None = None
    """layer, model, operation: why it answers differently in train and eval mode."""
    layers: Argument | None = None
    """How many layers are stacked: with one of them the dropout ``rate`` between them does nothing."""
    rate: Argument | None = None
    """Where a dropout rate stands."""
    steps: Steps | None = None
    """optimizer: how it moves weights."""
    when: Condition | None = None
    """layer, model: sensitive only under this condition, or through a dropout ``rate`` that is not 0."""
    mode: Literal["train", "eval", "unknown"] = "train"
    """model: the mode that it comes in."""
    complete: bool = True
    """layer, model: no mode-sensitive layer beyond what the row says."""
    framework: str | None = None
    """base, trainer: this framework switches modes and gradients by itself."""
    turns: Literal["on", "off", "argument"] = "off"
    """gradients: what it does to autograd."""
    training: Argument | None = None
    """operation: the flag that switches it."""
    keras: bool = False
    """The mode is an argument of the call (``training=``), not a state of the object."""
    returns: int | None = None
    """model, share: the network comes back as the first of a tuple of this many (``clip.load``)."""
    rows: Flow | None = None
    """What it does to rows; nothing said: rows that go in may be mixed and chosen from in a way that nobody knows."""
    watches: Watch | None = None
    """What it makes acts on a score while something learns."""
    estimates: Literal["statistic", "encoding", "vocabulary"] | None = None
    """Of an object that is fitted: what it keeps of the rows; None: nothing (stateless, or a learner)."""
    kind: str | None = None
    """What comes back, where methods depend on it: a name under ``methods``. Of a network, asked before ``module``."""
    estimates_by: tuple[Argument, ...] = ()
    """Of an object that is fitted: it keeps something only where one of these operands is on; nothing said: always."""
    estimates_unless: Condition | None = None
    """Of an object that is fitted: under this condition it keeps nothing."""
    alters: tuple[str, ...] = ()
    """Of an object that serves rows: the operands that make it alter them at random."""
    keeps_shape: bool = False
    """Of an object that transforms rows: as many columns come out as went in."""
    computes: Computation | None = None
    """The number that comes back where numbers go in."""
    gone: bool = False
    """Only older releases than ``checked`` have it."""
    see: str | None = None
    """The page that says so, where it is not the library's usual page."""


class Array(BaseModel):
    """One row: how many rows of which shape a call gives, where its operands or the library's pages say so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    takes: str = ""
    rows: str | dict[Literal["train", "validation", "test"], int] = ""
    """A formula, or a number for each part of a published data set."""
    row: str = ""
    """The shape of one row."""
    like: str = ""
    """The parameter whose shape it has."""
    counts: bool = False
    """It is no array, but counts like ``range``."""
    drawn: bool = False
    """Its numbers are drawn at random: they are an example of nothing."""
    see: str | None = None


class Method(BaseModel):
    """One row: what calling a method on a receiver of a known kind does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: MethodRole
    mode: Literal["train", "eval", "argument"] | None = None
    arg: Argument | None = None
    turns: Literal["on", "off", "argument"] = "off"
    rows: Flow | None = None
    attaches: Argument | None = None
    """It gives the receiver a watcher."""
    logs: Argument | None = None
    """It logs a score under this name, or scores under the names of a dict."""
    scores: Argument | None = None
    """It tells the receiver which scores to compute while it learns (``compile(metrics=...)``)."""
    best: Condition | None = None
    """fit: the best weights are loaded first under this condition (``ckpt_path="best"``)."""
    records: bool = True
    """forward: False where the method switches autograd off by itself (``generate``)."""
    kind: str | None = None
    begins: Array | None = None
    """The shape of one row that goes into the receiver from now on."""
    options: Literal["adds", "gives"] | None = None
    """An option of the command line is described; or what holds all of them comes back."""
    makes: Array | None = None
    """How many rows of which shape come back."""
    optimizer: Argument | None = None
    """none: the optimizer that the receiver will use, an object or its name..."""
    optimizers: str | None = None
    """...below this path."""
    see: str | None = None


class Attribute(BaseModel):
    """One row: what reading an attribute of a receiver of a known kind gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Literal["self", "parameters", "parts", "constant", "detach", "value", "gradient", "freeze", "shape", "alters"]
    """``freeze``: set to False, no gradients are taken of the weights; ``shape``: a constant, known where it is;
    ``alters``: what the rows go through when they are served."""
    rows: Literal["same", "index", "none", "whole", "association"] | None = None
    """``whole``: what the rows were divided from; ``association``: what an estimator found of each column."""
    kind: str | None = None
    """What comes back, where methods depend on it: a name under ``methods``."""
    see: str | None = None


class Hooks(BaseModel):
    """Methods that a framework calls, by the mode and gradients that it has set by then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = ()
    """In train mode, with gradients."""
    eval: tuple[str, ...] = ()
    """In eval mode, without gradients."""
    either: tuple[str, ...] = ()
    """In both, or in a mode that is not said."""


class Size(BaseModel):
    """One row: how many weights a layer has and what shape it gives. Formulas: `auditor/libraries/formulas.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    takes: str = ""
    """The parameters that formulas ask for, as in a Python signature, in the library's order."""
    where: dict[str, str] = Field(default_factory=dict)
    """Formulas with names of their own, for those below."""
    weights: str = "0"
    """How many numbers gradients move; parts that are networks themselves count for themselves."""
    fixed: str = "0"
    """How many more it keeps that gradients do not move, where the library counts them (Keras)."""
    gives: str = "inputs"
    """The shape of one row that comes out."""
    inside: str | None = None
    """The shape of one row that goes into each of its parts, where it has some."""
    threads: bool = False
    """Its parts take what comes out of the one before."""
    starts: str | None = None
    """The shape of one row that goes in, where a layer is told when it is made; of a name with a ``*``: for all."""
    pretrained: str = "False"
    """Whether its weights come from an earlier training."""
    passes: str = ""
    """Of a learner that has a loop of its own: how often all rows pass..."""
    stops: str = "False"
    """...and whether it stops in time."""
    linear: str = "False"
    """Whether it computes a linear map and nothing beyond it."""
    offers: tuple[str, ...] = ()
    """The settings of its own that regularise it, where none of its layers can be reached, each with where to begin."""
    penalty: str = "False"
    """Whether it takes a penalty on its weights that can act."""
    part: Literal["norm", "embedding", "network", "other"] = "other"
    """What it is for; ``network``: a whole one, whose layers are the library's business."""
    rank: int | None = None
    """How many dimensions a row has that goes in, where the layer takes no others."""
    width: str = ""
    """The parameter that says how many units or channels come out."""
    decay: tuple[str, ...] = ()
    """The parameters that take a penalty on its weights."""
    see: str | None = None
    """The page that says so, where it is not the library's usual page."""


class LibraryFile(BaseModel):
    """One TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    roots: tuple[str, ...]
    """Top-level packages; a file that imports none of any library's roots is not read unless another one imports it."""
    source: str
    """The documentation that the rows were checked against; ``{name}`` stands for the row's path."""
    checked: str
    """The release that names, positions and defaults were checked against."""
    trigger: bool = True
    """False: importing this library alone does not make a file training code (numpy, builtins)."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Other import paths of the same things, by prefix. After ``old.*`` the modules in between are dropped:
    ``keras.src.*`` = ``keras`` makes ``keras.src.models.model.Model.fit`` into ``keras.Model.fit``."""
    calls: dict[str, Call] = Field(default_factory=dict)
    methods: dict[str, dict[str, Method]] = Field(default_factory=dict)
    """By kind of receiver: ``module`` for networks, ``tensor`` for whatever a network gave or nobody knows, ``unknown``
    for names that speak for themselves on a receiver that nobody knows, else the ``kind`` of the row that made it.
    ``__call__`` says what calling the object itself does."""
    attributes: dict[str, dict[str, Attribute]] = Field(default_factory=dict)
    sizes: dict[str, Size] = Field(default_factory=dict)
    """By the name of a layer or network. A ``*`` works as among calls."""
    arrays: dict[str, Array] = Field(default_factory=dict)
    """By the name of what makes or reads rows."""
    hooks: dict[str, Hooks] = Field(default_factory=dict)
    """By framework: methods of its base classes that it calls itself."""
