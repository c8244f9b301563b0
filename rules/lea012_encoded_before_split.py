"""A category encoder looks at all rows before the split."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Assessment, Confidence, Evidence, Mark, Report, Severity, Trace, assessments, rule


@rule("LEA012", "encoded-before-split", Severity.NOTE)
def encoded_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        if assessment.on_learnt_rows or not assessment.learnings:
            continue
        for mark in assessment.marks_met:
            if mark.kind == "encoding" and assessment.was_in(mark) and not assessment.alone_in(mark):
                yield Report(mark.place, message(mark, assessment), evidence(assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    subject = f"`{mark.name}`" if mark.name else "this"
    return (
        f"{subject} looks for categories in rows that are held out later ({assessment.place.seen_from(mark.place)}): a "
        "category that only they have is no surprise any more. Fit the encoder on the training rows."
    )


def evidence(assessment: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(one.place, "trained on here") for one in assessment.learnings[:3]]
    return (*steps, Evidence(assessment.place, "judged on here"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
