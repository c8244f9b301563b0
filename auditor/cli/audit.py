"""``audit PATH...``: the audit itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from auditor import __version__
from auditor.audit import audit
from auditor.cli import say
from auditor.cli.options import Parser, confidence, listed, severity
from auditor.cli.progress import Bar
from auditor.errors import UsageError
from auditor.outcome import Outcome
from auditor.report import FORMATS
from auditor.report.closing import partly, unreadable
from auditor.report.printable import position
from auditor.settings import Settings, nearest, read

_COLOR = {"auto": None, "always": True, "never": False}
_EPILOG = """\
commands:
  explain [CODE]           list the rules, or print the page of one
  networks [PATH...]       what the networks weigh, and what regularises them
  probe MODULE:EXPERIMENT  retrain an experiment: how large is its gap, what would help?
  schema                   the JSON schema of what probe reports

exit codes:
  0    nothing at or above --fail-on was found
  1    something was
  2    the audit could not be done
  130  interrupted
"""


def run(words: Sequence[str]) -> int:
    options = _parser().parse(words)
    paths = options.paths or ["."]
    with Bar("auditing") as bar:
        outcome = audit(
            paths,
            _settings(paths, options),
            exclude=options.exclude,
            report_unused=options.report_unused_suppressions,
            progress=bar.count,
        )
    with ExitStack() as stack:
        out = _opened(options.output, stack) if options.output else sys.stdout
        FORMATS[options.format](outcome, out, _COLOR[options.color])
        out.flush()
    _say(outcome, listed_above=options.format == "text")
    return outcome.exit_code(fail_on_errors=options.fail_on_errors)


def _settings(paths: Sequence[str], options: argparse.Namespace) -> Settings:
    settings = nearest(paths) if options.config is None else read(Path(options.config))
    keys = ("select", "ignore", "min_confidence", "severity", "fail_on")
    given: dict[str, Any] = {key: getattr(options, key) for key in keys if getattr(options, key) is not None}
    return settings.model_copy(update=given)


def _opened(path: str, stack: ExitStack) -> TextIO:
    try:
        return stack.enter_context(Path(path).open("w", encoding="utf-8", errors="backslashreplace"))
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror or error}") from error


def _say(outcome: Outcome, *, listed_above: bool) -> None:
    """What must not be lost whatever becomes of stdout."""
    for path in outcome.empty:
        say(f"no Python files in {path}")
    if outcome.problems:
        if not listed_above:
            for problem in outcome.problems:
                say(f"{problem.path}:{position(problem.line, None, problem.cell)}: {problem.message}")
        say(f"{unreadable(outcome)} could not be audited")
    if outcome.unfinished and not listed_above:
        say(f"{partly(outcome)} followed in part only, for the steps that the whole would take")
    for failure in outcome.failures:
        say(f"internal error: {failure}")


def _parser() -> Parser:
    parser = Parser(
        prog="audit",
        usage="audit [OPTIONS] [PATH ...]",
        description="Audits training code: can its reported accuracy be trusted?",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="files and folders to audit (default: the current folder)")
    add("--version", action="version", version=f"audit {__version__}")
    _add_what(parser.add_argument_group("what is looked at"))
    _add_report(parser.add_argument_group("what is reported"))
    return parser


def _add_what(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--select", type=listed, action="extend", metavar="RULES", help="run these rules only (EVA, EVA001, a name)")
    add("--ignore", type=listed, action="extend", metavar="RULES", help="run all but these rules")
    add("--exclude", type=listed, action="extend", default=[], metavar="GLOBS", help="leave files and folders out")
    add("--config", metavar="FILE", help="read the settings of this file (default: the nearest pyproject.toml)")
    add("--no-cache", action="store_true", help="read every file anew")


def _add_report(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--format", choices=FORMATS, default="text", help="the form of the report (default: text)")
    add("--output", metavar="FILE", help="write the report to a file")
    add("--color", choices=_COLOR, default="auto", help="colours (default: when stdout is a terminal)")
    add("--severity", type=severity, metavar="LEVEL", help="the lowest shown: note, warning (default) or error")
    add("--min-confidence", type=confidence, metavar="LEVEL", help="the lowest shown: low, medium (default) or high")
    add("--fail-on", type=severity, metavar="LEVEL", help="the lowest severity that makes the exit code 1 (warning)")
    add("--fail-on-errors", action="store_true", help="exit with 1 too when a file could not be audited")
    add("--report-unused-suppressions", action="store_true", help="list the comments that silence nothing")
