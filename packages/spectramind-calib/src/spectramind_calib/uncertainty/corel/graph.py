"""The graph of bins that is known beforehand: wavelength, molecules and segments."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.molecules import membership

REACH = 3
"""Bins up to this many places apart are neighbours in wavelength."""

SEGMENTS = 8
"""Stretches of the AIRS range whose bins are neighbours of their segment's."""


def known_graph(wavelength: F8) -> F8:
    """``[wave, wave]``: weights with which a row's bin listens to a column's; rows sum to 1.

    Half of a bin's attention goes to its neighbours in wavelength, the rest is shared by the bins
    of the same molecules' bands and of the same segment. FGS1 is no wavelength neighbour of AIRS;
    it and the AIRS segments hear one another through the learnt edges alone.
    """
    waves = wavelength.size
    position = np.arange(waves)
    gap = np.abs(position[:, None] - position)
    near = np.where((gap > 0) & (gap <= REACH), 1 / np.maximum(gap, 1), 0.0)
    near[0], near[:, 0] = 0, 0
    bands = membership(wavelength).astype(float)
    segment = np.minimum(np.maximum(position - 1, 0) * SEGMENTS // max(waves - 1, 1), SEGMENTS - 1)
    same = (segment[:, None] == segment).astype(float)
    same[0], same[:, 0] = 0, 0
    graph = 2 * _rows_to_one(near) + _rows_to_one(bands.T @ bands) + _rows_to_one(same)
    np.fill_diagonal(graph, 0)
    return _rows_to_one(graph)


def _rows_to_one(weights: F8) -> F8:
    total = weights.sum(axis=1, keepdims=True)
    result: F8 = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return result
