"""The white-light fit: orbit, limb darkening, drift and depth of each instrument's summed light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectramind_core.contracts import System
from spectramind_models.transit import joint, start
from spectramind_models.transit.joint import Fit, PanelState, Prior, State
from spectramind_models.transit.options import TransitOptions
from spectramind_models.transit.orbit import TYPICAL_PERIOD, Orbit, catalogued
from spectramind_models.transit.panel import Panel
from spectramind_models.transit.population import Population
from spectramind_models.transit.residual import outliers, residuals, without_spikes

STEPS = 40
_CLIP_ROUNDS = 8
_MID_TRANSIT_SD = 1.0
_UNSEEN_IMPACT, _UNSEEN_IMPACT_SD = 0.3, 0.3
_UNSEEN_DURATION_SD = 1.0


def fit_white(
    panels: tuple[Panel, ...],
    system: System | None,
    options: TransitOptions,
    population: Population | None = None,
) -> tuple[tuple[Panel, ...], Fit]:
    """Fit panels of one bin each, leaving outliers out.

    A fit that outliers have led astray need not find its way back: without them it starts anew.

    Returns
    -------
    panels, fit
        The panels without their outliers, and what was fitted to them.
    """
    panels = tuple(without_spikes(panel, options.clip) for panel in panels)
    for _ in range(_CLIP_ROUNDS):
        state = guess(panels, system)
        prior = prior_of(panels, state, system, options, population)
        fitted = joint.fit(panels, state, prior, steps=STEPS)
        far = [
            outliers(residuals(p, s, fitted.state.orbit(i)), options.clip)
            for i, (p, s) in enumerate(zip(panels, fitted.state.panels, strict=True))
        ]
        if not any(np.any(f) for f in far):
            break
        panels = tuple(p.without(f) for p, f in zip(panels, far, strict=True))
    return panels, fitted


def guess(panels: Sequence[Panel], system: System | None) -> State:
    """A state from which the fit finds its way: boxes for time, the catalogue for the orbit."""
    if system is None:
        orbit = Orbit(0.0, 1.0, _UNSEEN_IMPACT, TYPICAL_PERIOD)
        durations = start.DURATIONS
    else:
        orbit = catalogued(system, 0.0)
        durations = orbit.duration * np.array([0.85, 1.0, 1.15])
    mid, duration, depths = start.find_transit(panels, durations)
    each = tuple(
        PanelState(
            mid_transit=mid,
            limb=np.zeros((2, len(panel.limb_basis))),
            drift=np.zeros(panel.drift_sd.shape),
            level=np.ones(1),
            depth=np.array([depth]),
        )
        for panel, depth in zip(panels, depths, strict=True)
    )
    return State(duration, orbit.impact, orbit.period, each)


def prior_of(
    panels: Sequence[Panel],
    state: State,
    system: System | None,
    options: TransitOptions,
    population: Population | None = None,
) -> Prior:
    """What is expected of the shared unknowns: catalogue, star, and size of the drift.

    With a `population`, what other visits let expect of them.
    """
    if system is None:
        mean, sd = (
            [np.log(state.duration), _UNSEEN_IMPACT],
            [
                _UNSEEN_DURATION_SD,
                _UNSEEN_IMPACT_SD,
            ],
        )
    else:
        orbit = catalogued(system, 0.0)
        mean, sd = [np.log(orbit.duration), orbit.impact], [options.duration_sd, options.impact_sd]
    means, sds = [np.array(mean)], [np.array(sd)]
    for panel, values in zip(panels, state.panels, strict=True):
        means.append(np.r_[values.mid_transit, np.zeros(values.limb.size + values.drift.size)])
        sds.append(np.r_[_MID_TRANSIT_SD, panel.limb_sd, panel.limb_sd, panel.drift_sd.ravel()])
    prior = Prior(np.concatenate(means), np.diag(np.concatenate(sds) ** -2.0))
    return prior if population is None else population.expected(prior, panels, system)
