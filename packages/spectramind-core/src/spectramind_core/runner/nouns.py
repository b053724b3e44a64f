"""What passes from stage to stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spectramind_core.arrays import F8
from spectramind_core.components import Estimator, Source, Visit
from spectramind_core.contracts import (
    DiagnosticResult,
    LightCurveSet,
    Prediction,
    RuleReport,
    TransitFit,
    Truth,
)
from spectramind_core.runner.split import Roles


@dataclass(frozen=True)
class Observed:
    """What there is to work on, before any frame is read."""

    source: Source
    digests: Mapping[Visit, str]
    """Every usable visit with the digest of its input."""
    wavelength: F8
    truth: Truth | None
    roles: Roles

    def visits_of(self, planets: tuple[str, ...]) -> tuple[Visit, ...]:
        """Visits of some planets, planet by planet, by ascending number."""
        wanted = set(planets)
        return tuple(sorted(visit for visit in self.digests if visit.planet_id in wanted))


@dataclass(frozen=True)
class Calibrated:
    """Light curves of every planet that could be calibrated."""

    observed: Observed
    light_curves: LightCurveSet
    keys: Mapping[str, tuple[str, ...]]
    """Cache keys of each planet's visits: what its light curves depend on."""
    roles: Roles


@dataclass(frozen=True)
class Trained:
    """The estimator and the baselines, ready to predict."""

    calibrated: Calibrated
    estimators: Mapping[str, Estimator]
    """By section: ``model.estimator``, ``model.baselines[0]`` ..."""
    keys: Mapping[str, str]
    folders: Mapping[str, Path]


@dataclass(frozen=True)
class Predicted:
    """Predictions before uncertainty calibration."""

    trained: Trained
    key: str
    test: Prediction
    calibration: Prediction | None
    baselines: Mapping[str, Prediction]
    """Predictions of the test planets by baseline name."""
    transit_fits: tuple[TransitFit, ...]
    rules: RuleReport | None


@dataclass(frozen=True)
class Recalibrated:
    """The prediction after each calibrator."""

    predicted: Predicted
    key: str
    steps: tuple[tuple[str, Prediction], ...]
    """The estimator's own prediction first, then one per calibrator."""
    truth: Truth | None
    """Truth about those test planets for which it is known."""

    @property
    def final(self) -> Prediction:
        return self.steps[-1][1]


@dataclass(frozen=True)
class Diagnosed:
    """Findings and where the reports lie."""

    recalibrated: Recalibrated
    results: tuple[DiagnosticResult, ...]
    reports: tuple[Path, ...]


@dataclass(frozen=True)
class Submitted:
    """The exported files."""

    diagnosed: Diagnosed
    files: tuple[Path, ...]
