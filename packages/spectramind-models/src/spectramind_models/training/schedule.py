"""The learning rate within a stage."""

from __future__ import annotations

from math import cos, pi


def rate(step: int, steps: int, *, warmup: float) -> float:
    """Factor on the stage's highest rate at a step, 0-based: linear warm-up, then half a cosine.

    References
    ----------
    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", ICLR.
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + cos(pi * (step - rising) / max(steps - rising, 1)))
