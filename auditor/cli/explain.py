"""``audit explain [CODE]``: the rules, or the page of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from auditor import rulebook
from auditor.cli.options import Parser
from auditor.errors import UsageError, suggestion
from auditor.report.closing import STYLE
from auditor.report.console import PlainConsole
from auditor.trace import Rule

_WIDEST = 100
"""Columns. Longer lines of prose are hard to read."""


def run(words: Sequence[str]) -> int:
    options = _parser().parse(words)
    rules = rulebook.discover()
    console = PlainConsole()
    if options.rule is None:
        _print_list(console, rules)
    else:
        _print_page(console, _chosen(rules, options.rule))
    return 0


def _parser() -> Parser:
    parser = Parser(prog="audit explain", description="Lists the rules, or prints the page of one.", allow_abbrev=False)
    parser.add_argument("rule", nargs="?", metavar="CODE", help="the code or the name of a rule")
    return parser


def _chosen(rules: Sequence[Rule], word: str) -> Rule:
    for rule in rules:
        if word.casefold() in (rule.code.casefold(), rule.name.casefold()):
            return rule
    known = [known for rule in rules for known in (rule.code, rule.name)]
    raise UsageError(f"`{word}` is no rule{suggestion(word, known)}; audit explain lists them")


def _print_list(console: Console, rules: Sequence[Rule]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for rule in rules:
        severity = Text(str(rule.severity), STYLE[rule.severity])
        what = Text(f"{rule.name}\n").append(" ".join(_first(rule.page).split()), "dim")
        table.add_row(Text(rule.code, "bold"), severity, what)
    console.print(table)


def _print_page(console: Console, rule: Rule) -> None:
    if not console.is_terminal:
        sys.stdout.write(f"# {rule.code} {rule.name} ({rule.severity})\n\n{rule.page}\n")
        return
    title = Text.assemble((rule.code, "bold"), f" {rule.name}  ", (str(rule.severity), STYLE[rule.severity]))
    console.print(title)
    console.print()
    console.print(Markdown(rule.page), width=min(console.width, _WIDEST))


def _first(page: str) -> str:
    """The sentence that a page opens with."""
    return page.partition("\n\n")[0]
