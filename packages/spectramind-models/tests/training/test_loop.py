"""The training loop on a toy: a line fitted to points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_task import Line

from spectramind_core.components import Context
from spectramind_core.errors import TrainingError
from spectramind_models.training import checkpoint
from spectramind_models.training.launch import build_fabric, launch
from spectramind_models.training.options import StageOptions, TrainerOptions, TrainingOptions
from spectramind_models.training.precision import Wanted

OPTIONS = TrainingOptions(
    stages=(StageOptions(name="a", epochs=4), StageOptions(name="b", epochs=3)),
    checkpoint_every=1,
)


def context(folder: Path, events: list[dict[str, float]] | None = None) -> Context:
    def listen(name: str, values: Mapping[str, float]) -> None:
        if events is not None:
            events.append(dict(values))

    return Context(seed=1, folder=folder, metrics=listen)


def test_it_learns_and_tells_of_each_epoch(tmp_path: Path) -> None:
    events: list[dict[str, float]] = []
    launch(Line(), OPTIONS, "f", context(tmp_path, events))
    assert [event["epoch"] for event in events] == list(range(1, 8))
    assert [event["stage"] for event in events] == [0, 0, 0, 0, 1, 1, 1]
    assert {"loss", "score", "best_score", "lr", "grad_norm", "seconds"} <= events[0].keys()
    assert events[-1]["best_score"] > events[0]["score"]


@pytest.mark.parametrize(
    ("every", "killed", "precision"),
    [(1, 3, "auto"), (2, 5, "auto"), (3, 5, "auto"), (2, 5, "bf16-mixed"), (2, 5, "16-mixed")],
)
def test_a_killed_training_goes_on_and_ends_the_same_to_the_bit(
    tmp_path: Path, every: int, killed: int, precision: Wanted
) -> None:
    trainer = TrainerOptions(precision=precision)
    options = OPTIONS.model_copy(update={"checkpoint_every": every, "trainer": trainer})
    (tmp_path / "straight").mkdir()
    (tmp_path / "killed").mkdir()
    straight = launch(Line(), options, "f", context(tmp_path / "straight"))

    def kill(name: str, values: Mapping[str, float]) -> None:
        if values["epoch"] == killed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch(Line(), options, "f", Context(seed=1, folder=tmp_path / "killed", metrics=kill))
    events: list[dict[str, float]] = []
    resumed = launch(Line(), options, "f", context(tmp_path / "killed", events))
    assert events[0]["epoch"] == (killed - 1) // every * every + 1
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_checkpoint_says_what_was_trained_and_how(tmp_path: Path) -> None:
    spec = {"component": "spectramind-models:v50@3", "options": {"width": 16}}
    launch(Line(), OPTIONS, "f", replace(context(tmp_path), spec=spec))
    _, about = checkpoint.read(tmp_path / "training.safetensors")
    assert about["spec"] == spec
    assert TrainingOptions.model_validate(about["training"]) == OPTIONS
    assert (about["fingerprint"], about["total"]) == ("f", 7)


def test_progress_shows_loss_and_score(tmp_path: Path) -> None:
    shown: list[str] = []

    def progress(items: Iterable[Any], *, label: str, total: int, status: Any) -> Iterator[Any]:
        for item in items:
            yield item
            shown.append(f"{label} of {total}: {status()}")

    events: list[dict[str, float]] = []
    launch(Line(), OPTIONS, "f", replace(context(tmp_path, events), progress=progress))
    assert shown == [
        f"training of 7: loss {each['loss']:.3f}, score {each['score']:.4f}" for each in events
    ]


def test_a_checkpoint_of_another_training_is_left_alone(tmp_path: Path) -> None:
    launch(Line(), OPTIONS, "one", context(tmp_path))
    events: list[dict[str, float]] = []
    launch(Line(), OPTIONS, "another", context(tmp_path, events))
    assert events[0]["epoch"] == 1


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e6])
def test_a_diverging_loss_stops_and_keeps_the_last_good_weights(
    tmp_path: Path, poison: float
) -> None:
    with pytest.raises(TrainingError, match=r"diverges(.|\n)*last_good") as caught:
        launch(Line(poison=3, poisoned=poison), OPTIONS, "f", context(tmp_path))
    assert "stage 'a'" in str(caught.value)
    kept, about = checkpoint.read(tmp_path / "last_good.safetensors")
    assert about["best_total"] <= 3
    assert all(bool(torch.isfinite(weight).all()) for weight in kept.values())


def test_a_loss_that_is_never_finite_is_told_from_one_that_diverges_later(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing finite"):
        launch(Line(poison=0), OPTIONS, "f", context(tmp_path))


def test_the_best_weights_win_even_if_they_are_the_untrained_ones(tmp_path: Path) -> None:
    task = Line(scores=[1.0, *[0.0] * 20])
    best = launch(task, OPTIONS, "f", context(tmp_path))
    untrained = task.module().state_dict()
    assert all(torch.equal(best[name], untrained[name]) for name in best)


def test_a_stage_ends_when_patience_does(tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"patience": 2})
    events: list[dict[str, float]] = []
    launch(Line(scores=[1.0, *[0.0] * 20]), options, "f", context(tmp_path, events))
    assert [event["stage"] for event in events] == [0, 0, 1, 1]


def test_global_random_state_is_left_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    launch(Line(), OPTIONS, "f", context(tmp_path))
    assert torch.equal(before, torch.get_rng_state())


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(TrainingError, match="cuda"):
        build_fabric(TrainerOptions(), "cuda")


@pytest.mark.slow
def test_several_processes_train_as_one(tmp_path: Path) -> None:
    events: list[dict[str, float]] = []
    options = OPTIONS.model_copy(update={"trainer": TrainerOptions(devices=2)})
    launch(Line(), options, "f", context(tmp_path, events))
    assert len(events) == 7
    assert events[-1]["best_score"] > events[0]["score"]


@pytest.mark.slow
def test_several_processes_tell_of_a_diverging_loss(tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"trainer": TrainerOptions(devices=2)})
    with pytest.raises(TrainingError, match="diverges"):
        launch(Line(poison=2), options, "f", context(tmp_path))
    assert (tmp_path / "last_good.safetensors").is_file()
