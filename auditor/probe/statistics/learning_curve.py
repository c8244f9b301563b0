"""What more training rows would be worth: a power law through the scores at several sizes, read off at twice the rows.

Scores approach a limit as ``limit -+ scale x rows^-exponent`` (Cortes et al., 1993; Hestness et al., "Deep Learning
Scaling Is Predictable, Empirically", 2017, who find exponents between .07 and .35 in deep networks; parametric models
have .5 to 1). The interval covers the noise of the scores and the exponent, and nothing of whether the law holds
beyond the rows at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from auditor.probe.statistics.intervals import LEVEL, Interval

_EXPONENTS = np.linspace(0.05, 2.0, 40)
"""That are tried, .05 apart."""
LEAST_SIZES = 3


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """``error(f) = floor + scale x f^-exponent`` at the fraction ``f`` of the rows; scale >= 0."""

    floor: float
    scale: float
    exponent: float

    def twice(self) -> float:
        """By how much the error falls from all rows to twice as many."""
        return float(self.scale * (1 - 2**-self.exponent))


@dataclass(frozen=True, slots=True)
class Fit:
    """A law and the sum of its squared residuals."""

    law: PowerLaw
    squares: float


def power_laws(fractions: NDArray[np.float64], errors: NDArray[np.float64], *, floored: bool) -> list[Fit]:
    """The least-squares fit for each exponent, to ``errors`` ``(K,)`` at ``fractions`` ``(K,)``; lower is better.

    ``floored``: no error can be below 0, as of an accuracy's 1 - accuracy. With the exponent given, a fit is linear in
    non-negative weights (Lawson and Hanson, 1974), so that the best of the grid is the best there is.
    """
    constants = np.array([1.0] if floored else [1.0, -1.0])
    fits = []
    for exponent in _EXPONENTS:
        law = fractions**-exponent
        columns = np.column_stack([law, *(constant * np.ones_like(law) for constant in constants)])
        weights, residual = optimize.nnls(columns, errors)
        fits.append(Fit(PowerLaw(float(weights[1:] @ constants), float(weights[0]), float(exponent)), residual**2))
    return fits


def twice_the_rows(
    fractions: NDArray[np.float64], errors: NDArray[np.float64], *, floored: bool
) -> tuple[Interval, float]:
    """By how much the error falls from all rows to twice as many, with its interval, and the exponent.

    ``errors`` is ``(S, K)``, one row for each seed; the largest of ``fractions`` ``(K,)`` is 1. No interval where fewer
    than two seeds were measured. Few sizes leave the exponent open, so the interval spans every exponent whose fit is
    not worse than the noise of the means allows (profile likelihood, 95%), and a jackknife interval (Tukey, 1958)
    around either end.
    """
    seeds = len(errors)
    fits = power_laws(fractions, errors.mean(axis=0), floored=floored)
    best = min(range(len(fits)), key=lambda at: fits[at].squares)
    value, exponent = fits[best].law.twice(), fits[best].law.exponent
    if seeds < 2:
        return Interval(value, None, None, seeds), exponent
    noise = float(np.mean(errors.var(axis=0, ddof=1))) / seeds
    allowed = fits[best].squares + float(stats.chi2.ppf(LEVEL, 1)) * noise + 1e-15
    plausible = [fit.law.twice() for fit in fits if fit.squares <= allowed]
    half = float(stats.t.ppf((1 + LEVEL) / 2, seeds - 1)) * _jackknife_error(fractions, errors, best, floored=floored)
    return Interval(value, min(plausible) - half, max(plausible) + half, seeds), exponent


def _jackknife_error(
    fractions: NDArray[np.float64], errors: NDArray[np.float64], exponent: int, *, floored: bool
) -> float:
    """Of what twice the rows are worth under one exponent, since the interval spans the exponents already."""
    seeds = len(errors)
    rest = [np.delete(errors, seed, axis=0).mean(axis=0) for seed in range(seeds)]
    without = np.array([power_laws(fractions, some, floored=floored)[exponent].law.twice() for some in rest])
    return float(np.sqrt((seeds - 1) / seeds * np.sum((without - without.mean()) ** 2)))
