"""How much starlight a transiting planet leaves, at every wavelength.

References
----------
Kreidberg 2015, "batman: BAsic Transit Model cAlculatioN in Python", PASP 127, 1161.
Claret 2000, "A new non-linear limb-darkening law", A&A 363, 1081 (trend with wavelength).
"""

from __future__ import annotations

import batman
import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import System

KNOTS = 7
"""Wavelengths at which batman is called; what lies between follows smoothly."""


def limb_darkening(wavelength: F8, temperature: float) -> F8:
    """Quadratic coefficients ``[wave, 2]``: strong in the blue, for cool stars."""
    cool = (5800 - temperature) / 3000
    linear = (0.42 + 0.10 * cool) * (0.7 / wavelength) ** 0.95
    quadratic = 0.20 * (0.7 / wavelength) ** 0.30 - 0.03 * cool
    return np.stack([np.clip(linear, 0.02, 0.8), np.clip(quadratic, 0.02, 0.5)], axis=1)


def light_curves(
    hours: F8, mid_transit: float, system: System, spectrum: F8, coefficients: F8
) -> F8:
    """Relative flux ``[time, wave]``: 1 outside transit.

    batman is called at a few wavelengths along the spectrum and the loss of light per unit depth
    interpolated between them: it varies with wavelength only through limb darkening, smoothly, and
    weakly with depth.

    Parameters
    ----------
    hours
        ``[time]``.
    mid_transit
        Hours.
    spectrum
        ``[wave]`` (Rp/Rs)^2.
    coefficients
        ``[wave, 2]`` of the quadratic law.
    """
    waves = spectrum.size
    knots = np.unique(np.linspace(0, waves - 1, min(KNOTS, waves)).round().astype(int))
    loss = np.stack(
        [
            _loss(hours, mid_transit, system, float(np.sqrt(spectrum[k])), coefficients[k])
            / spectrum[k]
            for k in knots
        ],
        axis=1,
    )
    if knots.size == 1:
        shape = loss
    else:
        place = np.interp(coefficients[:, 0], coefficients[knots, 0][::-1], knots[::-1] * 1.0)
        place = np.interp(place, knots, np.arange(knots.size))
        low = np.clip(place.astype(int), 0, knots.size - 2)
        weight = place - low
        shape = loss[:, low] * (1 - weight) + loss[:, low + 1] * weight
    result: F8 = 1 - spectrum * shape
    return result


def _loss(hours: F8, mid_transit: float, system: System, ratio: float, law: F8) -> F8:
    """Missing light ``[time]`` by batman."""
    parameters = batman.TransitParams()
    parameters.t0 = 0.0
    parameters.per = system.period
    parameters.rp = ratio
    parameters.a = system.semi_major_axis
    parameters.inc = system.inclination
    parameters.ecc = 0.0
    parameters.w = 90.0
    parameters.u = [float(law[0]), float(law[1])]
    parameters.limb_dark = "quadratic"
    model = batman.TransitModel(parameters, np.ascontiguousarray((hours - mid_transit) / 24))
    result: F8 = 1 - model.light_curve(parameters)
    return result
