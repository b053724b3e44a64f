"""Kernels are kept on disk; where nothing can be, that is said once, and they work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

from spectramind_calib.detector import kernels, linearity, pointers

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


TWICE = """
import numpy as np
from spectramind_calib.detector import kernels

kernels._sums(np.arange(10, dtype=np.float32))
print(sum(kernels._sums.stats.cache_hits.values()), sum(kernels._sums.stats.cache_misses.values()))
"""


def test_a_kernel_is_compiled_in_one_process_and_found_on_disk_by_the_next(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    hits_and_misses = [
        subprocess.run(
            [sys.executable, "-c", TWICE],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env=environment,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert hits_and_misses == ["0 1", "1 0"]


@pytest.mark.parametrize("module", [kernels, linearity, pointers])
def test_every_kernel_is_kept_on_disk(module: ModuleType) -> None:
    found = [each for each in vars(module).values() if isinstance(each, Dispatcher)]
    assert found
    assert not [each.py_func.__name__ for each in found if each.stats.cache_path is None]
