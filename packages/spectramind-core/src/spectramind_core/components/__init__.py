"""The interfaces of components, one kind a file: Protocols of a few methods and one `ctx`."""

from spectramind_core.components.calibrator import Calibrator
from spectramind_core.components.context import Context, Progress, Silent
from spectramind_core.components.detector_calibration import DetectorCalibration
from spectramind_core.components.diagnostic import Diagnostic, Evidence
from spectramind_core.components.encoder import Encoder
from spectramind_core.components.estimator import (
    Attends,
    ChecksRules,
    Estimator,
    Explainable,
    FitsTransits,
    Labelled,
    NamedInputs,
)
from spectramind_core.components.executor import Executor
from spectramind_core.components.exporter import Exporter
from spectramind_core.components.head import Head
from spectramind_core.components.report import Report
from spectramind_core.components.rule import Rule, RulePart, Scene
from spectramind_core.components.source import Source, Visit, WritesFolder
from spectramind_core.components.tracker import Tracker

__all__ = [
    "Attends",
    "Calibrator",
    "ChecksRules",
    "Context",
    "DetectorCalibration",
    "Diagnostic",
    "Encoder",
    "Estimator",
    "Evidence",
    "Executor",
    "Explainable",
    "Exporter",
    "FitsTransits",
    "Head",
    "Labelled",
    "NamedInputs",
    "Progress",
    "Report",
    "Rule",
    "RulePart",
    "Scene",
    "Silent",
    "Source",
    "Tracker",
    "Visit",
    "WritesFolder",
]
