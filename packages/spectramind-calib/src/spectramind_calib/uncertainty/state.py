"""A calibrator's state on disk: ``fit.json`` and ``fit.npz``, readable without this library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectramind_core.arrays import F8, Array
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.errors import StorageError


def fitted_on(prediction: Prediction, truth: Truth) -> dict[str, Any]:
    """What a calibrator was fitted on, for its record."""
    return {
        "planets": list(prediction.planet_ids),
        "prediction": prediction.digest(),
        "truth": truth.digest(),
    }


def write_state(folder: Path, plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write both files."""
    text = json.dumps(dict(plain), indent=1, sort_keys=True)
    (folder / "fit.json").write_text(text + "\n", encoding="utf-8")
    np.savez(folder / "fit.npz", allow_pickle=False, **dict(arrays))


def read_state(folder: Path) -> tuple[dict[str, Any], dict[str, F8]]:
    """Read both files; StorageError if they are missing or damaged."""
    try:
        plain = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
        with np.load(folder / "fit.npz", allow_pickle=False) as stored:
            return plain, {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError) as error:
        raise StorageError(
            f"cannot read a calibrator's state ({error})",
            where=str(folder),
            hint="fit the calibrator again",
        ) from error
