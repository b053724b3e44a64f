"""Declares the MLflow tracker."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.training.tracker_options import MlflowOptions


@hookimpl
def spectramind_trackers() -> Sequence[Component]:
    """Runs as MLflow sees them; needs the extra ``spectramind-models[mlflow]``."""
    return [
        Component(
            kind="trackers",
            name="mlflow",
            summary="training metrics to MLflow (extra: mlflow)",
            factory="spectramind_models.training.mlflow_tracker:MlflowTracker",
            options=MlflowOptions,
        )
    ]
