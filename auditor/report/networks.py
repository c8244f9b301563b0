"""The networks of a program: a table for each, with what its layers weigh and what regularises them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from auditor.outcome import Summary
from auditor.report.closing import counted
from auditor.report.console import WIDEST, PlainConsole
from auditor.report.printable import position, printable
from auditor.trace import Layer, Model, Place, Shape, Training

UNKNOWN = "?"


def write(summary: Summary, out: TextIO, color: bool | None = None) -> None:
    console = PlainConsole(out, color=color)
    for model in summary.models:
        trainings = summary.trainings(model)
        console.print(_title(model), soft_wrap=True)
        _print_table(console, _table(model, trainings[0] if trainings else None))
        for line in _lines(model, trainings):
            console.print_beside(Text("  "), Text(line))
        console.print()
    found = counted(len(summary.models), "network")
    console.print(Text(f"{found} in {counted(summary.seen, 'file')}.", "bold"))


def write_json(summary: Summary, out: TextIO, color: bool | None = None) -> None:
    json.dump(document(summary), out, indent=2)
    out.write("\n")


def document(summary: Summary) -> dict[str, Any]:
    return {
        "version": 1,
        "networks": [_network(model, summary.trainings(model)) for model in summary.models],
        "errors": [{"path": it.path, "line": it.line, "message": it.message} for it in summary.problems],
        "files": {"seen": summary.seen, "audited": summary.audited},
    }


def _print_table(console: PlainConsole, table: Table) -> None:
    """No line trails blanks."""
    with console.capture() as capture:
        console.print(table, width=min(console.width, WIDEST))
    for line in capture.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


def _title(model: Model) -> Text:
    name = printable(model.name or model.kind.rpartition(".")[2] or "a network")
    title = Text(name, "bold")
    kind = model.kind.rpartition(".")[2]
    if kind and kind != name:
        title.append(f"  {printable(kind)}")
    if model.place is not None:
        span = model.place.span
        title.append(f"  {printable(model.place.path)}:{position(span.line, None, span.cell)}", "dim")
    return title


def _table(model: Model, training: Training | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("part", overflow="fold", ratio=3)
    table.add_column("layer", overflow="fold", ratio=3)
    table.add_column("output", overflow="fold", ratio=3)
    table.add_column("weights", justify="right", no_wrap=True)
    table.add_column("regularised by", overflow="fold", ratio=4)
    for layer in shown(model):
        acting = reaching(model, training, layer)
        weights = UNKNOWN if layer.weights is None else f"{layer.weights:,}" if layer.weights else ""
        style = "dim" if not layer.weights else ""
        name, kind = printable(layer.path or "itself"), printable(_kind(layer))
        table.add_row(name, kind, _shape(layer.shape), weights, ", ".join(acting), style=style)
    return table


def _kind(layer: Layer) -> str:
    rate = f" {layer.rate:g}" if layer.rate else ""
    return f"{layer.name}{rate}" + ("" if layer.trainable or layer.weights == 0 else " (frozen)")


def shown(model: Model) -> Iterator[Layer]:
    """All layers but mere containers."""
    return (layer for layer in model.network.layers if not (layer.holds and layer.weights == 0))


def reaching(model: Model, training: Training | None, layer: Layer) -> list[str]:
    """What acts on the weights of a layer."""
    if layer.weights == 0:
        return []
    return list(training.acting_on(layer) if training is not None else model.network.acting_on(layer))


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return ""
    return " x ".join(UNKNOWN if size is None else str(size) for size in shape) or "1"


def _lines(model: Model, trainings: list[Training]) -> Iterator[str]:
    network = model.network
    least = "" if network.counted else "at least "
    frozen = f", {network.frozen:,} more are frozen" if network.frozen else ""
    yield f"{least}{network.weights:,} weights to learn{frozen}"
    for training in trainings:
        yield _training(training)


def _training(training: Training) -> str:
    rows = "an unknown number of rows" if training.rows is None else f"{training.rows:,} rows"
    text = f"learns from {rows}"
    if training.weights_per_row is not None:
        text += f" ({training.weights_per_row:,.1f} weights a row)"
    if training.passes is not None:
        text += f", {counted(training.passes, 'pass')}" if training.passes == 1 else f", {training.passes:,} passes"
    if training.steps is not None:
        text += f", {training.steps:,} steps"
    span = training.place.span
    return f"{text}: {printable(training.place.path)}:{position(span.line, None, span.cell)}"


def _network(model: Model, trainings: list[Training]) -> dict[str, Any]:
    network, first = model.network, trainings[0] if trainings else None
    return {
        "name": model.name or None,
        "kind": model.kind or None,
        **(_line(model.place) if model.place is not None else {"path": None, "line": None}),
        "weights": network.weights,
        "frozen": network.frozen,
        "exact": network.counted,
        "layers": [
            {
                "path": layer.path,
                "kind": layer.kind,
                "shape": layer.shape,
                "weights": layer.weights,
                "trainable": layer.trainable,
                "regularised_by": reaching(model, first, layer),
            }
            for layer in shown(model)
        ],
        "trainings": [
            {**_line(one.place), "rows": one.rows, "passes": one.passes, "steps": one.steps} for one in trainings
        ],
    }


def _line(place: Place) -> dict[str, Any]:
    span = place.span
    return {"path": place.path, "line": span.line} | ({} if span.cell is None else {"cell": span.cell})
