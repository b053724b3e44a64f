"""The conformance kit: a base test class for each kind of component.

Subclass the one of your component's kind, set ``name``, and pytest does the rest
(docs/writing-plugins.md). Needs pytest; encoders, heads and rules need torch.
"""

from spectramind_core.testing.base import ComponentTests, good_manners
from spectramind_core.testing.calibrators import CalibratorTests
from spectramind_core.testing.detector_calibrations import DetectorCalibrationTests
from spectramind_core.testing.estimators import EstimatorTests
from spectramind_core.testing.networks import EncoderTests, HeadTests
from spectramind_core.testing.outputs import DiagnosticTests, ExporterTests, ReportTests
from spectramind_core.testing.rules import RuleTests
from spectramind_core.testing.runtime import ExecutorTests, TrackerTests
from spectramind_core.testing.sources import SourceTests

__all__ = [
    "CalibratorTests",
    "ComponentTests",
    "DetectorCalibrationTests",
    "DiagnosticTests",
    "EncoderTests",
    "EstimatorTests",
    "ExecutorTests",
    "ExporterTests",
    "HeadTests",
    "ReportTests",
    "RuleTests",
    "SourceTests",
    "TrackerTests",
    "good_manners",
]
