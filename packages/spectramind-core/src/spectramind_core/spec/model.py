"""The run specification: what is chosen where. Every field has a default."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """Base of the spec's sections: frozen, strict about names and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Use(Section):
    """A choice of component. ``use: name`` alone may be written as the bare name."""

    use: str
    """``[distribution:]name[@revision]``."""
    options: dict[str, Any] = {}
    """Options of the component; ``smv50 plugins show NAME`` lists them."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, data: Any) -> Any:
        return {"use": data} if isinstance(data, str) else data


class PartUse(Use):
    """A choice for a slot of the estimator; without ``use``, options for the slot's default."""

    use: str = ""
    """``[distribution:]name[@revision]``; empty for the slot's default."""


class RuleUse(Use):
    """A choice of symbolic rule, and how it counts."""

    weight: float = Field(default=0.0, ge=0)
    """Factor of its mean violation in the training loss; 0 only watches."""
    mode: Literal["soft", "hard"] = "soft"
    """``hard`` also projects the final prediction onto the rule."""


class Split(Section):
    """Shares of the labelled planets that are not trained on."""

    validation: float = Field(default=0.1, ge=0, lt=1)
    """Planets that choose when training stops."""
    calibration: float = Field(default=0.2, ge=0, lt=1)
    """Planets that uncertainty is calibrated on."""
    holdout: float = Field(default=0.0, ge=0, lt=1)
    """Labelled planets to test on, besides the test partition."""

    @model_validator(mode="after")
    def _leaves_something(self) -> Split:
        if self.validation + self.calibration + self.holdout >= 1:
            raise ValueError("validation, calibration and holdout leave no planet to train on")
        return self


class Data(Section):
    """Which planets."""

    source: Use = Use(use="simulated")
    """Where observations come from."""
    split: Split = Split()
    limit: int | None = Field(default=None, ge=1)
    """Use at most this many planets of each partition."""
    max_failed: float = Field(default=0.1, ge=0, le=1)
    """Share of visits that may be damaged before the run gives up."""


class Model(Section):
    """What turns light curves into spectra, and what it is measured against."""

    estimator: Use = Use(use="v50")
    encoders: dict[str, PartUse] = {}
    """Encoders by slot (``fgs1``, ``airs``); slots not named take the estimator's defaults."""
    heads: dict[str, PartUse] = {}
    """Heads by slot (``mu``, ``sigma``, ``covariance``)."""
    rules: list[RuleUse] = []
    """Symbolic rules, as penalty, as constraint or only watching."""
    baselines: list[Use] = [Use(use="transit"), Use(use="wiener")]
    """Simpler estimators to compare with."""


class Scoring(Section):
    """How a prediction is judged."""

    edition: Literal[2024, 2025] = 2025
    """Which edition's metric."""


class Plugins(Section):
    """Which plugins may be used."""

    block: list[str] = []
    """Distributions or components (``trackers.mlflow``) that are never imported."""
    prefer: dict[str, str] = {}
    """Which distribution to take where several offer a name: ``{encoders.mamba: some-dist}``."""


class RunSpec(Section):
    """A whole run, from observations to submission."""

    spec: Literal[1] = 1
    """Version of this format."""
    name: str = Field(default="run", pattern=r"^[\w.-]+$")
    """A name for people."""
    seed: int = Field(default=50, ge=0, lt=2**63)
    """The one seed; every stage and planet derives its own from it by name."""
    data: Data = Data()
    detector: Use = Use(use="numba")
    """Raw frames to light curves."""
    model: Model = Model()
    uncertainty: list[Use] = [Use(use="temperature")]
    """Calibrators of uncertainty, applied in turn."""
    diagnostics: list[Use] = [
        Use(use=name)
        for name in (
            "score",
            "spectra",
            "light_curves",
            "frequency",
            "latents",
            "attribution",
            "symbolic",
            "calibration",
            "detector",
            "training",
            "comparison",
        )
    ]
    """What to look at."""
    reports: list[Use] = [Use(use="bokeh")]
    """How findings are written up."""
    submit: list[Use] = [Use(use="challenge_csv"), Use(use="long_csv")]
    """Files to export."""
    executor: Use = Use(use="serial")
    """How per-visit work is spread."""
    trackers: list[Use] = []
    """Who else is told what happens."""
    scoring: Scoring = Scoring()
    plugins: Plugins = Plugins()
