"""Options of the simulator. Light: nothing but pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins import Options


class Effects(Options):
    """What happens to the light; each can be switched off."""

    photon_noise: bool = True
    """Light comes in whole photons."""
    read_noise: bool = True
    """Each read adds noise."""
    reset: bool = True
    """Each ramp starts from its own offset (kTC noise), the same for both reads."""
    dark: bool = True
    """Dark current, with hot pixels."""
    dead: bool = True
    """Some pixels do not respond."""
    flat: bool = True
    """Pixels differ in response."""
    linearity: bool = True
    """Pixels respond less when full."""
    jitter: bool = True
    """The telescope's pointing wanders."""
    drift: bool = True
    """The gain drifts, separably in time and wavelength."""
    common_mode: bool = True
    """All pixels of an instrument flicker together from ramp to ramp."""
    background: bool = True
    """Stray light on every pixel."""
    cosmic_rays: bool = True
    """Hits on a pixel, at times a neighbour too, in single ramps."""
    digitisation: bool = True
    """Counts are whole and of 16 bits; else they are exact (float32), to test inverses with."""
    calibration_noise: bool = True
    """Calibration frames are noisy estimates."""


class SimulatedOptions(Options):
    """Options of the source `simulated`."""

    planets: int = Field(default=160, ge=0)
    """Labelled planets, in the train partition."""
    test_planets: int = Field(default=8, ge=0)
    """Planets of the test partition; their truth is known, too."""
    train: Literal["light_curves", "frames"] = "light_curves"
    """What training planets are given as: light curves at once, or raw frames to calibrate."""
    test: Literal["light_curves", "frames"] = "frames"
    """The same for test planets."""
    edition: Literal[2024, 2025] = 2025
    """Whose depths and folder layout: 2025's planets are six times deeper."""
    truth: str = ""
    """CSV of spectra (planet_id, wl_1, wl_2, ...) to observe instead of simulated ones."""
    pairs: int = Field(default=375, ge=8, le=5625)
    """AIRS ramps a visit, spread over 7.5 hours; FGS1 has twelve times as many. Real: 5,625."""
    airs_rows: int = Field(default=32, ge=12, le=32)
    """Rows of the AIRS detector; the spectrum lies in the middle. Real: 32."""
    fgs1_size: int = Field(default=32, ge=20, le=32)
    """Rows and columns of the FGS1 detector; the star is in the middle. Real: 32."""
    time_bins: int = Field(default=150, ge=2)
    """Time bins of light curves that are made without frames; as in the detector's options."""
    repeats: float = Field(default=0.15, ge=0, le=1)
    """Share of planets that are visited twice."""
    partial: float = Field(default=0.05, ge=0, le=1)
    """Share of visits whose transit is cut by the visit's start or end."""
    effects: Effects = Effects()
    """What happens to the light."""
