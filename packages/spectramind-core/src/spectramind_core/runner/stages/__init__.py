"""The seven stages, a file each: every one is a function from nouns to nouns."""

from spectramind_core.runner.stages.calibrate import calibrate
from spectramind_core.runner.stages.diagnose import diagnose
from spectramind_core.runner.stages.observe import observe
from spectramind_core.runner.stages.predict import predict
from spectramind_core.runner.stages.recalibrate import recalibrate
from spectramind_core.runner.stages.submit import submit
from spectramind_core.runner.stages.train import train

STAGES = ("observe", "calibrate", "train", "predict", "recalibrate", "diagnose", "submit")

__all__ = [
    "STAGES",
    "calibrate",
    "diagnose",
    "observe",
    "predict",
    "recalibrate",
    "submit",
    "train",
]
