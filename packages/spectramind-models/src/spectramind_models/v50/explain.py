"""What the network looks at, as numbers with names; and the way back from such numbers.

A planet is what physics measured: depths, their errors, evidence about star and orbit, and the FGS1
light curve. The posterior and all features are computed anew from these, so that attribution says
what a measured depth or a hotter star does to the spectrum, prior included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import NamedInputs
from spectramind_models.rules.grid import airs_start
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.features import PLANET_FEATURES
from spectramind_models.v50.tokens import CHANNELS

REGIONS = 10
"""Ranges of wavelength that AIRS depths are explained by."""

SEGMENTS = 4
"""Parts of the FGS1 light curve that are explained by themselves."""

RANK = 12
"""Shared errors a row has room for; the physics estimate keeps no more."""

STAR = ("star_temperature", "star_radius", "planet_mass", "scale_height_depth")
"""Evidence that is explained by itself; all other evidence about a planet goes together."""

TOKEN = len(CHANNELS) + 1
"""Values of a light-curve token: its channels, and whether it is there at all."""


@dataclass(frozen=True)
class Planet:
    """A planet as rows hold it."""

    depths: PlanetDepths
    tokens: F8


def names(wavelength: F8, tokens: int) -> tuple[tuple[str, ...], tuple[str, ...], F8]:
    """Name, group and wavelength of each value of a row."""
    grid = [f"{micron:.3f} micron" for micron in wavelength]
    regions = _regions(wavelength)
    rows: list[tuple[str, str, float]] = []
    for i, micron in enumerate(wavelength):
        rows.append((f"depth at {grid[i]}", f"depth, {regions[i]}", micron))
    for kind in ("independent error", "residual scatter"):
        rows += [(f"{kind} at {g}", kind, w) for g, w in zip(grid, wavelength, strict=True)]
    for factor in range(RANK):
        name = f"shared error {factor + 1}"
        rows += [
            (f"{name} at {g}", "shared errors", w) for g, w in zip(grid, wavelength, strict=True)
        ]
    for feature in PLANET_FEATURES:
        words = feature.replace("_", " ")
        rows.append((words, words if feature in STAR else "transit fit", np.nan))
    for part in np.array_split(np.arange(1, tokens + 1), min(SEGMENTS, max(tokens, 1))):
        for token in part:
            segment = f"FGS1 light curve, time bins {part[0]}-{part[-1]}"
            rows += [
                (f"FGS1 {channel}, time bin {token}", segment, np.nan)
                for channel in (*CHANNELS, "present")
            ]
    every_name, every_group, every_wavelength = zip(*rows, strict=True)
    return every_name, every_group, np.array(every_wavelength)


def named_inputs(planets: Sequence[Planet], wavelength: F8) -> NamedInputs:
    """Planets as rows; what is unknown of a planet is 0."""
    count = max((len(planet.tokens) for planet in planets), default=0)
    every_name, every_group, every_wavelength = names(wavelength, count)
    return NamedInputs(
        names=every_name,
        groups=every_group,
        wavelength=every_wavelength,
        values=np.array([_row(planet, count) for planet in planets]),
    )


def planet_of(row: F8, wavelength: F8) -> Planet:
    """The planet that a row describes."""
    waves = wavelength.size
    depth, noise, scatter = row[: 3 * waves].reshape(3, waves)
    rest = row[3 * waves :]
    factors = rest[: RANK * waves].reshape(RANK, waves)
    evidence = rest[RANK * waves :][: len(PLANET_FEATURES)]
    tokens = rest[RANK * waves + len(PLANET_FEATURES) :].reshape(-1, TOKEN)
    depths = PlanetDepths(
        planet_id="",
        depth=depth,
        noise=noise,
        factors=factors,
        features=dict(zip(PLANET_FEATURES, evidence.tolist(), strict=True)),
        bin_features={"residual_scatter": scatter},
    )
    return Planet(depths, tokens[tokens[:, -1] > 0.5, :-1])


def _row(planet: Planet, count: int) -> F8:
    depths = planet.depths
    factors = np.zeros((RANK, depths.depth.size))
    factors[: len(depths.factors)] = depths.factors
    evidence = np.array([depths.features[name] for name in PLANET_FEATURES])
    tokens = np.zeros((count, TOKEN))
    tokens[: len(planet.tokens), :-1] = planet.tokens
    tokens[: len(planet.tokens), -1] = 1
    parts = [depths.depth, depths.noise, depths.bin_features["residual_scatter"], factors]
    return np.concatenate(
        [*(part.ravel() for part in parts), np.nan_to_num(evidence), tokens.ravel()]
    )


def _regions(wavelength: F8) -> list[str]:
    """``[wave]``: FGS1, or one of the ranges that AIRS is cut into."""
    start = airs_start(wavelength)
    airs = wavelength[start:]
    found = ["FGS1"] * start
    for part in np.array_split(airs, min(REGIONS, max(airs.size, 1))):
        found += [f"{part[0]:.2f}-{part[-1]:.2f} micron"] * part.size if part.size else []
    return found
