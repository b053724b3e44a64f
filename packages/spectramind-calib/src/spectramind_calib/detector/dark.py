"""Dark current: electrons that come without light, in proportion to the time since the reset."""

from __future__ import annotations

from spectramind_core.arrays import F8


def apply(electrons: F8, dark: F8, seconds: F8) -> F8:
    """Add the dark current.

    Parameters
    ----------
    electrons
        ``[row, column, frame]``.
    dark
        ``[row, column]`` electron/s.
    seconds
        ``[frame]`` time since the reset.
    """
    return electrons + dark[..., None] * seconds


def undo(electrons: F8, dark: F8, seconds: F8) -> F8:
    """Take the dark current away; shapes as in `apply`."""
    return electrons - dark[..., None] * seconds
