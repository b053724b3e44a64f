"""The MLflow tracker: against a stand-in client, against MLflow itself, and where it is absent."""

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


@pytest.fixture
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


@pytest.mark.usefixtures("client")
class TestMlflow(TrackerTests):
    name = "mlflow"


def test_epochs_become_metrics_and_the_manifest_parameters(
    client: list[Client], tmp_path: Path
) -> None:
    tracker = MlflowTracker(MlflowOptions())
    tracker.start({"name": "x", "config_hash": "abc", "seed": 5}, ctx=Context(folder=tmp_path))
    tracker.event("epoch", {"epoch": 3, "loss": 0.5, "stage": "main"})
    tracker.event("stage_start", {"stage": "train"})
    tracker.end(failed=True)
    (made,) = client
    assert made.uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert made.params == {"config_hash": "abc", "seed": "5"}
    assert made.metrics == [("loss", 0.5, 3)]
    assert made.status == "FAILED"


def test_mlflow_itself_finds_the_run_in_its_database(tmp_path: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking", reason="the extra 'mlflow' is not installed")
    tracker = MlflowTracker(MlflowOptions(experiment="test"))
    tracker.start({"name": "x", "seed": 5}, ctx=Context(folder=tmp_path))
    for epoch, loss in ((1, 0.5), (2, 0.25)):
        tracker.event("epoch", {"epoch": epoch, "loss": loss})
    tracker.end(failed=False)
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("test").experiment_id])
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.5), (2, 0.25)]
    assert (run.info.status, run.data.params) == ("FINISHED", {"seed": "5"})


def test_without_mlflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(PluginError, match=r"spectramind-models\[mlflow\]"):
        MlflowTracker(MlflowOptions())
