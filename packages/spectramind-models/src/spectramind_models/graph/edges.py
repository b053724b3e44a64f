"""The graph of spectral bins: who is joined to whom, why, and how far apart they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_core.molecules import membership
from spectramind_models.graph.options import GraphOptions

Bins = npt.NDArray[np.int64]
Pairs = Iterator[tuple[int, int]]

RELATIONS = ("wavelength", "molecule", "segment")
"""Why two bins are joined, in order of precedence."""

PHOTOMETER_END = 1.1
"""Micron: FGS1 ends at 0.8 and AIRS-CH0 begins at 1.95, so FGS1 is nobody's neighbour."""


@dataclass(frozen=True)
class Edges:
    """Directed edges, both ways between each pair, and one from each bin to itself."""

    index: Bins
    """``[2, edge]``: from, to."""
    relation: Bins
    """``[edge]``: place in `RELATIONS`."""
    features: F8
    """``[edge, feature]``: difference in wavelength (micron), a column for each relation, and one
    for each molecule of whose bands both ends are part."""


def build(wavelength: F8, options: GraphOptions) -> Edges:
    """The graph of a grid of bins; depends on nothing but the grid and the options.

    Parameters
    ----------
    wavelength
        ``[wave]`` micron, in any order.
    """
    order = np.argsort(wavelength, kind="stable")
    start = int(np.searchsorted(wavelength[order], PHOTOMETER_END))
    photometer, spectrograph = order[:start], order[start:]
    molecules = membership(wavelength)
    joined = {(bin_, bin_): 0 for bin_ in range(wavelength.size)}
    for relation, pairs in enumerate(
        (
            _nearest(spectrograph, options.neighbours),
            _same_molecule(molecules[:, order], order, options.molecule_links),
            _segments(photometer, spectrograph, options.segments),
        )
    ):
        for a, b in pairs:
            joined.setdefault((a, b), relation)
            joined.setdefault((b, a), relation)
    keys = sorted(joined)
    index = np.array(keys, np.int64).reshape(-1, 2).T
    why = np.array([joined[key] for key in keys], np.int64)
    distance = wavelength[index[1]] - wavelength[index[0]]
    shared = molecules[:, index[0]] & molecules[:, index[1]]
    return Edges(index, why, np.column_stack([distance, np.eye(len(RELATIONS))[why], shared.T]))


def _nearest(bins: Bins, neighbours: int) -> Pairs:
    for step in range(1, neighbours + 1):
        yield from zip(bins[:-step].tolist(), bins[step:].tolist(), strict=True)


def _same_molecule(inside: npt.NDArray[np.bool_], order: Bins, links: int) -> Pairs:
    """Each bin of a molecule's bands with `links` others, evenly spread over the bands."""
    for row in inside:
        members = order[row]
        count = min(links, members.size)
        hubs = members[np.linspace(0, members.size - 1, count).round().astype(int)]
        yield from ((a, b) for a in members.tolist() for b in hubs.tolist() if a != b)


def _segments(photometer: Bins, spectrograph: Bins, segments: int) -> Pairs:
    """Each bin with the middle of its detector segment, and the middles with one another."""
    groups = [photometer, *np.array_split(spectrograph, segments)]
    groups = [group for group in groups if group.size]
    middles = [int(group[group.size // 2]) for group in groups]
    for group, middle in zip(groups, middles, strict=True):
        yield from ((bin_, middle) for bin_ in group.tolist() if bin_ != middle)
    for place, a in enumerate(middles):
        yield from ((a, b) for b in middles[place + 1 :])
