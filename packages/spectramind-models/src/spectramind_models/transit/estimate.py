"""From light curves to depths, planet by planet, remembering what was estimated before."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
from threadpoolctl import threadpool_limits

from spectramind_core.arrays import F8, array_digest
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, LightCurveSet
from spectramind_models.transit.combine import combined, visit_depths
from spectramind_models.transit.depths import PlanetDepths, compressed
from spectramind_models.transit.features import (
    bin_features,
    planet_features,
    unmeasured_features,
)
from spectramind_models.transit.joint import UNKNOWN
from spectramind_models.transit.options import TransitOptions, WienerOptions
from spectramind_models.transit.population import Population, likelihood
from spectramind_models.transit.visit import fit_visit

RANK = 12
"""Factors kept of a planet's covariance; what the others carried joins the diagonal."""

REMEMBERED = 4096
"""Planets, about 70 kB each."""


class _Memory:
    """The last estimates by the digest of what they were made from; safe to share by threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, PlanetDepths] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> PlanetDepths | None:
        with self._lock:
            return self._known.get(key)

    def put(self, key: str, depths: PlanetDepths) -> None:
        with self._lock:
            self._known[key] = depths
            while len(self._known) > self._limit:
                self._known.popitem(last=False)


_memory = _Memory(REMEMBERED)


def learnt_population(
    light_curves: LightCurveSet, *, options: WienerOptions, ctx: Context
) -> Population | None:
    """What visits are like, from fits of all of a set; None if none could be or it is not asked."""
    if not options.population:
        return None
    every = estimate_set(light_curves, options=options, ctx=ctx)
    return Population.learn([visit for depths in every for visit in depths.likelihoods])


def estimate_set(
    light_curves: LightCurveSet,
    *,
    options: TransitOptions,
    ctx: Context,
    population: Population | None = None,
) -> tuple[PlanetDepths, ...]:
    """Depths of every planet of a set, in its order; planets are fitted `ctx.workers` at a time.

    Priors are those of `options`, or of a `population`.

    A planet that cannot be fitted is logged and comes out `unmeasured`: it never stops the others.
    Each fit keeps to one thread: its matrices are small, and BLAS's threads would wait for one
    another longer than they compute.
    """

    def one(planet_id: str) -> PlanetDepths:
        visits = light_curves[planet_id]
        key = _key(visits, light_curves.wavelength, options, population)
        known = _memory.get(key)
        if known is None:
            known = _guarded(planet_id, visits, light_curves.wavelength, options, population, ctx)
            _memory.put(key, known)
        return known

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max(ctx.workers, 1)) as pool:
        results = pool.map(one, light_curves.planet_ids)
        return tuple(ctx.progress(results, label="transit fits", total=len(light_curves)))


def estimate_planet(
    visits: tuple[LightCurves, ...],
    wavelength: F8,
    *,
    options: TransitOptions,
    population: Population | None = None,
) -> PlanetDepths:
    """Depths of one planet from all its visits.

    Parameters
    ----------
    visits
        Light curves of the same planet.
    wavelength
        ``[wave]`` micron: the full grid of a spectrum's bins.
    population
        Gives the priors of the fit, in place of `options`.

    Raises
    ------
    ValueError, numpy.linalg.LinAlgError
        If the light curves cannot be fitted.
    """
    fits = [fit_visit(visit, options, population) for visit in visits]
    depths, inflation = combined(
        [visit_depths(fitted, wavelength, options.visit_scatter) for fitted in fits]
    )
    if not np.any(depths.noise < 0.5 * UNKNOWN):
        raise ValueError("no bin was measured")
    factors, lost = compressed(depths.factors, RANK)
    noise = np.where(depths.noise < 0.5 * UNKNOWN, np.sqrt(depths.noise**2 + lost), UNKNOWN)
    return PlanetDepths(
        planet_id=visits[0].planet_id,
        depth=depths.depth,
        noise=noise,
        factors=factors,
        features=planet_features(fits, depths.depth, noise, factors, inflation),
        bin_features=bin_features(fits, depths.depth, noise, factors, wavelength),
        likelihoods=()
        if population is not None
        else tuple(likelihood(f.bins, f.bins_fit, f.prior, f.system) for f in fits),
    )


def unmeasured(planet_id: str, wavelength: F8) -> PlanetDepths:
    """What is left of a planet that could not be fitted: nothing is known of any bin."""
    unknown = np.full(wavelength.size, UNKNOWN)
    depth, factors = np.zeros(wavelength.size), np.zeros((1, wavelength.size))
    return PlanetDepths(
        planet_id=planet_id,
        depth=depth,
        noise=unknown,
        factors=factors,
        features=unmeasured_features(),
        bin_features=bin_features([], depth, unknown, factors, wavelength),
    )


def _guarded(
    planet_id: str,
    visits: tuple[LightCurves, ...],
    wavelength: F8,
    options: TransitOptions,
    population: Population | None,
    ctx: Context,
) -> PlanetDepths:
    try:
        depths = estimate_planet(visits, wavelength, options=options, population=population)
        if not all(np.all(np.isfinite(a)) for a in (depths.depth, depths.noise, depths.factors)):
            raise ValueError("the fit did not converge to finite depths")
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        ctx.log.warning("planet %s: no transit could be fitted (%s)", planet_id, error)
        return unmeasured(planet_id, wavelength)
    return depths


def _key(
    visits: Sequence[LightCurves],
    wavelength: F8,
    options: TransitOptions,
    population: Population | None,
) -> str:
    physics = {name: getattr(options, name) for name in sorted(TransitOptions.model_fields)}
    parts = [*(visit.digest() for visit in visits), array_digest(wavelength), repr(physics)]
    if population is not None:
        parts += [array_digest(array) for array in population.arrays().values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
