"""What can be set about training. Light: no numerics are imported here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins import Options


class StageOptions(Options):
    """One stage of the curriculum."""

    name: str = "train"
    """Shown with the stage's metrics."""
    epochs: int = Field(default=20, ge=1, le=100_000)
    """Passes over the training planets."""
    learning_rate: float = Field(default=2e-3, gt=0, le=1)
    """Highest rate, reached after the warm-up; a cosine takes it to zero at the stage's end."""
    likelihood: float = Field(default=1.0, ge=0, le=1e3)
    """Weight of the Gaussian log-likelihood of each bin, which is what the challenge scores."""
    joint: float = Field(default=0.0, ge=0, le=1e3)
    """Weight of the likelihood of all bins together, which is what trains a covariance head."""
    rules: float = Field(default=1.0, ge=0, le=1e3)
    """Multiplies the weight of every rule."""
    rule_factors: dict[str, float] = {}
    """Multiplies the weight of single rules, by name."""
    reobserve: float = Field(default=0.0, ge=0, le=1)
    """Share of planets that each epoch replaces by re-observed training spectra."""


class TrainerOptions(Options):
    """Where and how the loop runs (Lightning Fabric)."""

    devices: int = Field(default=1, ge=1, le=64)
    """Devices to share each batch between."""
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"
    """``auto`` is mixed bfloat16 where a GPU supports it, and 32 bits elsewhere."""
    strategy: Literal["auto", "ddp"] = "auto"
    """How several devices work together: ``auto`` is ``ddp`` where there are several."""


class TrainingOptions(Options):
    """The loop."""

    stages: tuple[StageOptions, ...] = Field(
        default=(StageOptions(name="observed", epochs=14, learning_rate=2e-3),),
        min_length=1,
    )
    """The curriculum: stages in their order."""
    batch_size: int = Field(default=32, ge=1, le=4096)
    """Planets a step."""
    weight_decay: float = Field(default=0.02, ge=0, le=10)
    """AdamW's decay of weights, per unit of learning rate."""
    clip: float = Field(default=1.0, gt=0, le=1e6)
    """Largest norm of the gradient; longer ones are shortened."""
    warmup: float = Field(default=0.1, ge=0, le=1)
    """Share of a stage's steps over which its learning rate rises."""
    patience: int = Field(default=8, ge=1, le=100_000)
    """Epochs without a better validation score after which a stage ends."""
    checkpoint_every: int = Field(default=2, ge=1, le=100_000)
    """Epochs between two checkpoints, from which interrupted training goes on."""
    trainer: TrainerOptions = TrainerOptions()
    """Devices, precision and strategy."""
