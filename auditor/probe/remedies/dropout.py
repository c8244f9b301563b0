"""Dropout after each hidden activation, or other rates of the dropout that the network has."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.probe.treatment import Subject, Treatment, remedy

RATES = (0.2, 0.4, 0.5)


def dropout(subject: Subject) -> Iterator[Treatment | str]:
    """Three rates; where the network has dropout, none at all is tried too."""
    if subject.droppers:
        yield Treatment(remedy("no dropout", "p=0 in each nn.Dropout"), dropout=0.0)
    elif not subject.activations:
        yield "dropout was not tried: no hidden activation was found that it could follow"
        return
    for rate in RATES:
        places = "place" if subject.activations == 1 else "places"
        change = f"nn.Dropout({rate}) after each hidden activation ({subject.activations} {places})"
        if subject.droppers:
            change = f"p={rate} in each nn.Dropout"
        yield Treatment(remedy(f"dropout {rate}", change), dropout=rate)
