"""One instrument's light in one visit, made ready to be fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import Instrument, LightCurve
from spectramind_models.transit import drift, limb_darkening

_EXPOSURE_NODES, _EXPOSURE_WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True)
class Panel:
    """Relative light of some bins that share a clock, and the bases of what may change it.

    Arrays are bin-major, time contiguous.
    """

    instrument: Instrument
    time: F8
    """``[time]`` hours, middle of each exposure."""
    exposure: float
    """Hours that each sample averages over."""
    wavelength: F8
    """``[wave]`` micron."""
    flux: F8
    """``[wave, time]`` relative to the bin's median."""
    weight: F8
    """``[wave, time]`` inverse variance of `flux`; 0 where there is no sample."""
    drift_time: F8
    """``[order, time]``"""
    drift_wave: F8
    """``[order, wave]``"""
    drift_sd: F8
    """``[order, order]`` prior of the drift's coefficients, time by wavelength."""
    limb_expected: F8
    """``[2, wave]`` u1 and u2."""
    limb_basis: F8
    """``[order, wave]``: what u1 and u2 may each depart from the expected by."""
    limb_sd: F8
    """``[order]``"""

    @property
    def sub_times(self) -> tuple[F8, F8]:
        """``[3 x time]`` moments within the exposures, and the ``[3]`` weights to average them."""
        nodes = self.time + 0.5 * self.exposure * _EXPOSURE_NODES[:, None]
        return nodes.ravel(), 0.5 * _EXPOSURE_WEIGHTS

    def without(self, outlier: Bool) -> Panel:
        """The same panel with the samples ``outlier [wave, time]`` left out."""
        return replace(self, weight=np.where(outlier, 0.0, self.weight))

    def with_noise(self, ratio: F8) -> Panel:
        """The same panel with each bin's noise ``ratio [wave]`` times what was promised."""
        return replace(self, weight=self.weight / ratio[:, None] ** 2)


@dataclass(frozen=True)
class PanelPriors:
    """What is expected of any panel of a visit."""

    temperature: float
    drift_order: int
    drift_wavelength_order: int
    drift_scale: float
    limb_sd: float


def panel_of(curve: LightCurve, priors: PanelPriors) -> Panel:
    """All bins of a light curve."""
    valid = curve.valid.T & (curve.variance.T > 0) & np.isfinite(curve.flux.T)
    flux = np.where(valid, curve.flux.T, np.nan)
    level = _level(flux)
    usable = valid & (level > 0)[:, None]
    safe = np.where(level > 0, level, 1.0)[:, None]
    variance = np.where(usable, curve.variance.T, 1.0) / safe**2
    return _panel(
        curve.instrument,
        curve.time,
        curve.wavelength,
        np.where(usable, curve.flux.T, safe) / safe,
        np.where(usable, 1 / variance, 0.0),
        priors,
    )


def white_panel(panel: Panel, priors: PanelPriors) -> Panel:
    """All bins of a panel summed into one, weighted by their precision."""
    each = panel.weight.sum(axis=1) / np.maximum((panel.weight > 0).sum(axis=1), 1)
    share = np.where(panel.weight > 0, each[:, None], 0.0)
    total = share.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    flux = np.where(total > 0, (share * panel.flux).sum(axis=0) / safe, 1.0)
    variance = np.divide(
        share**2, panel.weight, out=np.zeros_like(share), where=panel.weight > 0
    ).sum(axis=0)
    weight = np.where(total > 0, safe**2 / np.where(variance > 0, variance, 1.0), 0.0)
    centre = np.array([np.average(panel.wavelength, weights=np.maximum(each, 1e-300))])
    return _panel(panel.instrument, panel.time, centre, flux[None], weight[None], priors)


def _panel(
    instrument: Instrument, time: F8, wavelength: F8, flux: F8, weight: F8, priors: PanelPriors
) -> Panel:
    drift_time = drift.time_basis(time, min(priors.drift_order, max(time.size - 1, 0)))
    drift_wave = drift.wavelength_basis(wavelength, priors.drift_wavelength_order)
    many = wavelength.size > 1
    slope = wavelength - wavelength.mean()
    return Panel(
        instrument=instrument,
        time=time,
        exposure=float(np.median(np.diff(time))) if time.size > 1 else 0.0,
        wavelength=wavelength,
        flux=np.ascontiguousarray(flux),
        weight=np.ascontiguousarray(weight),
        drift_time=drift_time,
        drift_wave=drift_wave,
        drift_sd=drift.prior_sd((len(drift_time), len(drift_wave)), priors.drift_scale),
        limb_expected=limb_darkening.expected(priors.temperature, wavelength),
        limb_basis=np.stack([np.ones_like(slope), slope]) if many else np.ones((1, 1)),
        limb_sd=priors.limb_sd * np.array([1.0, 0.5] if many else [1.0]),
    )


def _level(flux: F8) -> F8:
    """Median of each row over what is finite; 0 for a row with nothing finite."""
    filled = np.any(np.isfinite(flux), axis=1)
    level = np.zeros(len(flux))
    level[filled] = np.nanmedian(flux[filled], axis=1)
    return level
