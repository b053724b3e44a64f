"""Options of sequence encoders. Light: nothing but pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins import Options


class MambaOptions(Options):
    """Options of the encoder `mamba`."""

    d_model: int = Field(default=32, ge=2)
    """Width of each token inside the encoder, and of what it returns."""
    d_state: int = Field(default=16, ge=1)
    """States of each channel's recurrence."""
    d_conv: int = Field(default=4, ge=1)
    """Length of the causal convolution before the scan."""
    expand: int = Field(default=2, ge=1)
    """Inner channels for each of d_model."""
    n_layers: int = Field(default=2, ge=1)
    """Blocks, each with a residual connection."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of each block's output that is dropped in training."""
    bidirectional: bool = True
    """Read the sequence both ways, and add the two."""
    backend: Literal["auto", "numba", "reference", "cuda"] = "auto"
    """Which scan: by default mamba-ssm's kernel on a GPU that has it, numba's on a CPU."""


class TransformerOptions(Options):
    """Options of the encoder `transformer`."""

    d_model: int = Field(default=32, ge=2)
    """Width of each token."""
    heads: int = Field(default=4, ge=1)
    """Attention heads; must divide d_model."""
    n_layers: int = Field(default=2, ge=1)
    """Layers."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share dropped in training."""
