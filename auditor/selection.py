"""Which rules run: the ones that selectors name, by code, by the beginning of a code, or by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.errors import SettingsError, suggestion
from auditor.trace import Rule


def selected(rules: Sequence[Rule], select: Iterable[str], ignore: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of `select` without those of `ignore`.

    Raises `SettingsError` for a selector that names no rule.
    """
    wanted = named(rules, select, "select")
    unwanted = named(rules, ignore, "ignore")
    return tuple(rule for rule in rules if rule in wanted and rule not in unwanted)


def named(rules: Sequence[Rule], selectors: Iterable[str], key: str) -> set[Rule]:
    found: set[Rule] = set()
    for selector in selectors:
        chosen = {rule for rule in rules if chooses(selector, rule.code, rule.name)}
        if not chosen:
            known = [word for rule in rules for word in (rule.code, rule.name)]
            raise SettingsError(f"{key}: `{selector}` names no rule{suggestion(selector, known)}; see `audit explain`")
        found |= chosen
    return found


def chooses(selector: str, code: str, name: str) -> bool:
    """``EVA`` and ``EVA001`` choose by the beginning of the code, ``missing-eval-mode`` by the name, ``ALL`` all."""
    wanted = selector.strip().casefold()
    return wanted == "all" or wanted == name.casefold() or (bool(wanted) and code.casefold().startswith(wanted))
