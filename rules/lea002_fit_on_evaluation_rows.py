"""A transformer is fitted anew on the rows that are scored."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Assessment, Confidence, Evidence, Mark, Report, Severity, Trace, assessments, rule

ESTIMATES = ("statistic", "vocabulary")


@rule("LEA002", "fit-on-evaluation-rows", Severity.ERROR, over=("LEA001",))
def fit_on_evaluation_rows(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.figure or assessment.held_out:
            continue
        learnt = {mark for one in assessment.learnings for mark in one.marks}
        for mark in assessment.marks - learnt:
            if mark.kind in ESTIMATES and assessment.was_in(mark) and assessment.alone_in(mark):
                yield Report(mark.place, message(mark, assessment), evidence(assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    subject = f"`{mark.name}`" if mark.name else "this"
    return (
        f"{subject} is fitted anew on the rows that are scored ({assessment.place.seen_from(mark.place)}): they are "
        "not scaled as the training rows were. Apply what was fitted on the training rows."
    )


def evidence(assessment: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(one.place, "trained here, without it") for one in assessment.learnings[:3]]
    return (*steps, Evidence(assessment.place, "scored here"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
