"""Rows are multiplied before they are split."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.trace import Assessment, Confidence, Evidence, Mark, Report, Severity, Trace, assessments, rule


@rule("LEA004", "resampled-before-split", Severity.ERROR, over=("LEA003",))
def resampled_before_split(trace: Trace) -> Iterator[Report]:
    for assessment in assessments(trace):
        learnt = {mark for one in assessment.learnings for mark in one.marks}
        for mark in assessment.marks & learnt:
            if mark.kind == "resample" and assessment.was_in(mark) and not assessment.on_learnt_rows:
                yield Report(mark.place, message(mark, assessment), evidence(assessment), confidence(mark))


def message(mark: Mark, assessment: Assessment) -> str:
    return (
        "rows are multiplied before they are split: copies of one row are trained on and judged on "
        f"({assessment.place.seen_from(mark.place)}). Resample the training rows, after the split."
    )


def evidence(assessment: Assessment) -> tuple[Evidence, ...]:
    steps = [Evidence(one.place, "trained on here") for one in assessment.learnings[:3]]
    return (*steps, Evidence(assessment.place, "judged on here"))


def confidence(mark: Mark) -> Confidence:
    return Confidence.MEDIUM if mark.assumed else Confidence.HIGH
