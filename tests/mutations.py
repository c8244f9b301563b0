"""Takes the lines that set a mode or switch autograd off out of a program, one at a time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_OFF = r"(?:\w+\.)*(?:no_grad|inference_mode|set_grad_enabled)"
_ARGUMENTS = r"\((?!\s*True\s*\))(?:[^()]|\([^()]*\))*\)"
_COMMENT = re.compile(r"\s*(?<!['\"])#.*$")
_REDUNDANT = re.compile(r"#\s*redundant:\s*(\S.*)$")
_UNDETECTED = re.compile(r"#\s*undetected:\s*(\S.*)$")

_DECORATOR = re.compile(rf"^\s*@{_OFF}\b")
_WITH = re.compile(rf"^(\s*)with {_OFF}{_ARGUMENTS}:$")
_OFF_STATEMENT = re.compile(rf"^\s*{_OFF}{_ARGUMENTS}$")
_OFF_ANYWHERE = re.compile(
    rf"(?<!\w)(?:torch|th)\.(?:no_grad|inference_mode|set_grad_enabled)\b(?!\(\s*True\s*\))(?:{_ARGUMENTS})?"
)
_SETTING = re.compile(r"\.(?:eval\(\)|train\([^()]*(?:\([^()]*\))?[^()]*\))")
_SETTING_ONLY = re.compile(rf"^\s*(?:(?P<name>[\w.]+) = (?P=name)|super\(\)|[\w.\[\]'\"]+){_SETTING.pattern}$")
_CHOICE_ONLY = re.compile(r"^\s*\S+\.(?:train|eval)\(\) if .+ else \S+\.(?:train|eval)\(\)$")

AFTER = {
    "eval": {"EVA001", "EVA009"},
    "train": {"EVA003"},
    "mode": {"EVA001", "EVA003", "EVA009"},
    "grad": {"EVA002"},
    "switch": {"EVA002", "EVA006"},
}
"""What kind of line was taken out, and the findings that may then appear."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A program with one line changed."""

    line: int
    was: str
    kind: str
    redundant: str
    """Why nothing is to be found, or empty."""
    undetected: str
    """Why nothing is found although something should be, or empty: a miss that is known."""
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    rows = text.splitlines()
    for number, row in enumerate(rows, start=1):
        code = _COMMENT.sub("", row)
        changed = _changed(code)
        if changed is None:
            continue
        kind, line = changed
        reason = _REDUNDANT.search(row)
        mutated = "\n".join([*rows[: number - 1], line, *rows[number:], ""])
        ast.parse(mutated)
        miss = _UNDETECTED.search(row)
        yield Mutant(number, code.strip(), kind, reason[1] if reason else "", miss[1] if miss else "", mutated)


def claims(text: str) -> set[int]:
    """The lines that say of themselves that they are redundant."""
    return {number for number, row in enumerate(text.splitlines(), start=1) if _REDUNDANT.search(row)}


def _changed(code: str) -> tuple[str, str] | None:
    """The kind of a line and what stands there without it; None where it sets nothing."""
    indent = code[: len(code) - len(code.lstrip())]
    if _DECORATOR.match(code):
        return "grad", f"{indent}# taken out"
    if _WITH.match(code):
        return "grad", f"{indent}if True:"
    if _OFF_ANYWHERE.search(code):
        if _OFF_STATEMENT.match(code):
            return "grad" if code.endswith("(False)") else "switch", f"{indent}pass"
        return "grad", _OFF_ANYWHERE.sub(_enabling, code)
    setting = _SETTING.search(code)
    if setting is None:
        return None
    if _CHOICE_ONLY.match(code):
        return "mode", f"{indent}pass"
    return _kind(setting[0]), f"{indent}pass" if _SETTING_ONLY.match(code) else _SETTING.sub("", code, count=1)


def _enabling(context: re.Match[str]) -> str:
    return "torch.enable_grad()" if context[0].endswith(")") else "torch.enable_grad"


def _kind(setting: str) -> str:
    if setting in (".eval()", ".train(False)"):
        return "eval"
    return "train" if setting in (".train()", ".train(True)") else "mode"
