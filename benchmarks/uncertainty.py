"""Our calibrators against MAPIE and crepes, on simulated predictions with realistic residuals.

    python benchmarks/uncertainty.py [--calibration 220] [--test 400] [--seeds 3] [--bins 283]

Residuals are correlated over bins (white-light error, slope, drift waves, noise), heteroscedastic
over planets (star, visits, depth) and bins, skewed, and misjudged by the base sigma. All see
the same splits. Prints coverage errors, width, Winkler score, challenge score and time, and a
verdict on what issue 5 asks of COREL.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np
import torch
from crepes import ConformalRegressor
from crepes.extras import DifficultyEstimator
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import QuantileRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch_geometric.nn import GraphConv
from torch_geometric.nn.dense import DenseGraphConv
from torch_geometric.utils import dense_to_sparse

from spectramind_calib.uncertainty.corel.graph import known_graph
from spectramind_core.arrays import F8
from spectramind_core.calibration_metrics import LEVELS, covered, limits, strata, winkler
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction, Truth
from spectramind_core.plugins.registry import Registry
from spectramind_core.scoring import score_arrays
from spectramind_core.testing.synthetic import wavelength_grid

Method = Callable[[Prediction, Truth, Prediction, Context], Prediction]


def population(rng: np.random.Generator, planets: int, bins: int) -> tuple[Prediction, Truth]:
    """Predictions of `planets` planets, as an estimator with an imperfect sigma would make them."""
    grid = wavelength_grid(bins)
    u = np.linspace(-1, 1, bins)
    temperature = rng.uniform(4300, 6900, planets)
    visits = rng.integers(1, 3, planets).astype(float)
    depth = np.exp(rng.normal(np.log(0.012), 0.6, planets))
    modes = np.stack([np.ones(bins), u, np.sin(4 * u), np.exp(-(((u - 0.4) / 0.15) ** 2))])
    spectra = depth[:, None] * (1 + 0.01 * rng.normal(size=(planets, 4)) @ modes)
    photon = (
        6e-5 * (1.2 + u) * np.exp((5500 - temperature) / 2500)[:, None] / np.sqrt(visits)[:, None]
    )
    drift = 4e-5 * np.exp(rng.normal(0, 0.5, planets))
    systematic = drift * (1 + (depth / 0.012) ** 1.3)
    shared = rng.standard_t(5, (planets, 3)) * [1, 0.6, 0.4] + [0.25, 0, 0]
    waves = np.stack([np.ones(bins), u, np.sin(7 * u)])
    error = systematic[:, None] * (shared @ waves) + photon * rng.standard_normal((planets, bins))
    error[:, 0] = 1.5 * systematic * rng.standard_t(5, planets)
    claimed = np.hypot(photon, 3e-5)  # knows the photons, not the systematics
    scatter = np.hypot(photon, systematic[:, None]) / photon
    prediction = Prediction(
        planet_ids=tuple(f"p{i}" for i in range(planets)),
        wavelength=grid,
        mu=spectra + error,
        sigma=claimed,
        planet_features={
            "star_temperature": temperature,
            "visits": visits,
            "snr": depth / photon.mean(axis=1),
            "fit_residual": drift * np.exp(rng.normal(0, 0.15, planets)),
        },
        bin_features={"residual_scatter": scatter * np.exp(rng.normal(0, 0.1, scatter.shape))},
    )
    return prediction, Truth(planet_ids=prediction.planet_ids, wavelength=grid, spectra=spectra)


def ours(*steps: tuple[str, dict[str, object]]) -> Method:
    """A chain of our calibrators, by the names a spec would use."""

    def method(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
        registry = Registry.installed()
        for name, options in steps:
            component = registry.resolve("calibrators", name)
            calibrator = registry.build(component, component.options.model_validate(options), {})
            calibrator.fit(known, truth, ctx=ctx.child(name))
            known, new = calibrator.apply(known, ctx=ctx), calibrator.apply(new, ctx=ctx)
        return new

    return method


def with_limits(new: Prediction, lower: F8, upper: F8) -> Prediction:
    """Limits ``[planet, level, wave]`` and, as these packages give none, sigma of the 68 % ones."""
    low, high = np.minimum(lower, upper), np.maximum(lower, upper)
    low, high = np.minimum.accumulate(low, axis=1), np.maximum.accumulate(high, axis=1)
    sigma = np.maximum((high[:, 1] - low[:, 1]) / 2, 1e-9)
    return new.replace(
        intervals=Intervals(coverage=np.array(LEVELS), lower=low, upper=high), sigma=sigma
    )


def crepes_method(*, normalised: bool, mondrian: bool) -> Method:
    """crepes' conformal regressor, one per bin; Mondrian by thirds of the fit residual."""

    def method(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
        residual = truth.spectra - known.mu
        edges = np.quantile(known.planet_features["fit_residual"], [1 / 3, 2 / 3])
        third = [np.digitize(p.planet_features["fit_residual"], edges) for p in (known, new)]
        out = np.empty((2, len(new.planet_ids), len(LEVELS), new.wavelength.size))
        for b in range(new.wavelength.size):
            model = ConformalRegressor()
            model.fit(
                residual[:, b],
                sigmas=known.sigma[:, b] if normalised else None,
                bins=third[0] if mondrian else None,
            )
            for i, level in enumerate(LEVELS):
                found = model.predict_int(
                    new.mu[:, b],
                    sigmas=new.sigma[:, b] if normalised else None,
                    bins=third[1] if mondrian else None,
                    confidence=level,
                )
                out[:, :, i, b] = found.T
        return with_limits(new, *out)

    return method


class Column(RegressorMixin, BaseEstimator):
    """A fitted regressor that returns one column of its inputs, as MAPIE wants estimators."""

    def __init__(self, column: int = 0) -> None:
        self.column = column

    def fit(self, X: F8, y: F8) -> Column:
        self.fitted_ = True
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: F8) -> F8:
        return np.asarray(X)[:, self.column]


def mapie_split(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
    """MAPIE's split conformal regressor on absolute residuals, one per bin."""
    out = np.empty((2, len(new.planet_ids), len(LEVELS), new.wavelength.size))
    for b in range(new.wavelength.size):
        x, y = known.mu[:, b : b + 1], truth.spectra[:, b]
        model = SplitConformalRegressor(Column().fit(x, y), confidence_level=LEVELS, prefit=True)
        model.conformalize(x, y)
        _, found = model.predict_interval(new.mu[:, b : b + 1])
        out[:, :, :, b] = found.transpose(1, 0, 2)
    return with_limits(new, *out)


def evidence(prediction: Prediction, wave: int) -> F8:
    """``[planet, feature]``: what is known of a bin, for those who learn from it."""
    features = [*prediction.planet_features.values(), prediction.sigma[:, wave]]
    features += [each[:, wave] for each in prediction.bin_features.values()]
    return np.log(np.stack([np.median(prediction.mu, axis=1), *features], axis=1))


def halves(known: Prediction, truth: Truth) -> tuple[tuple[Prediction, Truth], ...]:
    """Planets to learn from, and planets to conformalise on."""
    middle = len(known.planet_ids) // 2
    parts = known.planet_ids[:middle], known.planet_ids[middle:]
    return tuple((known.of(ids), truth.of(ids)) for ids in parts)


def crepes_difficulty(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
    """crepes, normalised by its own estimate of difficulty from nearest neighbours in evidence."""
    (learn, about), (known, truth) = halves(known, truth)
    out = np.empty((2, len(new.planet_ids), len(LEVELS), new.wavelength.size))
    for b in range(new.wavelength.size):
        difficulty = DifficultyEstimator()
        residual = about.spectra[:, b] - learn.mu[:, b]
        difficulty.fit(X=evidence(learn, b), residuals=residual, scaler=True)
        model = ConformalRegressor()
        model.fit(truth.spectra[:, b] - known.mu[:, b], sigmas=difficulty.apply(evidence(known, b)))
        sigmas = difficulty.apply(evidence(new, b))
        for i, level in enumerate(LEVELS):
            out[:, :, i, b] = model.predict_int(new.mu[:, b], sigmas=sigmas, confidence=level).T
    return with_limits(new, *out)


class Around(RegressorMixin, BaseEstimator):
    """A linear quantile of residuals in units of sigma; inputs are mu, sigma and the evidence."""

    def __init__(self, quantile: float = 0.5) -> None:
        self.quantile = quantile

    def fit(self, X: F8, y: F8) -> Around:
        self.n_features_in_ = X.shape[1]
        self.model_ = make_pipeline(
            StandardScaler(), QuantileRegressor(quantile=self.quantile, alpha=0.01)
        )
        self.model_.fit(X[:, 2:], (y - X[:, 0]) / X[:, 1])
        return self

    def predict(self, X: F8) -> F8:
        return X[:, 0] + X[:, 1] * self.model_.predict(X[:, 2:])


def mapie_learnt(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
    """MAPIE's conformalised quantile regression, its quantiles linear in the evidence."""
    (learn, about), (known, truth) = halves(known, truth)
    out = np.empty((2, len(new.planet_ids), len(LEVELS), new.wavelength.size))
    for b in range(new.wavelength.size):
        x_learn, x_known, x_new = (
            np.column_stack([p.mu[:, b], p.sigma[:, b], evidence(p, b)])
            for p in (learn, known, new)
        )
        for i, level in enumerate(LEVELS):
            each = [
                Around(quantile).fit(x_learn, about.spectra[:, b])
                for quantile in (0.5 - level / 2, 0.5 + level / 2, 0.5)
            ]
            model = ConformalizedQuantileRegressor(each, confidence_level=level, prefit=True)
            model.conformalize(x_known, truth.spectra[:, b])
            _, found = model.predict_interval(x_new)
            out[:, :, i, b] = found[:, :, 0].T
    return with_limits(new, *out)


def mapie_cqr(known: Prediction, truth: Truth, new: Prediction, ctx: Context) -> Prediction:
    """MAPIE's conformalised quantile regression around the base Gaussian's quantiles."""
    from statistics import NormalDist

    out = np.empty((2, len(new.planet_ids), len(LEVELS), new.wavelength.size))
    for b in range(new.wavelength.size):
        for i, level in enumerate(LEVELS):
            z = NormalDist().inv_cdf(0.5 + level / 2)
            x, x_new = (
                np.stack(
                    [p.mu[:, b] - z * p.sigma[:, b], p.mu[:, b] + z * p.sigma[:, b], p.mu[:, b]], 1
                )
                for p in (known, new)
            )
            y = truth.spectra[:, b]
            columns = [Column(c).fit(x, y) for c in range(3)]
            model = ConformalizedQuantileRegressor(columns, confidence_level=level, prefit=True)
            model.conformalize(x, y)
            _, found = model.predict_interval(x_new)
            out[:, :, i, b] = found[:, :, 0].T
    return with_limits(new, *out)


METHODS: dict[str, Method] = {
    "as predicted": ours(),
    "temperature": ours(("temperature", {})),
    "conformal absolute (plain)": ours(("conformal", {"score": "absolute"})),
    "conformal normalised": ours(("conformal", {})),
    "  sigma by half width": ours(("conformal", {"sigma": "half_width"})),
    "conformal asymmetric": ours(("conformal", {"score": "asymmetric"})),
    "instance + conformal": ours(("instance", {}), ("conformal", {})),
    "corel": ours(("corel", {})),
    "corel, split once, per bin": ours(("corel", {"folds": 0, "correction": "bin"})),
    "temperature + instance + corel": ours(("temperature", {}), ("instance", {}), ("corel", {})),
    "MAPIE split": mapie_split,
    "MAPIE CQR": mapie_cqr,
    "MAPIE CQR, learnt": mapie_learnt,
    "crepes split": crepes_method(normalised=False, mondrian=False),
    "crepes normalised": crepes_method(normalised=True, mondrian=False),
    "crepes normalised, learnt": crepes_difficulty,
    "crepes Mondrian": crepes_method(normalised=False, mondrian=True),
    "crepes Mondrian normalised": crepes_method(normalised=True, mondrian=True),
}


@dataclass(frozen=True)
class Judged:
    """What one method made of one seed's new planets, or the mean over seeds."""

    bins: F8
    """``[level, wave]``: coverage of each bin."""
    strata: F8
    """``[level, stratum]``: coverage in thirds of depth, star temperature, snr, residual."""
    width: float
    """ppm, mean over levels."""
    winkler: float
    """ppm, mean over levels."""
    score: float
    seconds: float

    @property
    def errors(self) -> tuple[float, float, float]:
        """Largest error over all bins, mean error of a bin, largest error of a stratum; in %."""
        levels = np.array(LEVELS)[:, None]
        overall = np.abs(self.bins.mean(axis=1, keepdims=True) - levels).max()
        each = np.abs(self.bins - levels).mean()
        return 100 * overall, 100 * each, 100 * np.abs(self.strata - levels).max()


def judged(found: Prediction, truth: Truth, base: Prediction, seconds: float) -> Judged:
    """Judge one seed; strata are those of the base prediction, alike for all methods."""
    groups = strata(base, smallest=1).values()
    bounds = [limits(found, level) for level in LEVELS]
    y = truth.spectra
    inside = np.stack([covered(lower, upper, y) for lower, upper in bounds])
    each = [winkler(*b, y, level).mean() for b, level in zip(bounds, LEVELS, strict=True)]
    score = score_arrays(found.mu, found.sigma, y, mean=float(y.mean()), std=float(y.std()))
    return Judged(
        bins=inside.mean(axis=1),
        strata=np.stack([inside[:, group].mean(axis=(1, 2)) for group in groups], axis=1),
        width=1e6 * float(np.mean([upper - lower for lower, upper in bounds])),
        winkler=1e6 * float(np.mean(each)),
        score=score.raw,
        seconds=seconds,
    )


def mean_of(rows: Sequence[Judged]) -> Judged:
    """Over seeds; coverage errors of a mean are not the mean of errors: chance cancels."""
    return Judged(
        **{f.name: np.mean([getattr(row, f.name) for row in rows], axis=0) for f in fields(Judged)}
    )


def convolutions(bins: int) -> None:
    """Print what one of corel's graph convolutions takes, dense and as message passing."""
    edges = torch.tensor(known_graph(wavelength_grid(bins)), dtype=torch.float32)
    dense, sparse = DenseGraphConv(24, 24), GraphConv(24, 24)
    sparse.load_state_dict(dense.state_dict())
    arrows, weight = dense_to_sparse(edges.T.contiguous())
    hidden = torch.randn(32, bins, 24, requires_grad=True)
    took = {}
    for name, layer in (("dense", lambda: dense(hidden, edges)),
                        ("edges", lambda: sparse(hidden, arrows, weight))):  # fmt: skip
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            layer().sum().backward()
            seconds.append(time.perf_counter() - start)
        took[name] = 1000 * min(seconds)
    print(
        f"one convolution of 32 planets, {len(weight)} edges ({len(weight) / bins**2:.0%} of all "
        f"pairs), there and back: dense {took['dense']:.1f} ms, over edges {took['edges']:.1f} ms"
    )


def main() -> None:
    """Run all methods on the same splits and print the table and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("calibration", 220), ("test", 400), ("seeds", 3), ("bins", 283)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)  # MAPIE tells of every pair of quantiles that cross
    table: dict[str, list[Judged]] = {name: [] for name in METHODS}
    for seed in range(chosen.seeds):
        rng = np.random.default_rng(seed)
        prediction, truth = population(rng, chosen.calibration + chosen.test, chosen.bins)
        ids = prediction.planet_ids
        known, new = ids[: chosen.calibration], ids[chosen.calibration :]
        base, about = prediction.of(new), truth.of(new)
        for name, method in METHODS.items():
            with TemporaryDirectory() as folder:
                ctx = Context(seed=seed, folder=Path(folder))
                start = time.perf_counter()
                found = method(prediction.of(known), truth.of(known), base, ctx)
                table[name].append(judged(found, about, base, time.perf_counter() - start))
    print(
        f"{chosen.calibration} calibration and {chosen.test} test planets, {chosen.bins} bins, "
        f"{chosen.seeds} seeds; coverage errors are the worst of {LEVELS}, in %"
    )
    report({name: mean_of(rows) for name, rows in table.items()})
    convolutions(chosen.bins)


def report(means: dict[str, Judged]) -> None:
    """Print the table and the verdicts."""
    print(
        f"{'':32}{'overall':>8}{'mean bin':>9}{'stratum':>8}{'width':>8}{'Winkler':>9}"
        f"{'score':>9}{'seconds':>9}"
    )
    for name, mean in means.items():
        overall, each, worst = mean.errors
        print(
            f"{name:32}{overall:8.1f}{each:9.1f}{worst:8.1f}{mean.width:8.1f}"
            f"{mean.winkler:9.1f}{mean.score:9.3f}{mean.seconds:9.2f}"
        )
    corel, plain = means["corel"], means["conformal absolute (plain)"]
    rivals = {name: mean.winkler for name, mean in means.items() if "corel" not in name}
    best = min(rivals, key=lambda name: rivals[name])
    print(
        f"COREL's Winkler score {corel.winkler:.1f}, the best other's ({best}) {rivals[best]:.1f}: "
        f"{'best' if corel.winkler < rivals[best] else 'NOT best'}"
    )
    ratio = corel.errors[2] / plain.errors[2]
    print(
        f"COREL's worst-stratum error over plain split conformal's: {ratio:.2f}, "
        f"{'at most half' if ratio <= 0.5 else 'MORE than half'}"
    )


if __name__ == "__main__":
    main()
