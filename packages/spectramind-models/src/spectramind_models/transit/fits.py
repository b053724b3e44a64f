"""The white-light transits found, as evidence for figures."""

from __future__ import annotations

import numpy as np

from spectramind_core.contracts import LightCurves, TransitFit
from spectramind_models.transit import joint
from spectramind_models.transit.options import TransitOptions
from spectramind_models.transit.population import Population
from spectramind_models.transit.visit import VisitFit, fit_visit


def transit_fits(
    visits: tuple[LightCurves, ...],
    options: TransitOptions,
    population: Population | None = None,
) -> tuple[TransitFit, ...]:
    """One fit per visit and instrument."""
    fitted = [(visit, fit_visit(visit, options, population)) for visit in visits]
    return tuple(
        _transit_fit(visit.planet_id, fit, i) for visit, fit in fitted for i in range(len(fit.bins))
    )


def _transit_fit(planet_id: str, fitted: VisitFit, index: int) -> TransitFit:
    panel, state = fitted.white[index], fitted.white_fit.state
    values = state.panels[index]
    now = joint.light(panel, values, state.orbit(index))
    seen = panel.weight[0] > 0
    error = np.full(panel.time.size, np.nan)
    error[seen] = panel.weight[0, seen] ** -0.5 / values.level[0]
    limb = panel.limb_expected[:, 0] + values.limb[:, 0]
    radius = float(np.sqrt(max(values.depth[0], 0.0)))
    return TransitFit(
        planet_id=planet_id,
        visit=fitted.visit,
        instrument=panel.instrument,
        time=panel.time,
        flux=np.where(seen, panel.flux[0] / values.level[0], np.nan),
        error=error,
        transit=now.transit[0],
        drift=now.drift[0],
        parameters={
            "mid_transit": values.mid_transit,
            "duration": state.duration,
            "impact": state.impact,
            "radius_ratio": radius,
            "u1": float(limb[0]),
            "u2": float(limb[1]),
        },
        errors=_errors(fitted, index, radius),
        bin_wavelength=fitted.bins[index].wavelength,
        bin_residual=fitted.scatter[index],
    )


def _errors(fitted: VisitFit, index: int, radius: float) -> dict[str, float]:
    fit = fitted.white_fit
    sd = np.sqrt(np.diag(fit.covariance))
    own = joint.first_of(fit.state, index)
    depth = np.sqrt(
        fit.noise[index][0] ** 2 + fit.response[index][0] @ fit.covariance @ fit.response[index][0]
    )
    return {
        "mid_transit": float(sd[own]),
        "duration": float(sd[0] * fit.state.duration),
        "impact": float(sd[1]),
        "radius_ratio": float(depth / (2 * max(radius, 1e-3))),
        "u1": float(sd[own + 1]),
        "u2": float(sd[own + 2]),
    }
