"""A category encoder looks at all rows before the split."""

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


@rule("LEA012", "encoded-before-split", Severity.NOTE)
def encoded_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.learnings or (assessment.held_out and assessment.apart):
            continue
        for mark in assessment.marks_met:
            if mark.kind == "encoding" and assessment.was_in(mark) and not assessment.alone_in(mark):
                yield Report(mark.place, message(mark, assessment), evidence(trace, assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    subject = f"`{mark.name}`" if mark.name else "this"
    return (
        f"{subject} looks for categories in rows that are held out later ({assessment.place.seen_from(mark.place)}): a "
        "category that only they have is no surprise any more. Fit the encoder on the training rows."
    )


def evidence(trace: Trace, assessment: Assessment) -> tuple[Evidence, ...]:
    split = split_before(trace, assessment.rows)
    steps = [Evidence(split.place, "the rows are divided here")] if split is not None else []
    return (*steps, Evidence(assessment.place, "and judged here on rows that it was computed over"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
