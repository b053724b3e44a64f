"""Quadratic limb darkening: the law, what is expected of a star, and the weights of its moments.

The law is ``I(mu) = 1 - u1 (1 - mu) - u2 (1 - mu)^2``. In powers of mu it weighs the moments of
`hidden_moments` by ``(1 - u1 - u2, u1 + 2 u2, -u2)``, over ``1 - u1/3 - u2/6`` for a star of unit
flux.

References
----------
Claret 2000, A&A 363, 1081, and Claret & Bloemen 2011, A&A 529, A75: the trend of u1 and u2 with
temperature and passband that `expected` sums up in straight lines, good to about 0.1.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8

TYPICAL_TEMPERATURE = 5500.0
"""Kelvin; where no catalogue tells."""

_OPTICAL = 1.0
"""Micron: below it the photometer's law holds."""


def expected(temperature: float, wavelength: F8) -> F8:
    """``[2, wave]``: u1 and u2 to be expected of a main-sequence star.

    Parameters
    ----------
    temperature
        Of the star, kelvin.
    wavelength
        ``[wave]`` micron.
    """
    hot = (temperature - TYPICAL_TEMPERATURE) / 1000
    red = wavelength - 2.9
    optical = wavelength < _OPTICAL
    u1 = np.where(optical, 0.40 - 0.11 * hot, 0.08 - 0.03 * hot - 0.01 * red)
    u2 = np.where(optical, 0.24 + 0.05 * hot, 0.19 - 0.07 * red)
    return np.stack([u1, u2])


def moment_weights(u: F8) -> tuple[F8, F8]:
    """How each moment of hidden light counts, for coefficients ``u [2, wave]``.

    Returns
    -------
    weights, derivatives
        ``[3, wave]`` and ``[2, 3, wave]``, the latter with respect to u1 and u2.
    """
    u1, u2 = u
    flux = 1 - u1 / 3 - u2 / 6
    weights = np.stack([1 - u1 - u2, u1 + 2 * u2, -u2]) / flux
    one, zero = np.ones_like(u1), np.zeros_like(u1)
    derivatives = np.stack(
        [
            (np.stack([-one, one, zero]) + weights / 3) / flux,
            (np.stack([-one, 2 * one, -one]) + weights / 6) / flux,
        ]
    )
    return weights, derivatives
