"""An L1 penalty: the sum of absolute weights is added to the loss, which drives single weights to zero.

Source: Tibshirani, "Regression shrinkage and selection via the lasso", JRSS B 1996.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.probe.treatment import Subject, Treatment, remedy

FACTORS = (1e-4, 1e-3)


def l1_penalty(subject: Subject) -> Iterator[Treatment | str]:
    """Two strengths, on matrices and kernels; biases and scales are left alone."""
    for factor in FACTORS:
        change = f"loss + {factor:g} * sum(w.abs().sum() for w in model.parameters() if w.ndim > 1)"
        yield Treatment(remedy(f"L1 {factor:g}", change), l1=factor)
