"""What can be set about estimator v50. Light: no numerics are imported here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins import Options
from spectramind_models.training.options import TrainingOptions
from spectramind_models.transit.options import WienerOptions


class PhysicsOptions(WienerOptions):
    """Options of estimator ``wiener``, with priors of the fit learnt from the training visits."""

    population: bool = True
    """Whether the training visits teach what drift, limb darkening and orbits are like. The priors
    of these, given above, then count for two visits, and training fits are made twice."""


class V50Options(Options):
    """Options of estimator ``v50``."""

    width: int = Field(default=48, ge=4, le=4096)
    """Width of the fused hidden state of each bin."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the fused hidden state that training drops at random."""
    tokens: int = Field(default=64, ge=4, le=100_000)
    """Time bins into which a visit's FGS1 light curve is averaged, at most."""
    folds: int = Field(default=5, ge=2, le=100)
    """Priors that training planets' posteriors come from: each has not seen its share of them."""
    members: int = Field(default=1, ge=1, le=100)
    """Networks trained from different seeds, predicting together as a mixture."""
    jitter: float = Field(default=0.1, ge=0, le=10)
    """Noise that training adds to the light curve's residuals, in their standard deviations."""
    time_shift: float = Field(default=0.02, ge=0, le=1)
    """Standard deviation of training's shift of the light curve, in transit durations."""
    max_mixing: float = Field(default=0.4, ge=0, le=1)
    """Largest share of another planet's shape in a re-observed spectrum."""
    edition: Literal[2024, 2025] = 2025
    """Whose score weighs the bins in training and chooses the best weights."""
    physics: PhysicsOptions = PhysicsOptions()
    """The transit fit, and the prior of the posterior that the network starts from."""
    training: TrainingOptions = TrainingOptions()
    """Curriculum, optimiser and devices."""
