"""Dead and hot pixels.

Dead pixels do not respond and are always masked. Hot ones carry light like any other on top of a
dark current that the dark frame measures, and masking them costs more than it saves.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool


def hot(dark: F8, dead: Bool, *, sigma: float = 5.0, iterations: int = 5) -> Bool:
    """Pixels whose dark current stands out, by the hosts' iterated clipping; ``[row, column]``.

    Parameters
    ----------
    dark
        ``[row, column]`` electron/s.
    dead
        ``[row, column]``, left out of the statistics and never called hot.
    """
    normal = ~dead
    for _ in range(iterations):
        if not normal.any():
            break
        centre, spread = np.median(dark[normal]), np.std(dark[normal])
        kept = normal & (np.abs(dark - centre) <= sigma * spread)
        if np.array_equal(kept, normal):
            break
        normal = kept
    return ~normal & ~dead


def fill_along_rows(image: F8, masked: Bool) -> F8:
    """`image` with masked pixels interpolated along their row, which is along the trace.

    Both are ``[row, column]``; a row that is masked throughout becomes zero.
    """
    filled = image.copy()
    columns = np.arange(image.shape[1])
    for row in np.flatnonzero(masked.any(1)):
        good = ~masked[row]
        filled[row, ~good] = (
            np.interp(columns[~good], columns[good], image[row, good]) if good.any() else 0.0
        )
    return filled
