"""``audit explain [CODE]``: the rules, or the page of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.markdown import Markdown
from rich.text import Text

from auditor import rulebook
from auditor.cli.options import Parser
from auditor.errors import UsageError, suggestion
from auditor.report.closing import STYLE
from auditor.report.console import WIDEST, PlainConsole
from auditor.trace import Rule


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


def _print_list(console: PlainConsole, rules: Sequence[Rule]) -> None:
    for rule in rules:
        lead = Text.assemble((f"{rule.code}  ", "bold"), (f"{rule.severity!s:<7}  ", STYLE[rule.severity]))
        console.print(lead + Text(rule.name), soft_wrap=True)
        console.print_beside(Text(" " * lead.cell_len), Text(" ".join(_first(rule.page).split()), "dim"))


def _print_page(console: PlainConsole, rule: Rule) -> None:
    if not console.is_terminal:
        sys.stdout.write(f"# {rule.code} {rule.name} ({rule.severity})\n\n{rule.page}\n")
        return
    title = Text.assemble((rule.code, "bold"), f" {rule.name}  ", (str(rule.severity), STYLE[rule.severity]))
    console.print(title)
    console.print()
    console.print(Markdown(rule.page), width=min(console.width, WIDEST))


def _first(page: str) -> str:
    """The sentence that a page opens with."""
    return page.partition("\n\n")[0]
