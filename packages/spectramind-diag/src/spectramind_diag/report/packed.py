"""Values of many planets as text, small: 65,535 steps a row or single precision, compressed."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8

STEPS = 65534


class Packed:
    """Arrays one after another in one block of bytes, and where in it each begins."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: F8, *, logarithmic: bool) -> dict[str, int]:
        """Where rows ``[planet, point]`` are found: whole where a logarithmic axis shows them."""
        place = self._whole(values) if logarithmic else self._stepped(values)
        return {"rows": values.shape[0], "points": values.shape[1], **place}

    def text(self) -> str:
        """All of it, gzip in base64."""
        return base64.b64encode(gzip.compress(b"".join(self._parts), mtime=0)).decode()

    def _whole(self, values: F8) -> dict[str, int]:
        return {"values": self._append(values.astype("<f4"))}

    def _stepped(self, values: F8) -> dict[str, int]:
        """Each row from its lowest to its highest value; 65535 marks what is not finite.

        Codes are kept as differences along the row, all low bytes before all high bytes: of smooth
        curves that leaves little to store.
        """
        finite = np.isfinite(values)
        low = np.where(finite, values, np.inf).min(axis=1, initial=np.inf)
        high = np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf)
        low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        step = np.maximum((high - low) / STEPS, np.finfo(float).tiny)
        steps = np.rint((np.where(finite, values, low[:, None]) - low[:, None]) / step[:, None])
        codes = np.where(finite, steps, STEPS + 1).astype("<u2")
        change = np.diff(codes, axis=1, prepend=np.zeros((len(codes), 1), "<u2"))
        planes = change.reshape(-1, 1).view("u1").T
        return {
            "codes": self._append(planes),
            "low": self._append(low.astype("<f8")),
            "step": self._append(step.astype("<f8")),
        }

    def _append(self, array: npt.NDArray[Any]) -> int:
        start, data = self._size, array.tobytes()
        self._parts.append(data)
        self._size += len(data)
        return start
