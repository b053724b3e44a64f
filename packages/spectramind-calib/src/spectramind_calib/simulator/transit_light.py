"""How much starlight a transiting planet leaves, at every wavelength.

References
----------
Kreidberg 2015, "batman: BAsic Transit Model cAlculatioN in Python", PASP 127, 1161.
Claret & Bloemen 2011, "Gravity and limb-darkening coefficients", A&A 529, A75 (trends).
"""

from __future__ import annotations

import batman
import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import System

LAWS = 5
"""Limb-darkening laws along the spectrum at which batman is called."""
RATIOS = 4
"""Radius ratios, from the spectrum's smallest to its largest, at which it is called."""


def limb_darkening(wavelength: F8, temperature: float) -> F8:
    """Quadratic coefficients ``[wave, 2]``: strong in the blue, and of cool stars more linear.

    Through what is tabulated for main-sequence stars between R and I (0.37, 0.26 at 5750 K), in K
    and at 3.6 micron, to about 0.05.
    """
    hot = (temperature - 5750) / 1000
    blue = 0.7 / wavelength
    linear = (0.37 - 0.13 * hot) * blue**1.15
    quadratic = 0.26 + 0.08 * hot * blue - 0.06 * np.maximum(wavelength - 1.5, 0)
    return np.stack([np.clip(linear, 0.02, 0.8), np.clip(quadratic, 0.02, 0.5)], axis=1)


def light_curves(
    hours: F8, mid_transit: float, system: System, spectrum: F8, coefficients: F8
) -> F8:
    """Relative flux ``[time, wave]``: 1 outside transit.

    Light lost per unit depth varies smoothly with the limb-darkening law (here one family, told by
    its linear coefficient) and with the radius ratio. batman is called on a small grid of both, and
    polynomials through the grid give every wavelength.

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
    ratio, linear = np.sqrt(spectrum), coefficients[:, 0]
    laws = _nodes(linear, LAWS)
    ratios = _nodes(ratio, RATIOS)
    order = np.argsort(linear)
    quadratic = np.interp(laws, linear[order], coefficients[order, 1])
    shape = np.zeros((hours.size, spectrum.size))
    by_law, by_ratio = _lagrange(laws, linear), _lagrange(ratios, ratio)
    for i, law in enumerate(zip(laws, quadratic, strict=True)):
        losses = [_loss(hours, mid_transit, system, k, law) / k**2 for k in ratios]
        shape += by_law[i] * (np.stack(losses, axis=1) @ by_ratio)
    result: F8 = 1 - spectrum * shape
    return result


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
