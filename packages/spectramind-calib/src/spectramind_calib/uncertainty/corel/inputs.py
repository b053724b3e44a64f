"""What the network sees of each planet and bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_calib.uncertainty.evidence import CLIP, Standardizer
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction

SMOOTH = 5
"""Bins either side that make up a bin's neighbourhood."""


@dataclass(frozen=True)
class Inputs:
    """Planet features, and bin features standardised over all calibration planets and bins."""

    planet: Standardizer
    names: tuple[str, ...]
    """Of the estimator's bin features that are used."""
    moments: F8
    """``[bin feature, 2]``: mean and standard deviation."""

    @classmethod
    def learn(cls, prediction: Prediction, *, ctx: Context) -> Inputs:
        """From calibration planets; a bin feature that is all-NaN is left out, and reported."""
        names = []
        for name, value in prediction.bin_features.items():
            if np.isfinite(value).any():
                names.append(name)
            else:
                ctx.log.warning("corel: bin feature %r is NaN everywhere, and is not used", name)
        bare = cls(Standardizer.learn(prediction, ctx=ctx), tuple(names), np.empty((0, 2)))
        raw = bare._raw(prediction)
        known = [value[np.isfinite(value)] for value in raw]
        moments = [(k.mean(), k.std()) if k.size else (0.0, 1.0) for k in known]
        table = np.array([(mean, std if std > 1e-12 else 1.0) for mean, std in moments])
        return cls(bare.planet, bare.names, table)

    def planets(self, prediction: Prediction) -> F8:
        """``[planet, planet feature]``, standardised."""
        return self.planet(prediction)

    def bins(self, prediction: Prediction) -> F8:
        """``[planet, wave, bin feature]``, standardised, clipped, missing values zero."""
        raw = self._raw(prediction)
        z = (raw - self.moments[:, :1, None]) / self.moments[:, 1:, None]
        result: F8 = np.moveaxis(np.clip(np.where(np.isfinite(z), z, 0), -CLIP, CLIP), 0, -1)
        return result

    def _raw(self, prediction: Prediction) -> F8:
        """``[bin feature, planet, wave]``"""
        mu, log_sigma = prediction.mu, np.log(prediction.sigma)
        disagreement = np.arcsinh((mu - _smooth(mu)) / prediction.sigma)
        typical = np.median(mu, axis=1, keepdims=True)
        level = np.median(log_sigma, axis=1, keepdims=True)
        given = [_in_sigma(name, prediction) for name in self.names]
        own = [
            log_sigma,
            log_sigma - level,
            np.arcsinh((mu - typical) / prediction.sigma),
            disagreement,
            np.log1p(_smooth(np.abs(disagreement))),
        ]
        return np.stack([*own, *given])


def _in_sigma(name: str, prediction: Prediction) -> F8:
    """A bin feature on a scale that networks can read: depths relative to mu, in sigma."""
    value = prediction.bin_features.get(name)
    if value is None:
        return np.full(prediction.mu.shape, np.nan)
    if name.endswith("depth"):
        value = (value - prediction.mu) / prediction.sigma
    elif name.endswith(("sigma", "noise")):
        value = value / prediction.sigma
    result: F8 = np.arcsinh(value)
    return result


def _smooth(values: F8) -> F8:
    """Mean over a bin's neighbourhood in wavelength, itself left out; FGS1 stands alone."""
    airs = values[:, 1:]
    if airs.shape[1] < 2:
        return values
    total = np.cumsum(np.pad(airs, ((0, 0), (1, 0))), axis=1)
    at = np.arange(airs.shape[1])
    low, high = np.maximum(at - SMOOTH, 0), np.minimum(at + SMOOTH + 1, airs.shape[1])
    mean = (total[:, high] - total[:, low] - airs) / (high - low - 1)
    return np.concatenate([values[:, :1], mean], axis=1)
