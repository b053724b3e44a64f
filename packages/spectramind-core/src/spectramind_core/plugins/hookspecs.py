"""The hooks a plugin may implement: one per kind of component, and those that watch a run.

A plugin is a light module (it imports the core and pydantic, nothing heavier) whose functions,
marked with ``@hookimpl``, return declarations::

    from spectramind_core.plugins import Component, hookimpl

    @hookimpl
    def spectramind_exporters():
        return [Component(kind="exporters", name="my_format", summary="...",
                          factory="my_plugin.exporter:MyFormat")]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from spectramind_core.plugins.declaration import Component

PROJECT = "spectramind"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def spectramind_sources() -> Sequence[Component]:
    """Sources of observations, such as a challenge folder or a simulator."""
    raise NotImplementedError


@hookspec
def spectramind_detector_calibrations() -> Sequence[Component]:
    """Detector calibrations: raw frames to light curves."""
    raise NotImplementedError


@hookspec
def spectramind_estimators() -> Sequence[Component]:
    """Estimators: light curves to spectra with uncertainty."""
    raise NotImplementedError


@hookspec
def spectramind_encoders() -> Sequence[Component]:
    """Encoders that a network estimator plugs in."""
    raise NotImplementedError


@hookspec
def spectramind_heads() -> Sequence[Component]:
    """Heads that end a network estimator."""
    raise NotImplementedError


@hookspec
def spectramind_rules() -> Sequence[Component]:
    """Symbolic rules about spectra."""
    raise NotImplementedError


@hookspec
def spectramind_calibrators() -> Sequence[Component]:
    """Calibrators of uncertainty."""
    raise NotImplementedError


@hookspec
def spectramind_diagnostics() -> Sequence[Component]:
    """Diagnostics of a run."""
    raise NotImplementedError


@hookspec
def spectramind_reports() -> Sequence[Component]:
    """Reports that draw diagnostics."""
    raise NotImplementedError


@hookspec
def spectramind_exporters() -> Sequence[Component]:
    """Exporters of predictions."""
    raise NotImplementedError


@hookspec
def spectramind_executors() -> Sequence[Component]:
    """Executors of per-planet work."""
    raise NotImplementedError


@hookspec
def spectramind_trackers() -> Sequence[Component]:
    """Trackers that watch a run."""
    raise NotImplementedError


@hookspec
def spectramind_event(name: str, values: Mapping[str, Any]) -> None:
    """Something happened in a run: ``run_start``, ``stage_end``, ``epoch``, ``planet_failed`` ...

    Every installed plugin that was loaded for the run is told; one that raises is recorded and
    skipped from then on.
    """
    raise NotImplementedError


@hookspec
def spectramind_doctor() -> Sequence[tuple[str, bool, str]]:
    """Checks for ``smv50 plugins doctor``: (what was checked, whether it passed, detail)."""
    raise NotImplementedError


@hookspec
def spectramind_manifest() -> Mapping[str, Any]:
    """Extra entries for the run's manifest, such as which scan backend was chosen."""
    raise NotImplementedError
