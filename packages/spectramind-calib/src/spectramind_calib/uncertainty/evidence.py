"""What is known of each planet beside its spectrum, as numbers that a model can be fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction

CLIP = 4.0
"""Standard deviations beyond which a feature says no more: guards against extrapolation."""


def raw_evidence(prediction: Prediction) -> dict[str, F8]:
    """Features by name, each ``[planet]``: the estimator's, and some from the spectrum itself."""
    relative = prediction.sigma / np.maximum(np.abs(prediction.mu), 1e-12)
    roughness = np.diff(prediction.mu, axis=1) / prediction.sigma[:, 1:]
    found = {
        "log depth": np.log(np.maximum(np.median(prediction.mu, axis=1), 1e-12)),
        "log relative sigma": np.log(np.median(relative, axis=1)),
        **prediction.planet_features,
        **{f"mean {name}": _mean(value) for name, value in prediction.bin_features.items()},
    }
    if roughness.shape[1]:
        found["roughness"] = np.log(np.sqrt(np.mean(roughness**2, axis=1)) + 1e-6)
    return found


@dataclass(frozen=True)
class Standardizer:
    """Features as learnt from calibration planets: centred, scaled, clipped; missing is 0.

    They enter as ``asinh(value / unit)``: linear for usual values, logarithmic for large ones.
    """

    names: tuple[str, ...]
    unit: F8
    """``[feature]``"""
    center: F8
    """``[feature]``"""
    scale: F8
    """``[feature]``"""
    latent_center: F8
    """``[latent]``; empty if the estimator gave no latents."""
    latent_scale: F8
    """``[latent]``"""

    @classmethod
    def learn(cls, prediction: Prediction, *, ctx: Context) -> Standardizer:
        """From calibration planets; features that do not vary are left out, and reported."""
        latents = np.empty((1, 0)) if prediction.latents is None else prediction.latents
        latent_scale = np.where(latents.std(axis=0) > 0, latents.std(axis=0), 1.0)
        none = np.empty(0)
        bare = cls((), none, none, none, latents.mean(axis=0), latent_scale)
        learnt = {}
        for name, value in bare._named(prediction).items():
            known = value[np.isfinite(value)]
            if known.size < 2 or np.ptp(known) <= 1e-9 * np.abs(known).max():
                ctx.log.info("feature %r does not vary, and is not used", name)
                continue
            unit = float(np.median(np.abs(known))) or float(np.abs(known).max())
            spread = np.arcsinh(known / unit)
            learnt[name] = (unit, float(spread.mean()), float(spread.std()))
        units, center, scale = np.array(list(learnt.values())).reshape(-1, 3).T
        return cls(tuple(learnt), units, center, scale, bare.latent_center, bare.latent_scale)

    def __call__(self, prediction: Prediction) -> F8:
        """``[planet, feature]``."""
        named = self._named(prediction)
        unknown = np.full(len(prediction.planet_ids), np.nan)
        columns = [named.get(name, unknown) for name in self.names]
        values = np.stack(columns, axis=1) if columns else np.empty((len(unknown), 0))
        z = (np.arcsinh(values / self.unit) - self.center) / self.scale
        result: F8 = np.clip(np.where(np.isfinite(z), z, 0.0), -CLIP, CLIP)
        return result

    def _named(self, prediction: Prediction) -> dict[str, F8]:
        named = raw_evidence(prediction)
        if self.latent_center.size and prediction.latents is not None:
            away = (prediction.latents - self.latent_center) / self.latent_scale
            # calibration planets stand for the training set, whose latents nobody hands on
            named["latent distance"] = np.sqrt(np.mean(away**2, axis=1))
        return named


def _mean(value: F8) -> F8:
    """Mean over the finite bins of each planet; NaN where there is none."""
    known = np.isfinite(value)
    total = np.where(known, value, 0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
