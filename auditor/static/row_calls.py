"""One call that does something to rows, as the library data describes it, and what its operands say."""

from __future__ import annotations

import re
from collections.abc import Hashable

from auditor.libraries import Call, Flow, Method
from auditor.static import syntax as s
from auditor.static.conventions import names_part
from auditor.static.machine import Arguments
from auditor.static.trails import Trail, TrailRole
from auditor.static.values import Const, Data, Fn, Lib, Obj, Value, symbol
from auditor.trace import (
    Cut,
    PartName,
    Range,
    Rows,
)
from auditor.trace.rows import POSITIONS

TRAIL = "%trail"
WATCHES = "%watches"
STATE = "%learnt"
"""What an estimator has estimated, and the fits that a learner has had."""
PART = "%part"
ALTERS = "%alters"
READS = "%reads"
SEEDED = "%seeded"
TURN, TAUGHT = "%turn", "%taught"
TABLE = "%table"
"""Whose rows tell that a next turn has begun."""
OF_A_ROW = "%of-a-row"
"""A list holds several values of one row, and not several rows."""
Owner = Obj | Hashable


KEPT = frozenset({"dataframe", "dataset"})
"""Kinds of tables and data sets that a choice of rows does not change."""
EACH = "each"
"""The kind of what acts on each value of a column by itself (``table.name.str``)."""
FOUND = "found"
"""The kind of a tuple with one array in it: the row numbers of which something holds (``np.where(mask)``)."""
GROUPED = "grouped"
"""The kind of a table whose rows are taken group by group."""
MOST_PARTS = 12
MOVING = "moving"
BIN = "bin"
"""The first part of the key of a cut that predictions make: the rows of one bin of a curve."""
"""The first part of what tells apart the slices that move with a loop."""
MOST_RANGES = 4
"""Ranges of ranges that are told apart: what loses its first element in each turn of a loop has no end of them."""
FILE = re.compile(r"[\w)]/\w|\.\w{2,7}$")
"""A text that is the path of a file."""
LONGEST_PART = 16
"""Longer texts are paths and messages."""
HOLDERS = frozenset({"pipeline", "search", "predictor", "splitter"})
OF_ESTIMATORS = frozenset({"fit", "transform", "fit-transform", "fit-resample", "train", "predict", "score", "search"})
ESTIMATORS = frozenset(
    {"transformer", "label-encoder", "predictor", "search", "pipeline", "clusterer", "resampler", "undersampler"}
)


def role_of(sym: Hashable) -> TrailRole:
    """An element of something that nobody knows is one row of it, or one batch."""
    return "element" if isinstance(sym, tuple) and sym and sym[0] in ("elem", "at-element") else ""


def kind_of(value: Value) -> str:
    return value.kind if type(value) is Data and value.kind in KEPT else ""


def bound_of(value: Value) -> Hashable:
    if type(value) is Const:
        return value.value if isinstance(value.value, int) or value.value is None else ("const", str(value.value))
    return value.sym if type(value) is Data and value.sym is not None else _NOBODY_KNOWS


_NOBODY_KNOWS = object()


def ranged(key: Hashable, ends: list[Hashable], here: Hashable) -> Cut:
    """From one row number up to another; one that nobody knows is another one than all others."""
    low, high = (("border", here, at) if end is _NOBODY_KNOWS else end for at, end in enumerate(ends))
    return Cut(key, Range(low, high))


PART_KEYS: dict[str, PartName] = {
    "train": "train", "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test",
}  # fmt: skip


def key_of_part(key: str) -> PartName | None:
    """The part that a key of a collection of data sets names (``ds["train"]``)."""
    return PART_KEYS.get(key)


def within(count: int | None, ends: list[Hashable]) -> int | None:
    """How many of so many rows lie between two ends."""
    low, high = (end if isinstance(end, int) else None for end in ends)
    if [low, high] != ends:
        return None
    if count is not None:
        return len(range(count)[low:high])
    return max(high - (low or 0), 0) if high is not None and high >= 0 and (low or 0) >= 0 else None


def are_among(some: frozenset[Rows], whole: frozenset[Rows]) -> bool:
    """What each row is like chose these from those others: they are all there too."""
    return some != whole and all(
        any(one.holds(other) and all(cut.of_a_row for cut in other.cuts - one.cuts) for one in whole) for other in some
    )


def of_call(called: s.Call | None) -> s.Expr | None:
    """What a method is called of, as it is written."""
    return called.func.obj if called is not None and isinstance(called.func, s.Attr) else None


def is_part(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "split"


def is_number(rows: Rows) -> bool:
    """These are numbers that were made, of rows or of columns, and nothing has been chosen by them yet."""
    key = rows.origin.key
    return key == POSITIONS or (isinstance(key, tuple) and key[0] == "index")


def counts_rows(rows: Rows) -> bool:
    """These are numbers that were made to choose rows by: a range of them, or one side of a fold."""
    key = rows.origin.key
    return is_number(rows) or (isinstance(key, tuple) and key[0] == "folds")


def in_calls(key: Hashable, call: Hashable) -> bool:
    """What is named was made while this call ran."""
    return isinstance(key, tuple) and len(key) == 4 and isinstance(key[3], tuple) and call in key[3]


def is_fold(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "folds"


def in_bin(rows: Rows) -> bool:
    """Predictions have chosen these rows."""
    return any(isinstance(cut.key, tuple) and cut.key[0] == BIN for cut in rows.cuts)


def moves(cut: Cut) -> bool:
    """The rows of one turn of a loop, that all turns together take from the whole."""
    return isinstance(cut.key, tuple) and isinstance(cut.key[-1], tuple) and cut.key[-1][:1] == (MOVING,)


def is_range(cut: Cut) -> bool:
    return isinstance(cut.key, tuple) and cut.key[0] == "range"


def for_training(args: Arguments) -> bool | None:
    """What a flag among the operands of a data set says (``train=False``); None where there is none."""
    for keyword, value in args.keyword.items():
        if type(value) is Const and isinstance(value.value, bool) and names_part(keyword) == "train":
            return value.value
    return None


def said_part(args: Arguments) -> Const | None:
    """The part of the rows that the operands of a data set name (``train=False``, ``split="test"``)."""
    train = for_training(args)
    if train is not None:
        return Const("train" if train else "test")
    for value in args.all():
        if type(value) is Const and isinstance(value.value, str) and len(value.value) <= LONGEST_PART:
            part = names_part(value.value)
            if part is not None:
                return Const(part)
    return None


def file_read(args: Arguments, cls: s.Class) -> Data | None:
    """Which rows an object of this class serves, where it is told the file and nothing that is not known."""
    if args.more is not None:
        return None
    told = tuple((name, same_as(value)) for name, value in [*enumerate(args.positional), *args.keyword.items()])
    files = (value.value for value in args.all() if type(value) is Const and isinstance(value.value, str))
    if any(key is None for _, key in told) or not any(FILE.search(file) for file in files):
        return None
    return Data(("reads", cls, frozenset(told)))


def same_as(value: Value) -> Hashable:
    """What is equal for values that are certainly the same; None where nobody knows."""
    if type(value) is Fn:
        receiver = same_as(value.receiver) if value.receiver is not None else ()
        return ("function", value.function, receiver) if receiver is not None else None
    return value if type(value) is Lib else symbol(value)


def row_numbers(rows: Rows) -> Trail:
    return Trail(frozenset((rows,)), role="index")


def label_among(features: Trail, labels: Trail | None) -> str:
    """The column of the labels that is among the features too; empty where none is known to be."""
    if labels is None or labels.columns is None or not labels.columns.only or features.columns is None:
        return ""
    if labels.columns == features.columns:  # rows are their own targets
        return ""
    if not any(one.meets(other) for one in features.rows for other in labels.rows):
        return ""
    has = features.columns.may_have
    for name in sorted(labels.columns.names):
        if has(name) or any(name in parents and has(made) for made, parents in features.computed):
            return name
        if any(made == name and parents and all(map(has, parents)) for made, parents in labels.computed):
            return name
    return ""


def is_path(sym: Hashable) -> bool:
    return isinstance(sym, tuple) and len(sym) == 3 and sym[0] == "path"


def path_name(sym: Hashable) -> str:
    return str(sym[2]) if isinstance(sym, tuple) else ""


class Doing:
    """One call that does something to rows."""

    __slots__ = ("args", "called", "flow", "receiver", "row", "site", "value")

    def __init__(
        self, flow: Flow, receiver: Value | None, args: Arguments, site: int, value: Value, called: s.Call | None,
        row: Call | Method | None,
    ) -> None:  # fmt: skip
        self.flow, self.receiver, self.args, self.site = flow, receiver, args, site
        self.value, self.called, self.row = value, called, row

    @property
    def operands(self) -> list[Value]:
        """What the call is made on, where it is a method, and what it is given."""
        return [*([self.receiver] if self.receiver is not None else []), *self.args.all()]

    @property
    def library(self) -> str:
        return self.metric

    @property
    def metric(self) -> str:
        if self.called is None:
            return ""
        return self.called.func.name if isinstance(self.called.func, s.Attr) else s.dotted(self.called.func)

    def name_of(self, value: Value | None) -> str:
        """The user's words for an operand."""
        if value is None:
            return ""
        if value is self.receiver and self.called is not None and isinstance(self.called.func, s.Attr):
            return s.dotted(self.called.func.obj)
        for number, one in enumerate(self.args.positional):
            if one is value:
                return self.name_at(number)
        for keyword, one in self.args.keyword.items():
            if one is value and self.called is not None:
                return next((s.dotted(arg.value) for arg in self.called.args if arg.keyword == keyword), "")
        return ""

    def name_at(self, number: int) -> str:
        if self.called is None:
            return ""
        plain = [arg for arg in self.called.args if arg.keyword is None and not arg.star]
        return s.dotted(plain[number].value) if number < len(plain) else ""
