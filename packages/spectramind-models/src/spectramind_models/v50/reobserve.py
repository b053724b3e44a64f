"""Training planets observed once more, in depth space: another spectrum, and fresh noise.

A transit fit says how its depths err: independently by ``noise``, and together along ``factors``.
Where the truth is known, what they erred by together is known too, nearly. A planet keeps that, for
the evidence of its fit goes with it; its independent errors are drawn anew. That turns a spectrum
into what the same visits would have measured of another planet, at no cost; the posterior is then
computed as for any planet.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths


def observe_again(
    depths: PlanetDepths, truth: F8, spectrum: F8, rng: np.random.Generator
) -> PlanetDepths:
    """Depths of ``spectrum [wave]`` as measured like `depths` of `truth`; unmeasured ones stay."""
    shared = _shared(depths, truth, rng) @ depths.factors
    own = depths.noise * rng.standard_normal(depths.noise.size)
    fresh = np.where(depths.measured, spectrum + shared + own, depths.depth)
    return replace(depths, depth=fresh)


def _shared(depths: PlanetDepths, truth: F8, rng: np.random.Generator) -> F8:
    """``[rank]``: a draw of what the factors contributed to the errors of `depths`."""
    error = np.where(depths.measured, depths.depth - truth, 0.0)
    weighted = depths.factors / depths.noise**2
    root = np.linalg.cholesky(np.eye(len(weighted)) + weighted @ depths.factors.T)
    mean = np.linalg.solve(root @ root.T, weighted @ error)
    return np.asarray(mean + np.linalg.solve(root.T, rng.standard_normal(len(weighted))))


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
