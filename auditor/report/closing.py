"""The last lines of a report: what was found, what is not shown, what was not looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from auditor.outcome import Outcome
from auditor.trace import Severity

STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def closing(outcome: Outcome) -> Iterator[Text]:
    yield _found(outcome)
    if unseen := _unseen(outcome):
        yield Text(f"Not shown: {', '.join(unseen)}.", "dim")
    if outcome.problems:
        yield Text(f"Not audited: {unreadable(outcome)}, listed above.", "yellow")
    if outcome.unfinished:
        yield Text(f"Followed in part: {partly(outcome)}, which --format json names.", "dim")


def unreadable(outcome: Outcome) -> str:
    """``2 files``."""
    return counted(len({problem.path for problem in outcome.problems}), "file")


def partly(outcome: Outcome) -> str:
    """``2 entry points``."""
    return counted(len(outcome.unfinished), "entry point")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _found(outcome: Outcome) -> Text:
    counts = Counter(finding.severity for finding in outcome.findings)
    looked = f" in {counted(outcome.seen, 'file')}."
    if not counts:
        return Text.assemble(("Nothing to show" if _unseen(outcome) else "Nothing found", "bold green"), looked)
    worst_first = sorted(counts.items(), reverse=True)
    parts = [Text(counted(number, str(severity)), STYLE[severity]) for severity, number in worst_first]
    return Text(", ").join(parts).append(looked)


def _unseen(outcome: Outcome) -> list[str]:
    hidden = outcome.hidden
    unseen = [
        f"{counted(number, str(severity))} (--severity {severity})"
        for severity, number in sorted(hidden.below.items(), reverse=True)
    ]
    if hidden.unsure:
        unseen.append(f"{hidden.unsure} unsure (--min-confidence low)")
    if hidden.suppressed:
        unseen.append(f"{hidden.suppressed} suppressed in the code")
    return unseen
