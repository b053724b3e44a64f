"""Options of the physics estimate and of the two estimators built on it."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.plugins import Options


class TransitOptions(Options):
    """How a visit's light is modelled: drift, priors of star and orbit, treatment of outliers."""

    drift_order: int = Field(default=4, ge=0, le=8)
    """Highest Chebyshev order of the drift in time."""

    drift_wavelength_order: int = Field(default=3, ge=0, le=8)
    """Highest Chebyshev order of the drift over AIRS wavelengths."""

    drift_scale: float = Field(default=4e-4, gt=0, le=1)
    """Prior standard deviation of the slowest drift, relative to the star's light."""

    limb_darkening_sd: float = Field(default=0.1, gt=0, le=1)
    """Prior standard deviation of u1 and u2 about what the star's temperature lets expect."""

    duration_sd: float = Field(default=0.1, gt=0, le=10)
    """Prior standard deviation of the logarithm of the catalogued transit duration."""

    impact_sd: float = Field(default=0.2, gt=0, le=10)
    """Prior standard deviation of the catalogued impact parameter."""

    clip: float = Field(default=5.0, gt=1, le=100)
    """Samples further than this many robust standard deviations from the model are left out."""

    visit_scatter: float = Field(default=0.002, ge=0, le=1)
    """Error of a visit's depths common to all bins of an instrument that its noise does not show,
    relative to the depth: what repeated visits disagree by."""


class WienerOptions(TransitOptions):
    """The physics estimate's options, and those of the prior drawn from training spectra."""

    components: int = Field(default=12, ge=1, le=100)
    """Principal components of the training spectra's shapes that the prior keeps."""

    population: bool = False
    """Whether the training visits teach what drift, limb darkening and orbits are like. The priors
    of these, given above, then count for two visits, and training fits are made twice."""
