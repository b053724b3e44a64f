"""Options of graph encoders. Light: nothing but pydantic."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.errors import SpecError
from spectramind_core.plugins import Options


class GraphOptions(Options):
    """Options of encoders on the graph of spectral bins."""

    width: int = Field(default=32, ge=2)
    """Features of each bin."""
    heads: int = Field(default=4, ge=1)
    """Attention heads; must divide width. Unused by encoders without attention."""
    n_layers: int = Field(default=2, ge=1)
    """Layers, each with a residual connection."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share dropped in training."""
    neighbours: int = Field(default=4, ge=1)
    """Bins on either side in wavelength that a bin is joined to."""
    molecule_links: int = Field(default=4, ge=0)
    """Bins of the same molecule's bands, spread over them, that a bin is joined to."""
    segments: int = Field(default=4, ge=1)
    """Equal stretches of the detector; a bin is joined to the middle of its own and the others."""


def refuse_odd_heads(options: GraphOptions, encoder: str) -> None:
    """Raise SpecError unless the heads share the width evenly."""
    if options.width % options.heads:
        raise SpecError(
            f"{options.heads} heads do not divide width {options.width}",
            where=f"encoder '{encoder}'",
            hint="choose width as a multiple of heads",
        )


class NarrowGraphOptions(GraphOptions):
    """Options of encoders whose memory grows with the square of their width."""

    width: int = Field(default=16, ge=2, le=64)
    """Features of each bin."""
