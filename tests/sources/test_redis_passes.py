"""Passes over the keys of a real Valkey: in bites, at a pace, and carried on where they were left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import redis

from console.core.conditions import ConditionError
from console.core.inputs import Reading, SampleSkipped
from console.core.redis_question import RedisProbe
from console.core.rollout import Metric
from console.core.words import SourceState
from console.demo.servers import EmbeddedValkey
from console.probing import Probe, measure
from console.sources import redis_passes
from console.sources.base import ProbeFailed, Standing, Unfinished
from console.sources.redis_figures import Growth
from console.sources.redis_passes import COMMANDS_PER_S, PAUSE_S, REST, SCAN_COUNT, Pace, Patience, Walk, go_on
from console.sources.redis_probe import RedisAsker
from tests.sources.sinks import Mailbox

MILLION = 1_000_000
CHECKPOINTS = 100_000
FILL = """
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local key = ARGV[3] .. number
  if number % 4 == 0 then redis.call('HSET', key, 'messages', 'm') else
  redis.call('HSET', key, 'messages', 'm', 'fsm_state', 'IDLE') end
end
"""
"""Three keys in four have the field."""
SLOW = "for i = 1, 20000000 do end"
"""Far longer than a server whose processor is taken away in the midst of a GET."""


class Steps:
    """A clock that goes only while somebody rests or works."""

    def __init__(self) -> None:
        self.at = 0.0
        self.rests: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, rest_s: float) -> None:
        self.rests.append(rest_s)
        self.at += rest_s
        await asyncio.sleep(0)


@pytest.fixture
def server(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


def fill(server: redis.Redis, number: int, name: str = "thread:") -> None:
    for first in range(0, number, 20_000):
        server.eval(FILL, 0, first, min(first + 20_000, number), name)


@contextlib.asynccontextmanager
async def asking(url: str) -> AsyncIterator[RedisAsker]:
    asker = RedisAsker(url, Standing("cache", Mailbox().post))
    try:
        yield asker
    finally:
        await asker.close()


def metric(question: object, **more: object) -> Metric:
    return Metric.model_validate({"redis": question, "source": "cache", "timeout": "5s", **more})


def calls(server: redis.Redis, command: str) -> int:
    return int(server.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_a_bite_is_rested_for_by_what_it_took_and_by_what_it_asked() -> None:
    steps = Steps()
    pace = Pace(steps, steps.sleep)

    for commands, took_s in ((1, 0.0), (1, 0.1), (1000, 0.001), (1, 0.0)):
        async with pace.bite() as bite:
            bite.commands += commands
            steps.at += took_s

    assert steps.rests == pytest.approx([PAUSE_S, REST * 0.1, 1000 / COMMANDS_PER_S])


async def test_several_passes_share_one_pace() -> None:
    steps = Steps()
    pace = Pace(steps, steps.sleep)
    running = 0
    most = 0

    async def one() -> None:
        nonlocal running, most
        for _ in range(20):
            async with pace.bite() as bite:
                running += 1
                most = max(most, running)
                bite.commands += 500
                await asyncio.sleep(0)
                running -= 1

    await asyncio.gather(*(one() for _ in range(5)))

    assert most == 1
    assert steps.at == pytest.approx(99 * 500 / COMMANDS_PER_S)


async def test_a_pass_whose_time_is_up_goes_on_from_there_with_the_next_measurement(
    server: redis.Redis, redis_url: str
) -> None:
    fill(server, 6000)
    probe = RedisProbe(scan="thread:*", has_field="fsm_state")
    walk, steps = Walk(), Steps()
    pace = Pace(steps, steps.sleep)
    told: list[str] = []

    async with redis.asyncio.Redis.from_url(redis_url, protocol=2) as client:
        while True:
            try:
                found = await go_on(client, walk, probe, pace, Patience(0.0))  # time is up after every single bite
                break
            except Unfinished as unfinished:
                told.append(str(unfinished))

    assert found.reading(probe, "%") == Reading("", 75.0, samples=6000, bad=1500)
    assert len(told) + 1 == found.bites == calls(server, "scan")
    assert len(told) >= 6000 // SCAN_COUNT - 1
    assert told[2].startswith("the pass is not through: after about 1,500 of 6,000 keys")
    assert walk.open is None


async def test_another_server_process_begins_the_pass_anew(valkey: EmbeddedValkey, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as server:
        fill(server, 3000)
    probe, walk, steps = RedisProbe(count="thread:*"), Walk(), Steps()
    pace = Pace(steps, steps.sleep)
    async with redis.asyncio.Redis.from_url(redis_url, protocol=2) as client:
        with pytest.raises(Unfinished):
            await go_on(client, walk, probe, pace, Patience(0.0))
        left = walk.open
        assert left is not None

    valkey.kill()
    valkey.start()
    with redis.Redis.from_url(redis_url) as server:
        fill(server, 700)
    async with redis.asyncio.Redis.from_url(redis_url, protocol=2) as client:
        found = await go_on(client, walk, probe, pace, Patience(float("inf")))

    assert found is not left
    assert found.reading(probe, "") == Reading("", 700.0)


async def test_an_unfinished_pass_is_neither_a_failure_nor_a_value(
    server: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server, 3000)
    monkeypatch.setattr("console.sources.redis_probe.FOR_BITES", 0.0)

    async with asking(redis_url) as asker:
        probe = Probe("left", metric({"count": "thread:*"}), asker, None)
        first = await measure(probe, lambda: 7.0)
        assert first == SampleSkipped(7.0, "left", 1)
        monkeypatch.setattr("console.sources.redis_probe.FOR_BITES", 0.8)
        second = await measure(probe, lambda: 8.0)

    assert getattr(second, "readings", None) == (Reading("", 3000.0),)


async def test_a_million_keys_are_looked_at_in_bites_over_several_measurements(
    server: redis.Redis, redis_url: str
) -> None:
    fill(server, CHECKPOINTS)
    fill(server, MILLION - CHECKPOINTS, "other:")
    probe, walk, steps = RedisProbe(scan="thread:*", has_field="fsm_state"), Walk(), Steps()
    pace = Pace(steps, steps.sleep)
    largest = 0
    measurements = 0
    server.config_resetstat()

    async with redis.asyncio.Redis.from_url(redis_url, protocol=2) as client:
        found = None
        while found is None:
            measurements += 1
            before = calls(server, "scan"), calls(server, "hexists")
            slice_end = 0.0 if measurements <= 20 else float("inf")
            try:
                found = await go_on(client, walk, probe, pace, Patience(slice_end))
            except Unfinished:
                assert calls(server, "scan") == before[0] + 1
                largest = max(largest, calls(server, "hexists") - before[1])

    assert found.reading(probe, "%") == Reading("", 75.0, samples=CHECKPOINTS, bad=CHECKPOINTS // 4)
    assert measurements == 21
    assert largest <= SCAN_COUNT + 50  # a bucket of the server's table is given whole
    assert found.bites == calls(server, "scan") <= MILLION // SCAN_COUNT + 1
    assert calls(server, "hexists") == CHECKPOINTS
    assert calls(server, "type") == CHECKPOINTS // 4
    assert calls(server, "keys") == calls(server, "get") == calls(server, "hgetall") == 0
    asked = calls(server, "scan") + calls(server, "hexists") + calls(server, "type")
    assert asked / steps.at <= COMMANDS_PER_S * 1.01
    assert min(steps.rests) >= PAUSE_S - 1e-6
    server.flushall()


async def test_sizes_are_those_that_the_server_tells(server: redis.Redis, redis_url: str) -> None:
    for number in range(40):
        server.set(f"thread:{number}", "x" * (8000 if number < 10 else 1000))
    sizes = [int(server.memory_usage(f"thread:{number}") or 0) for number in range(40)]

    async with asking(redis_url) as asker:
        mean = (await asker.ask(metric({"size": "thread:*"}, unit="KB"))).readings[0]
        large = (await asker.ask(metric({"size": "thread:*", "larger_than": "5 KB"}, unit="%"))).readings[0]
        none = (await asker.ask(metric({"size": "none:*"}, unit="KB"))).readings[0]

    assert mean.value == pytest.approx(sum(sizes) / 40 / 1000)
    assert mean.samples == 40
    assert (large.value, large.samples, large.bad) == (25.0, 40, 10)
    assert (none.value, none.samples) == (None, 0)


async def test_percentiles_of_sizes_are_those_of_the_keys_and_one_pass_serves_all_that_ask(
    server: redis.Redis, redis_url: str
) -> None:
    for number in range(40):
        server.set(f"thread:{number}", "x" * (500 + 250 * number))
    sizes = sorted(int(server.memory_usage(f"thread:{number}") or 0) for number in range(40))
    server.config_resetstat()
    asked = [{"size": "thread:*"}, *({"size": "thread:*", "q": q} for q in (0.5, 0.95, 0.99, 1))]

    async with asking(redis_url) as asker:
        answers = await asyncio.gather(*(asker.ask(metric(question, unit="B")) for question in asked))
        none = (await asker.ask(metric({"size": "none:*", "q": 1}, unit="B"))).readings[0]
    (mean, median, p95, p99, largest) = (answer.readings[0] for answer in answers)

    assert calls(server, "memory|usage") == 40
    assert mean.value == sum(sizes) / 40
    assert median.value == pytest.approx(sizes[19], rel=0.01)
    assert p95.value == pytest.approx(sizes[37], rel=0.01)
    assert p99.value == pytest.approx(sizes[38], rel=0.01)
    assert (largest.value, largest.samples) == (sizes[-1], 40)
    assert (none.value, none.samples) == (None, 0)


async def test_a_metric_that_asks_after_a_pass_was_through_gets_a_new_one(server: redis.Redis, redis_url: str) -> None:
    server.set("thread:1", "x")
    async with asking(redis_url) as asker:
        first = (await asker.ask(metric({"size": "thread:*"}))).readings[0]
        server.set("thread:2", "x")
        second = (await asker.ask(metric({"size": "thread:*", "q": 1}))).readings[0]

    assert (first.samples, second.samples) == (1, 2)


async def test_of_many_keys_the_size_of_a_part_of_each_bite_is_asked(server: redis.Redis, redis_url: str) -> None:
    fill(server, 5000)
    server.config_resetstat()

    async with asking(redis_url) as asker:
        found = (await asker.ask(metric({"size": "thread:*"}, unit="B"))).readings[0]

    bites = calls(server, "scan")
    assert found.samples is not None
    assert bites <= found.samples <= bites * redis_passes.SIZED


async def test_strings_are_fetched_together_and_large_ones_not_at_all(
    server: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_passes, "DOCUMENT_LIMIT_BYTES", 2000)
    monkeypatch.setattr(redis_passes, "FETCHED_LIMIT_BYTES", 5000)
    for number in range(30):
        server.set(f"thread:{number}", '{"fsm_state": "%s"}' % ("x" * (3000 if number < 5 else 900)))
    server.config_resetstat()

    async with asking(redis_url) as asker:
        found = (await asker.ask(metric({"scan": "thread:*", "has_field": "fsm_state"}, unit="%"))).readings[0]

    assert (found.samples, found.bad) == (30, 5)
    assert calls(server, "get") == 25


async def test_the_servers_own_percentile_of_the_slowest_of_some_commands(server: redis.Redis, redis_url: str) -> None:
    for number in range(50):
        server.set(f"thread:{number}", "x")
        server.get(f"thread:{number}")
    told = server.info("latencystats")

    async with asking(redis_url) as asker:
        read = (await asker.ask(metric({"latency": ["get", "hgetall"]}, unit="ms"))).readings[0]
        never = (await asker.ask(metric({"latency": "json.set"}, unit="ms"))).readings[0]
        with pytest.raises(ProbeFailed, match=r"INFO tells no p12\.5"):
            await asker.ask(metric({"latency": "get", "q": 0.125}, unit="ms"))

    assert read.value == pytest.approx(float(told["latency_percentiles_usec_get"]["p99"]) / 1000)
    assert never.value is None


async def test_the_latency_of_a_window_forgets_the_calls_before_it(server: redis.Redis, redis_url: str) -> None:
    server.eval(SLOW, 0)  # before the first look
    asked = metric({"latency": ["get", "eval"]}, unit="ms", window="5m")

    async with asking(redis_url) as asker:
        first = (await asker.ask(asked)).readings[0]
        for _ in range(50):
            server.get("thread:1")
        quick = (await asker.ask(asked)).readings[0]
        server.eval(SLOW, 0)
        slow = (await asker.ask(asked)).readings[0]
        server.config_resetstat()
        set_back = (await asker.ask(asked)).readings[0]

    assert (first.value, first.samples) == (None, 0)
    assert (quick.samples, slow.samples) == (50, 51)
    assert quick.value is not None
    assert slow.value is not None
    assert quick.value < slow.value
    assert (set_back.value, set_back.samples) == (None, 0)


@pytest.mark.parametrize(
    ("told", "value", "samples"),
    [
        ({b"get": {b"calls": 100, b"histogram_usec": {16: 50, 33: 99, 66: 100}}}, 33.0, 100),
        ([b"get", [b"calls", 100, b"histogram_usec", [16, 50, 33, 99, 66, 100]]], 33.0, 100),
        ({b"get": {b"histogram_usec": {64: 100}}, b"hget": {b"histogram_usec": {1024: 4}}}, 1019.0, 104),
        ({}, None, 0),
        ([], None, 0),
    ],
)
def test_a_percentile_of_counted_calls_is_the_worst_of_the_commands_in_either_protocol(
    told: object, value: float | None, samples: int
) -> None:
    asked = metric({"latency": ["get", "hget"]}, unit="us", window="5m")
    assert asked.redis is not None
    growth = Growth(lambda: 0.0)
    growth.slowest([], asked.redis, asked)

    found = growth.slowest(told, asked.redis, asked)

    assert (found.value, found.samples) == (value if value is None else pytest.approx(value, rel=0.01), samples)


def test_a_size_is_written_with_its_unit() -> None:
    assert RedisProbe(size="k:*", larger_than="5 KB").larger_than == 5000
    for wrong in ("5 ms", "large"):
        with pytest.raises((ValueError, ConditionError)):
            RedisProbe(size="k:*", larger_than=wrong)


async def test_waiting_for_its_turn_is_no_failure_of_the_server(
    server: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server, 3000)
    mail = Mailbox()
    asker = RedisAsker(redis_url, Standing("cache", mail.post))
    monkeypatch.setattr(redis_passes, "PAUSE_S", 30.0)  # the second bite of all has to wait for so long

    with pytest.raises(Unfinished, match="its time was over"):
        await asker.ask(metric({"count": "thread:*"}, timeout="300ms"))
    await asker.close()

    assert mail.state is SourceState.LIVE or not mail.changes
