"""Changing sigma without breaking what goes with it."""

from __future__ import annotations

from spectramind_core.arrays import F8
from spectramind_core.contracts import Prediction

MIN_FACTOR = 1e-3
"""Residuals of zero must not make sigma vanish: no calibrator shrinks it further than this."""


def with_sigma(prediction: Prediction, sigma: F8) -> Prediction:
    """The prediction with another ``sigma [planet, wave]``; correlations stay as they are."""
    if prediction.factors is None:
        return prediction.replace(sigma=sigma)
    ratio = (sigma / prediction.sigma)[:, None, :]
    return prediction.replace(sigma=sigma, factors=prediction.factors * ratio)
