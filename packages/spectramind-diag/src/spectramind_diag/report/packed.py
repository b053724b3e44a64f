"""Values of many planets as text, small: base64, in 65,535 steps a row or in single precision."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8

STEPS = 65534


def packed(store: dict[str, Any], logarithmic: bool) -> dict[str, Any]:
    """Values of many planets as text: whole on a logarithmic axis, else in 65,535 steps a row."""
    columns: dict[str, F8] = store["columns"]
    pack = _whole if logarithmic else _stepped
    return {
        "planets": store["planets"],
        "columns": {
            name: {"points": values.shape[1], **pack(values)} for name, values in columns.items()
        },
    }


def _whole(values: F8) -> dict[str, str]:
    return {"values": _base64(values.astype("<f4"))}


def _stepped(values: F8) -> dict[str, str]:
    """Each row from its lowest to its highest value; 65535 marks what is not finite."""
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=1, initial=np.inf)
    high = np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf)
    low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
    step = np.maximum((high - low) / STEPS, np.finfo(float).tiny)
    codes = np.rint((np.where(finite, values, low[:, None]) - low[:, None]) / step[:, None])
    return {
        "codes": _base64(np.where(finite, codes, STEPS + 1).astype("<u2")),
        "low": _base64(low.astype("<f8")),
        "step": _base64(step.astype("<f8")),
    }


def _base64(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()
