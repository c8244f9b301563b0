"""``audit probe package.module:experiment``: how large the gap is, and what would measurably help."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from auditor.cli import INTERRUPTED, say
from auditor.cli.options import Parser, listed
from auditor.cli.progress import Bar
from auditor.cli.target import Target, needing_torch
from auditor.errors import UsageError
from auditor.probe.duration import seconds
from auditor.probe.gate import gated, read_baseline
from auditor.report.gap import FORMATS

if TYPE_CHECKING:
    from auditor.probe.gap_report import GapReport

_COLOR = {"auto": None, "always": True, "never": False}
_ENDINGS = {".txt": "text", ".json": "json", ".md": "markdown", ".xml": "junit"}
_PICTURES = (".svg", ".png", ".pdf")
_EPILOG = """\
examples:
  audit probe package.module:experiment
  audit probe train:experiment --budget 60s --max-gap 0.10 --metric accuracy
  audit probe train:experiment --format json --output report.json --picture gap.svg

exit codes:
  0    no gate failed
  1    one did: --max-gap, --baseline
  2    the probe could not be run
  130  interrupted; what was measured so far is reported
"""


def run(words: Sequence[str]) -> int:
    options = _parser().parse(words)
    _check(options)
    if options.baseline is not None:
        read_baseline(options.baseline)  # now, and not after minutes of training
    with needing_torch():
        report = gated(
            _measured(options),
            options.max_gap,
            options.baseline,
            options.metric,
            fail_on_inconclusive=options.fail_on_inconclusive,
        )
    _write(report, options)
    for gate in report.gates:
        if gate.outcome != "passed":
            say(f"{gate.outcome}: {gate.name}: {gate.message}")
    if report.interrupted:
        say("interrupted; what was measured so far is reported")
        return INTERRUPTED
    return int(any(gate.outcome == "failed" for gate in report.gates))


def _measured(options: argparse.Namespace) -> GapReport:
    """What the experiment prints goes to stderr: stdout is for the report."""
    from auditor.probe.session import probe  # noqa: PLC0415  # torch takes seconds

    with redirect_stdout(sys.stderr), Bar("probing") as bar:
        return probe(
            options.target.load(),
            options.seeds,
            options.budget,
            options.device,
            resplit=options.resplit,
            remedies=options.remedies,
            smallest_effect=options.smallest_effect,
            racing=options.racing,
            jobs=options.jobs,
            progress=bar.share,
            name=str(options.target),
        )


def _write(report: GapReport, options: argparse.Namespace) -> None:
    if options.output is None:
        FORMATS[options.format](report, sys.stdout, _COLOR[options.color])
        sys.stdout.flush()
    else:
        _write_file(report, options.output, options.format)
    for path in options.also:
        _write_file(report, path, _ENDINGS[Path(path).suffix.lower()])
    if options.picture is not None:
        from auditor.report.gap.picture import draw  # noqa: PLC0415  # matplotlib takes a second

        draw(report, options.picture)


def _write_file(report: GapReport, path: str, form: str) -> None:
    with Path(path).open("w", encoding="utf-8", errors="backslashreplace") as out:
        FORMATS[form](report, out, None)


def _check(options: argparse.Namespace) -> None:
    """Before minutes of training, what would fail after them."""
    for path in filter(None, (options.output, options.picture, *options.also)):
        _check_writable(Path(path))
    gated = options.max_gap is not None or options.baseline is not None
    for option in ("metric", "fail_on_inconclusive"):
        if getattr(options, option) and not gated:
            raise UsageError(
                f"--{option.replace('_', '-')} says something of --max-gap or --baseline: give one of them"
            )


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"cannot write to {path}: it is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"cannot write to {path}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"cannot write to {path}: no permission")


def _parser() -> Parser:
    parser = Parser(
        prog="audit probe",
        usage="audit probe [OPTIONS] MODULE:EXPERIMENT",
        description="Retrains an experiment and measures its generalization gap, and what remedies are worth.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "target", type=Target.parse, metavar="MODULE:EXPERIMENT", help="an auditor.Experiment, or a function of none"
    )
    _add_what(parser.add_argument_group("what is measured"))
    _add_report(parser.add_argument_group("what is reported"))
    _add_gate(parser.add_argument_group("what fails"))
    return parser


def _add_what(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--seeds", type=_count, default=5, metavar="N", help="trainings of every variant (default: 5)")
    add("--budget", type=_seconds, metavar="TIME", help="such as 60s or 5m; the report says what was cut")
    add("--device", default="auto", metavar="NAME", help="cpu, cuda, cuda:1, or auto (default)")
    add("--resplit", action="store_true", help="divide the rows anew for each seed: intervals cover that too")
    add("--remedies", type=listed, metavar="NAMES", help=f"what to try (default: all): {', '.join(_remedies())}")
    add("--smallest-effect", type=_effects, metavar="X", help="worth a change: 0.01, or accuracy=0.01,loss=0.02")
    add("--jobs", type=_count, metavar="N", help="processes that train, through joblib (default: this one)")
    add("--racing", action="store_true", help="stop remedies early that are clearly dominated")


def _remedies() -> list[str]:
    """The built-in ones, by their files: importing them would bring torch."""
    room = find_spec("auditor.probe.remedies")
    assert room is not None
    return sorted(module.name for module in iter_modules(room.submodule_search_locations))


def _add_report(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    endings = ", ".join(_ENDINGS)
    add("--format", choices=FORMATS, default="text", help="the form of the report (default: text)")
    add("--output", metavar="FILE", help="write the report to a file")
    add("--also", type=_form, action="append", default=[], metavar="FILE", help=f"one more, by its name: {endings}")
    add("--picture", type=_picture, metavar="FILE", help="curves and remedies as .svg, .png or .pdf")
    add("--color", choices=_COLOR, default="auto", help="colours (default: when stdout is a terminal)")


def _add_gate(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--max-gap", type=_number, metavar="X", help="fail when the gap is larger, even at its near end")
    add("--baseline", metavar="FILE", help="fail when the gap is significantly worse than in this JSON report")
    add("--metric", metavar="NAME", help="what these look at (default: the experiment's first metric)")
    add("--fail-on-inconclusive", action="store_true", help="fail too when the intervals do not tell")


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _effects(text: str) -> float | dict[str, float]:
    if "=" not in text:
        return _positive(text)
    return {name.strip(): _positive(value) for name, _, value in (part.partition("=") for part in listed(text))}


def _positive(text: str) -> float:
    if not (value := _number(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no effect: write a number above 0")
    return value


def _form(text: str) -> str:
    return _ending(text, _ENDINGS)


def _picture(text: str) -> str:
    return _ending(text, _PICTURES)


def _ending(text: str, endings: Iterable[str]) -> str:
    if Path(text).suffix.lower() not in endings:
        raise argparse.ArgumentTypeError(f"{text!r} ends in none of {', '.join(endings)}")
    return text
