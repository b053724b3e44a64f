"""What the unknowns of a transit fit are like over many visits: priors learnt from light curves.

A depth leans on the drift, the limb darkening and the orbit that are fitted beside it, and a prior
wider than these need be lets noise into them, and so into all depths of an instrument alike. How
wide they are shows in the visits themselves, without any true spectrum. Each visit's fit gives the
likelihood of its own unknowns, as a Gaussian. Those of all visits are draws from a common one,
whose mean and covariance are found by expectation maximisation, kept near the priors of the options
by a few visits' worth of weight.

References
----------
Dempster, Laird & Rubin 1977, J. R. Stat. Soc. B 39, 1: expectation maximisation (section 4.7 has
hyperparameters of a prior).
Hogg, Myers & Bovy 2010, ApJ 725, 2166: a population's distribution from noisy members of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import System
from spectramind_models.transit.joint import Fit, Prior
from spectramind_models.transit.limb_darkening import TYPICAL_TEMPERATURE
from spectramind_models.transit.panel import Panel

STEPS = 100
"""Of expectation maximisation."""

WORTH = 2.0
"""Visits that the options' priors count for."""

_ORBIT = ("orbit/log_duration", "orbit/impact")
_MID_TRANSIT = "mid_transit"


@dataclass(frozen=True)
class VisitLikelihood:
    """``exp(-x.T @ information @ x / 2 + pull @ x)`` of a visit's unknowns ``x [unknown]``.

    They are given as departures from what the options let expect.
    """

    names: tuple[str, ...]
    """``[unknown]``"""
    information: F8
    """``[unknown, unknown]``"""
    pull: F8
    """``[unknown]``"""
    sd: F8
    """``[unknown]``: of the options' priors."""
    temperature: float
    """Of the star, in thousands of kelvin above `TYPICAL_TEMPERATURE`."""


def likelihood(
    panels: Sequence[Panel], fit: Fit, prior: Prior, system: System | None
) -> VisitLikelihood:
    """What a visit says of its unknowns, from a fit with the priors of the options."""
    names, at = _known(panels, system)
    precision = prior.precision[np.ix_(at, at)]
    # Unknowns that are left out are marginalised over: their prior is no part of the others'.
    posterior = np.linalg.inv(fit.covariance[np.ix_(at, at)])
    departure = (fit.state.shared() - prior.mean)[at]
    return VisitLikelihood(
        names,
        posterior - precision,
        posterior @ departure,
        np.diag(precision) ** -0.5,
        _temperature(system),
    )


@dataclass(frozen=True)
class Population:
    """A Gaussian over the unknowns of a visit, as departures from what options let expect."""

    names: tuple[str, ...]
    """``[unknown]``"""
    mean: F8
    """``[2, unknown]``: of a star of `TYPICAL_TEMPERATURE`, and the change with 1000 K."""
    covariance: F8
    """``[unknown, unknown]``"""

    @classmethod
    def learn(cls, visits: Sequence[VisitLikelihood]) -> Population | None:
        """The population that `visits` were most likely drawn from; None without any.

        Unknowns of the star's limb darkening may hang together and depend on its temperature, those
        of the orbit may hang together; each of the drift is by itself.
        """
        if not visits:
            return None
        widths = {name: sd for each in visits for name, sd in zip(each.names, each.sd, strict=True)}
        names = tuple(sorted(widths))
        size = len(names)
        information, pull = np.zeros((len(visits), size, size)), np.zeros((len(visits), size))
        for row, each in enumerate(visits):
            at = [names.index(name) for name in each.names]
            information[row][np.ix_(at, at)] = each.information
            pull[row, at] = each.pull
        star = np.stack([[1.0, each.temperature] for each in visits])
        limb = np.array(["/limb/" in name for name in names])
        start = np.diag([widths[name] ** 2 for name in names])
        mean, covariance = np.zeros((2, size)), start
        for _ in range(STEPS):
            precision = np.linalg.inv(covariance)
            spread = np.linalg.inv(information + precision)
            middle = np.einsum("vij,vj->vi", spread, pull + star @ mean @ precision)
            alike = _regression(star * [1.0, 0.0], middle)
            mean = np.where(limb, _regression(star, middle), alike)
            off = middle - star @ mean
            total = spread.sum(axis=0) + off.T @ off + WORTH * start
            covariance = _together(names) * total / (len(visits) + WORTH)
        return cls(names, mean, covariance)

    def expected(self, prior: Prior, panels: Sequence[Panel], system: System | None) -> Prior:
        """The prior of a visit: that of the options where the population does not know better."""
        names, at = _known(panels, system)
        known = [i for i, name in enumerate(names) if name in self.names]
        at = at[known]
        own = [self.names.index(names[i]) for i in known]
        mean, precision = prior.mean.copy(), prior.precision.copy()
        mean[at] += (np.array([1.0, _temperature(system)]) @ self.mean)[own]
        precision[np.ix_(at, at)] = np.linalg.inv(self.covariance[np.ix_(own, own)])
        return Prior(mean, precision)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything it knows, for a file."""
        names = np.frombuffer("\n".join(self.names).encode(), np.uint8)
        return {
            "population_names": names.copy(),
            "population_mean": self.mean,
            "population_covariance": self.covariance,
        }

    @classmethod
    def taken_from(cls, arrays: dict[str, npt.NDArray[Any]]) -> Population | None:
        """Take the population out of what a file holds; None if there is none in it."""
        if "population_names" not in arrays:
            return None
        names = arrays.pop("population_names").tobytes().decode().split("\n")
        mean, covariance = arrays.pop("population_mean"), arrays.pop("population_covariance")
        return cls(tuple(names), mean, covariance)


def _regression(star: F8, values: F8) -> F8:
    """``[2, unknown]`` coefficients of ``values [visit, unknown]``, drawn to 0 by `WORTH`."""
    normal = star.T @ star + WORTH * np.eye(2)
    return np.linalg.solve(normal, star.T @ values).astype(np.float64, copy=False)


def _together(names: Sequence[str]) -> Bool:
    """Which pairs of unknowns may hang together, ``[unknown, unknown]``."""
    block = ["limb" if "/limb/" in name else "orbit" if name in _ORBIT else name for name in names]
    together: Bool = np.array(block)[:, None] == np.array(block)
    return together


def _known(
    panels: Sequence[Panel], system: System | None
) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Names of the unknowns that visits have in common, and their places among all shared ones.

    When a transit happens is each visit's own, and without a catalogue so is the orbit.
    """
    names = list(_ORBIT)
    for panel in panels:
        names.append(_MID_TRANSIT)
        limb, drift = (2, len(panel.limb_basis)), panel.drift_sd.shape
        for kind, shape in (("limb", limb), ("drift", drift)):
            names += [f"{panel.instrument}/{kind}/{i}/{j}" for i, j in np.ndindex(*shape)]
    left_out = {_MID_TRANSIT} if system is not None else {_MID_TRANSIT, *_ORBIT}
    at = np.array([i for i, name in enumerate(names) if name not in left_out])
    return tuple(names[i] for i in at), at


def _temperature(system: System | None) -> float:
    return 0.0 if system is None else (system.star_temperature - TYPICAL_TEMPERATURE) / 1000
