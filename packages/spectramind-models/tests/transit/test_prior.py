"""The posterior against dense linear algebra, against sampling, and against no prior at all."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from spectramind_models.transit.depths import PlanetDepths, compressed
from spectramind_models.transit.joint import UNKNOWN
from spectramind_models.transit.prior import SpectrumPrior

WAVES = 30


def spectra(planets: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, WAVES)
    basis = np.stack([np.sin(7 * x), np.cos(11 * x), np.exp(-x)])
    depth = 0.0147 * np.exp(0.5 * rng.normal(size=(planets, 1)))
    size = 0.01 * np.exp(rng.normal(size=(planets, 1)))
    return depth * (1 + size * (rng.normal(size=(planets, 3)) @ basis))


def measured(truth: np.ndarray, seed: int = 0, noise: float = 1e-4) -> PlanetDepths:
    rng = np.random.default_rng(seed)
    factors = 3e-5 * np.stack([np.ones(WAVES), np.linspace(-1, 1, WAVES)])
    depth = truth + noise * rng.normal(size=WAVES) + rng.normal(size=2) @ factors
    return PlanetDepths("1", depth, np.full(WAVES, noise), factors, {}, {})


def test_one_scale_agrees_with_dense_linear_algebra() -> None:
    prior = SpectrumPrior.fit(spectra(60), components=5)
    depths = measured(spectra(1, 9)[0])
    mean, covariance, _ = prior._gaussian(depths, 0.02)
    level = prior._depth(depths)
    before = (0.02 * level) ** 2 * prior.factors.T @ prior.factors
    before += np.diag((level * prior.rest) ** 2)
    before += prior.level[1] ** 2 * np.outer(prior.mean, prior.mean)
    total = before + np.diag(depths.noise**2) + depths.factors.T @ depths.factors
    gain = before @ np.linalg.inv(total)
    expected = prior.level[0] * prior.mean
    np.testing.assert_allclose(mean, expected + gain @ (depths.depth - expected), rtol=1e-8)
    np.testing.assert_allclose(covariance, before - gain @ before, rtol=1e-4, atol=1e-14)


def test_evidence_weighs_scales_as_the_normal_density_does() -> None:
    prior = SpectrumPrior.fit(spectra(60), components=5)
    depths = measured(spectra(1, 9)[0])
    level, ours, theirs = prior._depth(depths), [], []
    for scale in (0.002, 0.02, 0.1):
        ours.append(prior._gaussian(depths, scale)[2])
        total = (scale * level) ** 2 * prior.factors.T @ prior.factors
        total += np.diag((level * prior.rest) ** 2 + depths.noise**2)
        total += prior.level[1] ** 2 * np.outer(prior.mean, prior.mean)
        total += depths.factors.T @ depths.factors
        theirs.append(multivariate_normal.logpdf(depths.depth, prior.level[0] * prior.mean, total))
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-6)


def test_the_posterior_is_nearer_the_truth_than_the_depths_and_knows_how_near() -> None:
    prior, truth = SpectrumPrior.fit(spectra(300), components=5), spectra(100, 5)
    all_depths = [measured(y, seed) for seed, y in enumerate(truth)]
    mu, sigma = (np.stack(part) for part in zip(*(prior.posterior(d)[:2] for d in all_depths)))  # noqa: B905
    raw = np.stack([d.depth for d in all_depths]) - truth
    assert np.std(mu - truth) < 0.6 * np.std(raw)
    assert np.sqrt(np.mean(((mu - truth) / sigma) ** 2)) == pytest.approx(1, abs=0.15)


def test_the_covariance_is_symmetric_positive_and_has_sigma_on_its_diagonal() -> None:
    _, sigma, covariance = SpectrumPrior.fit(spectra(50)).posterior(measured(spectra(1, 3)[0]))
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-18)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), sigma)
    assert np.linalg.eigvalsh(covariance).min() > -1e-16


def test_an_unmeasured_planet_gets_the_prior_and_an_unmeasured_bin_its_neighbours() -> None:
    known = spectra(200)
    prior, truth = SpectrumPrior.fit(known), spectra(1, 4)[0]
    nothing = PlanetDepths(
        "1", np.zeros(WAVES), np.full(WAVES, UNKNOWN), np.zeros((1, WAVES)), {}, {}
    )
    mu, sigma, _ = prior.posterior(nothing)
    np.testing.assert_allclose(mu, known.mean(), rtol=0.1)
    np.testing.assert_allclose(sigma, known.std(), rtol=0.3)
    gap = measured(truth)
    gap.noise[4], gap.depth[4] = UNKNOWN, 0.5
    gap.factors[:, 4] = 0
    mu, sigma, _ = prior.posterior(gap)
    assert abs(mu[4] - truth[4]) < 5 * sigma[4]
    assert sigma[4] < 0.01 * truth[4]


def test_exact_depths_are_believed() -> None:
    truth = spectra(1, 6)[0]
    mu, sigma, _ = SpectrumPrior.fit(spectra(50)).posterior(
        PlanetDepths("1", truth, np.full(WAVES, 1e-9), np.zeros((1, WAVES)), {}, {})
    )
    np.testing.assert_allclose(mu, truth, rtol=1e-6)
    assert np.all(sigma < 2e-9)


def test_a_prior_survives_as_arrays_and_needs_two_spectra() -> None:
    prior, depths = SpectrumPrior.fit(spectra(20)), measured(spectra(1, 8)[0])
    again = SpectrumPrior.from_arrays(prior.arrays())
    for a, b in zip(prior.posterior(depths), again.posterior(depths), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="two spectra"):
        SpectrumPrior.fit(spectra(1))


def test_compressing_factors_changes_no_bins_variance() -> None:
    factors = np.random.default_rng(0).normal(size=(20, WAVES))
    kept, lost = compressed(factors, 6)
    assert kept.shape == (6, WAVES)
    np.testing.assert_allclose(np.sum(kept**2, axis=0) + lost, np.sum(factors**2, axis=0))
