"""Displays of progress: every item passes, and what is said of it is shown."""

from __future__ import annotations

import io

import pytest

from spectramind_core.components import Silent
from spectramind_core.runner import progress


def test_lines_say_how_far_how_well_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    stream = io.StringIO()
    said = iter(["loss 0.5", "loss 0.4"])
    items = progress.Lines(stream)(iter("ab"), label="training", total=2, status=lambda: next(said))
    assert list(items) == ["a", "b"]
    first, second = stream.getvalue().splitlines()
    assert first.startswith("  training: 1 of 2, loss 0.5, about ")
    assert second == "  training: 2 of 2, loss 0.4, about 0 s left"


def test_lines_of_a_loop_without_end_or_status_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    stream = io.StringIO()
    assert list(progress.Lines(stream)(iter("a"), label="reading")) == ["a"]
    assert stream.getvalue() == "  reading: 1\n"


def test_bars_show_what_is_said_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    items = progress.Bars()(iter("ab"), label="training", total=2, status=lambda: "loss 0.4")
    assert list(items) == ["a", "b"]
    shown = capsys.readouterr()
    assert "training, loss 0.4" in shown.err
    assert shown.out == ""


def test_silence_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(Silent()("ab", label="x", status=lambda: "y")) == ["a", "b"]
    assert capsys.readouterr() == ("", "")
