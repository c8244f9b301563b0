"""A score on rows that were trained on is reported beside scores on other rows."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Assessment, Confidence, Evidence, Report, Severity, Trace, assessments, rule


@rule("LEA013", "training-score-reported", Severity.NOTE)
def training_score_reported(trace: Trace) -> Iterator[Report]:
    everything = [one for one in assessments(trace) if one.learnings]
    judged = [one for one in everything if one.figure]
    clean = {learning.event for one in everything if not one.on_learnt_rows for learning in one.learnings}
    for one in judged:
        if one.on_learnt_rows and any(learning.event in clean for learning in one.learnings):
            yield Report(one.place, message(one), evidence(one), confidence(one))
    asked = {learning.event for one in everything if one.figure or not one.on_learnt_rows for learning in one.learnings}
    for one in everything:
        if one.on_learnt_rows and not any(learning.event in asked for learning in one.learnings):
            yield Report(one.place, nothing_else(one), evidence(one), confidence(one))


def nothing_else(one: Assessment) -> str:
    return (
        "predictions are made only for rows that were trained on "
        f"({one.on_learnt_rows[0].place.seen_from(one.place)}): they say nothing about new rows."
    )


def message(one: Assessment) -> str:
    return (
        "this score is taken on rows that were trained on "
        f"({one.on_learnt_rows[0].place.seen_from(one.place)}): it is no estimate of what new rows will give."
    )


def evidence(one: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(learning.place, "the same rows are learnt from here") for learning in one.on_learnt_rows[:3]]
    return (*steps, *(Evidence(place, "the predictions are made here") for place in one.through[:3]))


def confidence(one: Assessment) -> Confidence:
    return Confidence.MEDIUM if one.event.assumed else Confidence.HIGH
