"""The light curves of many planets, read from disk one planet at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from spectramind_core.arrays import F8
from spectramind_core.contracts.light_curves import LightCurves


@dataclass(frozen=True)
class LightCurveSet:
    """Visits of many planets, in a fixed order, loaded on demand.

    A thousand planets of light curves are gigabytes, so nothing here keeps what it has loaded.

    Parameters
    ----------
    planet_ids
        The planets, in order.
    wavelength
        ``[wave]`` micron: the full grid of bins a spectrum has (283 in the challenge), whichever
        instruments a single visit has.
    load
        Reads all visits of one planet, by ascending visit number.
    """

    planet_ids: tuple[str, ...]
    wavelength: F8
    load: Callable[[str], tuple[LightCurves, ...]]

    @classmethod
    def from_visits(cls, visits: Sequence[LightCurves], wavelength: F8) -> LightCurveSet:
        """A set held in memory, planets in order of first appearance."""
        grouped: dict[str, list[LightCurves]] = {}
        for visit in visits:
            grouped.setdefault(visit.planet_id, []).append(visit)
        table = {
            planet: tuple(sorted(group, key=lambda v: v.visit)) for planet, group in grouped.items()
        }
        return cls(tuple(table), wavelength, table.__getitem__)

    def __len__(self) -> int:
        return len(self.planet_ids)

    def __iter__(self) -> Iterator[tuple[LightCurves, ...]]:
        return map(self.load, self.planet_ids)

    def __getitem__(self, planet_id: str) -> tuple[LightCurves, ...]:
        return self.load(planet_id)

    def of(self, planet_ids: Sequence[str]) -> LightCurveSet:
        """The same set for some planets, in the order asked; KeyError if one is unknown."""
        known = set(self.planet_ids)
        for planet in planet_ids:
            if planet not in known:
                raise KeyError(planet)
        return LightCurveSet(tuple(planet_ids), self.wavelength, self.load)
