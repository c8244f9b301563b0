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
    "partial",  # returns a function that it is given, with arguments filled in
    "elements",  # iterates over what it is given
    "enumerate",
    "zip",
    "constant",  # returns something that holds no output of a network (sizes, times, configuration)
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
    "freeze",  # requires_grad_(flag)
    "parameters",  # weights of the receiver
    "parts",  # its sub-modules
    "none",  # nothing the trace tells of
    "constant",
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
    default: bool | int | float | str | None = None


class Condition(Argument):
    """An operand that switches something on: a true one, or one of ``among`` where that is given."""

    among: tuple[bool | int | float | str, ...] = ()


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
    rate: Argument | None = None
    """Where a dropout rate stands."""
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
    kind: str | None = None
    """What comes back, where methods depend on it: a name under ``methods``. Of a network, asked before ``module``."""
    gone: bool = False
    """Only older releases than ``checked`` have it."""
    see: str | None = None
    """The page that says so, where it is not the library's usual page."""


class Method(BaseModel):
    """One row: what calling a method on a receiver of a known kind does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: MethodRole
    mode: Literal["train", "eval", "argument"] | None = None
    arg: Argument | None = None
    turns: Literal["on", "off", "argument"] = "off"
    records: bool = True
    """forward: False where the method switches autograd off by itself (``generate``)."""
    kind: str | None = None
    see: str | None = None


class Attribute(BaseModel):
    """One row: what reading an attribute of a receiver of a known kind gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Literal["self", "parameters", "parts", "constant", "detach", "value", "gradient"]
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
    hooks: dict[str, Hooks] = Field(default_factory=dict)
    """By framework: methods of its base classes that it calls itself."""
