"""From a resolved spec to a run folder."""

from spectramind_core.runner.plan import PlannedStage, plan
from spectramind_core.runner.run import RunResult, run
from spectramind_core.runner.stages import STAGES

__all__ = ["STAGES", "PlannedStage", "RunResult", "plan", "run"]
