"""The fit of one visit: white light first, then every bin at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import LightCurves, System
from spectramind_models.transit import joint
from spectramind_models.transit.joint import Fit, PanelState, Prior, State
from spectramind_models.transit.limb_darkening import TYPICAL_TEMPERATURE
from spectramind_models.transit.options import TransitOptions
from spectramind_models.transit.panel import Panel, PanelPriors, panel_of, white_panel
from spectramind_models.transit.population import Population
from spectramind_models.transit.residual import (
    common,
    outliers,
    residuals,
    scatter,
    smooth_scatter,
    without_spikes,
)
from spectramind_models.transit.white import fit_white, prior_of

STEPS = 4


@dataclass(frozen=True)
class VisitFit:
    """What was fitted to one visit; panels come FGS1 first, if it is there."""

    visit: int
    system: System | None
    white: tuple[Panel, ...]
    white_fit: Fit
    bins: tuple[Panel, ...]
    bins_fit: Fit
    prior: Prior
    """Of what bins share."""
    scatter: tuple[F8, ...]
    """By panel, ``[wave]``: scatter of residuals relative to the promised error."""
    common_scatter: tuple[float, ...]
    """By panel: scatter of white light relative to what independent bins would show."""
    calibration: tuple[F8, ...]
    """By panel, ``[cause, wave]``: relative errors of depths that calibration states."""
    clipped: int
    """Samples left out as outliers."""


def fit_visit(
    visit: LightCurves, options: TransitOptions, population: Population | None = None
) -> VisitFit:
    """Fit the light curves of one visit, with the priors of `options` or of a `population`."""
    system = visit.system
    priors = PanelPriors(
        temperature=TYPICAL_TEMPERATURE if system is None else system.star_temperature,
        drift_order=options.drift_order,
        drift_wavelength_order=options.drift_wavelength_order,
        drift_scale=options.drift_scale,
        limb_sd=options.limb_darkening_sd,
    )
    curves = tuple(curve for curve in (visit.fgs1, visit.airs) if curve is not None)
    raw = tuple(panel_of(curve, priors) for curve in curves)
    smooth = tuple(without_spikes(panel, options.clip) for panel in raw)
    white, white_fit = fit_white(
        tuple(white_panel(p, priors) for p in smooth), system, options, population
    )
    smooth = tuple(p.without(w.weight == 0) for p, w in zip(smooth, white, strict=True))
    state = _spread(white_fit.state, raw)
    prior = prior_of(raw, state, system, options, population)
    first = joint.fit(smooth, state, prior, steps=STEPS)
    bins = _cleaned(smooth, first.state, options.clip)
    spread = tuple(scatter(r) for r in _residuals(bins, first.state))
    bins = tuple(p.with_noise(smooth_scatter(s)) for p, s in zip(bins, spread, strict=True))
    fitted = joint.fit(bins, first.state, prior, steps=STEPS)
    left = _residuals(bins, fitted.state)
    return VisitFit(
        visit=visit.visit,
        system=system,
        white=white,
        white_fit=white_fit,
        bins=bins,
        bins_fit=fitted,
        prior=prior,
        scatter=spread,
        common_scatter=tuple(
            max(1.0, float(scatter(common(r, p))[0])) for r, p in zip(left, bins, strict=True)
        ),
        calibration=tuple(
            np.array([*curve.calibration_errors.values()]).reshape(-1, curve.wavelength.size)
            for curve in curves
        ),
        clipped=_samples(raw) - _samples(bins),
    )


def _residuals(panels: tuple[Panel, ...], state: State) -> tuple[F8, ...]:
    each = enumerate(zip(panels, state.panels, strict=True))
    return tuple(residuals(panel, values, state.orbit(i)) for i, (panel, values) in each)


def _cleaned(panels: tuple[Panel, ...], state: State, clip: float) -> tuple[Panel, ...]:
    """Without the samples that are far off by themselves, and the moments that are for all bins."""
    cleaned = []
    for panel, left in zip(panels, _residuals(panels, state), strict=True):
        bad = outliers(left, clip)
        left = np.where(bad, np.nan, left)
        cleaned.append(panel.without(bad | outliers(common(left, panel), clip)))
    return tuple(cleaned)


def _samples(panels: tuple[Panel, ...]) -> int:
    return sum(int(np.count_nonzero(panel.weight)) for panel in panels)


def _spread(white: State, panels: tuple[Panel, ...]) -> State:
    """The white-light state, handed on to every bin."""
    return replace(
        white,
        panels=tuple(
            PanelState(
                mid_transit=values.mid_transit,
                limb=_first(values.limb, (2, len(panel.limb_basis))),
                drift=_first(values.drift, panel.drift_sd.shape),
                level=np.full(len(panel.flux), values.level[0]),
                depth=np.full(len(panel.flux), values.depth[0]),
            )
            for panel, values in zip(panels, white.panels, strict=True)
        ),
    )


def _first(values: F8, shape: tuple[int, ...]) -> F8:
    """``values [row, 1]`` as the first column of zeros of some `shape`."""
    result = np.zeros(shape)
    result[:, 0] = values[:, 0]
    return result
