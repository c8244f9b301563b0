"""Curves in a terminal: two by four braille dots a character, each line named at its right end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of U+2800 by column and row within a character (Unicode Standard, chapter 21, Braille Patterns)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve, ``(E,)`` over the chart's epochs. ``mark`` draws it where there are no braille characters."""

    name: str
    values: Sequence[float]
    style: str
    mark: str


def chart(epochs: Sequence[int], lines: Sequence[Line], width: int, height: int, *, ascii_only: bool) -> list[Text]:
    """``height`` rows and one below them for the axis, at most ``width`` columns."""
    low = min(min(line.values) for line in lines)
    high = max(max(line.values) for line in lines)
    high = high if high > low else low + 1.0
    ticks = [f"{high:.3g}", *[""] * (height - 2), f"{low:.3g}"]
    margin = max(map(len, ticks))
    columns = max(8, width - margin - 3 - max(len(line.name) for line in lines))
    cells = _drawn(epochs, lines, (columns, height), (low, high), ascii_only=ascii_only)
    names = _names(lines, height, low, high)
    bar = "|" if ascii_only else "│"
    rows = []
    for at in range(height):
        row = Text().append(f"{ticks[at]:>{margin}} {bar}", "dim")
        for character, style in cells[at]:
            row.append(character, style)
        if at in names:
            row.append(f" {names[at].name}", names[at].style)
        row.rstrip()
        rows.append(row)
    rows.append(Text(" " * (margin + 2) + _axis(epochs, columns), "dim"))
    return rows


def _drawn(
    epochs: Sequence[int],
    lines: Sequence[Line],
    size: tuple[int, int],
    values: tuple[float, float],
    *,
    ascii_only: bool,
) -> list[list[tuple[str, str]]]:
    """For each character its text and style; the line that comes later wins a character that two cross."""
    columns, height = size
    across, down = (1, 1) if ascii_only else (2, 4)
    bits = [[0] * columns for _ in range(height)]
    drawn = [[(" ", "")] * columns for _ in range(height)]
    for line in lines:
        for x, value in enumerate(_spread(epochs, line.values, columns * across)):
            level = (value - values[0]) / (values[1] - values[0])
            y = round((1 - level) * (height * down - 1))
            row, column = y // down, x // across
            bits[row][column] |= _DOTS[x % across][y % down]
            drawn[row][column] = line.mark if ascii_only else chr(0x2800 + bits[row][column]), line.style
    return drawn


def _spread(epochs: Sequence[int], values: Sequence[float], points: int) -> Iterator[float]:
    """The curve at so many equally spaced places, on straight lines between the scored epochs."""
    right = 0
    for point in range(points):
        place = epochs[0] + (epochs[-1] - epochs[0]) * point / (points - 1)
        while right < len(epochs) - 1 and epochs[right] < place:
            right += 1
        left = max(0, right - 1)
        wide = epochs[right] - epochs[left]
        share = (place - epochs[left]) / wide if wide else 0.0
        yield values[left] + share * (values[right] - values[left])


def _names(lines: Sequence[Line], height: int, low: float, high: float) -> dict[int, Line]:
    """The row of each line's name: where it ends, or the nearest row that is free."""
    taken: dict[int, Line] = {}
    for line in lines:
        wanted = round((1 - (line.values[-1] - low) / (high - low)) * (height - 1))
        free = [row for row in range(height) if row not in taken]
        if free:
            taken[min(free, key=lambda row: abs(row - wanted))] = line
    return taken


def _axis(epochs: Sequence[int], columns: int) -> str:
    first, last = f"epoch {epochs[0]}", str(epochs[-1])
    return first + last.rjust(columns - len(first))
