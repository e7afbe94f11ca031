"""Probes keep their pace whatever the time of day does."""

import asyncio
import time

from console.core.inputs import Input, Reading, SampleTaken
from console.core.rollout import Metric
from console.probing import Probe, Prober, Settled
from console.sources.base import Answer
from queries.loader import Query


class Always:
    """Answers at once."""

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        return Answer((Reading("", 1.0),))


class Rows:
    """Counts rows by their age in seconds, of which the newest ones are still to come."""

    def __init__(self, *, seen_after_s: int) -> None:
        self.asked: list[object] = []
        self._seen_after_s = seen_after_s

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        self.asked.append(metric.window)
        assert isinstance(metric.window, float)
        seen = max(0, int(metric.window) - self._seen_after_s)
        return Answer((Reading("canary", None, 10 * seen, seen), Reading("baseline", None, 100 * seen, seen)))


async def test_the_evidence_of_a_query_counts_an_interval_that_has_settled() -> None:
    metric = Metric.model_validate({"query": "errors", "source": "db", "every": "60s", "window": "60s"})
    rows = Rows(seen_after_s=20)

    answer = await Settled(rows, 30.0).ask(metric, None)
    at_once = await Settled(rows, 0.0).ask(metric, None)

    assert rows.asked == [90.0, 30.0, 60.0]
    assert answer.readings == (Reading("canary", None, 600, 60), Reading("baseline", None, 6000, 60))
    assert at_once.readings[0].samples == 400


async def test_measuring_goes_on_when_the_clock_is_set_back_and_says_the_time_of_day() -> None:
    metric = Metric.model_validate({"command": ["true"], "every": "100ms"})
    taken: asyncio.Queue[Input] = asyncio.Queue()
    set_back_s = 0.0

    def clock() -> float:
        return time.time() - set_back_s

    prober = Prober({"one": Probe("one", metric, Always(), None)}, taken.put_nowait, clock)
    running = asyncio.create_task(prober.run())
    try:
        async with asyncio.timeout(10):
            await taken.get()
            set_back_s = 3600.0
            await taken.get()
            later = await taken.get()
            next_at = prober.schedules["one"].next_at
    finally:
        running.cancel()

    assert isinstance(later, SampleTaken)
    assert abs(later.at - clock()) < 5
    assert next_at is not None
    assert abs(next_at - clock()) < 5
