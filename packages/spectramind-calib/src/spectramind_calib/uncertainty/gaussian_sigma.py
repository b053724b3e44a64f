"""The Gaussian sigma that serves the challenge's score best, out of conformal quantiles.

The score is the log-density of a Gaussian, affine in ``-log s - (y - mu)^2 / (2 s^2)``, and its
expectation is greatest at ``s^2 = E[(y - mu)^2]``: the second moment about mu, whatever the shape.
A half width matches it for Gaussian errors only, and is too small where tails are heavy, which is
where the score is lost. The moment is taken of the quantile function that is piecewise Gaussian
(linear in the normal score) between its nodes, its last pieces continued into the tails.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.calibration_metrics import normal_cdf


def second_moment(lower: F8, upper: F8, levels: F8) -> F8:
    """``sqrt(E[x^2])`` of the distribution whose central intervals are given.

    Parameters
    ----------
    lower, upper
        ``[..., level, wave]``: limits of x, nested.
    levels
        ``[level]``: their coverage, ascending.

    Returns
    -------
    ndarray
        ``[..., wave]``.
    """
    z = np.array([NormalDist().inv_cdf(0.5 + level / 2) for level in levels])
    node = np.concatenate([-z[::-1], z])
    value = np.concatenate([lower[..., ::-1, :], upper], axis=-2)
    slope = np.diff(value, axis=-2) / np.diff(node)[:, None]
    offset = value[..., :-1, :] - slope * node[:-1, None]
    edges = np.concatenate([[-np.inf], node[1:-1], [np.inf]])
    mass = np.diff(normal_cdf(edges))[:, None]
    first = -np.diff(_density(edges))[:, None]
    second = mass - np.diff(np.where(np.isinf(edges), 0, edges) * _density(edges))[:, None]
    pieces = offset**2 * mass + 2 * offset * slope * first + slope**2 * second
    result: F8 = np.sqrt(np.maximum(pieces.sum(axis=-2), 0))
    return result


def half_width(lower: F8, upper: F8, levels: F8) -> F8:
    """Half the interval next to 68 %, in units of the Gaussian's, ``[..., wave]``."""
    at = int(np.argmin(np.abs(levels - 0.68)))
    unit = NormalDist().inv_cdf(0.5 + float(levels[at]) / 2)
    result: F8 = (upper[..., at, :] - lower[..., at, :]) / (2 * unit)
    return result


def _density(z: F8) -> F8:
    result: F8 = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return result
