"""What can be set about each head. Light: no numerics are imported here."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.plugins import Options


class HeadOptions(Options):
    """What all heads have in common."""

    hidden: int = Field(default=32, ge=1, le=4096)
    """Width of the layer between hidden states and output."""


class ResidualMuOptions(HeadOptions):
    """Options of head ``residual_mu``."""

    max_shift: float = Field(default=3.0, gt=0, le=100)
    """Furthest that mu may move from the physics posterior, in its sigma."""


class ScaledSigmaOptions(HeadOptions):
    """Options of head ``scaled_sigma``."""

    max_log_scale: float = Field(default=2.0, gt=0, le=10)
    """Largest change of sigma's logarithm, either way."""
    min_log_sigma: float = Field(default=-16.1, ge=-40, le=0)
    """Natural logarithm of the smallest sigma, (Rp/Rs)^2; -16.1 is 0.1 ppm."""


class LowRankOptions(HeadOptions):
    """Options of head ``low_rank``."""

    rank: int = Field(default=4, ge=1, le=283)
    """Number of factors."""
