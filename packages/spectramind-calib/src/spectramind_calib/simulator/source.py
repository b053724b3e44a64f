"""The source `simulated`: planets that are the same however many of them are made."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from spectramind_calib.detector.tables import read_truth
from spectramind_calib.simulator import detector, grid, population, scene
from spectramind_calib.simulator.folder import write_folder
from spectramind_calib.simulator.observe import simulate_frames, simulate_light_curves
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.population import Planet
from spectramind_core.arrays import F8
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import LightCurves, Observation, Truth
from spectramind_core.errors import DataError
from spectramind_core.spec.canonical import digest

REVISION = 5
"""Rises when the same options and seed give other numbers."""


class SimulatedSource:
    """Draws each planet from the run's seed and the planet's own name."""

    def __init__(self, options: SimulatedOptions) -> None:
        self._options = options

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]:
        """Training planets, then test planets."""
        self._check()
        names = self._names
        labelled = self._options.planets
        found = []
        for index, name in enumerate(names):
            partition = "train" if index < labelled else "test"
            number = self._planet(name, ctx).visits
            found += [Visit(name, visit, partition) for visit in range(number)]  # type: ignore[arg-type]
        return tuple(found)

    def wavelength(self, *, ctx: Context) -> F8:
        """The edition's grid of 283 bins."""
        return grid.bin_wavelength(self._options.edition)

    def truth(self, *, ctx: Context) -> Truth | None:
        """The true spectra of all planets, test planets included."""
        if not self._names:
            return None
        spectra = np.stack([self._planet(name, ctx).spectrum for name in self._names])
        return Truth(planet_ids=self._names, wavelength=self.wavelength(ctx=ctx), spectra=spectra)

    def open(self, visit: Visit, *, ctx: Context) -> Observation | LightCurves:
        """Raw frames or light curves, as the options say for the visit's partition."""
        kind = self._options.train if visit.partition == "train" else self._options.test
        simulate = simulate_frames if kind == "frames" else simulate_light_curves
        own = self._named(ctx, "visit", visit.planet_id, str(visit.number))
        return simulate(self._planet(visit.planet_id, ctx), visit.number, self._options, own)

    def digest(self, visit: Visit, *, ctx: Context) -> str:
        """Hash of everything that decides the visit: options, seed, name. No number of planets."""
        options = self._options.model_dump(mode="json", exclude={"planets", "test_planets"})
        if self._library is not None:
            options["truth"] = self._library.digest()
        return digest([REVISION, options, ctx.seed, visit.planet_id, visit.number, visit.partition])

    def write(self, folder: Path, *, ctx: Context) -> Path:
        """Write everything as a challenge folder."""
        truth = self.truth(ctx=ctx)
        if truth is None:
            raise DataError("there is no planet to write", where="data.source.options.planets")
        frames = SimulatedSource(
            self._options.model_copy(update={"train": "frames", "test": "frames"})
        )
        return write_folder(folder, frames, truth, self._options.edition, ctx)

    @staticmethod
    def _named(ctx: Context, *names: str) -> Context:
        """A stream that depends on the seed and these names, not on who asks."""
        return Context(seed=ctx.seed, names=("simulated", *names))

    def _planet(self, name: str, ctx: Context) -> Planet:
        rng = self._named(ctx, "planet", name).rng()
        system = population.draw_system(rng)
        catalogued = population.catalogue(rng, system)
        brightness = float(rng.lognormal(0, 0.4))
        visits = 2 if rng.random() < self._options.repeats else 1
        if self._library is not None:
            spectrum = self._library.of([name]).spectra[0]
        else:
            spectrum = population.draw_spectrum(
                rng, system, self.wavelength(ctx=ctx), self._options.edition
            )
        own = self._named(ctx, "converter", name).rng()
        converters = detector.converters(self._options.edition, own)
        brightness = min(brightness, scene.brightest(converters))
        return Planet(name, system, catalogued, spectrum, brightness, visits, converters)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Test planets count from another start, so that more training planets shift none."""
        if self._library is not None:
            wanted = self._options.planets + self._options.test_planets
            return self._library.planet_ids[:wanted]
        return (
            *(str(100_001 + i) for i in range(self._options.planets)),
            *(str(900_001 + i) for i in range(self._options.test_planets)),
        )

    @cached_property
    def _library(self) -> Truth | None:
        if not self._options.truth:
            return None
        return read_truth(Path(self._options.truth), grid.bin_wavelength(self._options.edition))

    def _check(self) -> None:
        wanted = self._options.planets + self._options.test_planets
        if len(self._names) < wanted:
            raise DataError(
                f"{wanted} planets are asked for, the truth library has {len(self._names)}",
                where=self._options.truth,
                hint="lower data.source.options.planets or test_planets",
            )
