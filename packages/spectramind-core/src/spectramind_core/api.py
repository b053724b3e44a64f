"""The Python API: what the command line does, in two calls.

Example
-------
::

    from spectramind_core.api import load_spec, run

    result = run(load_spec("spec.yaml", overrides=["seed=3"]))
    print(result.score, result.folder)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)  # before numpy, torch or numba is imported

from spectramind_core.components import Progress
from spectramind_core.contracts import Prediction
from spectramind_core.plugins.registry import Registry
from spectramind_core.runner import RunResult
from spectramind_core.runner import run as _run
from spectramind_core.settings import Settings
from spectramind_core.spec import ResolvedSpec, load_spec
from spectramind_core.storage import load

__all__ = ["RunResult", "Settings", "load_prediction", "load_spec", "run"]


def run(
    spec: ResolvedSpec,
    *,
    until: str = "submit",
    progress: Progress | None = None,
    **settings: Any,
) -> RunResult:
    """Run a spec with everything that is installed.

    Parameters
    ----------
    spec
        From `load_spec`.
    until
        The last stage to run.
    progress
        How to show progress; nothing is shown by default.
    settings
        Fields of `Settings` that differ from the environment's, such as ``output=Path("runs")``.

    Raises
    ------
    SpectramindError
        For anything a user can mend.
    """
    chosen = Settings.read(**settings)
    return _run(
        spec,
        registry=Registry.installed(block=chosen.block),
        settings=chosen,
        until=until,
        progress=progress,
        command=("python", "spectramind_core.api.run"),
    )


def load_prediction(run_folder: Path, name: str = "final") -> Prediction:
    """A finished run's prediction: ``final``, ``estimator``, a calibrator's, ``baseline_...``."""
    return load(Prediction, Path(run_folder) / "predictions" / f"{name}.h5")
