"""What the way a transit fit came out says about the error of its spectrum.

Depths lean on the limb darkening, orbit and drift that the fit expected. Where these came out other
than expected, the expectation was likely off by more than the data could tell, and so are depths.
Labelled planets show by how much: a linear regression of the posterior's relative error, one of
FGS1 and one common to AIRS, on the evidence of the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.features import SHIFTS

_EXPECTED = 0.003
"""Standard deviation to be expected of each coefficient: relative error by evidence's deviation."""

_REACH = 4.0
"""Standard deviations beyond which evidence is not followed."""


@dataclass(frozen=True)
class Evidence:
    """A linear model of the posterior's relative error."""

    typical: F8
    """``[2, evidence]``: mean and standard deviation."""
    coefficients: F8
    """``[1 + evidence, 2]``: of FGS1 and AIRS; the constant comes first."""

    @classmethod
    def fit(cls, every: Sequence[PlanetDepths], mu: F8, spectra: F8) -> Evidence:
        """Learn from posterior means and true spectra ``[planet, wave]``.

        The posteriors must come from priors that had not seen the planet. Weighted least squares;
        coefficients have a normal prior about zero.
        """
        rows = np.stack([_evidence(depths) for depths in every])
        known = np.isfinite(rows)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, rows, 0).sum(axis=0) / count
        sd = np.sqrt(np.where(known, (rows - mean) ** 2, 0).sum(axis=0) / count) + 1e-9
        typical = np.stack([mean, sd])
        design = np.stack([_design(row, typical) for row in rows])
        error = mu / spectra - 1
        found = []
        for part, name in ((slice(0, 1), "fgs1"), (slice(1, None), "airs")):
            sigma = np.array([depths.features[f"depth_error_{name}"] for depths in every])
            seen = np.array([bool(depths.measured[part].any()) for depths in every])
            usable = seen & np.isfinite(sigma) & (error[:, part].size > 0)
            share = error[:, part].mean(axis=1) if error[:, part].size else np.zeros(len(error))
            weight = np.where(usable, (spectra.mean(axis=1) / np.where(usable, sigma, 1)) ** 2, 0)
            precision = (design.T * weight) @ design + np.eye(design.shape[1]) / _EXPECTED**2
            found.append(np.linalg.solve(precision, design.T @ (weight * share)))
        return cls(typical, np.stack(found, axis=1))

    def error(self, depths: PlanetDepths) -> F8:
        """``[wave]``: expected relative error of a planet's posterior; 0 where nothing was seen."""
        fgs1, airs = _design(_evidence(depths), self.typical) @ self.coefficients
        share = np.where(np.arange(depths.depth.size) == 0, fgs1, airs)
        return np.where(depths.measured, share, 0.0)

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        return {"evidence_typical": self.typical, "evidence_coefficients": self.coefficients}


def _evidence(depths: PlanetDepths) -> F8:
    """``[evidence]``; what is unknown is not finite, or is as expected."""
    f = depths.features
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.array(
            [
                *(np.nan_to_num(f[name]) for name in SHIFTS),
                np.nan_to_num(f["timing_tension"]),
                np.log(f["star_temperature"]),
                np.nan_to_num(f["impact"]),
                np.nan_to_num(f["impact"]) ** 2,
                np.log(f["duration"]),
                np.log(f["depth"]),
                f["depth_error_fgs1"] / f["depth"],
                f["depth_error_airs"] / f["depth"],
            ]
        )


def _design(evidence: F8, typical: F8) -> F8:
    """``[1 + evidence]``: a constant, and evidence in standard deviations, limited."""
    known = np.isfinite(evidence)
    standard = np.where(known, (np.where(known, evidence, 0) - typical[0]) / typical[1], 0)
    return np.concatenate([[1.0], np.clip(standard, -_REACH, _REACH)])
