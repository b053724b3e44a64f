"""What one pass over the frames leaves of an instrument, before it becomes a light curve.

Columns are those of the spectral bins, in their order; the photometer is a single one.
"""

from __future__ import annotations

from dataclasses import dataclass

from spectramind_calib.detector.background import Background
from spectramind_core.arrays import F8, Bool


@dataclass(frozen=True)
class Extracted:
    """Flux of every column, and what was learnt on the way."""

    flux: F8
    """``[column, pair]`` electrons."""
    light: F8
    """``[column]``: its mean."""
    lost: Bool
    """``[column, pair]``: saturated, not to be used."""
    variance: F8
    """``[column]`` of one pair."""
    weights: F8
    """``[pixel of column, column]``: those of the flux."""
    share: F8
    """As `weights`: how a column's light is shared among its pixels."""
    follows: F8 | None
    """``[2, column]``: how the flux should follow the image along rows (`response.expected`)."""
    background: Background
    image: F8
    """As `weights`: mean electrons of one ramp, background included."""
    movement: F8
    """``[2, pair]``: centroids along rows and columns, pixels."""
    width: F8
    """``[2, pair]``: the image's variance along rows and columns, pixels^2."""
    cosmic_rays: F8
    """``[pair]``."""
