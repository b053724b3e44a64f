"""The source `simulated`: planets with names, the same however many and by whomever made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import LightCurves, Observation
from spectramind_core.errors import DataError
from spectramind_core.testing import SourceTests

CTX = Context(seed=5)
SMALL = {"planets": 3, "test_planets": 1, "pairs": 10, "time_bins": 5}


class TestSimulated(SourceTests):
    name = "simulated"
    options: ClassVar[Mapping[str, Any]] = SMALL


class TestSimulatedFrames(SourceTests):
    name = "simulated"
    options: ClassVar[Mapping[str, Any]] = {**SMALL, "train": "frames", "edition": 2024}


def source(**options: Any) -> SimulatedSource:
    return SimulatedSource(SimulatedOptions.model_validate({**SMALL, **options}))


def curves(of: SimulatedSource, visit: Visit, ctx: Context = CTX) -> LightCurves:
    opened = of.open(visit, ctx=ctx)
    assert isinstance(opened, LightCurves)
    return opened


@pytest.mark.parametrize("kind", ["light_curves", "frames"])
def test_planet_17_is_the_same_among_20_and_among_2000(kind: str) -> None:
    few, many = source(planets=20, train=kind), source(planets=2000, train=kind)
    visit = next(v for v in few.visits(ctx=CTX) if v.planet_id == "100017")
    assert visit in many.visits(ctx=CTX)
    assert contents(visit, kind, 20) == contents(visit, kind, 2000)
    assert few.digest(visit, ctx=CTX) == many.digest(visit, ctx=CTX)


def contents(visit: Visit, kind: str, planets: int = 8) -> str:
    """Digest of all that is random in a visit, whoever asks."""
    opened = source(planets=planets, train=kind).open(visit, ctx=CTX.child("stage", "worker 3"))
    if isinstance(opened, LightCurves):
        return opened.digest()
    found = hashlib.sha256()
    for raw in (opened.fgs1, opened.airs):
        assert raw is not None
        found.update(raw.frames.read(slice(0, 32)).tobytes() + raw.calibration.dark.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("kind", ["light_curves", "frames"])
@pytest.mark.parametrize("workers", [1, 4])
def test_order_workers_and_who_asks_do_not_matter(workers: int, kind: str) -> None:
    visits = source(planets=8).visits(ctx=CTX)[:6]
    alone = [contents(visit, kind) for visit in visits]
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(partial(contents, kind=kind), visits[::-1]))
    assert found[::-1] == alone


OTHER_PROCESS = """
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context

ctx = Context(seed=5)
source = SimulatedSource(SimulatedOptions(planets=2, test_planets=0, pairs=10, time_bins=5))
print(source.open(source.visits(ctx=ctx)[0], ctx=ctx).digest())
"""


def test_another_process_makes_the_same_planet() -> None:
    found = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == contents(source().visits(ctx=CTX)[0], "light_curves")


def test_another_seed_gives_other_planets() -> None:
    of = source()
    visit = of.visits(ctx=CTX)[0]
    other = Context(seed=6)
    assert of.digest(visit, ctx=CTX) != of.digest(visit, ctx=other)
    assert curves(of, visit).digest() != curves(of, visit, other).digest()


@pytest.mark.parametrize("change", [{"pairs": 11}, {"effects": {"drift": False}}, {"partial": 1.0}])
def test_the_digest_follows_the_options(change: dict[str, Any]) -> None:
    visit = source().visits(ctx=CTX)[0]
    assert source().digest(visit, ctx=CTX) != source(**change).digest(visit, ctx=CTX)


def test_partitions_get_what_their_option_says() -> None:
    of = source()
    kinds = {v.partition: type(of.open(v, ctx=CTX)) for v in of.visits(ctx=CTX)}
    assert kinds == {"train": LightCurves, "test": Observation}


def test_about_so_many_planets_are_visited_twice() -> None:
    visits = source(planets=400, repeats=0.2).visits(ctx=CTX)
    twice = {v.planet_id for v in visits if v.number == 1}
    assert len(twice) == pytest.approx(80, abs=25)
    assert all(v.number == 0 for v in source(repeats=0.0).visits(ctx=CTX))


def test_two_visits_of_a_planet_differ_in_light_but_not_in_the_planet() -> None:
    of = source(repeats=1.0)
    first, second = (curves(of, v) for v in of.visits(ctx=CTX)[:2])
    assert first.system == second.system
    assert first.fgs1 is not None
    assert second.fgs1 is not None
    assert not np.array_equal(first.fgs1.flux, second.fgs1.flux)


def library(folder: Path, planets: int) -> Path:
    """A truth library of spectra that no atmosphere would make."""
    header = ["planet_id", *(f"wl_{i + 1}" for i in range(283))]
    rows = [
        [str(40 + p), *(f"{0.01 + 1e-5 * (b % 7)}" for b in range(283))] for p in range(planets)
    ]
    path = folder / "train.csv"
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
    return path


def test_spectra_of_a_truth_library_are_observed_under_their_own_names(tmp_path: Path) -> None:
    of = source(truth=str(library(tmp_path, 4)))
    truth = of.truth(ctx=CTX)
    assert truth is not None
    assert truth.planet_ids == ("40", "41", "42", "43")
    np.testing.assert_allclose(truth.spectra[0], 0.01 + 1e-5 * (np.arange(283) % 7))
    assert curves(of, of.visits(ctx=CTX)[0]).planet_id == "40"


def test_a_library_too_small_says_how_many_it_has(tmp_path: Path) -> None:
    path = library(tmp_path, 2)
    with pytest.raises(DataError, match=r"4 planets are asked for, the truth library has 2"):
        source(truth=str(path)).visits(ctx=CTX)
