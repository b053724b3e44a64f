"""What a page stores of many planets can be read back, to the step that it promises."""

from __future__ import annotations

import base64
import gzip

import numpy as np

from spectramind_diag.report.packed import Packed


def unpacked(packed: Packed) -> bytes:
    return gzip.decompress(base64.b64decode(packed.text()))


def test_rows_come_back_within_half_a_step_and_gaps_as_gaps() -> None:
    values = np.random.default_rng(1).standard_normal((5, 40)).cumsum(axis=1)
    values[1, 7] = np.nan
    values[2] = 3.25
    values[3] = np.nan
    packed = Packed()
    packed.add(np.ones((2, 3)), logarithmic=True)
    place = packed.add(values, logarithmic=False)
    data = unpacked(packed)
    size = values.size
    low = np.frombuffer(data, "<f8", 5, place["low"])
    step = np.frombuffer(data, "<f8", 5, place["step"])
    small = np.frombuffer(data, "u1", size, place["codes"]).astype(int)
    large = np.frombuffer(data, "u1", size, place["codes"] + size).astype(int)
    codes = (small + 256 * large).reshape(5, 40).cumsum(axis=1) % 65536
    found = np.where(codes == 65535, np.nan, low[:, None] + codes * step[:, None])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    reach = np.nan_to_num(np.ptp(np.nan_to_num(values), axis=1)) / 65534
    assert np.nanmax(np.abs(found - values) - reach[:, None]) < 1e-12


def test_a_logarithmic_axis_keeps_small_values() -> None:
    values = np.array([[1e-9, 1.0, 1e9]])
    packed = Packed()
    place = packed.add(values, logarithmic=True)
    found = np.frombuffer(unpacked(packed), "<f4", 3, place["values"])
    np.testing.assert_allclose(found, values[0], rtol=1e-6)
