"""Probes keep their pace whatever the time of day does."""

import asyncio
import time

from console.core.inputs import Input, Reading, SampleTaken
from console.core.rollout import Metric
from console.probing import Probe, Prober
from console.sources.base import Answer
from queries.loader import Query


class Always:
    """Answers at once."""

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        return Answer((Reading("", 1.0),))


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
