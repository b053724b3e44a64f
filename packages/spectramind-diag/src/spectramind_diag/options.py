"""Options of the diagnostics and reports; light, so that checking a spec imports no numerics."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins.declaration import Options


class ScoreOptions(Options):
    """Options of the diagnostic `score`."""

    worst_bins: int = Field(default=20, ge=1, le=1000)
    """Bins to list in the table of the worst."""


class LightCurvesOptions(Options):
    """Options of the diagnostic `light_curves`."""

    points: int = Field(default=120, ge=20, le=2000)
    """Time bins a visit is shown in."""


class LatentsOptions(Options):
    """Options of the diagnostic `latents`."""

    methods: tuple[Literal["pca", "tsne", "umap"], ...] = ("pca", "tsne", "umap")
    """Projections to make; ``umap`` needs the extra ``spectramind-diag[umap]``."""
    sample: int = Field(default=400, ge=10, le=100_000)
    """Planets at most that t-SNE and UMAP are given, drawn at random."""
    neighbours: int = Field(default=15, ge=2, le=200)
    """Neighbours of UMAP, and perplexity of t-SNE."""


class AttributionOptions(Options):
    """Options of the diagnostic `attribution`."""

    planets: int = Field(default=12, ge=1, le=10_000)
    """Planets at most that are explained, the first and others drawn at random."""
    background: int = Field(default=50, ge=1, le=10_000)
    """Planets at most whose mean is the reference that inputs are compared with."""
    permutations: int = Field(default=4, ge=1, le=1000)
    """Orders in which inputs are exchanged, each forwards and backwards."""


class SymbolicOptions(Options):
    """Options of the diagnostic `symbolic`."""

    tolerance: float = Field(default=1e-6, ge=0)
    """Mean violation above which a planet counts as breaking a rule."""


class DetectorOptions(Options):
    """Options of the diagnostic `detector`."""

    outlying: float = Field(default=6.0, gt=0)
    """Robust deviations (of the median absolute deviation) from which a visit is outlying."""
    points: int = Field(default=60, ge=10, le=2000)
    """Time bins a visit's housekeeping is shown in."""


class PngOptions(Options):
    """Options of the report `png`."""

    dpi: int = Field(default=150, ge=50, le=600)
    """Resolution of the pictures, dots per inch."""


class MarkdownOptions(Options):
    """Options of the report `markdown`."""

    rows: int = Field(default=10, ge=1, le=10_000)
    """Rows of a table to print at most."""
