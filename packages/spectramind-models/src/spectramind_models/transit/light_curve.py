"""How much starlight a planet hides: a quadratic limb-darkening law, and exact derivatives.

The light of a star whose intensity is a polynomial in ``mu = sqrt(1 - r^2)`` is a sum over powers
of mu, so everything follows from three moments of the hidden part of the stellar disc,

    B_n(z, k) = 1/pi * integral of mu^n over the part of the star behind the planet,   n = 0, 1, 2,

for a planet of radius ``k`` at a projected distance ``z`` (both in stellar radii). The moments do
not depend on limb darkening: one evaluation serves every wavelength.

B_n is integrated over rings about the star's centre; its derivatives, by the transport theorem, are
integrals along the planet's limb. A cosine substitution removes the square-root ends of both, and
Gauss-Legendre quadrature does the rest.

References
----------
Mandel & Agol 2002, ApJ 580, L171: analytic light curves for planetary transit searches.
Agol, Luger & Foreman-Mackey 2020, AJ 159, 123: derivatives as line integrals along the limb.
"""

from __future__ import annotations

from math import acos, cos, pi, sqrt

import numpy as np
from numba import njit

from spectramind_core.arrays import F8

ORDER = 24
"""Nodes of the quadrature: errors below 1e-8 of the star's light."""


def _cosine_nodes(order: int) -> tuple[F8, F8]:
    """Nodes in (0, 1), crowded at both ends, and their weights: ``s = (1 - cos(theta)) / 2``."""
    x, w = np.polynomial.legendre.leggauss(order)
    theta = 0.5 * np.pi * (x + 1)
    return 0.5 * (1 - np.cos(theta)), 0.25 * np.pi * w * np.sin(theta)


NODES, WEIGHTS = _cosine_nodes(ORDER)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def hidden_moments(z: F8, k: float) -> tuple[F8, F8, F8]:
    """Moments of the hidden light, and their derivatives.

    Parameters
    ----------
    z
        ``[time]`` distance of planet and star centres on the sky, stellar radii, not negative.
    k
        Planet radius, stellar radii, positive.

    Returns
    -------
    moments, d_radius, d_distance
        ``[3, time]`` each: B_n, dB_n/dk and dB_n/dz.
    """
    moments = np.zeros((3, z.size))
    d_radius = np.zeros((3, z.size))
    d_distance = np.zeros((3, z.size))
    for i in range(z.size):
        if z[i] < 1 + k:
            distance = max(z[i], 1e-12)
            _rings(distance, k, moments[:, i])
            _limb(distance, k, d_radius[:, i], d_distance[:, i])
    return moments, d_radius, d_distance


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _rings(z: float, k: float, moments: F8) -> None:
    """Add up rings about the star's centre, each hidden over an angle of ``2 phi``."""
    if k > z:
        inner = min((k - z) ** 2, 1.0)
        moments[0] = inner
        moments[1] = 2 / 3 * (1 - (1 - inner) ** 1.5)
        moments[2] = inner - 0.5 * inner**2
    low, high = abs(z - k), min(1.0, z + k)
    if high <= low:
        return
    for s, weight in zip(NODES, WEIGHTS):  # noqa: B905 - numba knows no `strict`
        r = low + (high - low) * s
        cosine = (r * r + z * z - k * k) / (2 * r * z)
        phi = acos(min(1.0, max(-1.0, cosine)))
        mu2 = max(0.0, 1 - r * r)
        ring = 2 / pi * weight * (high - low) * r * phi
        moments[0] += ring
        moments[1] += ring * sqrt(mu2)
        moments[2] += ring * mu2


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _limb(z: float, k: float, d_radius: F8, d_distance: F8) -> None:
    """Integrate along that part of the planet's limb that lies before the star."""
    start = 0.0
    if z + k > 1:
        start = acos(min(1.0, max(-1.0, (1 - z * z - k * k) / (2 * z * k))))
    for s, weight in zip(NODES, WEIGHTS):  # noqa: B905 - numba knows no `strict`
        psi = start + (pi - start) * s
        cosine = cos(psi)
        mu2 = max(0.0, 1 - z * z - k * k - 2 * z * k * cosine)
        arc = 2 * k / pi * weight * (pi - start)
        for n, power in enumerate((1.0, sqrt(mu2), mu2)):
            d_radius[n] += arc * power
            d_distance[n] += arc * power * cosine
