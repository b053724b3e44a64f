"""Why a component cannot be had: one message for each reason, each with what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal

from spectramind_core.errors import PluginError
from spectramind_core.kinds import KIND
from spectramind_core.plugins.index import Entry

Code = Literal[
    "misspelt", "not_installed", "blocked", "ambiguous", "incompatible", "broken", "revision"
]

OURS: dict[str, dict[str, str]] = {
    "spectramind-calib": {
        "sources": "ariel hdf5 simulated",
        "detector_calibrations": "numba numpy",
        "calibrators": "temperature conformal corel instance simultaneous",
    },
    "spectramind-models": {
        "estimators": "transit wiener v50",
        "encoders": "mamba transformer gat dense_gat nnconv rgcn",
        "heads": "residual_mu scaled_sigma low_rank",
        "rules": "smoothness total_variation fft_power bounds asymmetry molecular_coherence "
        "photonic_alignment",
        "trackers": "mlflow",
    },
    "spectramind-diag": {
        "diagnostics": "score spectra light_curves frequency latents attribution symbolic "
        "calibration detector training comparison",
        "reports": "bokeh markdown png",
    },
}
"""Components of this project's own distributions, so that a name can be known but not installed."""


class NotFound(PluginError):  # noqa: N818 (a state, not a mistake of ours)
    """A component was asked for that cannot be had.

    Attributes
    ----------
    code
        Which of the reasons it is.
    nearest
        Names of the same kind that look like the one asked for, best first.
    """

    def __init__(
        self, code: Code, what: str, *, hint: str, where: str = "", nearest: Sequence[str] = ()
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.code = code
        self.nearest = tuple(nearest)


def unknown(kind: str, name: str, known: Sequence[str]) -> NotFound:
    """No installed distribution has it: misspelt, or known to us but not installed."""
    singular = KIND[kind].singular
    for distribution, kinds in OURS.items():
        if name in kinds.get(kind, "").split():
            return NotFound(
                "not_installed",
                f"the {singular} '{name}' is known but not installed",
                hint=f"pip install {distribution}",
            )
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    listing = f"smv50 plugins list {kind}"
    hint = (
        f"did you mean {' or '.join(repr(n) for n in nearest)}? ('{listing}' lists all)"
        if nearest
        else f"installed are: {', '.join(known) or 'none'} ('{listing}' tells more)"
    )
    return NotFound("misspelt", f"there is no {singular} '{name}'", hint=hint, nearest=nearest)


def blocked(entry: Entry, pattern: str) -> NotFound:
    """Installed, but a setting forbids it; it was not imported."""
    return NotFound(
        "blocked",
        f"the {KIND[entry.kind].singular} '{entry.name}' of {entry.distribution} is blocked "
        f"by '{pattern}'",
        hint="take it off plugins.block in the spec, or off SMV50_BLOCK in the environment",
    )


def ambiguous(kind: str, name: str, entries: Sequence[Entry]) -> NotFound:
    """Several distributions offer the name; none is chosen because it happens to be first."""
    choices = [entry.distribution for entry in entries]
    return NotFound(
        "ambiguous",
        f"the {KIND[kind].singular} '{name}' is offered by {' and '.join(choices)}",
        hint=f"write 'use: {choices[0]}:{name}', or 'plugins: {{prefer: "
        f"{{{kind}.{name}: {choices[0]}}}}}'",
    )


def incompatible(entry: Entry, needs: str, host: int) -> NotFound:
    """It was made for another version of the plugin interface."""
    return NotFound(
        "incompatible",
        f"the {KIND[entry.kind].singular} '{entry.name}' of {entry.distribution} "
        f"{entry.version} needs plugin API {needs}, this installation has {host}",
        hint=f"pip install --upgrade {entry.distribution} spectramind-core",
    )


def broken(entry: Entry, reason: str) -> NotFound:
    """Its plugin module cannot be imported, or does not declare what its entry point promises."""
    return NotFound(
        "broken",
        f"the {KIND[entry.kind].singular} '{entry.name}' of {entry.distribution} is broken: "
        f"{reason}",
        hint=f"smv50 plugins doctor {entry.distribution}",
    )


def other_revision(kind: str, name: str, asked: int, has: int) -> NotFound:
    """The spec pins another revision than the installed one."""
    return NotFound(
        "revision",
        f"the {KIND[kind].singular} '{name}' is installed at revision {has}, "
        f"the spec asks for revision {asked}",
        hint=f"install the version that has revision {asked}, or write 'use: {name}@{has}' "
        "and expect other numbers",
    )
