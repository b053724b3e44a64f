"""The selective scan, forward and backward, against mambapy's parallel scan on the same inputs.

    python benchmarks/scan.py [--quick] [--repeats 3]

Every figure comes from a process of its own, with idle OpenMP threads asleep; the first run of each
(compiling, cold caches) is left out and the best of the others counts. mambapy runs twice: as pip
installs it, and with glibc told to keep its memory, which favours it (ratios are
what to quote). Peak memory is what the run adds to the process that holds the inputs.
Last, what the first call of a fresh process takes: kernels come from numba's on-disk cache.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

SIZES = ((4, 4096, 128, 16), (4, 1024, 512, 64))
QUICK = ((2, 256, 64, 16),)
TUNED = {  # glibc keeps what is freed, instead of giving it back at every step
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "20000000000",
}


def work(which: str, size: tuple[int, int, int, int], repeats: int) -> dict[str, float]:
    """Seconds and mebibytes of one implementation, in this process."""
    import torch

    import spectramind_models.mamba.scan_numba  # noqa: F401 (its import is no kernel's start)

    scan = mambapy_scan if which == "mambapy" else our_scan
    small = inputs(1, 8, 8, 4)
    begun = time.perf_counter()
    torch.autograd.grad(scan(*small).sum(), small)
    start = time.perf_counter() - begun
    leaves = inputs(*size)
    weight = torch.ones_like(leaves[0])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        torch.autograd.grad(scan(*leaves), leaves, weight)
        seconds.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"start": start, "best": min(seconds[1:]), "mib": (peak - before) / 1024}


def inputs(batch: int, length: int, channels: int, states: int):  # type: ignore[no-untyped-def]
    """u, delta, A, B and C with the spread they have in a fresh block."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    leaves = [
        normal(batch, length, channels),
        torch.nn.functional.softplus(normal(batch, length, channels) - 2),
        -torch.exp(normal(channels, states)),
        normal(batch, length, states),
        normal(batch, length, states),
    ]
    return [leaf.requires_grad_() for leaf in leaves]


def our_scan(*given):  # type: ignore[no-untyped-def]
    from spectramind_models.mamba.scan import selective_scan

    return selective_scan(*given, backend="numba")


def mambapy_scan(u, delta, A, B, C):  # type: ignore[no-untyped-def]
    """As mambapy's own block calls it (its `selective_scan`, without the skip connection)."""
    import torch
    from mambapy.pscan import pscan

    decay = torch.exp(delta.unsqueeze(-1) * A)
    drive = delta.unsqueeze(-1) * B.unsqueeze(2) * u.unsqueeze(-1)
    return (pscan(decay, drive) @ C.unsqueeze(-1)).squeeze(3)


def measure(
    program: str, which: str, size: tuple[int, ...], repeats: int, extra: dict[str, str]
) -> dict[str, float]:
    """What a benchmark's `work` finds in a fresh process, with more in its environment."""
    command = [sys.executable, program, "--work", which, "--repeats", str(repeats)]
    command += ["--size", *map(str, size)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", **extra}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small size, to see it run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", choices=("ours", "mambapy"), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(work(given.work, tuple(given.size), given.repeats)))
        return
    measure(__file__, "ours", (1, 8, 8, 4), 1, {})  # fills the kernel cache
    for size in QUICK if given.quick else SIZES:
        print("B {} L {} D {} N {}".format(*size))
        # A run of ours is so short that other work spoils many: it may try for as long as theirs.
        ours = measure(__file__, "ours", size, 10 * given.repeats, {})
        print(f"  ours                 {ours['best']:8.3f} s {ours['mib']:8.0f} MiB")
        for label, extra in (("as installed", {}), ("tuned malloc", TUNED)):
            other = measure(__file__, "mambapy", size, given.repeats, extra)
            print(
                f"  mambapy {label} {other['best']:8.3f} s {other['mib']:8.0f} MiB"
                f"   {other['best'] / ours['best']:5.1f} x the time,"
                f" {other['mib'] / max(ours['mib'], 1):5.1f} x the memory",
                flush=True,
            )
    start = measure(__file__, "ours", (1, 8, 8, 4), 1, {})
    print(f"first call of a fresh process, kernels from the disk: {start['start']:.2f} s")


if __name__ == "__main__":
    main()
