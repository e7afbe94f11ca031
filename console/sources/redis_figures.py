"""What INFO tells beyond a single number: how counters grew, whether the server keeps its data, when it saved them."""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from redis import exceptions

from console.core.conditions import in_unit, share_scale, unit_scale
from console.core.durations import format_duration
from console.core.inputs import Reading
from console.core.probes import Metric
from console.core.redis_question import RedisProbe
from console.sources.base import ProbeFailed

K = TypeVar("K", bound=Hashable)
Counters = Mapping[Any, int]
"""Counters that only grow, by their names; one that is not there is 0."""


class Growth:
    """Shares and percentiles of what was counted in a metric's window, from counters that only grow."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing seen; `steady` is a clock in seconds."""
        self._steady = steady
        self._seen: dict[tuple[RedisProbe, float], deque[tuple[float, Counters]]] = {}

    def share(self, told: Mapping[str, Any], probe: RedisProbe, metric: Metric) -> Reading:
        """Return the share of `info` among `over`, from what INFO told, in the metric's unit.

        With a window, of what was counted since the last look before it, or since the first one; without one since the
        server began to count. Counters that fell were set back: they are followed anew from there. Raises
        `ProbeFailed` for a field that is no counter.
        """
        counters: Counters = {name: _counter(told, name) for name in probe.over or ()}
        if isinstance(metric.window, float):
            counters = self._grown(probe, metric.window, counters)
        total = sum(counters.values())
        part = counters[probe.info or ""]
        return Reading("", part / total * share_scale(metric.unit) if total else None, samples=total, bad=total - part)

    def slowest(self, told: object, probe: RedisProbe, metric: Metric) -> Reading:
        """Return the worst percentile of some commands' calls in the metric's window, from LATENCY HISTOGRAM.

        The server counts the calls in powers of two of microseconds; inside one of these they are taken to be spread
        evenly, so the percentile is in the right power of two and no better known than that. `None` where none was
        called. A window begins with the last look before it, or with the first one.
        """
        window_s = metric.window if isinstance(metric.window, float) else 0.0
        grown = self._grown(probe, window_s, _calls(told))
        by_command: dict[str, dict[int, int]] = {}
        for (command, bound), calls in grown.items():
            by_command.setdefault(command, {})[bound] = calls
        found = [at for calls in by_command.values() if (at := _percentile(calls, probe.percentile)) is not None]
        worst = of_microseconds(max(found), metric.unit) if found else None
        return Reading("", worst, samples=sum(grown.values()))

    def _grown(self, probe: RedisProbe, window_s: float, counters: Mapping[K, int]) -> Mapping[K, int]:
        """Remember the counters of now and return by how much they grew in the window."""
        before = self._before(probe, window_s, counters)
        return {name: count - before.get(name, 0) for name, count in counters.items()}

    def _before(self, probe: RedisProbe, window_s: float, counters: Counters) -> Counters:
        """Remember the counters of now and return those that its window began with."""
        now = self._steady()
        seen = self._seen.setdefault((probe, window_s), deque())
        if seen and any(counters.get(name, 0) < earlier for name, earlier in seen[-1][1].items()):
            seen.clear()
        while len(seen) > 1 and seen[1][0] <= now - window_s:
            seen.popleft()
        seen.append((now, counters))
        return seen[0][1]


async def persistence(client: Any, told: Mapping[str, Any]) -> Reading:
    """Return 1 where the server appends to a file or saves snapshots, else 0.

    Raises `ProbeFailed` where only its configuration knows, and this user may not read that.
    """
    if str(told.get("aof_enabled")) == "1":
        return Reading("", 1.0, samples=1)
    try:
        configured = await client.config_get("save")
    except exceptions.NoPermissionError:
        raise ProbeFailed("it appends to no file, and this user may not ask whether it saves snapshots") from None
    except exceptions.ResponseError as error:
        raise ProbeFailed(f"it appends to no file, and does not say whether it saves snapshots: {error}") from None
    has_snapshots = any(value not in ("", b"") for value in configured.values())
    return Reading("", 1.0 if has_snapshots else 0.0, samples=1)


def saved(told: Mapping[str, Any], metric: Metric) -> Reading:
    """Return how long ago the last snapshot was saved, by the server's own clock, in the metric's unit or in seconds.

    Raises `ProbeFailed` where the last attempt failed, or none was saved since the server began: until then it says
    its beginning (Redis documentation, INFO, rdb_last_save_time and rdb_saves).
    """
    now, at = _counter(told, "server_time_usec") / 1e6, _counter(told, "rdb_last_save_time")
    began = now - _counter(told, "uptime_in_seconds")
    is_none = not _counter(told, "rdb_saves") if "rdb_saves" in told else at <= began + 1
    if is_none:
        raise ProbeFailed(f"it has saved no snapshot since it began, {format_duration(round(now - began))} ago")
    if str(told.get("rdb_last_bgsave_status")) != "ok":
        raise ProbeFailed(f"its last snapshot failed; the one before is {format_duration(round(now - at))} old")
    return Reading("", in_unit(max(0.0, now - at), "time", metric.unit), samples=1)


def of_microseconds(took_us: float, unit: str) -> float:
    """Return a time in a unit; in microseconds, as the server tells it, where that is no unit of time."""
    return in_unit(took_us * 1e-6, "time", unit) if unit_scale(unit)[0] == "time" else took_us


def _calls(told: object) -> dict[tuple[str, int], int]:
    """Return how many calls of each command fell between two bounds, by its name and the upper one in microseconds."""
    found = {}
    for command, said in _pairs(told):
        before = 0
        for bound, up_to in _pairs(dict(_pairs(said)).get(b"histogram_usec", ())):
            found[command.decode(errors="replace"), int(bound)] = int(up_to) - before
            before = int(up_to)
    return found


def _pairs(told: Any) -> Iterable[tuple[Any, Any]]:
    """Return the entries of a map, which the older protocol writes as a list of names and values in turn."""
    return told.items() if isinstance(told, Mapping) else zip(told[::2], told[1::2], strict=True)


def _percentile(calls: Mapping[int, int], q: float) -> float | None:
    """Return a percentile of calls by the upper bounds of their powers of two; `None` where there are none."""
    total = sum(calls.values())
    left = q * total
    for bound, count in sorted(calls.items()):
        if count and left <= count:
            return bound / 2 * (1 + left / count)
        left -= count
    return None


def _counter(told: Mapping[str, Any], name: str) -> int:
    given = told.get(name)
    try:
        return int(str(given))
    except ValueError:
        found = "is not there" if given is None else f"is {given!s}"
        raise ProbeFailed(f"the field {name} of INFO {found}; expected a counter") from None
