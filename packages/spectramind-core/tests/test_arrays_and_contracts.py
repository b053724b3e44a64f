"""Contracts check what they are given, compare exactly, and come back from disk as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from spectramind_core.arrays import Axes, array_digest
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Heatmap,
    Intervals,
    LightCurve,
    LightCurves,
    LightCurveSet,
    Line,
    Prediction,
    RuleReport,
    Severity,
    System,
    Table,
    Truth,
)
from spectramind_core.errors import DataError, StorageError
from spectramind_core.storage import load, replacing, save, write_text
from spectramind_core.testing import synthetic

RNG = np.random.default_rng(3)


def a_prediction(planets: int = 3, bins: int = 5) -> Prediction:
    truth = synthetic.truth(RNG, planets, bins)
    limits = np.zeros((planets, 2, bins))
    return synthetic.prediction(RNG, truth).replace(
        intervals=Intervals(coverage=np.array([0.5, 0.9]), lower=limits, upper=limits + 1),
        factors=np.zeros((planets, 2, bins)),
        bin_features={"empty": np.full((planets, bins), np.nan)},
    )


def examples() -> list[Any]:
    truth = synthetic.truth(RNG, 3, 5)
    return [
        truth,
        a_prediction(),
        a_prediction(planets=70),
        synthetic.visit(RNG, "<b>&", truth.spectra[0], truth.wavelength),
        synthetic.visit(RNG, "1", truth.spectra[0], truth.wavelength).replace(fgs1=None),
        RuleReport(
            rules=("smoothness",),
            planet_ids=("1", "2"),
            wavelength=np.arange(3.0),
            weight=np.array([0.1]),
            violation=np.ones((1, 2, 3)),
            influence=-np.ones((1, 2, 3)),
        ),
        DiagnosticResult(
            name="all_layers",
            title="t",
            guide="g",
            verdict="v",
            severity=Severity.OK,
            scalars={"nothing": float("nan"), "half": 0.5},
            figures=(
                Figure(
                    name="f",
                    title="f",
                    x=Axis(label="x", unit="micron"),
                    y=Axis(label="y"),
                    layers=(
                        Line(name="l", x=np.arange(3.0), y=np.array([1.0, np.nan, 2.0])),
                        Heatmap(name="h", x=np.arange(2.0), rows=("a",), values=np.ones((1, 2))),
                    ),
                ),
            ),
            tables=(Table(name="t", title="t", columns={"a": ("x", "y"), "b": (1.0, 2.0)}),),
        ),
    ]


@pytest.mark.parametrize("contract", examples(), ids=lambda c: type(c).__name__)
def test_a_contract_comes_back_from_disk_exactly(contract: Any, tmp_path: Path) -> None:
    found = load(type(contract), save(contract, tmp_path / "file.h5"))
    assert found == contract
    assert found.digest() == contract.digest()
    assert hash(found) == hash(contract)


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=5),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_any_finite_spectra_come_back_from_disk_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, spectra: Any
) -> None:
    planets, bins = spectra.shape
    truth = Truth(
        planet_ids=tuple(map(str, range(planets))),
        wavelength=np.arange(float(bins)),
        spectra=spectra,
    )
    path = tmp_path_factory.mktemp("h5") / "truth.h5"
    assert load(Truth, save(truth, path)).spectra.tobytes() == truth.spectra.tobytes()


def test_a_file_explains_itself(tmp_path: Path) -> None:
    path = save(a_prediction(), tmp_path / "p.h5")
    with h5py.File(path) as file:
        assert file.attrs["format"] == "spectramind-hdf5/1"
        assert file.attrs["contract"] == "Prediction"
        assert file["mu"].attrs["axes"] == "planet wave"
        assert file["mu"].attrs["unit"] == "(Rp/Rs)^2"
        assert file["mu"].attrs["description"] == "Transit depth."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mu": np.ones((3, 4))}, "axis 'wave' has size 4 in 'mu' but 5 in 'wavelength'"),
        ({"mu": np.ones((2, 5))}, "axis 'planet' has size 2"),
        ({"mu": np.ones(5)}, "expected axes [planet, wave], got shape (5,)"),
        ({"mu": np.ones((3, 5), complex)}, "expected dtype float64, got complex128"),
        ({"mu": np.full((3, 5), np.nan)}, "15 values are not finite, the first at (0, 0)"),
        ({"sigma": np.zeros((3, 5))}, "sigma must be positive"),
        ({"planet_ids": ("1", "1", "2")}, "a planet appears twice"),
        ({"planet_features": {"snr": np.ones(2)}}, "axis 'planet' has size 2"),
        ({"planet_features": 3}, "expected a mapping of arrays"),
        ({"spectrum": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_array_is_refused_with_what_is_wrong(changes: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        a_prediction().replace(**changes)
    assert message in str(caught.value)


def test_integers_and_single_precision_are_accepted_where_nothing_is_lost() -> None:
    prediction = a_prediction().replace(mu=np.ones((3, 5), np.float32))
    assert prediction.mu.dtype == np.float64


def test_arrays_are_handed_out_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        a_prediction().mu[0, 0] = 1.0


def test_contracts_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        a_prediction().mu = np.ones((3, 5))  # type: ignore[misc]


def test_json_says_what_an_array_is_and_never_its_values() -> None:
    prediction = a_prediction()
    dumped = prediction.model_dump(mode="json")
    assert dumped["mu"] == {
        "shape": [3, 5],
        "dtype": "<f8",
        "sha256": array_digest(prediction.mu),
    }


def test_a_different_number_is_a_different_digest() -> None:
    prediction = a_prediction()
    moved = np.array(prediction.mu)
    moved[0, 0] = np.nextafter(moved[0, 0], 1)
    other = prediction.replace(mu=moved)
    assert prediction != other
    assert prediction.digest() != other.digest()


def test_the_same_values_in_another_memory_layout_have_the_same_digest() -> None:
    values = RNG.random((4, 6))
    assert array_digest(values) == array_digest(np.asfortranarray(values))
    assert array_digest(values) == array_digest(values.astype(">f8").astype("<f8"))


def test_dicts_of_arrays_come_in_one_order_however_they_were_given(tmp_path: Path) -> None:
    """Or features would enter a network in another order after a run was taken from the cache."""
    names = ["b", "c", "a"]
    given = a_prediction().replace(planet_features={name: np.zeros(3) for name in names})
    save(given, tmp_path / "p.h5")
    read = load(Prediction, tmp_path / "p.h5")
    assert list(given.planet_features) == list(read.planet_features) == sorted(names)


def test_planets_are_picked_by_name_and_order() -> None:
    prediction = a_prediction()
    picked = prediction.of(["1002", "1000"])
    np.testing.assert_array_equal(picked.mu, prediction.mu[[2, 0]])
    assert picked.intervals is not None
    assert picked.intervals.lower.shape == (2, 2, 5)
    with pytest.raises(KeyError):
        prediction.of(["nobody"])


@pytest.mark.parametrize(
    ("coverage", "lower", "message"),
    [([0.9, 0.5], 0.0, "ascend"), ([0.5, 1.0], 0.0, "ascend"), ([0.5, 0.9], 2.0, "above")],
)
def test_intervals_must_be_in_order(coverage: Any, lower: float, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Intervals(
            coverage=np.array(coverage), lower=np.full((1, 2, 3), lower), upper=np.ones((1, 2, 3))
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": np.array([0.0, 2.0, 1.0])}, "time axis does not ascend"),
        ({"flux": np.full((3, 1), np.nan)}, "flux is not finite"),
        ({"variance": np.zeros((3, 1))}, "variance is not positive"),
        ({"wavelength": np.array([2.0, 1.0])}, "axis 'wave'"),
    ],
)
def test_a_light_curve_must_be_usable(changes: Any, message: str) -> None:
    good = {
        "instrument": "FGS1",
        "time": np.arange(3.0),
        "flux": np.ones((3, 1)),
        "variance": np.ones((3, 1)),
        "valid": np.ones((3, 1), bool),
        "wavelength": np.array([0.7]),
    }
    LightCurve(**good)
    with pytest.raises(ValidationError, match=message):
        LightCurve(**{**good, **changes})


def test_a_visit_without_any_instrument_is_refused() -> None:
    with pytest.raises(ValidationError, match="no light curve"):
        LightCurves(planet_id="1")


def test_raw_frames_must_fit_their_calibration_frames_and_time_stamps() -> None:
    raw = synthetic.observation().airs
    assert raw is not None
    with pytest.raises(ValidationError, match="time stamps"):
        raw.replace(time=raw.time[:-1], integration_time=raw.integration_time[:-1])
    other = synthetic.observation(bins=9).airs
    assert other is not None
    with pytest.raises(ValidationError, match="calibration frames"):
        raw.replace(calibration=other.calibration)


def test_frames_are_read_by_columns_pixel_by_pixel() -> None:
    raw = synthetic.observation().airs
    assert raw is not None
    frames, rows, columns = raw.frames.shape
    block = raw.frames.read(slice(2, 5))
    assert block.shape == (rows, 3, frames)
    assert block.dtype == np.uint16
    assert columns == raw.calibration.dark.shape[1]


def test_a_set_of_light_curves_groups_visits_by_planet() -> None:
    truth = synthetic.truth(RNG, 2, 5)
    visits = [
        synthetic.visit(RNG, planet, truth.spectra[0], truth.wavelength, number=number)
        for planet, number in (("b", 1), ("a", 0), ("b", 0))
    ]
    light_curves = LightCurveSet.from_visits(visits, truth.wavelength)
    assert light_curves.planet_ids == ("b", "a")
    assert [visit.visit for visit in light_curves["b"]] == [0, 1]
    assert [len(group) for group in light_curves.of(["a", "b"])] == [1, 2]
    with pytest.raises(KeyError):
        light_curves.of(["c"])


@pytest.mark.parametrize("field", ["star_radius", "period", "semi_major_axis"])
def test_a_star_with_nothing_to_it_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        System(**{**synthetic.SYSTEM.model_dump(), field: 0.0})


def test_another_contract_in_a_file_is_refused(tmp_path: Path) -> None:
    path = save(a_prediction(), tmp_path / "p.h5")
    with pytest.raises(DataError, match="holds a Prediction"):
        load(Truth, path)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "foreign"])
def test_a_damaged_file_is_one_clear_message(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "p.h5"
    if damage != "missing":
        save(a_prediction(), path)
    if damage == "empty":
        path.write_bytes(b"")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    if damage == "foreign":
        with h5py.File(path, "w") as file:
            file["x"] = 1
    with pytest.raises(DataError) as caught:
        load(Prediction, path)
    assert str(path) in str(caught.value)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("new, but")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said_in_plain_words(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="the disk is full"),
        replacing(tmp_path / "a.txt"),
    ):
        raise OSError(28, "No space left on device")


def test_axes_describe_their_names() -> None:
    assert Axes("f8", "planet wave").names == ("planet", "wave")
