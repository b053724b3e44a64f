"""Kernels where nothing can be kept on disk: said once, and they work."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import warnings
from numba.core.caching import CacheImpl

CacheImpl._locator_classes = []  # no folder on this machine can be written
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from spectramind_calib.detector import compiled, linearity, pointers
    import numpy as np

    coefficients = np.array([0.0, 1.0, -1e-6])[:, None, None]
    true = np.full((1, 1, 3), 1e4)
    back = linearity.undo(linearity.apply(true, coefficients), coefficients)
    assert np.allclose(back, true), back
ours = [str(w.message) for w in said if "compiled kernels" in str(w.message)]
assert len(ours) == 1, ours
print(ours[0])
"""


def test_without_a_cache_kernels_work_and_it_is_said_once_what_to_set() -> None:
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=120
    )
    assert found.returncode == 0, found.stderr
    assert "NUMBA_CACHE_DIR" in found.stdout
