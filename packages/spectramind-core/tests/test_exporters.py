"""The two submission formats: exact, valid, and what they refuse."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from spectramind_core.builtin.challenge_csv import ChallengeCsv, header, read_submission
from spectramind_core.builtin.long_csv import LongCsv, LongRow
from spectramind_core.builtin.options import CsvOptions
from spectramind_core.components import Context
from spectramind_core.errors import DataError
from spectramind_core.testing import synthetic

RNG = np.random.default_rng(4)
SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "long_csv.json"


def test_a_submission_reads_back_to_the_bit(ctx: Context, tmp_path: Path) -> None:
    prediction = synthetic.prediction(RNG, synthetic.truth(RNG, 3))
    path = ChallengeCsv(CsvOptions()).export(prediction, folder=tmp_path, ctx=ctx)
    planets, mu, sigma = read_submission(path)
    assert planets == prediction.planet_ids
    assert mu.tobytes() == prediction.mu.tobytes()
    assert sigma.tobytes() == prediction.sigma.tobytes()


def test_the_header_is_the_challenges() -> None:
    assert header()[:3] == ["planet_id", "wl_1", "wl_2"]
    assert header()[283:285] == ["wl_283", "sigma_1"]
    assert len(header()) == 1 + 2 * 283


def test_a_negative_depth_is_written_as_zero_and_said(
    ctx: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prediction = synthetic.prediction(RNG, synthetic.truth(RNG, 1))
    prediction = prediction.replace(mu=prediction.mu - 1)
    path = ChallengeCsv(CsvOptions()).export(prediction, folder=tmp_path, ctx=ctx)
    assert read_submission(path)[1].min() == 0
    assert "283 depths below zero" in caplog.text


def test_another_grid_is_no_submission(ctx: Context, tmp_path: Path) -> None:
    prediction = synthetic.prediction(RNG, synthetic.truth(RNG, 1, 7))
    with pytest.raises(DataError, match="283 bins"):
        ChallengeCsv(CsvOptions()).export(prediction, folder=tmp_path, ctx=ctx)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].__setitem__(1, "wl_0"), "columns"),
        (lambda rows: rows[1].__setitem__(5, "-0.1"), "negative"),
        (lambda rows: rows[1].__setitem__(5, "nan"), "negative or missing"),
        (lambda rows: rows[1].__setitem__(5, "x"), "not numbers"),
        (lambda rows: rows[1].pop(), "not numbers"),
        (lambda rows: rows[2].__setitem__(0, rows[1][0]), "appears twice"),
    ],
)
def test_a_spoilt_submission_is_refused(change, message, ctx: Context, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    prediction = synthetic.prediction(RNG, synthetic.truth(RNG, 2))
    path = ChallengeCsv(CsvOptions()).export(prediction, folder=tmp_path, ctx=ctx)
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    with pytest.raises(DataError, match=message):
        read_submission(path)


def test_the_long_table_keeps_to_its_schema(ctx: Context, tmp_path: Path) -> None:
    prediction = synthetic.prediction(RNG, synthetic.truth(RNG, 2, 5))
    path = LongCsv(CsvOptions()).export(prediction, folder=tmp_path, ctx=ctx)
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        typed = {
            "planet_id": row["planet_id"],
            "bin_id": int(row["bin_id"]),
            "mu": float(row["mu"]),
            "sigma": float(row["sigma"]),
        }
        validator.validate(typed)
        planet = prediction.planet_ids.index(typed["planet_id"])
        assert typed["mu"] == prediction.mu[planet, typed["bin_id"]]


def test_the_published_schema_is_the_codes() -> None:
    assert json.loads(SCHEMA.read_text()) == LongRow.model_json_schema()
