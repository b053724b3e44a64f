"""White light of each visit by each instrument: as transits were fitted to it, or as calibrated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Evidence
from spectramind_core.contracts import LightCurve


@dataclass(frozen=True)
class Series:
    """White light of one visit by one instrument, relative to the star; all ``[time]``."""

    planet: str
    visit: int
    instrument: str
    time: F8
    flux: F8
    error: F8
    model: F8 | None
    drift: F8 | None
    depth: float

    @property
    def residual(self) -> F8:
        """Data minus model ``[time]``; NaN without a model."""
        missing = np.full(self.time.size, np.nan)
        return missing if self.model is None else self.flux - self.model


def white_light(evidence: Evidence) -> Iterable[Series]:
    """From the transit fits; where there are none, from the light curves' mean over bins."""
    for fit in evidence.transit_fits:
        ratio = fit.parameters.get("radius_ratio", np.nan)
        yield Series(
            planet=fit.planet_id,
            visit=fit.visit,
            instrument=str(fit.instrument),
            time=fit.time,
            flux=fit.flux,
            error=fit.error,
            model=fit.transit * fit.drift,
            drift=fit.drift,
            depth=ratio**2,
        )
    if evidence.transit_fits or evidence.light_curves is None:
        return
    for visits in evidence.light_curves:
        for visit in visits:
            for curve in (visit.fgs1, visit.airs):
                if curve is not None:
                    yield _white(visit.planet_id, visit.visit, curve)


def _white(planet: str, visit: int, curve: LightCurve) -> Series:
    good = curve.valid & np.isfinite(curve.flux)
    flux = np.where(good, curve.flux, 0.0).sum(axis=1)
    variance = np.where(good, curve.variance, 0.0).sum(axis=1)
    # A time bin that lacks some wavelengths would look like a dip.
    whole = good.sum(axis=1) == max(good.sum(axis=1).max(), 1)
    flux = np.where(whole, flux, np.nan)
    level = float(np.nanmedian(flux)) if np.isfinite(flux).any() else np.nan
    return Series(
        planet=planet,
        visit=visit,
        instrument=str(curve.instrument),
        time=curve.time,
        flux=flux / level,
        error=np.sqrt(variance) / level,
        model=None,
        drift=None,
        depth=np.nan,
    )
