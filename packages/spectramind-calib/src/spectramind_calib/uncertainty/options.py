"""What can be set about each calibrator. Light: no numerics are imported here."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from spectramind_core.plugins import Options

Coverage = Annotated[float, Field(gt=0, lt=1)]


class CalibratorOptions(Options):
    """What all calibrators have in common."""

    molecule_weight: float = Field(default=1.0, ge=0.1, le=10)
    """Weight of bins within molecular bands, relative to 1 elsewhere, wherever bins are pooled."""


class LevelOptions(CalibratorOptions):
    """Options of calibrators that promise coverage."""

    levels: tuple[Coverage, ...] = Field(default=(0.5, 0.68, 0.9, 0.95), min_length=1)
    """Nominal coverages, ascending."""

    @field_validator("levels")
    @classmethod
    def _ascending(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(a >= b for a, b in pairwise(levels)):
            raise ValueError("levels must ascend strictly")
        return levels


class TemperatureOptions(CalibratorOptions):
    """Options of calibrator ``temperature``."""

    per: Literal["all", "instrument", "bin"] = "instrument"
    """What has a factor of its own."""
    shrinkage: float = Field(default=30.0, ge=0, le=1e6)
    """With ``per: bin``: planets that the instrument's factor counts as, against a bin's own."""
    floor: bool = False
    """Also fit an error for each instrument that is added in quadrature."""


class ConformalOptions(LevelOptions):
    """Options of calibrator ``conformal``."""

    score: Literal["symmetric", "asymmetric", "absolute"] = "symmetric"
    """``symmetric`` and ``asymmetric`` normalise residuals by sigma, ``absolute`` does not."""
    pool: Literal["bin", "instrument"] = "bin"
    """``bin`` promises coverage in each bin; ``instrument`` on average over an instrument's, and
    with ``asymmetric`` scores up to ``2 / (n + 1)`` above the level instead of ``1 / (n + 1)``."""
    sigma: Literal["moment", "half_width", "keep"] = "moment"
    """How sigma follows from the quantiles: by their second moment, by the 68 % interval's half
    width, or not at all."""


class InstanceOptions(CalibratorOptions):
    """Options of calibrator ``instance``."""

    strengths: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] = (10.0, 30.0, 100.0, 300.0, 1e3)
    """How strongly planets' factors may be pulled together, in planets of evidence for no effect.
    The one that best predicts planets it was not fitted to is used."""
    max_log_scale: float = Field(default=1.0, gt=0, le=5)
    """Furthest that a planet's factor may depart from the common one, natural logarithm."""
    folds: int = Field(default=5, ge=2, le=20)
    """Folds of calibration planets; each planet's own factor comes from the other folds."""


class SimultaneousOptions(LevelOptions):
    """Options of calibrator ``simultaneous``."""


class CorelOptions(LevelOptions):
    """Options of calibrator ``corel``."""

    folds: int = Field(default=5, ge=0, le=20)
    """Cross-conformal folds. Below 2, split once: fewer planets learn, but the promise is exact."""
    held_out: float = Field(default=0.5, gt=0.05, lt=0.95)
    """With fewer than 2 folds: share of planets kept from the network, for the conformal step."""
    members: int = Field(default=4, ge=1, le=32)
    """Networks per fold, whose quantiles are averaged."""
    correction: Literal["bin", "instrument"] = "instrument"
    """``bin`` promises coverage in each bin; ``instrument`` on average over an instrument's,
    which leaves less sampling noise in each bin."""
    width: int = Field(default=24, ge=4, le=512)
    """Width of the network's hidden layers."""
    embedding: int = Field(default=8, ge=1, le=128)
    """Size of each bin's learnt embedding."""
    neighbours: int = Field(default=20, ge=1, le=282)
    """Learnt edges into each bin."""
    epochs: int = Field(default=60, ge=1, le=5000)
    """Most passes over the planets."""
    patience: int = Field(default=8, ge=1, le=5000)
    """Epochs without a better Winkler score after which training stops."""
    learning_rate: float = Field(default=5e-3, gt=0, le=1)
    """Step size of AdamW."""
    weight_decay: float = Field(default=1e-2, ge=0, le=10)
    """Weight decay of AdamW."""
    batch: int = Field(default=32, ge=1, le=4096)
    """Planets per step."""
