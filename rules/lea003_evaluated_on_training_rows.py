"""A score is taken on rows that were trained on."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Assessment, Confidence, Evidence, Report, Severity, Trace, assessments, rule


@rule("LEA003", "evaluated-on-training-rows", Severity.ERROR)
def evaluated_on_training_rows(trace: Trace) -> Iterator[Report]:
    asked = [one for one in assessments(trace) if one.learnings]
    judged = [one for one in asked if one.figure]
    clean = {learning.event for one in asked if not one.on_learnt_rows for learning in one.learnings}
    for one in judged:
        saw = one.on_learnt_rows
        if saw and not any(learning.event in clean for learning in one.learnings):
            yield Report(one.place, message(one), evidence(one), confidence(one))


def message(one: Assessment) -> str:
    return (
        "the only score is taken on rows that were trained on "
        f"({one.on_learnt_rows[0].place.seen_from(one.place)}): it shows what was memorised. "
        "Score rows that were held out."
    )


def evidence(one: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(learning.place, "the same rows are learnt from here") for learning in one.on_learnt_rows[:3]]
    return (*steps, *(Evidence(place, "the predictions are made here") for place in one.through[:3]))


def confidence(one: Assessment) -> Confidence:
    return Confidence.MEDIUM if one.event.assumed else Confidence.HIGH
