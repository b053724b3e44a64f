"""Which planets a model learns from and which it never sees: by their names alone.

A name is independent of everything measured, so a split by names keeps planets exchangeable, and a
new planet falls into a fold as the calibration planets did.
"""

from __future__ import annotations

import hashlib

_PARTS = 1000
"""Into how many parts names are hashed to hold out a share of them."""


def fold_of(planet_id: str, folds: int) -> int:
    """A planet's fold, 0 to ``folds - 1``."""
    return int.from_bytes(hashlib.sha256(planet_id.encode()).digest()[:8], "big") % folds


def is_held_out(planet_id: str, share: float) -> bool:
    """Whether a planet is one of the `share` of planets, 0 to 1, that are held out."""
    return fold_of(planet_id, _PARTS) < share * _PARTS
