"""Light curves that are calibrated already, read back as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from spectramind_calib.detector.hdf5 import Hdf5Source
from spectramind_calib.detector.options import Hdf5Options
from spectramind_core.components import Context, Visit
from spectramind_core.errors import DataError
from spectramind_core.storage import save
from spectramind_core.testing import SourceTests, synthetic

CTX = Context()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    truth = synthetic.truth(rng, 3)
    for planet, spectrum in zip(truth.planet_ids, truth.spectra, strict=True):
        visit = synthetic.visit(rng, planet, spectrum, truth.wavelength, times=12)
        save(visit, tmp_path / "curves" / f"{planet}_0.h5")
    return tmp_path / "curves"


class TestHdf5(SourceTests):
    name = "hdf5"
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "options", {"root": str(folder), "test": ("1002",)})


def test_planets_named_for_testing_are_in_the_test_partition(folder: Path) -> None:
    source = Hdf5Source(Hdf5Options(root=str(folder), test=("1002",)))
    assert source.visits(ctx=CTX) == (
        Visit("1000", 0, "train"),
        Visit("1001", 0, "train"),
        Visit("1002", 0, "test"),
    )


def test_a_damaged_file_is_named(folder: Path) -> None:
    (folder / "1001_0.h5").write_bytes(b"not HDF5")
    with pytest.raises(DataError, match=r"1001_0\.h5"):
        Hdf5Source(Hdf5Options(root=str(folder))).visits(ctx=CTX)


def test_one_visit_in_two_files_is_refused(folder: Path) -> None:
    (folder / "again.h5").write_bytes((folder / "1001_0.h5").read_bytes())
    with pytest.raises(DataError, match="1001 visit 0 is also in"):
        Hdf5Source(Hdf5Options(root=str(folder))).visits(ctx=CTX)
