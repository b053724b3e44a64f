"""Where the real sample is, and a tiny challenge folder written by the simulator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context

REAL = Path(
    os.environ.get("SPECTRAMIND_REAL_DATA")
    or Path(__file__).resolve().parents[5] / "shared" / "real"
)


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """The real 2025 sample; the test is skipped where it is not at hand."""
    folder = REAL / "adc2025_sample"
    if not folder.is_dir():
        pytest.skip(f"no real sample at {folder}; set SPECTRAMIND_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def real_2024() -> Path:
    """The real tables of 2024."""
    folder = REAL / "adc2024_metadata"
    if not folder.is_dir():
        pytest.skip(f"no real tables at {folder}; set SPECTRAMIND_REAL_DATA")
    return folder


def write(folder: Path, **options: object) -> Path:
    source = SimulatedSource(
        SimulatedOptions.model_validate(
            {"planets": 1, "test_planets": 1, "pairs": 8, "repeats": 0.0, **options}
        )
    )
    return source.write(folder, ctx=Context(seed=7))


@pytest.fixture(scope="session")
def folder_2025(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One training planet and one test planet, 8 AIRS ramps, in the 2025 layout."""
    return write(tmp_path_factory.mktemp("ariel") / "2025")


@pytest.fixture(scope="session")
def folder_2024(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in the 2024 layout."""
    return write(tmp_path_factory.mktemp("ariel") / "2024", edition=2024)
