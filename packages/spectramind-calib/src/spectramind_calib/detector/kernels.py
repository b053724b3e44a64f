"""The compiled loops over samples: module-level, so that numba's on-disk cache serves them.

A pixel's ramps are corrected, searched for cosmic rays, averaged and added to its column's flux
while they are in the processor's cache.
"""

from __future__ import annotations

import numba
import numpy as np

from spectramind_calib.detector.adc import FULL_SCALE
from spectramind_calib.detector.compiled import kernel
from spectramind_calib.detector.pointers import counts_at

BLOCK = 4096
"""Samples summed in single precision, before their sum goes into a double."""

GROUPS = 8
"""Parts of the detector that threads take in turn."""


@kernel(parallel=True)
def gather(addresses, like, total, chosen):  # type: ignore[no-untyped-def]
    """Counts ``[row, column, frame]`` of the `chosen` of a pixel's `total` pairs."""
    rows, columns = addresses.shape
    found = np.empty((rows, columns, 2 * chosen.size), like.dtype)
    for row in numba.prange(rows):
        for column in range(columns):
            counts = counts_at(addresses[row, column], 2 * total, like)
            part = found[row, column]
            for k in range(chosen.size):
                part[2 * k] = counts[2 * chosen[k]]
                part[2 * k + 1] = counts[2 * chosen[k] + 1]
    return found


@kernel(parallel=True)
def weighted_sums(  # type: ignore[no-untyped-def]
    addresses,
    like,
    pairs,
    first,
    centre,
    scale,
    offset,
    coefficients,
    dark,
    gain,
    elapsed,
    threshold,
    usable,
    weights,
    core,
):
    """The fields of `Sums`; moments and cosmic rays still for each group of columns.

    Parameters
    ----------
    addresses, like
        ``[row, column]`` of each pixel's counts, `pairs` pairs of the type that `like` holds.
    first
        Number of the first of these columns on the detector.
    centre
        Row and column of the detector's middle.
    scale, offset
        Electrons per count, and at no count.
    coefficients
        ``[row, column, 6]`` float32, lowest order first.
    dark, gain
        ``[row, column]`` float32: electron/s, and one over the flat.
    elapsed
        ``[pair]`` float32: seconds between the two reads.
    threshold
        A hit's height in mean absolute differences; zero: none is looked for.
    usable, weights, core
        See `Weighing`.
    """
    rows, columns = addresses.shape
    flux = np.empty((columns, pairs), np.float32)
    moments = np.zeros((GROUPS, 5, pairs))
    mean = np.zeros((rows, columns))
    hits = np.zeros((GROUPS, pairs), np.int64)
    saturated = np.zeros((rows, columns), np.int64)
    lost = np.zeros((columns, pairs), np.bool_)
    for group in numba.prange(GROUPS):
        pixel = np.empty(pairs, np.float32)
        light, along = np.empty(pairs, np.float32), np.empty(pairs, np.float32)
        apart = np.empty(pairs, np.float32)
        for column in range(columns * group // GROUPS, columns * (group + 1) // GROUPS):
            total = flux[column]
            total[:] = 0
            light[:] = 0
            along[:] = 0
            apart[:] = 0
            for row in range(rows):
                if not usable[row, column]:
                    continue
                counts = counts_at(addresses[row, column], 2 * pairs, like)
                top = _electrons(
                    counts,
                    scale,
                    offset,
                    coefficients[row, column],
                    dark[row, column],
                    gain[row, column],
                    elapsed,
                    pixel,
                )
                weight = weights[row, column]
                if top == FULL_SCALE:
                    saturated[row, column] = _leave_out(counts, pixel, weight, lost[column])
                summed, differences = _sums(pixel)
                limit = np.float32(threshold * differences / max(pairs - 1, 1))
                if limit > 0.0 and pairs > 2 and _exceed(pixel, limit):
                    _repair(pixel, limit, hits[group])
                    summed = _sums(pixel)[0]
                mean[row, column] = summed / pairs
                _add(pixel, weight, total)
                if core[row, column]:
                    _add(pixel, np.float32(1), light)
                    _add(pixel, np.float32(row), along)
                    _add(pixel, np.float32((row - centre[0]) ** 2), apart)
            if core[:, column].any():
                for k in range(pairs):
                    moments[group, 0, k] += light[k]
                    moments[group, 1, k] += along[k]
                    moments[group, 2, k] += (first + column) * np.float64(light[k])
                    moments[group, 3, k] += apart[k]
                    moments[group, 4, k] += (first + column - centre[1]) ** 2 * light[k]
    return flux, moments, mean, hits, saturated, lost


@kernel(fastmath={"contract"})
def _electrons(counts, scale, offset, polynomial, dark, gain, elapsed, pixel):  # type: ignore[no-untyped-def]
    """Light of each ramp into `pixel`, from its two reads; returns the highest count.

    The polynomial is written out, because a loop over its orders costs four times as much; its
    constant term drops out of the difference.
    """
    c1, c2, c3, c4, c5 = polynomial[1], polynomial[2], polynomial[3], polynomial[4], polynomial[5]
    top = counts[0]
    for k in range(pixel.size):
        start, end = counts[2 * k], counts[2 * k + 1]
        top = max(top, max(start, end))
        x = np.float32(start) * scale + offset
        y = np.float32(end) * scale + offset
        before = ((((c5 * x + c4) * x + c3) * x + c2) * x + c1) * x
        after = ((((c5 * y + c4) * y + c3) * y + c2) * y + c1) * y
        pixel[k] = (after - before - dark * elapsed[k]) * gain
    return top


@kernel()
def _leave_out(counts, pixel, weight, lost):  # type: ignore[no-untyped-def]
    """Give saturated ramps the mean of the others, note them in `lost`; returns how many."""
    found, total = 0, 0.0
    for k in range(pixel.size):
        if counts[2 * k] == FULL_SCALE or counts[2 * k + 1] == FULL_SCALE:
            found += 1
            lost[k] |= weight != 0.0
        else:
            total += pixel[k]
    level = np.float32(total / max(pixel.size - found, 1))
    for k in range(pixel.size):
        if counts[2 * k] == FULL_SCALE or counts[2 * k + 1] == FULL_SCALE:
            pixel[k] = level
    return found


@kernel()
def _sums(pixel):  # type: ignore[no-untyped-def]
    """Sum of the samples, and of their absolute differences."""
    last = pixel.size - 1
    total, differences = np.float64(pixel[last]), 0.0
    for start in range(0, last, BLOCK):
        part, steps = _block_sums(pixel[start : start + BLOCK + 1])
        total += np.float64(part)
        differences += np.float64(steps)
    return total, differences


@kernel(fastmath={"reassoc", "nsz"})
def _block_sums(block):  # type: ignore[no-untyped-def]
    """The same of a block but for its last sample. Apart, since the compiler must see that no index
    is negative: only then does it work on many samples at a time."""
    total, differences = np.float32(0), np.float32(0)
    for k in range(block.size - 1):
        total += block[k]
        differences += abs(block[k + 1] - block[k])
    return total, differences


@kernel()
def _exceed(pixel, limit):  # type: ignore[no-untyped-def]
    """Whether any sample exceeds its neighbours: the quick look that nearly always says no."""
    found = pixel[0] - max(pixel[1], pixel[2]) > limit
    found |= pixel[-1] - max(pixel[-2], pixel[-3]) > limit
    above = np.int32(0)  # a count of single width, so that the loop is done in parallel
    for k in range(1, pixel.size - 1):
        above += np.int32(pixel[k] - max(pixel[k - 1], pixel[k + 1]) > limit)
    return found or above > 0


@kernel()
def _repair(pixel, limit, hits):  # type: ignore[no-untyped-def]
    """As `cosmic.find` and `cosmic.undo`."""
    given = pixel.copy()
    last = pixel.size - 1
    for k in range(pixel.size):
        before = given[2] if k == 0 else given[k - 1]
        after = given[last - 2] if k == last else given[k + 1]
        if given[k] - max(before, after) > limit:
            pixel[k] = (before + after) / np.float32(2)
            hits[k] += 1


@kernel(fastmath={"contract"})
def _add(pixel, weight, total):  # type: ignore[no-untyped-def]
    for k in range(pixel.size):
        total[k] += weight * pixel[k]
