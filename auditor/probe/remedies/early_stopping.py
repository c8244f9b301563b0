"""Early stopping: the weights of the best validation epoch are kept. The control's own curves tell what it is worth."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.probe.treatment import Subject, Treatment, remedy


def early_stopping(subject: Subject) -> Iterator[Treatment | str]:
    """Nothing is trained: the best epoch is chosen on one half of the validation rows and judged on the other."""
    if subject.epochs < 2:
        yield "early stopping was not tried: there is one epoch only"
        return
    change = "keep the weights of the epoch with the lowest validation loss, and restore them"
    yield Treatment(remedy("early stopping", change, chooses=True), posthoc=True)
