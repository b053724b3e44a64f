"""The kinds of component, one row each.

This table is read by ``smv50 plugins list`` and by shell completion, so it imports nothing beyond
the standard library. Adding a kind is a row here, a hook spec, an interface and a base test.
"""

from __future__ import annotations

from dataclasses import dataclass

PLUGIN_API = 1
"""Version of the plugin interface, apart from the package's: rises when a plugin must change."""


@dataclass(frozen=True)
class Kind:
    """One kind of component."""

    name: str
    """Plural, as in ``smv50 plugins list KIND``."""
    singular: str
    section: str
    """Where the run specification chooses a component of this kind."""
    interface: str
    """Import path of the Protocol that its components satisfy."""
    summary: str

    @property
    def group(self) -> str:
        """The entry-point group that indexes this kind."""
        return f"spectramind.{self.name}"

    @property
    def hook(self) -> str:
        """The pluggy hook that delivers declarations of this kind."""
        return f"spectramind_{self.name}"


def _kind(name: str, singular: str, section: str, interface: str, summary: str) -> Kind:
    return Kind(name, singular, section, f"spectramind_core.components.{interface}", summary)


KINDS: tuple[Kind, ...] = (
    _kind("sources", "source", "data.source", "source:Source", "where observations come from"),
    _kind(
        "detector_calibrations",
        "detector calibration",
        "detector",
        "detector_calibration:DetectorCalibration",
        "raw frames to light curves",
    ),
    _kind(
        "estimators",
        "estimator",
        "model.estimator",
        "estimator:Estimator",
        "light curves to spectra with uncertainty",
    ),
    _kind("encoders", "encoder", "model.encoders", "encoder:Encoder", "inputs to representations"),
    _kind("heads", "head", "model.heads", "head:Head", "representations to mu and sigma"),
    _kind("rules", "rule", "model.rules", "rule:Rule", "what physics allows of a spectrum"),
    _kind(
        "calibrators",
        "calibrator",
        "uncertainty",
        "calibrator:Calibrator",
        "sigma and intervals that hold what they promise",
    ),
    _kind(
        "diagnostics", "diagnostic", "diagnostics", "diagnostic:Diagnostic", "evidence about a run"
    ),
    _kind("reports", "report", "reports", "report:Report", "diagnostics as something to read"),
    _kind("exporters", "exporter", "submit", "exporter:Exporter", "predictions as files"),
    _kind(
        "executors", "executor", "executor", "executor:Executor", "how per-planet work is spread"
    ),
    _kind("trackers", "tracker", "trackers", "tracker:Tracker", "observers of a run"),
)

KIND: dict[str, Kind] = {kind.name: kind for kind in KINDS}
