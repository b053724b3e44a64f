"""The core's own components: submission files, executors, and a tracker that writes CSV."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.builtin.options import CsvOptions, ProcessesOptions
from spectramind_core.plugins.declaration import Component
from spectramind_core.plugins.hookspecs import hookimpl


@hookimpl
def spectramind_exporters() -> Sequence[Component]:
    return [
        Component(
            kind="exporters",
            name="challenge_csv",
            summary="the challenge's submission file: planet_id, wl_1.., sigma_1..",
            factory="spectramind_core.builtin.challenge_csv:ChallengeCsv",
            options=CsvOptions,
            requires=("prediction",),
        ),
        Component(
            kind="exporters",
            name="long_csv",
            summary="one row per planet and bin: planet_id, bin_id, mu, sigma",
            factory="spectramind_core.builtin.long_csv:LongCsv",
            options=CsvOptions,
            requires=("prediction",),
        ),
    ]


@hookimpl
def spectramind_executors() -> Sequence[Component]:
    return [
        Component(
            kind="executors",
            name="serial",
            summary="one visit after the other, in this process",
            factory="spectramind_core.builtin.executors:Serial",
        ),
        Component(
            kind="executors",
            name="processes",
            summary="several visits at once, each in a process of its own",
            factory="spectramind_core.builtin.executors:Processes",
            options=ProcessesOptions,
        ),
    ]


@hookimpl
def spectramind_trackers() -> Sequence[Component]:
    return [
        Component(
            kind="trackers",
            name="csv",
            summary="training metrics as a table, training.csv",
            factory="spectramind_core.builtin.csv_tracker:CsvTracker",
            options=CsvOptions,
        )
    ]
