"""Both instruments watch one planet cross one star: their depths cannot be strangers."""

from __future__ import annotations

import torch
from torch import Tensor

from spectramind_core.components import Scene
from spectramind_models.rules.excess import excess
from spectramind_models.rules.grid import airs_start
from spectramind_models.rules.options import PhotonicAlignmentOptions


class PhotonicAlignment:
    """Holds FGS1's transit to AIRS's: one time, and depths that agree.

    *Depth*: within a share of AIRS's, and near what white light says of it. The latter needs the
    features ``physics_depth`` and ``physics_sigma`` ``[planet, wave]`` (depths from the transit fit
    alone, before any prior).

    *Time*: where the transit came at different times in the two instruments (feature
    ``timing_tension [planet]``, in standard deviations), one of the two fits is not to be trusted.
    No spectrum can mend that: it is a violation without a gradient, for reports, which the hard
    mode leaves; and the white light's say is weakened in proportion.
    """

    def __init__(self, options: PhotonicAlignmentOptions) -> None:
        self._max_offset = options.max_offset
        self._max_tension = options.max_tension

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: non-zero at FGS1's bins alone."""
        start = airs_start(scene.wavelength)
        offset, depth = _offset(mu, start)
        found = excess(offset.abs(), self._max_offset * depth.abs().clamp(min=1e-6))
        for expected, error in self._white(mu, scene, start):
            found = found + excess((offset - expected).abs(), self._max_tension * error)
        found = found + excess(_tension(mu, scene), self._max_tension)[:, None]
        return torch.nn.functional.pad(found, (0, mu.shape[1] - start))

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Move FGS1's depth to the nearest one allowed; AIRS stays."""
        start = airs_start(scene.wavelength)
        offset, depth = _offset(mu, start)
        for expected, error in self._white(mu, scene, start):
            reach = self._max_tension * error
            offset = torch.minimum(torch.maximum(offset, expected - reach), expected + reach)
        reach = self._max_offset * depth.abs().clamp(min=1e-6)
        offset = torch.minimum(torch.maximum(offset, -reach), reach)
        return mu.slice_scatter(depth + offset, dim=1, end=start), sigma

    def _white(self, mu: Tensor, scene: Scene, start: int) -> list[tuple[Tensor, Tensor]]:
        """What white light says of FGS1's offset, and its error; empty if it says nothing."""
        if not {"physics_depth", "physics_sigma"} <= scene.features.keys():
            return []
        depth, error = (scene.features[f"physics_{name}"].to(mu) for name in ("depth", "sigma"))
        weight = error[:, start:].pow(-2)
        white = (weight * depth[:, start:]).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
        variance = error[:, :start].square() + 1 / weight.sum(1, keepdim=True)
        doubt = (_tension(mu, scene) / self._max_tension).clamp(min=1)[:, None]
        return [(depth[:, :start] - white, doubt * variance.sqrt())]


def _tension(mu: Tensor, scene: Scene) -> Tensor:
    """``[planet]``: how far apart the instruments' mid-transits lie; 0 where that is unknown."""
    tension: Tensor = scene.features.get("timing_tension", mu.new_zeros(mu.shape[0]))
    return tension.to(mu).nan_to_num().abs()


def _offset(mu: Tensor, start: int) -> tuple[Tensor, Tensor]:
    """Depth of FGS1 less mean depth of AIRS ``[planet, start]``, and the latter ``[planet, 1]``."""
    depth = mu[:, start:].mean(1, keepdim=True)
    return mu[:, :start] - depth, depth
