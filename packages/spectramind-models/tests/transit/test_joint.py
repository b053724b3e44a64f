"""The arrow-shaped least squares against a dense one, and its Jacobian against differences."""

from dataclasses import replace

import numpy as np

from spectramind_models.transit import joint
from spectramind_models.transit.joint import State
from spectramind_models.transit.options import TransitOptions
from spectramind_models.transit.panel import Panel, PanelPriors, panel_of, white_panel
from spectramind_models.transit.visit import _spread
from spectramind_models.transit.white import guess, prior_of

OPTIONS = TransitOptions(drift_order=2, drift_wavelength_order=1)


def _case(world) -> tuple[tuple[Panel, ...], State, joint.Prior]:
    visit = world(samples=60, wavelength=np.r_[0.7, 2.0, 2.6, 3.2]).observe(3)
    priors = PanelPriors(5200.0, 2, 1, 1e-3, 0.1)
    panels = (panel_of(visit.fgs1, priors), panel_of(visit.airs, priors))
    start = _spread(guess([white_panel(p, priors) for p in panels], visit.system), panels)
    return panels, start, prior_of(panels, start, visit.system, OPTIONS)


def _dense(panels: tuple[Panel, ...], fit: joint.Fit, prior: joint.Prior) -> np.ndarray:
    """Covariance of all unknowns by one numerical Jacobian: shared, then each panel's own."""
    state, shared = fit.state, prior.mean.size
    sizes = [len(p.flux) for p in panels]

    def residual(step: np.ndarray) -> np.ndarray:
        parts = np.split(step[shared:], np.cumsum([2 * n for n in sizes])[:-1])
        moved = state.moved(step[:shared], [p.reshape(-1, 2) for p in parts])
        return np.concatenate(
            [
                (joint.light(p, v, moved.orbit(i)).model * np.sqrt(p.weight)).ravel()
                for i, (p, v) in enumerate(zip(panels, moved.panels, strict=True))
            ]
        )

    total = shared + 2 * sum(sizes)
    jacobian = np.stack([(residual(h) - residual(-h)) / 2e-6 for h in 1e-6 * np.eye(total)], axis=1)
    precision = jacobian.T @ jacobian
    precision[:shared, :shared] += prior.precision
    return np.linalg.inv(precision)


def test_errors_are_those_of_the_dense_problem(world) -> None:
    panels, start, prior = _case(world)
    fit = joint.fit(panels, start, prior, steps=60)
    dense = _dense(panels, fit, prior)
    shared = prior.mean.size
    np.testing.assert_allclose(np.diag(fit.covariance), np.diag(dense)[:shared], rtol=0.02)
    depth = np.concatenate(
        [
            n**2 + np.einsum("wi,ij,wj->w", r, fit.covariance, r)
            for n, r in zip(fit.noise, fit.response, strict=True)
        ]
    )
    np.testing.assert_allclose(depth, np.diag(dense)[shared + 1 :: 2], rtol=0.02)


def test_the_fit_ends_where_the_objective_is_least(world) -> None:
    panels, start, prior = _case(world)
    fit = joint.fit(panels, start, prior, steps=60)
    for i in range(prior.mean.size):
        for sign in (-1, 1):
            step = np.zeros(prior.mean.size)
            step[i] = sign * 0.3 * np.sqrt(fit.covariance[i, i])
            local = [np.zeros((len(p.flux), 2)) for p in panels]
            moved = joint.fit(panels, fit.state.moved(step, local), prior, steps=0)
            assert moved.objective > fit.objective - 0.01


def test_a_bin_without_samples_is_unknown_and_disturbs_no_other(world) -> None:
    panels, start, prior = _case(world)
    blind = replace(panels[1], weight=panels[1].weight * np.array([[1], [0], [1]]))
    fit = joint.fit((panels[0], blind), start, prior, steps=30)
    assert fit.noise[1][1] == joint.UNKNOWN
    assert np.all(fit.noise[1][[0, 2]] < 1e-2)
    assert not fit.response[1][1].any()
