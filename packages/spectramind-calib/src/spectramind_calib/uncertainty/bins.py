"""How bins belong together: by instrument, and by whether a molecule absorbs in them."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import Prediction
from spectramind_core.errors import DataError
from spectramind_core.molecules import membership


def instruments(waves: int) -> tuple[slice, ...]:
    """Bins of FGS1 and, if there are any, of AIRS."""
    return (slice(0, 1), slice(1, waves)) if waves > 1 else (slice(0, 1),)


def per_instrument(values: F8, waves: int) -> F8:
    """Values of each instrument ``[..., instrument]``, spread to its bins ``[..., wave]``."""
    parts = instruments(waves)
    sizes = [part.stop - part.start for part in parts]
    return np.repeat(values[..., : len(parts)], sizes, axis=-1)


def molecule_weights(wavelength: F8, weight: float) -> F8:
    """``[wave]``: `weight` in molecular bands, 1 elsewhere."""
    return np.where(np.any(membership(wavelength), axis=0), weight, 1.0)


def require_same_grid(fitted: F8, prediction: Prediction, where: str) -> None:
    """Raise DataError unless the prediction has the bins that a calibrator was fitted on."""
    if fitted.shape != prediction.wavelength.shape or not np.allclose(
        fitted, prediction.wavelength, rtol=1e-6
    ):
        raise DataError(
            f"fitted on {fitted.size} bins, but the prediction's {prediction.wavelength.size} "
            "have other wavelengths",
            where=where,
            hint="fit the calibrator on predictions of the same estimator",
        )
