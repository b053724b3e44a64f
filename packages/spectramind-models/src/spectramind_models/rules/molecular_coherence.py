"""The bands of one molecule move together: one cannot deepen while another fills up.

References
----------
Band limits: `spectramind_core.molecules`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from spectramind_core.arrays import F8
from spectramind_core.components import Scene
from spectramind_core.molecules import BANDS, membership
from spectramind_models.rules.excess import PPM, excess
from spectramind_models.rules.grid import airs_start
from spectramind_models.rules.options import MolecularCoherenceOptions

ROUNDS = 200
"""Of alternating projections, at most; bands overlap, so one pass is not always enough."""


class MolecularCoherence:
    """Limits how far bands of one molecule lie on opposite sides of the continuum."""

    def __init__(self, options: MolecularCoherenceOptions) -> None:
        self._limit = options.limit * PPM

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: a molecule's incoherence, at each bin of its bands."""
        total = torch.zeros_like(mu)
        for bands in _molecules(tuple(scene.wavelength)):
            contrast = mu @ bands.to(mu).T
            opposed = torch.minimum(contrast.amax(1), -contrast.amin(1))
            inside = (bands > 0).any(0).to(mu)
            total = total + excess(opposed, self._limit)[:, None] * inside
        return total

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Raise the bands that are too low, by the least change of the spectrum."""
        molecules = _molecules(tuple(scene.wavelength))
        for _ in range(ROUNDS):
            before = mu
            for bands in molecules:
                mu = self._raise(mu, bands.to(mu))
            if torch.equal(before, mu):
                break
        return mu, sigma

    def _raise(self, mu: Tensor, bands: Tensor) -> Tensor:
        """Nearest spectra in which bands of this molecule keep the rule."""
        contrast = mu @ bands.T
        present = (contrast.amax(1) > self._limit)[:, None]
        missing = torch.where(present, torch.relu(-contrast - self._limit), 0)
        return mu + missing @ (bands / bands.square().sum(1, keepdim=True))


@lru_cache(maxsize=4)
def _molecules(wavelength: tuple[float, ...]) -> tuple[Tensor, ...]:
    """For each molecule of two or more bands ``[band, wave]``: mean in the band less continuum."""
    grid: F8 = np.array(wavelength)
    airs = np.arange(grid.size) >= airs_start(grid)
    continuum = airs & ~membership(grid).any(0)
    if not continuum.any():
        return ()
    found = []
    for limits in BANDS.values():
        bands = [airs & (grid >= low) & (grid <= high) for low, high in limits]
        rows = [band / band.sum() - continuum / continuum.sum() for band in bands if band.any()]
        if len(rows) > 1:
            found.append(torch.from_numpy(np.array(rows)))
    return tuple(found)
