"""Runs as MLflow sees them: parameters once, metrics as they come."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from spectramind_core.components import Context
from spectramind_core.errors import PluginError
from spectramind_models.training.tracker_options import MlflowOptions

KEPT = ("config_hash", "data_hash", "seed", "created")
"""What of a run's hash summary becomes its parameters."""


class MlflowTracker:
    """Sends a run's metrics to an MLflow server, or to a database that ``mlflow ui`` can show.

    Raises
    ------
    PluginError
        If MLflow is not installed.
    """

    def __init__(self, options: MlflowOptions) -> None:
        self._options = options
        self._running = False
        try:
            self._tracking: Any = import_module("mlflow.tracking")
        except ImportError as error:
            raise PluginError(
                "MLflow is not installed",
                where="tracker 'mlflow'",
                hint="pip install 'spectramind-models[mlflow]'",
            ) from error

    def start(self, manifest: Mapping[str, Any], *, ctx: Context) -> None:
        """Open an MLflow run named as ours."""
        uri = self._options.uri or f"sqlite:///{(ctx.folder / 'mlflow.db').resolve()}"
        self._client = self._tracking.MlflowClient(tracking_uri=uri)
        known = self._client.get_experiment_by_name(self._options.experiment)
        experiment = (
            known.experiment_id
            if known
            else self._client.create_experiment(self._options.experiment)
        )
        name = str(manifest.get("name", "spectramind"))
        self._run = self._client.create_run(experiment, run_name=name).info.run_id
        self._running = True
        for key in KEPT:
            if key in manifest:
                self._client.log_param(self._run, key, str(manifest[key]))

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        """Log the numbers of an epoch; other events are not metrics."""
        if not self._running or name != "epoch":
            return
        step = int(values.get("epoch", 0))
        for key, value in values.items():
            if key != "epoch" and isinstance(value, int | float):
                self._client.log_metric(self._run, key, float(value), step=step)

    def end(self, *, failed: bool) -> None:
        """Close the MLflow run."""
        if self._running:
            self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")
            self._running = False
