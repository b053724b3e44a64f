"""The graph of spectral bins: who is joined to whom, why, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_core.molecules import membership
from spectramind_models.graph.options import GraphOptions

RELATIONS = ("wavelength", "molecule", "segment")
"""Why two bins are joined, in order of precedence."""


@dataclass(frozen=True)
class Edges:
    """Directed edges, both ways between each pair, and one from each bin to itself."""

    index: npt.NDArray[np.int64]
    """``[2, edge]``: from, to."""
    relation: npt.NDArray[np.int64]
    """``[edge]``: place in `RELATIONS`."""
    features: F8
    """``[edge, feature]``: difference in wavelength (micron), one column for each relation."""


def build(wavelength: F8, options: GraphOptions) -> Edges:
    """The graph of a grid of bins; depends on nothing but the grid and the options.

    Parameters
    ----------
    wavelength
        ``[wave]`` micron.
    """
    joined: dict[tuple[int, int], int] = {}
    for relation, pairs in enumerate(
        (
            _nearest(wavelength, options.neighbours),
            _same_molecule(wavelength, options.molecule_links),
            _segments(wavelength.size, options.segments),
        )
    ):
        for a, b in pairs:
            joined.setdefault((a, b), relation)
            joined.setdefault((b, a), relation)
    for bin_ in range(wavelength.size):
        joined[bin_, bin_] = 0
    keys = sorted(joined)
    index = np.array(keys, np.int64).T
    why = np.array([joined[key] for key in keys], np.int64)
    distance = wavelength[index[1]] - wavelength[index[0]]
    return Edges(index, why, np.column_stack([distance, np.eye(len(RELATIONS))[why]]))


def _nearest(wavelength: F8, neighbours: int) -> Any:
    order = np.argsort(wavelength, kind="stable")
    for step in range(1, neighbours + 1):
        yield from zip(order[:-step].tolist(), order[step:].tolist(), strict=True)


def _same_molecule(wavelength: F8, links: int) -> Any:
    """Each bin of a molecule's bands with `links` others, evenly spread over the bands."""
    for inside in membership(wavelength):
        members = np.flatnonzero(inside)
        if members.size < 2 or links == 0:
            continue
        hubs = members[
            np.linspace(0, members.size - 1, min(links, members.size)).round().astype(int)
        ]
        for member in members.tolist():
            for hub in hubs.tolist():
                if member != hub:
                    yield member, hub


def _segments(bins: int, segments: int) -> Any:
    """Each bin with the middle of its detector segment, and the middles with one another."""
    groups = np.array_split(np.arange(bins), min(segments, bins))
    middles = [int(group[group.size // 2]) for group in groups]
    for group, middle in zip(groups, middles, strict=True):
        yield from ((int(bin_), middle) for bin_ in group if bin_ != middle)
    for a in middles:
        yield from ((a, b) for b in middles if b > a)
