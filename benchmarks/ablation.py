"""What each part of v50 adds: the same training without it.

    python benchmarks/ablation.py --train 600 --test 200 --seeds 3

All is compared with `wiener` under the same priors of the transit fit, learnt from the training
visits. What encoders add is told apart from the rest, which is compared with v50 without encoders,
for that trains in seconds. Seeds hold other training planets out and start other networks. The
table is printed, and written anew after each seed as docs/ablation.md (or where ``--output`` says).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np
from quality import RULES, component, held_out, network, score_of, simulated, trained

from spectramind_core.components import Context
from spectramind_models.training.options import TrainingOptions
from spectramind_models.v50.evidence import Evidence

NO_ENCODER = ("encoders.fgs1", "encoders.airs")
UNHEARD = "no encoders, without the fit's evidence"


def reobserved() -> dict[str, Any]:
    """Options of the default curriculum with half of each epoch's planets re-observed."""
    stages = [{**stage.model_dump(), "reobserve": 0.5} for stage in TrainingOptions().stages]
    return {"training": {"stages": stages}}


def variants() -> dict[str, dict[str, Any]]:
    """Arguments of `network` by what is left out."""
    changes: dict[str, dict[str, Any]] = {
        "no encoders, sigma alone (no mu head)": {"without": (*NO_ENCODER, "heads.mu")},
        "no encoders, mu alone (no sigma head)": {"without": (*NO_ENCODER, "heads.sigma")},
        "no encoders, half of planets re-observed": {"options": reobserved()},
        "no encoders, four members": {"options": {"members": 4}},
        UNHEARD: {},
        "no encoders, priors of the options": {"options": {"physics": {"population": False}}},
        "no encoders, without any rule": {"rules": {}},
    }
    for left_out in RULES:
        rest = {name: weight for name, weight in RULES.items() if name != left_out}
        changes[f"no encoders, without rule {left_out}"] = {"rules": rest}
    return {
        "no encoders": {"without": NO_ENCODER},
        **{name: {"without": NO_ENCODER, **arguments} for name, arguments in changes.items()},
        "FGS1 encoder (Mamba) alone": {"without": ("encoders.airs",)},
        "AIRS encoder (GAT) alone": {"without": ("encoders.fgs1",)},
        "both encoders": {},
    }


def heard(name: str) -> AbstractContextManager[Any]:
    """Within it, evidence says nothing where the variant of this name asks for that."""
    if name != UNHEARD:
        return nullcontext()
    return patch.object(Evidence, "error", lambda self, depths: np.zeros(depths.depth.size))


def table(gains: Mapping[str, Sequence[float]], given: argparse.Namespace, seeds: int) -> str:
    """The page that is written."""
    lines = [
        "# What each part of v50 adds",
        "",
        "Challenge score over `wiener` with priors learnt from visits (`population`), as v50 has "
        f"them: {given.train} training and {given.test} test planets, "
        f"{given.pairs} ramps a visit; mean and standard deviation of {seeds} seeds (splits of one "
        "simulation, and networks). Made by benchmarks/ablation.py.",
        "",
        "| variant | gain over wiener | spread |",
        "|---|---|---|",
        *(f"| {name} | {np.mean(g):+.4f} | {np.std(g):.4f} |" for name, g in gains.items() if g),
    ]
    return "\n".join(lines) + "\n"


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
        wiener = component("estimators", "wiener", {"population": True})
        trained(wiener, learnt, validation, seed)
        bar = score_of(wiener, test, naive, ctx)
        for name, arguments in variants().items():
            made = network(**{"options": {}, **arguments})
            with heard(name):
                trained(made, learnt, validation, seed)
                gains[name].append(score_of(made, test, naive, ctx) - bar)
            found = f"seed {seed}  {name:44s} {gains[name][-1]:+.4f}"
            print(f"{found} over wiener's {bar:.4f}", flush=True)
        given.output.write_text(table(gains, given, seed + 1), encoding="utf-8")
    print(table(gains, given, given.seeds))


if __name__ == "__main__":
    main()
