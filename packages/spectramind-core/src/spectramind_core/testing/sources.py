"""What a source must do."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from spectramind_core.components import Context, Source, Visit
from spectramind_core.contracts import LightCurves, Observation
from spectramind_core.testing.base import ComponentTests, good_manners


class SourceTests(ComponentTests):
    """Base test of kind ``sources``; give options that point it at a small data set."""

    kind: ClassVar[str] = "sources"

    def _first(self, source: Source, ctx: Context) -> Visit:
        return source.visits(ctx=ctx)[0]

    def test_it_lists_each_visit_once_and_each_planet_in_one_partition(self, ctx: Context) -> None:
        visits = self.build().visits(ctx=ctx)
        assert visits
        assert len({(v.planet_id, v.number) for v in visits}) == len(visits)
        assert len({(v.planet_id, v.partition) for v in visits}) == len(
            {v.planet_id for v in visits}
        )

    def test_what_it_opens_is_the_visit_asked_for(self, ctx: Context) -> None:
        source = self.build()
        for visit in source.visits(ctx=ctx)[:3]:
            opened = source.open(visit, ctx=ctx)
            assert isinstance(opened, Observation | LightCurves)
            assert (opened.planet_id, opened.visit) == (visit.planet_id, visit.number)

    def test_two_sources_of_the_same_options_open_the_same(self, ctx: Context) -> None:
        first, second = self.build(), self.build()
        visit = self._first(first, ctx)
        assert first.digest(visit, ctx=ctx) == second.digest(visit, ctx=ctx)
        assert _content(first.open(visit, ctx=ctx)) == _content(second.open(visit, ctx=ctx))

    def test_different_visits_have_different_digests(self, ctx: Context) -> None:
        source = self.build()
        digests = [source.digest(visit, ctx=ctx) for visit in source.visits(ctx=ctx)[:5]]
        assert len(set(digests)) == len(digests)

    def test_truth_and_light_curves_lie_on_its_wavelength_grid(self, ctx: Context) -> None:
        source = self.build()
        grid = source.wavelength(ctx=ctx)
        truth = source.truth(ctx=ctx)
        if truth is not None:
            np.testing.assert_array_equal(truth.wavelength, grid)
        opened = source.open(self._first(source, ctx), ctx=ctx)
        if isinstance(opened, LightCurves) and opened.airs is not None:
            np.testing.assert_allclose(opened.airs.wavelength, grid[1:])

    def test_opening_is_silent_and_leaves_global_random_state_alone(self, ctx: Context) -> None:
        source = self.build()
        with good_manners():
            source.open(self._first(source, ctx), ctx=ctx)


def _content(opened: Observation | LightCurves) -> list[str]:
    if isinstance(opened, LightCurves):
        return [opened.digest()]
    found = []
    for raw in (opened.fgs1, opened.airs):
        if raw is not None:
            columns = raw.frames.shape[2]
            found.append(raw.calibration.digest())
            found.append(str(raw.frames.read(slice(0, min(4, columns))).tobytes()))
    return found
