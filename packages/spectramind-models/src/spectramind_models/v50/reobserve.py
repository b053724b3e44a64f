"""Training planets observed once more, in depth space: another spectrum, and fresh noise.

A transit fit says how its depths err: independently by ``noise``, and together along ``factors``.
Errors drawn from that covariance turn a spectrum into what the same instrument might have measured
on another day, at no cost; the posterior is then computed as for any planet.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths


def observe_again(depths: PlanetDepths, spectrum: F8, rng: np.random.Generator) -> PlanetDepths:
    """Depths of ``spectrum [wave]`` as measured like `depths`; unmeasured bins stay so."""
    shared = rng.standard_normal(len(depths.factors)) @ depths.factors
    own = depths.noise * rng.standard_normal(depths.noise.size)
    fresh = np.where(depths.measured, spectrum + shared + own, depths.depth)
    return replace(depths, depth=fresh)


def blend(own: F8, other: F8, share: float) -> F8:
    """A spectrum of the own mean depth whose shape is by `share` the other's."""
    level = own.mean()
    blended: F8 = level * ((1 - share) * own / level + share * other / other.mean())
    return blended


def blend_scale_height(
    own: PlanetDepths, other: PlanetDepths, levels: tuple[float, float], share: float
) -> PlanetDepths:
    """The own depths with a scale height to match the blended shape (its relative size blends)."""
    mine, theirs = (d.features["scale_height_depth"] for d in (own, other))
    relative = (1 - share) * mine / levels[0] + share * theirs / levels[1]
    return replace(own, features={**own.features, "scale_height_depth": relative * levels[0]})
