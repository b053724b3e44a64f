"""Structure finer than the instrument resolves is noise, whatever it looks like."""

from __future__ import annotations

import torch
from torch import Tensor

from spectramind_core.components import Scene
from spectramind_models.rules.excess import PPM, excess
from spectramind_models.rules.grid import airs_start, spread
from spectramind_models.rules.options import FftPowerOptions


def high_pass(spectra: Tensor, cutoff: float) -> Tensor:
    """The part of ``[planet, bin]`` at `cutoff` cycles per bin and above.

    Spectra are mirrored at their ends, so that the step from the last bin to the first is none. The
    filter is a projection: filtering twice changes nothing more.
    """
    bins = spectra.shape[1]
    mirrored = torch.cat([spectra, spectra.flip(1)], 1)
    spectrum = torch.fft.rfft(mirrored)
    frequency = torch.fft.rfftfreq(2 * bins, device=spectra.device)
    kept = torch.where(frequency >= cutoff, spectrum, 0)
    fine: Tensor = torch.fft.irfft(kept, n=2 * bins)[:, :bins]
    return fine


class FftPower:
    """Limits each AIRS bin's part above the cut-off frequency."""

    def __init__(self, options: FftPowerOptions) -> None:
        self._cutoff = options.cutoff
        self._limit = options.limit * PPM

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: excess of each bin's fine structure over the limit."""
        fine = high_pass(mu[:, airs_start(scene.wavelength) :], self._cutoff)
        return spread(excess(fine.abs(), self._limit), scene.wavelength)

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Shrink a planet's fine structure until its strongest bin keeps the limit."""
        start = airs_start(scene.wavelength)
        fine = high_pass(mu[:, start:], self._cutoff)
        strongest = fine.abs().amax(1, keepdim=True).clamp(min=self._limit)
        airs = mu[:, start:] - (1 - self._limit / strongest) * fine
        return mu.slice_scatter(airs, dim=1, start=start), sigma
