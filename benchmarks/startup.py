"""How long the command line takes to say something, against importing click alone.

Run it: python benchmarks/startup.py [repeats]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAIN = "from spectramind_core.cli import main; main()"

CASES: dict[str, tuple[str, list[str], dict[str, str]]] = {
    "python -c pass": ("pass", [], {}),
    "python -c 'import click'": ("import click", [], {}),
    "smv50 --help": (MAIN, ["--help"], {}),
    "completion": (
        MAIN,
        [],
        {"_SMV50_COMPLETE": "bash_complete", "COMP_WORDS": "smv50 pl", "COMP_CWORD": "1"},
    ),
    "smv50 plugins list": (MAIN, ["plugins", "list"], {}),
    "smv50 spec check": (MAIN, ["spec", "check", str(ROOT / "examples" / "quickstart.yaml")], {}),
}


def seconds(program: str, arguments: list[str], environment: dict[str, str]) -> float:
    """Wall time of one fresh process."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(repeats):  # interleaved, so that a busy moment spoils no single case
        for name, case in CASES.items():
            times[name].append(seconds(*case))
    baseline = statistics.median(times["python -c 'import click'"])
    print(f"{'case':<28}{'median s':>10}{'/ import click':>16}")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:<28}{median:>10.3f}{median / baseline:>16.2f}")


if __name__ == "__main__":
    main()
