"""Which planet serves which purpose: training, stopping, calibrating uncertainty, or testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectramind_core.components import Context


@dataclass(frozen=True)
class Roles:
    """Disjoint sets of planets; only `test` may hold planets whose truth is unknown."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.train, *self.validation, *self.calibration, *self.test)

    def without(self, left_out: set[str]) -> Roles:
        """The same roles less some planets."""

        def keep(planets: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(planet for planet in planets if planet not in left_out)

        return Roles(
            keep(self.train), keep(self.validation), keep(self.calibration), keep(self.test)
        )


def assign_roles(
    labelled: Sequence[str],
    test: Sequence[str],
    *,
    validation: float,
    calibration: float,
    holdout: float,
    ctx: Context,
) -> Roles:
    """Divide labelled planets by shares; a planet's rank depends on its own id and the seed alone.

    Parameters
    ----------
    labelled
        Planets of the train partition, whose truth is known.
    test
        Planets of the test partition.
    validation, calibration, holdout
        Shares of `labelled`; held-out planets join the test planets.
    """
    ranked = sorted(labelled, key=lambda planet: (ctx.child("split", planet).entropy, planet))
    counts = [round(share * len(ranked)) for share in (holdout, calibration, validation)]
    parts: list[tuple[str, ...]] = []
    for count in counts:
        parts.append(tuple(sorted(ranked[:count])))
        ranked = ranked[count:]
    held_out, for_calibration, for_validation = parts
    return Roles(
        train=tuple(sorted(ranked)),
        validation=for_validation,
        calibration=for_calibration,
        test=(*test, *held_out),
    )
