"""What each part of v50 adds: the same training without it.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/ablation.py --train 600 --test 200 --seeds 3

Writes the table as docs/ablation.md (or where ``--output`` says) and prints it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from quality import RULES, component, held_out, network, score_of, simulated, trained

from spectramind_core.components import Context
from spectramind_models.training.options import TrainingOptions


def reobserved() -> dict[str, Any]:
    """Options of the default curriculum with half of each epoch's planets re-observed."""
    stages = [{**stage.model_dump(), "reobserve": 0.5} for stage in TrainingOptions().stages]
    return {"training": {"stages": stages}}


def variants() -> dict[str, dict[str, Any]]:
    """Arguments of `network` by what is left out."""
    lessened = {
        f"without rule {left_out}": {"rules": {k: w for k, w in RULES.items() if k != left_out}}
        for left_out in RULES
    }
    return {
        "everything": {},
        "without the FGS1 encoder (Mamba)": {"without": ("encoders.fgs1",)},
        "without the AIRS encoder (GAT)": {"without": ("encoders.airs",)},
        "without either encoder": {"without": ("encoders.fgs1", "encoders.airs")},
        **lessened,
        "without any rule": {"rules": {}},
        "with re-observation": {"options": reobserved()},
        "sigma alone (no mu head)": {"without": ("heads.mu",)},
        "mu alone (no sigma head)": {"without": ("heads.sigma",)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=5625, help="AIRS ramps a visit")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("docs/ablation.md"))
    given = parser.parse_args()
    training, test = simulated(given.train, given.test, given.pairs)
    naive, ctx = training.truth.spectra, Context(workers=os.cpu_count() or 1)
    gains: dict[str, list[float]] = {name: [] for name in variants()}
    for seed in range(given.seeds):
        learnt, validation = held_out(training, seed)
        wiener = component("estimators", "wiener", {})
        trained(wiener, learnt, validation, seed)
        bar = score_of(wiener, test, naive, ctx)
        for name, arguments in variants().items():
            made = network(**{"options": {}, **arguments})
            trained(made, learnt, validation, seed)
            gains[name].append(score_of(made, test, naive, ctx) - bar)
            print(f"seed {seed}  {name:36s} {gains[name][-1]:+.4f} over wiener's {bar:.4f}")
    lines = [
        "# What each part of v50 adds",
        "",
        f"Challenge score over `wiener`, {given.train} training and {given.test} test planets, "
        f"{given.pairs} ramps a visit, {given.seeds} seeds. Made by benchmarks/ablation.py.",
        "",
        "| variant | gain over wiener | spread |",
        "|---|---|---|",
        *(f"| {name} | {np.mean(g):+.4f} | {np.std(g):.4f} |" for name, g in gains.items()),
    ]
    given.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
