"""What can be set about the MLflow tracker. Light: nothing but pydantic."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.plugins import Options


class MlflowOptions(Options):
    """Options of tracker ``mlflow``."""

    uri: str = ""
    """MLflow tracking URI; empty for a database ``mlflow.db`` beside the run's files."""
    experiment: str = Field(default="spectramind", min_length=1)
    """Experiment that runs belong to; made if it is not there."""
