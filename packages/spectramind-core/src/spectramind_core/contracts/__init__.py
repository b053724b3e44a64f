"""The nouns that cross borders between distributions, one file each."""

from spectramind_core.contracts.base import Contract
from spectramind_core.contracts.diagnostic import (
    Axis,
    Band,
    Bars,
    DiagnosticResult,
    Figure,
    Heatmap,
    Layer,
    Line,
    PlanetBand,
    PlanetLines,
    PlanetPoints,
    Points,
    Severity,
    Spans,
    Table,
)
from spectramind_core.contracts.instrument import N_BINS, Instrument
from spectramind_core.contracts.light_curve_set import LightCurveSet
from spectramind_core.contracts.light_curves import LightCurve, LightCurves, Step, TransitFit
from spectramind_core.contracts.observation import (
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Frames,
    Observation,
    RawInstrument,
)
from spectramind_core.contracts.prediction import Intervals, Prediction
from spectramind_core.contracts.rule_report import RuleReport
from spectramind_core.contracts.run_manifest import (
    ComponentRecord,
    Environment,
    PlanetFailure,
    RunManifest,
    StageRecord,
)
from spectramind_core.contracts.system import System
from spectramind_core.contracts.truth import Truth

__all__ = [
    "N_BINS",
    "Adc",
    "ArrayFrames",
    "Axis",
    "Band",
    "Bars",
    "CalibrationFrames",
    "ComponentRecord",
    "Contract",
    "DiagnosticResult",
    "Environment",
    "Figure",
    "Frames",
    "Heatmap",
    "Instrument",
    "Intervals",
    "Layer",
    "LightCurve",
    "LightCurveSet",
    "LightCurves",
    "Line",
    "Observation",
    "PlanetBand",
    "PlanetFailure",
    "PlanetLines",
    "PlanetPoints",
    "Points",
    "Prediction",
    "RawInstrument",
    "RuleReport",
    "RunManifest",
    "Severity",
    "Spans",
    "StageRecord",
    "Step",
    "System",
    "Table",
    "TransitFit",
    "Truth",
]
