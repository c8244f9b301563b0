"""A statistic is estimated over rows that are held out later."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import (
    Assessment,
    Confidence,
    Evidence,
    Mark,
    Report,
    Severity,
    Trace,
    assessments,
    rule,
    split_before,
)

ESTIMATES = ("statistic", "vocabulary")


@rule("LEA001", "fit-before-split", Severity.ERROR)
def fit_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.learnings or (assessment.held_out and assessment.apart):
            continue
        for mark in assessment.marks_met:
            if mark.kind not in ESTIMATES or not assessment.was_in(mark) or assessment.alone_in(mark):
                continue
            yield Report(
                mark.place, message(mark, assessment), evidence(trace, assessment), confidence(mark, assessment)
            )


def message(mark: Mark, assessment: Assessment) -> str:
    subject = f"`{mark.name}`" if mark.name else "this"
    return (
        f"{subject} is computed over rows that are held out later ({assessment.place.seen_from(mark.place)}): they "
        "shape the features that they are judged on. Compute it from the training rows, after the split or inside a "
        "pipeline."
    )


def evidence(trace: Trace, assessment: Assessment) -> tuple[Evidence, ...]:
    split = split_before(trace, assessment.rows)
    steps = [Evidence(split.place, "the rows are divided here")] if split is not None else []
    return (*steps, Evidence(assessment.place, "and judged here on rows that it was computed over"))


def confidence(mark: Mark, assessment: Assessment) -> Confidence:
    return Confidence.MEDIUM if mark.assumed or assessment.event.assumed else Confidence.HIGH
