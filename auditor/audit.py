"""One audit, from paths to an outcome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from auditor import rulebook
from auditor.errors import SettingsError
from auditor.outcome import Hidden, Outcome, Problem, Summary, Unused
from auditor.selection import named, selected
from auditor.settings import Settings
from auditor.sources import SourceFile, Suppression, complaint, discover
from auditor.sources.ignored import Excluded
from auditor.static import Telling, networks, tell
from auditor.trace import Finding, Rule, Severity, trainings


def audit(
    paths: Sequence[str],
    settings: Settings,
    *,
    exclude: Sequence[str] = (),
    report_unused: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Tell the story of the programs below some paths, and let the selected rules judge it.

    ``exclude`` holds patterns relative to the current directory, beside those of the settings. Raises `AuditorError`
    when the audit cannot be done; what goes wrong with one file or one rule is in the outcome.
    """
    rules = rulebook.discover()
    running = selected(rules, settings.select, settings.ignore)
    silenced = _Silenced(settings, rules)
    excluded = [Excluded(settings.exclude, settings.folder), Excluded(tuple(exclude), Path.cwd())]
    discovery = discover(paths, [patterns for patterns in excluded if patterns])
    files = {file.path: file for file in discovery.files}
    if any(Path(path).is_dir() for path in paths):  # else: an editor's one file, and the rest is elsewhere
        _known(settings.callables, discovery.files)

    telling = tell(
        discovery.files, callables=settings.callables, limits=settings.limits, progress=progress
    )  # fmt: skip
    judgement = rulebook.judge(telling.trace, running)
    problems = tuple(sorted(_problems(discovery.files, telling), key=lambda it: (it.path, it.line)))
    comments = _Comments(files)
    findings = [finding for finding in judgement.findings if not silenced.covers(finding, files)]
    heard = [finding for finding in findings if not comments.silence(finding)]
    sure = [finding for finding in heard if finding.confidence >= settings.min_confidence]
    shown = [finding for finding in sure if finding.severity >= settings.shown]
    return Outcome(
        findings=tuple(sorted(shown, key=_in_order)),
        failing=sum(finding.severity >= settings.fail_on for finding in sure),
        hidden=Hidden(_counted(sure, settings.shown), len(heard) - len(sure), len(findings) - len(heard)),
        problems=problems,
        failures=tuple(telling.failures) + judgement.failures,
        seen=len(files),
        audited=len(files) - len({problem.path for problem in problems}),
        line=lambda path, line, cell: files[path].shown(line, cell) if path in files else "",
        empty=discovery.empty,
        unfinished=telling.unfinished,
        unused=tuple(sorted(comments.unused(rules, running), key=_by_place)) if report_unused else None,
    )


def summarise(
    paths: Sequence[str],
    settings: Settings,
    *,
    exclude: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """The networks of the programs below some paths. Raises `AuditorError` when they cannot be read."""
    excluded = [Excluded(settings.exclude, settings.folder), Excluded(tuple(exclude), Path.cwd())]
    discovery = discover(paths, [patterns for patterns in excluded if patterns])
    telling, models = networks(
        discovery.files, callables=settings.callables, limits=settings.limits, progress=progress
    )  # fmt: skip
    problems = tuple(sorted(_problems(discovery.files, telling), key=lambda it: (it.path, it.line)))
    seen = len(discovery.files)
    return Summary(
        models,
        trainings(telling.trace),
        problems,
        tuple(telling.failures),
        seen,
        seen - len({problem.path for problem in problems}),
        discovery.empty,
    )


def _known(callables: Iterable[str], files: Sequence[SourceFile]) -> None:
    """Raises `SettingsError` for a callable that no file names: it is misspelt, or gone."""
    for name in callables if files else ():
        last = name.rpartition(".")[2]
        if not any(file.mentions(re.compile(rb"\b" + last.encode() + rb"\b")) for file in files):
            raise SettingsError(f"callables: `{name}` names nothing known: no file mentions `{last}`")


def _problems(files: Sequence[SourceFile], telling: Telling) -> Iterable[Problem]:
    """What Python says of a file where it has something to say, else what the witness says."""
    by_path = {problem.path: problem for problem in telling.problems}
    for file in files:
        problem = by_path.get(file.path)
        error = complaint(file, refused=problem is not None)
        if error is not None:
            yield Problem(file.path, error.line, error.message, error.cell)
        elif problem is not None:
            yield Problem(problem.path, problem.line, problem.message, problem.cell)


def _in_order(finding: Finding) -> tuple[str, int, int, int, str]:
    span = finding.place.span
    return finding.place.path, span.cell or 0, span.line, span.column, finding.code


def _by_place(unused: Unused) -> tuple[str, int, int, int]:
    return unused.path, unused.cell or 0, unused.line, unused.column


def _counted(findings: Iterable[Finding], shown: Severity) -> Mapping[Severity, int]:
    return Counter(finding.severity for finding in findings if finding.severity < shown)


class _Silenced:
    """The per-file ignores of the settings."""

    def __init__(self, settings: Settings, rules: Sequence[Rule]) -> None:
        self._rows = [
            (Excluded((pattern,), settings.folder), {rule.code for rule in named(rules, codes, "per-file-ignores")})
            for pattern, codes in settings.per_file_ignores.items()
        ]

    def covers(self, finding: Finding, files: Mapping[str, SourceFile]) -> bool:
        file = files.get(finding.place.path)
        return file is not None and any(
            finding.code in codes and pattern.covers(file.file) for pattern, codes in self._rows
        )


class _Comments:
    """The suppressions in the files under audit, and which of them had something to silence."""

    def __init__(self, files: Mapping[str, SourceFile]) -> None:
        self._files = files
        self._used: set[Suppression] = set()

    def silence(self, finding: Finding) -> bool:
        file = self._files.get(finding.place.path)
        meant = [it for it in file.suppressions if _names(it, finding)] if file else []
        if not meant:
            return False  # before asking for lines, which are dear
        span = finding.place.span
        here = [it for it in meant if it.cell == span.cell and span.line <= it.line <= span.end_line]
        self._used.update(here)
        return bool(here)

    def unused(self, rules: Sequence[Rule], running: Sequence[Rule]) -> Iterable[Unused]:
        """Those that name a rule that ran in vain, or no rule at all; a `noqa` of another tool is none of ours."""
        for it in (it for file in self._files.values() for it in file.suppressions):
            known = [rule for rule in rules if it.code.casefold() in (rule.code.casefold(), rule.name)]
            if known and known[0] in running and it not in self._used:
                yield _unused(it, f"suppression of {known[0].code} silences nothing")
            elif not known and it.kind == "ignore":
                yield _unused(it, f"suppression of `{it.code}`, which is no rule")


def _names(suppression: Suppression, finding: Finding) -> bool:
    return suppression.code.casefold() in (finding.code.casefold(), finding.name)


def _unused(suppression: Suppression, message: str) -> Unused:
    return Unused(suppression.path, suppression.cell, suppression.line, suppression.column, message)
