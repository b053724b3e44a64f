"""The MLflow tracker: against a stand-in client, and its message where MLflow is absent."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from spectramind_core.components import Context
from spectramind_core.errors import PluginError
from spectramind_core.testing import TrackerTests
from spectramind_models.training.mlflow_tracker import MlflowTracker
from spectramind_models.training.tracker_options import MlflowOptions


class Client:
    """Remembers what it is told."""

    def __init__(self, tracking_uri: str) -> None:
        self.uri = tracking_uri
        self.params: dict[str, str] = {}
        self.metrics: list[tuple[str, float, int]] = []
        self.status = "RUNNING"

    def get_experiment_by_name(self, name: str) -> None:
        return None

    def create_experiment(self, name: str) -> str:
        return "7"

    def create_run(self, experiment: str, run_name: str) -> Any:
        return SimpleNamespace(info=SimpleNamespace(run_id="r"))

    def log_param(self, run: str, key: str, value: str) -> None:
        self.params[key] = value

    def log_metric(self, run: str, key: str, value: float, step: int) -> None:
        self.metrics.append((key, value, step))

    def set_terminated(self, run: str, status: str) -> None:
        self.status = status


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    made: list[Client] = []

    def make(tracking_uri: str) -> Client:
        made.append(Client(tracking_uri))
        return made[-1]

    tracking = ModuleType("mlflow.tracking")
    tracking.MlflowClient = make  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    return made


class TestMlflow(TrackerTests):
    name = "mlflow"


def test_epochs_become_metrics_and_the_manifest_parameters(
    client: list[Client], tmp_path: Path
) -> None:
    tracker = MlflowTracker(MlflowOptions())
    tracker.start({"name": "x", "spec_hash": "abc", "seed": 5}, ctx=Context(folder=tmp_path))
    tracker.event("epoch", {"epoch": 3, "loss": 0.5, "stage": "main"})
    tracker.event("stage_start", {"stage": "train"})
    tracker.end(failed=True)
    (made,) = client
    assert made.uri.startswith("file:")
    assert made.params == {"spec_hash": "abc", "seed": "5"}
    assert made.metrics == [("loss", 0.5, 3)]
    assert made.status == "FAILED"


def test_without_mlflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(PluginError, match=r"spectramind-models\[mlflow\]"):
        MlflowTracker(MlflowOptions())
