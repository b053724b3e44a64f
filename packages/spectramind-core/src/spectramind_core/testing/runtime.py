"""What executors and trackers must do."""

from __future__ import annotations

from typing import ClassVar

from spectramind_core.components import Context
from spectramind_core.testing.base import ComponentTests, good_manners


def reciprocal(value: int) -> float:
    """Work that fails for zero; at module level, so that a worker process can import it."""
    return 1 / value


class ExecutorTests(ComponentTests):
    """Base test of kind ``executors``."""

    kind: ClassVar[str] = "executors"

    def test_results_come_in_the_order_of_the_items(self, ctx: Context) -> None:
        assert list(self.build().map(reciprocal, [4, 2, 1], ctx=ctx)) == [0.25, 0.5, 1.0]

    def test_an_item_that_fails_yields_its_error_and_stops_no_other(self, ctx: Context) -> None:
        first, failed, last = self.build().map(reciprocal, [1, 0, 2], ctx=ctx)
        assert (first, last) == (1.0, 0.5)
        assert isinstance(failed, ZeroDivisionError)

    def test_no_items_give_no_results(self, ctx: Context) -> None:
        assert list(self.build().map(reciprocal, [], ctx=ctx)) == []


class TrackerTests(ComponentTests):
    """Base test of kind ``trackers``."""

    kind: ClassVar[str] = "trackers"

    def test_it_sees_a_whole_run_in_silence(self, ctx: Context) -> None:
        tracker = self.build()
        with good_manners():
            tracker.start({"name": "test", "config_hash": "0" * 64}, ctx=ctx)
            tracker.event("run_start", {})
            tracker.event("epoch", {"epoch": 1, "loss": 0.5, "score": 0.1})
            tracker.event("something_new", {"text": "<b>", "list": [1, 2]})
            tracker.end(failed=False)

    def test_a_run_that_fails_at_once_is_no_trouble(self, ctx: Context) -> None:
        tracker = self.build()
        tracker.start({}, ctx=ctx)
        tracker.end(failed=True)
