"""What diagnostics, reports and exporters must do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import DiagnosticResult, Prediction, Severity
from spectramind_core.errors import DataError
from spectramind_core.testing import synthetic
from spectramind_core.testing.base import ComponentTests, good_manners

HOSTILE = "<script>alert(1)</script>"
"""A planet id as it might come from a file nobody should trust."""


def evidence(planets: int = 6, bins: int = 283, times: int = 90) -> Evidence:
    """What a finished run knows of made-up planets, their light curves of so many time bins."""
    rng = np.random.default_rng(9)
    truth = synthetic.truth(rng, planets, bins)
    before = synthetic.prediction(rng, truth, claimed=5e-5)
    after = before.replace(sigma=before.sigma * 2)
    return Evidence(
        prediction=after,
        steps=(("estimator", before), ("temperature", after)),
        truth=truth,
        training_truth=synthetic.truth(rng, 20, bins),
        light_curves=synthetic.light_curves(rng, truth, times=times),
        baselines={"transit": synthetic.prediction(rng, truth, error=3e-4, claimed=3e-4)},
        scoring_mean=float(truth.spectra.mean()),
        scoring_std=float(truth.spectra.std()),
    )


class DiagnosticTests(ComponentTests):
    """Base test of kind ``diagnostics``."""

    kind: ClassVar[str] = "diagnostics"

    def _run(self, given: Evidence, ctx: Context) -> DiagnosticResult:
        result: DiagnosticResult = self.build().run(given, ctx=ctx)
        return result

    def test_it_returns_findings_under_its_own_name(self, ctx: Context) -> None:
        result = self._run(evidence(), ctx)
        assert result.name == self.name
        assert result.guide
        assert result.verdict

    def test_absent_evidence_is_said_and_never_raises(self, ctx: Context) -> None:
        bare = Evidence(prediction=evidence(1).prediction)
        result = self._run(bare, ctx)
        assert isinstance(result.severity, Severity)
        assert result.verdict

    def test_looking_twice_finds_the_same(self, ctx: Context) -> None:
        assert self._run(evidence(), ctx) == self._run(evidence(), ctx)

    def test_it_is_silent_and_leaves_global_random_state_alone(self, ctx: Context) -> None:
        given = evidence()
        with good_manners():
            self._run(given, ctx)


class ReportTests(ComponentTests):
    """Base test of kind ``reports``."""

    kind: ClassVar[str] = "reports"

    def result(self) -> DiagnosticResult:
        """A finding whose text is hostile."""
        return DiagnosticResult(
            name="hostile",
            title=HOSTILE,
            guide="text from outside stays text",
            verdict=HOSTILE,
            severity=Severity.NOTE,
            scalars={"answer": 42.0},
        )

    def test_it_writes_files_into_the_folder_given(self, ctx: Context, tmp_path: Path) -> None:
        files = self.build().write([self.result()], evidence(), folder=tmp_path, ctx=ctx)
        assert files
        assert all(tmp_path in file.parents and file.stat().st_size for file in files)

    def test_text_from_outside_stays_text(self, ctx: Context, tmp_path: Path) -> None:
        files = self.build().write([self.result()], evidence(), folder=tmp_path, ctx=ctx)
        for page in (file for file in files if file.suffix == ".html"):
            assert HOSTILE not in page.read_text(encoding="utf-8")

    def test_a_page_loads_nothing_from_the_network(self, ctx: Context, tmp_path: Path) -> None:
        files = self.build().write([self.result()], evidence(), folder=tmp_path, ctx=ctx)
        for page in (file for file in files if file.suffix == ".html"):
            text = page.read_text(encoding="utf-8")
            assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?://", text)


class ExporterTests(ComponentTests):
    """Base test of kind ``exporters``."""

    kind: ClassVar[str] = "exporters"

    def prediction(self) -> Prediction:
        """A prediction to export."""
        return evidence(3).prediction

    def test_it_writes_one_file_into_the_folder_given(self, ctx: Context, tmp_path: Path) -> None:
        file = self.build().export(self.prediction(), folder=tmp_path, ctx=ctx)
        assert file.parent == tmp_path
        assert file.stat().st_size

    def test_exporting_twice_gives_the_same_bytes(self, ctx: Context, tmp_path: Path) -> None:
        first = self.build().export(self.prediction(), folder=tmp_path, ctx=ctx).read_bytes()
        assert (
            self.build().export(self.prediction(), folder=tmp_path, ctx=ctx).read_bytes() == first
        )

    def test_nothing_to_export_is_refused(self, ctx: Context, tmp_path: Path) -> None:
        empty = self.prediction().of(())
        with pytest.raises(DataError):
            self.build().export(empty, folder=tmp_path, ctx=ctx)
        assert list(tmp_path.iterdir()) == []
