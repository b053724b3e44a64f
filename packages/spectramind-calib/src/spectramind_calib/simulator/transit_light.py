"""How much starlight a transiting planet leaves, at every wavelength.

References
----------
Kreidberg 2015, "batman: BAsic Transit Model cAlculatioN in Python", PASP 127, 1161.
Claret & Bloemen 2011, "Gravity and limb-darkening coefficients", A&A 529, A75.
Claret 2017, "Limb and gravity-darkening coefficients for the TESS satellite", A&A 600, A30.
"""

from __future__ import annotations

import batman
import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import System

BASIS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
"""Limb-darkening laws at which batman is called."""
RATIOS = 4
"""Radius ratios, from the spectrum's smallest to its largest, at which it is called."""


def limb_darkening(wavelength: F8, temperature: float) -> F8:
    """Quadratic coefficients ``[wave, 2]`` of a main-sequence star, 4250 to 7000 K.

    Fitted to the ATLAS tables of Claret & Bloemen 2011 and Claret 2017 (least squares, solar
    metallicity, log g 4.0 and 4.5) where the instruments see: Kepler, R, I, TESS; H, K, 3.6 and
    4.5 micron. Both coefficients are within 0.07 of theirs, and the brightness at mu = 0.5, in
    units of the centre's, within 0.025. Nothing was fitted between I and H.
    """
    hot = (temperature - 5750) / 1000
    blue = np.exp(-wavelength / 0.4)
    log = np.log(wavelength)
    linear = 0.054 + (1.81 - 0.90 * hot) * blue
    quadratic = 0.297 + (0.08 - 0.125 * log) * log + (0.77 * blue - 0.047) * hot
    return np.stack([linear, quadratic], axis=1)


def light_curves(
    hours: F8, mid_transit: float, system: System, spectrum: F8, coefficients: F8
) -> F8:
    """Relative flux ``[time, wave]``: 1 outside transit.

    Hidden light is linear in the coefficients, and so is the star's: three laws give every other.
    Light lost per unit depth varies smoothly with the radius ratio: batman is called at a few of
    them, and a polynomial through these gives every wavelength.

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
    ratio = np.sqrt(spectrum)
    ratios = _nodes(ratio, RATIOS)
    by_law, by_ratio = _shares(coefficients), _lagrange(ratios, ratio)
    shape = np.zeros((hours.size, spectrum.size))
    for share, law in zip(by_law, BASIS, strict=True):
        losses = [_loss(hours, mid_transit, system, k, law) / k**2 for k in ratios]
        shape += share * (np.stack(losses, axis=1) @ by_ratio)
    result: F8 = 1 - spectrum * shape
    return result


def _shares(coefficients: F8) -> F8:
    """What each law of `BASIS` counts in the relative loss of these laws, ``[law, wave]``."""
    u1, u2 = coefficients.T
    # A star of central brightness 1 shines pi (1 - u1/3 - u2/6).
    light: F8 = np.stack([1 - u1 - u2, u1 * (1 - 1 / 3), u2 * (1 - 1 / 6)])
    shares: F8 = light / light.sum(0)
    return shares


def _nodes(values: F8, number: int) -> F8:
    """Chebyshev points of the values' range, ``[node]``; a single one if they are all alike."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.array([low])
    points = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    return (low + high) / 2 + (high - low) / 2 * points


def _lagrange(nodes: F8, at: F8) -> F8:
    """Weight of each node in the polynomial through all of them, ``[node, value]``."""
    weights = np.ones((nodes.size, at.size))
    for i, node in enumerate(nodes):
        for other in np.delete(nodes, i):
            weights[i] *= (at - other) / (node - other)
    return weights


def _loss(
    hours: F8, mid_transit: float, system: System, ratio: float, law: tuple[float, float]
) -> F8:
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
