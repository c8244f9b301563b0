"""``audit networks PATH...``: what the networks of a program weigh, and what regularises them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor.audit import summarise
from auditor.cli import say
from auditor.cli.options import Parser, listed
from auditor.cli.progress import Bar
from auditor.report import NETWORK_FORMATS
from auditor.report.printable import position
from auditor.settings import nearest, read

_COLOR = {"auto": None, "always": True, "never": False}


def run(words: Sequence[str]) -> int:
    options = _parser().parse(words)
    paths = options.paths or ["."]
    settings = nearest(paths) if options.config is None else read(Path(options.config))
    with Bar("reading") as bar:
        summary = summarise(paths, settings, exclude=options.exclude, progress=bar.count)
    NETWORK_FORMATS[options.format](summary, sys.stdout, _COLOR[options.color])
    sys.stdout.flush()
    for path in summary.empty:
        say(f"no Python files in {path}")
    for problem in summary.problems:
        say(f"{problem.path}:{position(problem.line, None, problem.cell)}: {problem.message}")
    for failure in summary.failures:
        say(f"internal error: {failure}")
    return 2 if summary.failures else 0


def _parser() -> Parser:
    parser = Parser(
        prog="audit networks",
        usage="audit networks [OPTIONS] [PATH ...]",
        description="The networks of a program: layers, output shapes, weights, and what regularises each layer.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="files and folders to read (default: the current folder)")
    add("--exclude", type=listed, action="extend", default=[], metavar="GLOBS", help="leave files and folders out")
    add("--config", metavar="FILE", help="read the settings of this file (default: the nearest pyproject.toml)")
    add("--format", choices=NETWORK_FORMATS, default="text", help="the form of the report (default: text)")
    add("--color", choices=_COLOR, default="auto", help="colours (default: when stdout is a terminal)")
    return parser
