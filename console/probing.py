"""Measures the probed metrics at their intervals; a slow one delays nobody but itself."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from console.core.inputs import Input, Reading, SampleFailed, SampleSkipped, SampleTaken
from console.core.rollout import Metric
from console.core.runs import later
from console.core.view import Schedule
from console.sources.base import Answer, ProbeFailed, Unfinished
from queries.loader import Query


class Asking(Protocol):
    """Measures once when asked."""

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        """Measure once, within the metric's time-out. Raises `ProbeFailed`, and nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """A metric with who to ask and what to ask."""

    name: str
    metric: Metric
    asker: Asking
    query: Query | None


class Prober:
    """Runs one loop per probe; while a measurement runs, the times that come round are skipped and counted."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        post: Callable[[Input], None],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the probes; measurements are made by a clock that nobody sets, and told in the time of day."""
        self._probes = probes
        self._post = post
        self._clock = clock
        self._steady = steady
        self._due: dict[str, float | None] = dict.fromkeys(probes)
        self._running: dict[str, float] = {}
        """When the measurements that run now began; both are times of the steady clock."""
        self._nudges = {name: asyncio.Event() for name in probes}

    @property
    def schedules(self) -> dict[str, Schedule]:
        """When each probe runs next, and which ones run now."""
        behind_s = self._clock() - self._steady()
        return {
            name: Schedule(later(due, behind_s), later(self._running.get(name), behind_s))
            for name, due in self._due.items()
        }

    def nudge(self, name: str) -> None:
        """Measure now instead of at the next time; nothing happens while a measurement runs."""
        if name not in self._running:
            self._nudges[name].set()

    async def run(self) -> None:
        """Measure for ever."""
        async with asyncio.TaskGroup() as group:
            for probe in self._probes.values():
                group.create_task(self._keep_measuring(probe), name=f"probe {probe.name}")

    async def _keep_measuring(self, probe: Probe) -> None:
        due = self._steady()
        while True:
            self._due[probe.name] = due
            nudge = self._nudges[probe.name]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(nudge.wait(), max(0.0, due - self._steady()))
            is_nudged = nudge.is_set()
            nudge.clear()
            self._running[probe.name] = self._steady()
            self._post(await measure(probe, self._clock))
            self._running.pop(probe.name, None)
            late_s = self._steady() - due
            missed = max(0, int(late_s // probe.metric.every))
            if missed and not is_nudged:
                self._post(SampleSkipped(self._clock(), probe.name, missed))
            due = self._steady() + probe.metric.every if is_nudged else due + (missed + 1) * probe.metric.every


class Settled:
    """Counts what a query counts in an interval that ended a while ago, as the difference of two windows."""

    def __init__(self, asker: Asking, settle_s: float) -> None:
        self._asker = asker
        self._settle_s = settle_s

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        """Return the counts of the window of `metric`, moved back by the time to settle. Raises `ProbeFailed`."""
        if self._settle_s == 0 or not isinstance(metric.window, float):
            return await self._asker.ask(metric, query)
        longer = metric.model_copy(update={"window": metric.window + self._settle_s})
        newest = metric.model_copy(update={"window": self._settle_s})
        whole = (await self._asker.ask(longer, query)).readings
        later = {reading.track: reading for reading in (await self._asker.ask(newest, query)).readings}
        return Answer(tuple(_without(reading, later.get(reading.track)) for reading in whole))


def _without(whole: Reading, part: Reading | None) -> Reading:
    """Return counts without a part of them; rows that came in between the two questions are no matter."""
    if part is None or whole.samples is None or whole.bad is None:
        return whole
    samples = max(0, whole.samples - (part.samples or 0))
    return replace(whole, value=None, samples=samples, bad=min(samples, max(0, whole.bad - (part.bad or 0))))


async def measure(probe: Probe, clock: Callable[[], float] = time.time) -> SampleTaken | SampleFailed | SampleSkipped:
    """Measure once; a failure is a value with its reason, and what goes on with the next time is none."""
    began = clock()
    try:
        answer = await probe.asker.ask(probe.metric, probe.query)
    except Unfinished:
        return SampleSkipped(clock(), probe.name)
    except ProbeFailed as failure:
        return SampleFailed(clock(), probe.name, str(failure), clock() - began)
    except Exception as fault:  # noqa: BLE001 - a fault of one probe must end neither the others nor the way out
        return SampleFailed(clock(), probe.name, f"unexpected {type(fault).__name__}: {fault}", clock() - began)
    ended = clock()
    return SampleTaken(ended, probe.name, answer.readings, ended - began, answer.table)
