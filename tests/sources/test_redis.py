"""Asking a real Valkey, also while it goes away, hangs, or holds what one did not expect."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from console.core.inputs import Reading
from console.core.rollout import Metric
from console.core.words import SourceState
from console.demo.servers import EmbeddedValkey
from console.sources.base import ProbeFailed, Standing
from console.sources.redis_figures import Growth, saved
from console.sources.redis_probe import RedisAsker
from tests.sources.networks import Wire
from tests.sources.running import running
from tests.sources.sinks import Mailbox
from tests.waiting import until


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@contextlib.asynccontextmanager
async def asking(url: str, mail: Mailbox | None = None) -> AsyncIterator[RedisAsker]:
    asker = RedisAsker(url, Standing("cache", (mail or Mailbox()).post))
    try:
        yield asker
    finally:
        await asker.close()


async def reading(asker: RedisAsker, question: object, **more: object) -> Reading:
    metric = Metric.model_validate({"redis": question, "source": "cache", "timeout": "5s", **more})
    answer = await asker.ask(metric)
    assert len(answer.readings) == 1
    return answer.readings[0]


async def test_ping_is_one_while_it_answers_and_zero_when_nobody_listens(
    valkey: EmbeddedValkey, redis_url: str
) -> None:
    mail = Mailbox()
    async with asking(redis_url, mail) as asker:
        assert (await reading(asker, "ping")).value == 1
        assert mail.state is SourceState.LIVE
        valkey.stop()
        assert (await reading(asker, "ping")).value == 0
        assert mail.state is SourceState.RETRYING
        assert mail.reason.endswith("is Redis running?")
        with pytest.raises(ProbeFailed, match=r"nothing listens at 127.0.0.1:\d+: is Redis running\?"):
            await reading(asker, {"llen": "queue"})
        valkey.start()
        assert (await reading(asker, {"llen": "queue"})).value == 0
        assert mail.state is SourceState.LIVE


async def test_a_killed_server_is_asked_again_when_it_is_back(valkey: EmbeddedValkey, redis_url: str) -> None:
    async with asking(redis_url) as asker:
        assert (await reading(asker, "ping")).value == 1
        valkey.kill()
        valkey.start()
        assert (await reading(asker, "ping")).value == 1


async def test_keys_are_counted_by_pattern_in_many_bites(server: redis.Redis, redis_url: str) -> None:
    server.mset({f"session:{number}": "x" for number in range(3000)} | {f"other:{number}": "x" for number in range(50)})

    async with asking(redis_url) as asker:
        assert await reading(asker, {"count": "session:*"}) == Reading("", 3000.0)
        assert await reading(asker, {"count": "none:*"}) == Reading("", 0.0)
    assert server.info("commandstats").get("cmdstat_keys") is None


async def test_coverage_is_the_share_of_hashes_and_documents_with_the_field(
    server: redis.Redis, redis_url: str
) -> None:
    pipe = server.pipeline()
    for number in range(600):
        pipe.hset(f"thread:{number}", mapping={"fsm_state": "SLOT"} if number % 4 else {"old": "1"})
    pipe.set("thread:json", '{"fsm_state": null}')
    pipe.set("thread:json-without", '{"state": 1}')
    pipe.set("thread:text", "fsm_state")
    pipe.rpush("thread:list", "fsm_state")
    pipe.execute()

    async with asking(redis_url) as asker:
        found = await reading(asker, {"scan": "thread:*", "has_field": "fsm_state"}, unit="%")
        nothing = await reading(asker, {"scan": "none:*", "has_field": "fsm_state"}, unit="%")

    assert found.samples == 604
    assert found.bad == 153
    assert found.value == pytest.approx(100 * 451 / 604)
    assert nothing == Reading("", None, samples=0, bad=0)


async def test_the_share_of_keys_beside_which_there_is_another_is_counted_by_what_the_star_stands_for(
    server: redis.Redis, redis_url: str
) -> None:
    pipe = server.pipeline()
    for number in range(900):
        pipe.hset(f"thread:{number}:end", "step", "SLOT")
        if number % 3:
            pipe.set(f"old:{number}", "SLOT")
    pipe.hset(b"thread:\xff*:end", "step", "SLOT")
    pipe.set(b"old:\xff*", "SLOT")
    pipe.set("old:of-no-thread", "SLOT")
    pipe.execute()

    async with asking(redis_url) as asker:
        found = await reading(asker, {"scan": "thread:*:end", "has_key": "old:*"}, unit="%")
        nothing = await reading(asker, {"scan": "none:*", "has_key": "old:*"}, unit="%")

    assert (found.samples, found.bad) == (901, 300)
    assert found.value == pytest.approx(100 * 601 / 901)
    assert nothing == Reading("", None, samples=0, bad=0)


async def test_keys_that_go_away_during_a_pass_are_not_missing_the_field(server: redis.Redis, redis_url: str) -> None:
    pipe = server.pipeline()
    for number in range(5000):
        pipe.hset(f"thread:{number}", "fsm_state", "SLOT")
    pipe.execute()

    async def remove() -> None:
        for number in range(0, 5000, 100):
            await asyncio.to_thread(server.unlink, *(f"thread:{at}" for at in range(number, number + 50)))

    async with asking(redis_url) as asker:
        removing = asyncio.create_task(remove())
        found = await reading(asker, {"scan": "thread:*", "has_field": "fsm_state"}, unit="%")
        await removing

    assert found.value == 100
    assert found.bad == 0


async def test_a_field_of_info_is_a_number_in_the_unit_of_the_metric(server: redis.Redis, redis_url: str) -> None:
    async with asking(redis_url) as asker:
        in_bytes = await reading(asker, {"info": "used_memory"})
        in_mib = await reading(asker, {"info": "used_memory"}, unit="MiB")
        clients = await reading(asker, {"info": "connected_clients"})
        with pytest.raises(ProbeFailed, match="INFO has no field nonsense"):
            await reading(asker, {"info": "nonsense"})
        with pytest.raises(ProbeFailed, match="the field role of INFO is master; expected a number"):
            await reading(asker, {"info": "role"})

    assert in_bytes.value is not None
    assert in_mib.value == pytest.approx(in_bytes.value / 2**20, rel=0.3)
    assert clients.value is not None
    assert clients.value >= 1


HITS = {"info": "keyspace_hits", "over": ["keyspace_hits", "keyspace_misses"]}


async def test_the_share_of_hits_is_that_of_the_window_and_not_of_all_time(server: redis.Redis, redis_url: str) -> None:
    server.config_resetstat()
    server.set("there", "x")
    for key in ["there"] * 9 + ["missing"]:
        server.get(key)

    async with asking(redis_url) as asker:
        first = await reading(asker, HITS, unit="%", window="5m")
        for key in ["there"] + ["missing"] * 3:
            server.get(key)
        windowed = await reading(asker, HITS, unit="%", window="5m")
        of_all_time = await reading(asker, HITS, unit="%")
        server.config_resetstat()
        server.get("there")
        set_back = await reading(asker, HITS, unit="%", window="5m")
        with pytest.raises(ProbeFailed, match="the field nothing of INFO is not there; expected a counter"):
            await reading(asker, {"info": "nothing", "over": ["nothing", "keyspace_hits"]})

    assert first == Reading("", None, samples=0, bad=0)
    assert windowed == Reading("", 25.0, samples=4, bad=3)
    assert of_all_time == Reading("", pytest.approx(100 * 10 / 14), samples=14, bad=4)
    assert set_back == Reading("", None, samples=0, bad=0)


def test_a_share_of_counters_reaches_back_to_the_last_look_before_its_window() -> None:
    metric = Metric.model_validate({"redis": HITS, "source": "cache", "window": "60s"})
    assert metric.redis is not None
    clock = iter([0.0, 30.0, 60.0, 90.0, 400.0])
    growth = Growth(lambda: next(clock))
    shares = []

    for hits, misses in [(0, 0), (10, 0), (20, 0), (20, 10), (20, 20)]:
        found = growth.share({"keyspace_hits": hits, "keyspace_misses": misses}, metric.redis, metric)
        shares.append((found.value, found.samples))

    assert shares == [(None, 0), (1.0, 10), (1.0, 20), (0.5, 20), (0.0, 10)]


async def test_a_server_keeps_its_data_if_it_appends_or_saves_snapshots(server: redis.Redis, redis_url: str) -> None:
    found = []
    async with asking(redis_url) as asker:
        for save, append in [("", "no"), ("900 1", "no"), ("", "yes")]:
            server.config_set("save", save)
            server.config_set("appendonly", append)
            found.append((await reading(asker, {"persistence": True})).value)
        server.config_set("appendonly", "no")
        server.acl_setuser("guest", enabled=True, nopass=True, commands=["+info", "+ping"])
        with pytest.raises(ProbeFailed, match="this user may not ask whether it saves snapshots"):
            async with asking(redis_url.replace("redis://", "redis://guest:x@")) as guest:
                await reading(guest, {"persistence": True})

    assert found == [0.0, 1.0, 1.0]


async def test_the_age_of_a_snapshot_is_known_once_one_was_saved_and_it_is_none_after_a_failure(
    valkey: EmbeddedValkey, server: redis.Redis, redis_url: str
) -> None:
    valkey.kill()  # it does not count what was saved before
    valkey.start()
    async with asking(redis_url) as asker:
        with pytest.raises(ProbeFailed, match="it has saved no snapshot since it began"):
            await reading(asker, {"saved": True}, unit="s")
        server.save()
        in_seconds = await reading(asker, {"saved": True}, unit="s")
        in_hours = await reading(asker, {"saved": True}, unit="h")
        (valkey.folder / "dump.rdb").unlink()
        (valkey.folder / "dump.rdb" / "in the way").mkdir(parents=True)
        server.bgsave()
        await until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err")
        shutil.rmtree(valkey.folder / "dump.rdb")
        with pytest.raises(ProbeFailed, match=r"its last snapshot failed; the one before is .* old"):
            await reading(asker, {"saved": True}, unit="s")

    assert in_seconds.value is not None
    assert in_hours.value == pytest.approx(in_seconds.value / 3600, abs=0.01)
    assert 0 <= in_seconds.value < 60


TOLD = {"server_time_usec": 10_000_000_000, "uptime_in_seconds": 4000, "rdb_last_bgsave_status": "ok"}


def test_a_server_that_does_not_count_its_snapshots_is_believed_by_when_it_began() -> None:
    metric = Metric.model_validate({"redis": {"saved": True}, "source": "cache", "unit": "s"})

    assert saved(TOLD | {"rdb_last_save_time": 9000}, metric).value == 1000
    with pytest.raises(ProbeFailed, match="no snapshot since it began, 1h 6m"):
        saved(TOLD | {"rdb_last_save_time": 6000}, metric)


async def test_the_length_of_a_list_is_taken_and_of_something_else_refused(server: redis.Redis, redis_url: str) -> None:
    server.rpush("queue", *range(7))
    server.set("text", "x")

    async with asking(redis_url) as asker:
        assert (await reading(asker, {"llen": "queue"})).value == 7
        with pytest.raises(ProbeFailed, match="wrong kind of value"):
            await reading(asker, {"llen": "text"})


async def test_a_wrong_password_is_said_without_the_password(valkey: EmbeddedValkey, redis_url: str) -> None:
    mail = Mailbox()
    url = f"redis://:not-the-password@127.0.0.1:{valkey.port}/0"

    async with asking(url, mail) as asker:
        with pytest.raises(ProbeFailed) as failed:
            await reading(asker, "ping")

    assert "refuses the password" in str(failed.value)
    assert "not-the-password" not in str(failed.value)
    assert mail.reason == str(failed.value)


async def test_a_dead_link_ends_in_time_and_the_next_question_works_when_it_is_back(
    valkey: EmbeddedValkey, redis_url: str
) -> None:
    async with Wire(valkey.port) as wire, asking(redis_url.replace(str(valkey.port), str(wire.port))) as asker:
        assert (await reading(asker, "ping")).value == 1
        wire.freeze()
        for _ in range(2):
            with pytest.raises(ProbeFailed, match=r"no answer from 127.0.0.1:\d+ within 0.4s"):
                await reading(asker, "ping", timeout="400ms")
        wire.thaw()
        wire.cut()
        assert (await reading(asker, "ping")).value == 1


async def test_the_state_is_kept_without_questions(valkey: EmbeddedValkey, redis_url: str) -> None:
    mail = Mailbox()
    valkey.stop()
    async with asking(redis_url, mail) as asker, running(asker.run()):
        await until(lambda: len(mail.changes) >= 2)
        valkey.start()
        await until(lambda: mail.state is SourceState.LIVE)

    assert all(change.state is SourceState.RETRYING and change.retry_at for change in mail.changes[:-1])


async def test_an_address_that_is_none_is_not_repeated() -> None:
    async with asking("http://user:topsecret@host") as asker:
        with pytest.raises(ProbeFailed) as failed:
            await reading(asker, "ping")

    assert "topsecret" not in str(failed.value)


async def test_hostile_text_of_the_server_is_made_visible(server: redis.Redis, redis_url: str) -> None:
    async with asking(redis_url) as asker:
        with pytest.raises(ProbeFailed) as failed:
            await reading(asker, {"info": "\x1b]0;owned\x07"})

    assert "\x1b" not in str(failed.value)
    assert r"\x1b]0;owned\x07" in str(failed.value)
