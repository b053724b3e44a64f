"""The core's conformance kit, on every calibrator of this room."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from spectramind_core.components import Context
from spectramind_core.testing import CalibratorTests

needs_network = pytest.mark.skipif(
    find_spec("torch_geometric") is None, reason="corel needs torch and torch-geometric"
)


class TestTemperature(CalibratorTests):
    name = "temperature"


class TestTemperaturePerBinWithFloor(CalibratorTests):
    name = "temperature"
    options = {"per": "bin", "floor": True}


class TestInstance(CalibratorTests):
    name = "instance"


class TestConformal(CalibratorTests):
    name = "conformal"


class TestConformalAsymmetric(CalibratorTests):
    name = "conformal"
    options = {"score": "asymmetric", "sigma": "half_width"}


@needs_network
class TestCorel(CalibratorTests):
    name = "corel"
    options = {"folds": 3, "members": 2, "epochs": 5, "neighbours": 6}


@needs_network
class TestCorelSplitOnce(CalibratorTests):
    name = "corel"
    options = {"folds": 0, "members": 1, "epochs": 3, "neighbours": 6, "correction": "bin"}


class TestSimultaneous(CalibratorTests):
    name = "simultaneous"

    def test_one_sigma_covers_what_it_promises(self, ctx: Context) -> None:
        """It leaves sigma alone; what it promises are bands over all bins of a planet."""
        prediction, truth = self.sample(8)
        bands = self.fitted(ctx).apply(prediction, ctx=ctx).bands
        assert bands is not None
        y = truth.spectra[:, None]
        held = ((bands.lower <= y) & (y <= bands.upper)).all(axis=2).mean(axis=0)
        assert np.abs(held - bands.coverage).max() < 0.15
