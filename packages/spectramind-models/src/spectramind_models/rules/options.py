"""What can be set about each rule. Light: no numerics are imported here."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.plugins import Options


class SmoothnessOptions(Options):
    """Options of rule ``smoothness``."""

    limit: float = Field(default=60.0, gt=0, le=1e5)
    """Second difference between neighbouring AIRS bins that is allowed, ppm of (Rp/Rs)^2."""


class TotalVariationOptions(Options):
    """Options of rule ``total_variation``."""

    limit: float = Field(default=6000.0, gt=0, le=1e7)
    """Total variation over all AIRS bins that is allowed, ppm of (Rp/Rs)^2."""


class FftPowerOptions(Options):
    """Options of rule ``fft_power``."""

    cutoff: float = Field(default=0.12, gt=0, le=0.5)
    """Frequency from which power counts as unphysical, cycles per AIRS bin."""
    limit: float = Field(default=40.0, gt=0, le=1e5)
    """Part of a bin's depth above the cut-off that is allowed, ppm of (Rp/Rs)^2."""


class BoundsOptions(Options):
    """Options of rule ``bounds``."""

    min_depth: float = Field(default=0.0, ge=0, lt=1)
    """Smallest depth, (Rp/Rs)^2."""
    max_depth: float = Field(default=0.2, gt=0, le=1)
    """Largest depth, (Rp/Rs)^2."""
    min_sigma: float = Field(default=1e-7, ge=0, lt=1)
    """Smallest sigma, (Rp/Rs)^2."""
    max_sigma: float = Field(default=0.05, gt=0, le=1)
    """Largest sigma, (Rp/Rs)^2."""
    scale: float = Field(default=1e-3, gt=0, le=1)
    """Offence that counts as one, (Rp/Rs)^2."""


class AsymmetryOptions(Options):
    """Options of rule ``asymmetry``."""

    reach: int = Field(default=6, ge=1, le=100)
    """Bins on either side that make up a bin's surroundings."""
    limit: float = Field(default=80.0, gt=0, le=1e5)
    """Depth by which a bin may lie below both its sides, ppm of (Rp/Rs)^2."""


class MolecularCoherenceOptions(Options):
    """Options of rule ``molecular_coherence``."""

    limit: float = Field(default=60.0, gt=0, le=1e5)
    """How far bands of one molecule may move in opposite directions, ppm of (Rp/Rs)^2."""


class PhotonicAlignmentOptions(Options):
    """Options of rule ``photonic_alignment``."""

    max_offset: float = Field(default=0.15, gt=0, le=10)
    """Difference of FGS1's and AIRS's depth that is allowed, relative to the AIRS depth."""
    max_tension: float = Field(default=5.0, gt=0, le=100)
    """Difference from what the white light curves say of it, in standard deviations."""
