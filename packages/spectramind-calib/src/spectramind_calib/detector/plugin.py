"""What this room offers: readers and detector calibrations."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_calib.detector.options import ArielOptions, CalibrationOptions, Hdf5Options
from spectramind_core.plugins import Component, hookimpl

HORNE = "Horne 1986, PASP 98, 609: optimal extraction"
CHALLENGE = "Yip et al. 2024, NeurIPS Ariel Data Challenge"


@hookimpl
def spectramind_sources() -> Sequence[Component]:
    return [
        Component(
            kind="sources",
            name="ariel",
            summary="a challenge folder of raw frames, 2024 or 2025 edition",
            factory="spectramind_calib.detector.ariel:ArielSource",
            options=ArielOptions,
            provides=("frames", "truth", "system"),
            references=(CHALLENGE,),
        ),
        Component(
            kind="sources",
            name="hdf5",
            summary="light curves calibrated already, one HDF5 file a visit",
            factory="spectramind_calib.detector.hdf5:Hdf5Source",
            options=Hdf5Options,
            provides=("light_curves", "truth"),
        ),
    ]


@hookimpl
def spectramind_detector_calibrations() -> Sequence[Component]:
    return [
        Component(
            kind="detector_calibrations",
            name=name,
            summary=summary,
            factory=factory,
            options=CalibrationOptions,
            revision=6,
            requires=("frames",),
            provides=("light_curves",),
            references=(HORNE,),
        )
        for name, summary, factory in (
            (
                "numba",
                "frames to light curves, compiled: one pass over the counts",
                "spectramind_calib.detector.fused:NumbaCalibration",
            ),
            (
                "numpy",
                "frames to light curves in plain numpy, a correction at a time: the reference",
                "spectramind_calib.detector.calibration:NumpyCalibration",
            ),
        )
    ]
