"""The commands with their help lines, so that ``--help`` and completion load none of them."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run:run", "Run a spec: observations to submission, with a report."),
    "calibrate": ("run:calibrate", "Run a spec up to the light curves."),
    "train": ("run:train", "Run a spec up to the trained estimator."),
    "predict": ("run:predict", "Run a spec up to the predictions."),
    "corel-train": ("run:corel_train", "Run a spec up to calibrated uncertainty."),
    "diagnose": ("diagnose:diagnose", "Look at a run: the report, or one diagnostic."),
    "submit": ("run:submit", "Run a spec up to the submission files."),
    "simulate": ("simulate:simulate", "Write a simulated challenge folder."),
    "test": ("self_test:self_test", "Check this installation, quickly or deeply."),
    "plugins": ("plugins:plugins", "List, show and examine components."),
    "spec": ("spec:spec", "Check, show and compare specs."),
    "schema": ("schema:schema", "Print the JSON Schema of specs."),
    "info": ("info:info", "Print versions and machine settings."),
    "cite": ("cite:cite", "Print what to cite for a spec."),
}
"""Command name to (module and attribute in `spectramind_core.cli.commands`, help line)."""
