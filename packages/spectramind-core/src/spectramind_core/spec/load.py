"""From a file, or from plain data, to a spec that can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spectramind_core.plugins.registry import Registry
from spectramind_core.spec.compose import compose, overlay
from spectramind_core.spec.model import RunSpec
from spectramind_core.spec.overrides import apply_overrides
from spectramind_core.spec.resolve import ResolvedSpec
from spectramind_core.spec.validate import validate
from spectramind_core.spec.yaml import Document

DEFAULTS: dict[str, Any] = RunSpec().model_dump(mode="json")
"""What a spec says where it says nothing."""


def load_spec(
    source: Path | str | Mapping[str, Any] | None = None,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    registry: Registry | None = None,
) -> ResolvedSpec:
    """Read, merge, override, check and resolve a spec.

    Parameters
    ----------
    source
        A YAML file; or the same content as a mapping; None for the defaults.
    overrides
        ``path.to.field=value``, applied in order and recorded.
    seed
        Replaces the spec's seed; recorded like an override.
    registry
        Where components are looked up; default: everything installed.

    Raises
    ------
    SpecProblems
        With every problem found, each with its place, its code and what to do.
    """
    if isinstance(source, str | Path):
        document = compose(Path(source))
    else:
        document = Document(dict(source or {}))
    overrides = (*overrides, *([] if seed is None else [f"seed={seed}"]))
    document = apply_overrides(overlay(Document(DEFAULTS), document), overrides)
    return validate(document, registry=registry or Registry.installed(), overrides=tuple(overrides))
