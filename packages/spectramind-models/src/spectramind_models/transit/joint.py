"""Least squares for everything in a visit at once: orbit, limb darkening, drift, and all depths.

A bin's relative light is ``level * (1 + drift) * (1 - hidden)``, and ``hidden`` is linear in the
bin's depth about a common depth of its instrument. Each bin has two unknowns of its own, level and
depth; all others are shared. So the normal equations are an arrow: bins are eliminated one by one
(Schur complement), what is left is a small system for the shared unknowns, and the covariance of
the depths is exactly a diagonal plus a low-rank part. Levenberg-Marquardt steps take care of what
is not linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.light_curve import hidden_moments
from spectramind_models.transit.limb_darkening import moment_weights
from spectramind_models.transit.orbit import MAX_IMPACT, Orbit
from spectramind_models.transit.panel import Panel

UNKNOWN = 1.0
"""Standard deviation of a depth that nothing was measured of."""

_SHARED = 2  # log duration, impact
_MIN_DEPTH, _MAX_DEPTH = 1e-6, 0.25

_LONGEST = {"log_duration": 0.1, "impact": 0.15, "mid_transit": 0.25, "limb": 0.15}
"""Furthest that a step may move an unknown. Near a central transit the light hardly depends on the
impact parameter, and a step meant for small changes would leap to a grazing one."""


@dataclass(frozen=True)
class PanelState:
    """Values of one panel's unknowns."""

    mid_transit: float
    limb: F8
    """``[2, order]`` departures of u1 and u2 from the expected."""
    drift: F8
    """``[order, order]`` time by wavelength."""
    level: F8
    """``[wave]``"""
    depth: F8
    """``[wave]``"""

    def shared(self) -> F8:
        return np.concatenate([[self.mid_transit], self.limb.ravel(), self.drift.ravel()])


@dataclass(frozen=True)
class State:
    """Values of all unknowns of a visit."""

    duration: float
    impact: float
    period: float
    panels: tuple[PanelState, ...]

    def orbit(self, panel: int) -> Orbit:
        return Orbit(self.panels[panel].mid_transit, self.duration, self.impact, self.period)

    def shared(self) -> F8:
        head = [np.log(self.duration), self.impact]
        return np.concatenate([head, *(panel.shared() for panel in self.panels)])

    def moved(self, shared: F8, local: Sequence[F8]) -> State:
        """The state after a step: ``shared [unknown]`` and, by panel, ``local [wave, 2]``."""
        panels, start = [], _SHARED
        for panel, step in zip(self.panels, local, strict=True):
            stop = start + 1 + panel.limb.size + panel.drift.size
            part, start = shared[start:stop], stop
            limb, drift = np.split(part[1:], [panel.limb.size])
            panels.append(
                PanelState(
                    panel.mid_transit + float(part[0]),
                    panel.limb + limb.reshape(panel.limb.shape),
                    panel.drift + drift.reshape(panel.drift.shape),
                    panel.level + step[:, 0],
                    panel.depth + step[:, 1],
                )
            )
        return replace(
            self,
            duration=self.duration * float(np.exp(shared[0])),
            impact=min(abs(self.impact + float(shared[1])), MAX_IMPACT),
            panels=tuple(panels),
        )


@dataclass(frozen=True)
class Prior:
    """A Gaussian on the shared unknowns, in the order of `State.shared`."""

    mean: F8
    """``[unknown]``"""
    precision: F8
    """``[unknown, unknown]``: the covariance's inverse."""


@dataclass(frozen=True)
class Fit:
    """A state at which the sum of squares is least, and what it says about errors."""

    state: State
    objective: float
    """Sum of squared residuals over their errors, plus that of the prior."""
    covariance: F8
    """``[unknown, unknown]`` of the shared unknowns."""
    noise: tuple[F8, ...]
    """By panel, ``[wave]``: errors of the depths, were the shared unknowns known."""
    response: tuple[F8, ...]
    """By panel, ``[wave, unknown]``: how the depths move with the shared unknowns."""


@dataclass(frozen=True)
class _Arrow:
    """Normal equations: shared block, and each panel's own blocks."""

    objective: float
    shared: F8
    shared_right: F8
    local: tuple[F8, ...]
    local_right: tuple[F8, ...]
    cross: tuple[F8, ...]


@dataclass(frozen=True)
class Light:
    """One panel's model and its pieces, ``[wave, time]`` unless said otherwise."""

    transit: F8
    """1 outside transit."""
    drift: F8
    model: F8
    d_depth: F8
    """Of the transit."""
    d_orbit: F8
    """``[3, wave, time]`` of the transit: mid-transit, log duration, impact."""
    d_limb: F8
    """``[2, wave, time]`` of the transit: u1, u2."""


def light(panel: Panel, state: PanelState, orbit: Orbit) -> Light:
    """What a panel should have seen, and how that changes with each unknown."""
    common = float(np.clip(np.average(state.depth, weights=_trust(panel)), _MIN_DEPTH, _MAX_DEPTH))
    radius = np.sqrt(common)
    times, share = panel.sub_times
    distance, d_distance = orbit.distance(times)
    moments, by_radius, by_distance = hidden_moments(distance, radius)

    def averaged(values: F8) -> F8:
        return np.tensordot(share, values.reshape(*values.shape[:-1], 3, -1), (0, -2))

    hidden, by_depth = averaged(moments), averaged(by_radius) / (2 * radius)
    by_orbit = averaged(by_distance * d_distance[:, None])
    limb = panel.limb_expected + state.limb @ panel.limb_basis
    weights, d_weights = moment_weights(limb)
    excess = state.depth - common
    at_depth = hidden[:, None] + by_depth[:, None] * excess[:, None]
    transit = 1 - np.einsum("nl,nlt->lt", weights, at_depth)
    drift = 1 + panel.drift_wave.T @ state.drift.T @ panel.drift_time
    return Light(
        transit=transit,
        drift=drift,
        model=state.level[:, None] * drift * transit,
        d_depth=-weights.T @ by_depth,
        d_orbit=-np.einsum("nl,ont->olt", weights * (state.depth / common), by_orbit),
        d_limb=-np.einsum("unl,nlt->ult", d_weights, at_depth),
    )


def fit(panels: Sequence[Panel], start: State, prior: Prior, *, steps: int) -> Fit:
    """Minimise from `start` in at most `steps` Levenberg-Marquardt steps."""
    state, damping = start, 1e-3
    arrow = _normal_equations(panels, state, prior)
    for _ in range(steps):
        trial = _stepped(state, arrow, damping)
        after = _normal_equations(panels, trial, prior)
        if not after.objective < arrow.objective:
            damping *= 10
            if damping > 1e6:
                break
            continue
        gain = arrow.objective - after.objective
        state, arrow, damping = trial, after, damping / 10
        if gain < 1e-3:
            break
    return _errors(state, arrow)


def _normal_equations(panels: Sequence[Panel], state: State, prior: Prior) -> _Arrow:
    size = prior.mean.size
    departure = state.shared() - prior.mean
    shared = prior.precision.copy()
    right = -prior.precision @ departure
    objective = float(departure @ prior.precision @ departure)
    local, local_right, cross = [], [], []
    start = _SHARED
    for i, (panel, values) in enumerate(zip(panels, state.panels, strict=True)):
        now = light(panel, values, state.orbit(i))
        own, common = _jacobians(panel, values, now)
        residual = panel.flux - now.model
        objective += float(np.sum(panel.weight * residual**2))
        columns = np.r_[start, 0, 1, start + 1 : start + len(common) - 2]
        start += len(common) - 2
        pull = panel.weight * residual
        weighted = (common * panel.weight).reshape(len(common), -1)
        shared[np.ix_(columns, columns)] += weighted @ common.reshape(len(common), -1).T
        right[columns] += np.tensordot(common, pull, ((1, 2), (0, 1)))
        block = np.einsum("plt,qlt,lt->lpq", own, own, panel.weight)
        block[:, [0, 1], [0, 1]] += UNKNOWN**-2
        local.append(block)
        local_right.append(np.einsum("plt,lt->lp", own, pull))
        full = np.zeros((own.shape[1], 2, size))
        for p in range(2):
            full[:, p, columns] = np.einsum("glt,lt->lg", common, own[p] * panel.weight)
        cross.append(full)
    return _Arrow(objective, shared, right, tuple(local), tuple(local_right), tuple(cross))


def _jacobians(panel: Panel, state: PanelState, now: Light) -> tuple[F8, F8]:
    """``[2, wave, time]`` for level and depth, ``[unknown, wave, time]`` for the shared ones."""
    scale = state.level[:, None] * now.drift
    own = np.stack([now.drift * now.transit, scale * now.d_depth])
    limb = now.d_limb[:, None] * panel.limb_basis[None, :, :, None]
    drift = (
        (state.level[:, None] * now.transit)
        * panel.drift_time[:, None, None, :]
        * panel.drift_wave[None, :, :, None]
    )
    shape = panel.flux.shape
    common = np.concatenate(
        [now.d_orbit * scale, limb.reshape(-1, *shape) * scale, drift.reshape(-1, *shape)]
    )
    return own, common


def _stepped(state: State, arrow: _Arrow, damping: float) -> State:
    reduced, right = arrow.shared.copy(), arrow.shared_right.copy()
    reduced[np.diag_indices_from(reduced)] *= 1 + damping
    for block, push, cross in zip(arrow.local, arrow.local_right, arrow.cross, strict=True):
        solved = _solve(block, cross)
        reduced -= np.tensordot(cross, solved, ((0, 1), (0, 1)))
        right -= np.tensordot(solved, push, ((0, 1), (0, 1)))
    shared = _solve(reduced, right)
    shared /= max(1.0, float(np.max(np.abs(shared) / _longest(state))))
    local = [
        _solve(block, (push - cross @ shared)[..., None])[..., 0]
        for block, push, cross in zip(arrow.local, arrow.local_right, arrow.cross, strict=True)
    ]
    return state.moved(shared, local)


def _longest(state: State) -> F8:
    """Furthest that a step may go, in the order of `State.shared`."""
    parts = [_LONGEST["log_duration"], _LONGEST["impact"]]
    for panel in state.panels:
        parts += [_LONGEST["mid_transit"], *[_LONGEST["limb"]] * panel.limb.size]
        parts += [np.inf] * panel.drift.size
    return np.array(parts)


def _solve(matrix: F8, right: F8) -> F8:
    return np.linalg.solve(matrix, right).astype(np.float64, copy=False)


def _errors(state: State, arrow: _Arrow) -> Fit:
    reduced = arrow.shared.copy()
    noise, response = [], []
    for block, cross in zip(arrow.local, arrow.cross, strict=True):
        inverse = np.linalg.inv(block)
        solved = inverse @ cross
        reduced -= np.tensordot(cross, solved, ((0, 1), (0, 1)))
        noise.append(np.sqrt(inverse[:, 1, 1]))
        response.append(-solved[:, 1])
    covariance = _solve(reduced, np.eye(len(reduced)))
    return Fit(state, arrow.objective, covariance, tuple(noise), tuple(response))


def _trust(panel: Panel) -> F8:
    trust: F8 = np.maximum(panel.weight.sum(axis=1), 1e-12)
    return trust


def first_of(state: State, panel: int) -> int:
    """Where a panel's unknowns begin among the shared ones: mid-transit, then limb darkening."""
    before = state.panels[:panel]
    return _SHARED + sum(1 + p.limb.size + p.drift.size for p in before)
