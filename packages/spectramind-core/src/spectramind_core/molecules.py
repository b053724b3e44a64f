"""Where molecules absorb in 1.9-3.9 micron: the one table that all rooms share.

Ranges are the full width of each band near half its peak, as seen in low-resolution transmission
spectra of warm giants.

References
----------
Tennyson et al. 2016, "The ExoMol database", J. Mol. Spectrosc. 327, 73.
Gordon et al. 2022, "The HITRAN2020 molecular spectroscopic database", JQSRT 277, 107949.
Encrenaz et al. 2015, "Transit spectroscopy of exoplanets from space: how to optimize the wavelength
coverage and spectral resolving power", Exp. Astron. 40, 523 (table 1: band centres).
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool

BANDS: dict[str, tuple[tuple[float, float], ...]] = {
    "H2O": ((1.78, 2.02), (2.50, 2.95)),
    "CH4": ((2.18, 2.45), (3.15, 3.55)),
    "CO2": ((1.96, 2.08), (2.66, 2.82)),
    "CO": ((2.29, 2.44),),
    "NH3": ((1.94, 2.06), (2.18, 2.34), (2.88, 3.08)),
}
"""Band limits in micron, by molecule."""


def membership(wavelength: F8) -> Bool:
    """Which bins lie in a band of each molecule, ``[molecule, wave]``, in the order of `BANDS`.

    Parameters
    ----------
    wavelength
        ``[wave]`` micron.
    """
    return np.array(
        [
            np.any([(wavelength >= low) & (wavelength <= high) for low, high in bands], axis=0)
            for bands in BANDS.values()
        ]
    )
