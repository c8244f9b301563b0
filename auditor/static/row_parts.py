"""What an operand of a source says of its rows: the part that it names, and how much of that part.

Hugging Face Datasets and TensorFlow Datasets share the notation: ``train[:80%]``, ``test[100:200]``, ``train+test``;
<https://www.tensorflow.org/datasets/splits>.
"""

from __future__ import annotations

import re

from auditor.libraries import Part
from auditor.static.conventions import names_part
from auditor.trace import Cut, PartName, Range
from auditor.trace.rows import DECLARED, PARTS

SLICE = re.compile(r"(?P<name>[^\[\]]+)(\[(?P<low>-?\d+%?)?:(?P<high>-?\d+%?)?\])?")
WHOLE = "all"

Cuts = frozenset[Cut]


def named_part(value: object, part: Part) -> PartName | None:
    """The part that a value of the operand means, as the library data lists them."""
    for one in PARTS:
        if any(value == said and isinstance(value, bool) == isinstance(said, bool) for said in getattr(part, one)):
            return one
    return None


def named_rows(value: object, part: Part) -> tuple[Cuts, ...]:
    """The choices that a known value of the operand makes among the rows of the source: together they are what is read.

    A name that nobody lists is a choice that is only surely the same where the name is.
    """
    if not isinstance(value, str):
        known = named_part(value, part)
        return (frozenset((Cut(DECLARED, known),) if known is not None else ()),)
    return tuple(_piece(one.strip(), part) for one in value.split("+"))


def _piece(text: str, part: Part) -> Cuts:
    found = SLICE.fullmatch(text)
    if found is None:
        return frozenset((Cut(("some", "named", text)),))
    name, low, high = found["name"], found["low"], found["high"]
    known = named_part(name, part)
    cuts = set() if name == WHOLE else {Cut(DECLARED, known or names_part(name))}
    if known is None and name != WHOLE:
        cuts.add(Cut(("some", "named", name)))
    if low or high:
        cuts.add(_stretch(name, low, high))
    return frozenset(cut for cut in cuts if cut != Cut(DECLARED))


def _stretch(name: str, low: str | None, high: str | None) -> Cut:
    """From the one to the other, both in percent or both in rows; between the two nothing is known."""
    units = {end[-1] == "%" for end in (low, high) if end}
    if len(units) > 1:
        return Cut(("some", "named", name, low, high))
    percent = units == {True}
    ends = [int(end.rstrip("%")) if end else None for end in (low, high)]
    if percent:
        ends = [end + 100 if end is not None and end < 0 else end for end in ends]
    first, last = (None if ends[0] == 0 else ends[0]), (None if percent and ends[1] == 100 else ends[1])
    return Cut(("range", "named", name, percent), Range(first, last))
