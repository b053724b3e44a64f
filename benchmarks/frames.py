"""One full-size visit, file in, light curves out: against decoding alone and the hosts' numpy.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/frames.py [--repeats 5] [--pairs 5625]

Writes one visit in the challenge's real layout (zstd, one row group, every frame of both
instruments, counts as incompressible as real ones) to a temporary folder. Each figure is the median
of runs in a process of its own, the first run (compiling, cold caches) left out. Methods take
turns, so that ratios, which are what to quote, hold on a busy machine too. Peak memory is the whole
process's, interpreter and libraries included.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

PLANETS, VISITS = 1_100, 1_300
SHAPES = {"FGS1": (12, 32, 32, 0.1, 0.2, 0.4), "AIRS-CH0": (1, 32, 356, 0.1, 4.6, 4.8)}
USED = range(39, 321)


def write_visit(root: Path, pairs: int) -> None:
    """A challenge folder with one planet whose pixels hold noise about a realistic trace."""
    import polars as pl

    rng = np.random.default_rng(50)
    planet = root / "train" / "1"
    axes = {}
    for name, (per, rows, columns, first, last, cadence) in SHAPES.items():
        frames = 2 * pairs * per
        folder = planet / f"{name}_calibration_0"
        folder.mkdir(parents=True)
        ones = np.ones((rows, columns))
        linear = np.repeat([0.14, 0.9999, -6e-9, 1.2e-11, -6e-17, 1.3e-22], rows)
        for part, image in {
            "dark": 0.0065 * ones,
            "flat": 1 + 0.012 * rng.standard_normal((rows, columns)),
            "read": 13 * ones,
            "dead": rng.random((rows, columns)) < 0.002,
            "linear_corr": linear[:, None] * np.ones(columns),
        }.items():
            save(folder / f"{part}.parquet", image)
        counts = np.empty((rows * columns, frames), np.uint16)
        light = trace(name, rows, columns)
        for pixel, electrons in enumerate(light.ravel()):
            noise = np.sqrt(electrons + 2 * 13.0**2)
            reset = 1000 + 25 * rng.standard_normal(frames // 2, dtype=np.float32)
            signal = electrons + noise * rng.standard_normal(frames // 2, dtype=np.float32)
            counts[pixel, 0::2] = reset * 0.4369
            counts[pixel, 1::2] = (reset + signal) * 0.4369
        save(planet / f"{name}_signal_0.parquet", counts.T)
        start = np.arange(pairs * per) * cadence
        axes[f"{name}-axis0-h"] = np.stack([start, start + first], 1).ravel() / 3600
        if name == "AIRS-CH0":
            axes["AIRS-CH0-axis2-um"] = np.linspace(4.0785, 1.6333, columns)
            axes["AIRS-CH0-integration_time"] = np.tile([first, last - first], pairs)
    length = max(axis.size for axis in axes.values())
    pad = {n: np.pad(a, (0, length - a.size), constant_values=np.nan) for n, a in axes.items()}
    pl.DataFrame(pad).write_parquet(root / "axis_info.parquet")
    wavelength = [0.7, *axes["AIRS-CH0-axis2-um"][USED.start : USED.stop][::-1]]
    header = ",".join(f"wl_{i + 1}" for i in range(283))
    (root / "wavelengths.csv").write_text(
        f"{header}\n{','.join(map(repr, map(float, wavelength)))}\n"
    )
    adc = ",".join(f"{n}_adc_{f}" for n in SHAPES for f in ("offset", "gain"))
    (root / "adc_info.csv").write_text(f"{adc}\n-1000.0,0.4369,-1000.0,0.4369\n")


def trace(name: str, rows: int, columns: int) -> np.ndarray:
    """Electrons a pair on each pixel: the sums and widths measured on real frames."""
    row = np.exp(-0.5 * ((np.arange(rows) - 15.5) / 1.4) ** 2)
    if name == "FGS1":
        stamp = np.outer(row, row)
        return np.asarray(2.2e5 * stamp / stamp.sum() + 0.3)
    across = np.geomspace(4e3, 1.0e5, columns)
    return np.asarray(np.outer(row / row.sum(), across) + 13.0)


def save(path: Path, image: np.ndarray) -> None:
    import polars as pl

    table = pl.DataFrame({f"column_{i}": image[:, i] for i in range(image.shape[1])})
    table.write_parquet(path, compression="zstd", row_group_size=table.height)


def needed(name: str) -> list[str]:
    """The columns that calibration cannot do without."""
    _, rows, columns, *_ = SHAPES[name]
    used = USED if name == "AIRS-CH0" else range(columns)
    return [f"column_{r * columns + c}" for r in range(rows) for c in used]


def decode_polars(root: Path) -> dict[str, float]:
    import polars as pl

    spent = {}
    for name in SHAPES:
        start = time.perf_counter()
        pl.read_parquet(root / f"train/1/{name}_signal_0.parquet", columns=needed(name))
        spent[name] = time.perf_counter() - start
    return spent


def decode_pyarrow(root: Path) -> dict[str, float]:
    import pyarrow.parquet as pq

    spent = {}
    for name in SHAPES:
        start = time.perf_counter()
        pq.read_table(root / f"train/1/{name}_signal_0.parquet", columns=needed(name))
        spent[name] = time.perf_counter() - start
    return spent


def ours(root: Path) -> dict[str, float]:
    """The source `ariel` and the calibration `numba`; decoding overlaps with the rest."""
    from dataclasses import replace

    from spectramind_calib.detector.ariel import ArielSource
    from spectramind_calib.detector.fused import NUMBA
    from spectramind_calib.detector.options import ArielOptions, CalibrationOptions
    from spectramind_calib.detector.visit import calibrate
    from spectramind_core.components import Context

    spent = dict.fromkeys(("load", "sample", "sums"), 0.0)

    def timed(name: str) -> Callable[..., object]:
        def call(*given: object) -> object:
            start = time.perf_counter()
            try:
                return getattr(NUMBA, name)(*given)
            finally:
                spent[name] += time.perf_counter() - start

        return call

    ctx = Context()
    start = time.perf_counter()
    source = ArielSource(ArielOptions(root=str(root)))
    observation = source.open(source.visits(ctx=ctx)[0], ctx=ctx)
    opened = time.perf_counter()
    backend = replace(NUMBA, **{name: timed(name) for name in spent})
    calibrate(observation, CalibrationOptions(), backend)
    end = time.perf_counter()
    return {
        "open": opened - start,
        "decode (beside the rest)": spent["load"],
        "look at a sample": spent["sample"],
        "pass over counts": spent["sums"],
        "total": end - start,
    }


def hosts(root: Path) -> dict[str, float]:
    """The hosts' steps, whole frames in float64: ADC, mask, linearity, dark, CDS, bin, flat."""
    import polars as pl

    spent = {}
    for name, (_, rows, columns, first, last, _) in SHAPES.items():
        start = time.perf_counter()
        folder = root / "train" / "1"
        part = {
            p: pl.read_parquet(folder / f"{name}_calibration_0/{p}.parquet").to_numpy()
            for p in ("dark", "flat", "dead", "linear_corr")
        }
        signal = pl.read_parquet(folder / f"{name}_signal_0.parquet").to_numpy()
        signal = signal.astype(np.float64).reshape(-1, rows, columns) / 0.4369 - 1000.0
        if name == "AIRS-CH0":
            signal = signal[:, :, USED.start : USED.stop]
            part = {p: image[:, USED.start : USED.stop] for p, image in part.items()}
        polynomial = part["linear_corr"].reshape(6, rows, -1)
        true = np.zeros_like(signal)
        for coefficient in polynomial[::-1]:
            true = true * signal + coefficient
        true[0::2] -= part["dark"] * first
        true[1::2] -= part["dark"] * last
        pair = true[1::2] - true[0::2]
        pair[:, part["dead"]] = np.nan
        per = 30 if name == "AIRS-CH0" else 360
        bins = max(1, len(pair) // per)
        binned = pair[: bins * per].reshape(bins, -1, *pair.shape[1:]).mean(1)
        np.nansum(binned / part["flat"], axis=1)
        spent[name] = time.perf_counter() - start
    return spent


METHODS: dict[str, Callable[[Path], dict[str, float]]] = {
    "polars": decode_polars,
    "pyarrow": decode_pyarrow,
    "ours": ours,
    "hosts": hosts,
}


def run(method: str, root: Path) -> dict[str, float]:
    """Seconds of each part of one run, of processor time, and this process's peak memory in GB."""
    import resource

    before = time.process_time()
    found = METHODS[method](root)
    found.setdefault("total", sum(found.values()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {**found, "processor": time.process_time() - before, "peak GB": peak}


def measure(root: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Medians over `repeats` rounds, in each of which every method runs once, after a warm-up.

    Each has a process of its own; taking turns, all meet the same state of the machine.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        workers = {
            method: stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            for method in METHODS
        }
        rounds = [
            {
                method: worker.submit(run, method, root).result()
                for method, worker in workers.items()
            }
            for _ in range(repeats + 1)
        ][1:]
    return {
        method: {part: statistics.median(r[method][part] for r in rounds) for part in first}
        for method, first in rounds[0].items()
    }


def verdict(what: str, value: float, bound: float, unit: str = "", *, least: bool = False) -> None:
    met = value >= bound if least else value <= bound
    asked = f"{'at least' if least else 'at most'} {bound:g}{unit}"
    print(f"{what}: {value:.2f}{unit} ({asked}: {'met' if met else 'NOT met'})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=5625, help="AIRS ramps; FGS1 has 12 times")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_visit(root, chosen.pairs)
        size = sum(path.stat().st_size for path in root.rglob("*_signal_*")) / 1e6
        print(f"one visit, {chosen.pairs} AIRS ramps, {size:.0f} MB of signal files")
        found = measure(root, chosen.repeats)
    for method, parts in found.items():
        print(f"{method:8s}", "  ".join(f"{part} {value:.2f}" for part, value in parts.items()))
    total = found["ours"]["total"]
    fastest = min(("polars", "pyarrow"), key=lambda method: found[method]["total"])
    verdict(f"ours / decoding alone ({fastest})", total / found[fastest]["total"], 1.6)
    processor = found["ours"]["processor"] / found[fastest]["processor"]
    print(f"the same in processor time: {processor:.2f}")
    verdict("hosts' numpy / ours", found["hosts"]["total"] / total, 10, least=True)
    verdict("peak memory", found["ours"]["peak GB"], 1.5, " GB")
    hours = total * VISITS / 3600
    print(f"whole challenge ({PLANETS} planets, {VISITS} visits): {hours:.2f} h on this machine")


if __name__ == "__main__":
    main()
