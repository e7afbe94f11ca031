"""Asking a real PostgreSQL, also while it goes away, hangs, or is asked for what it must not do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from console.core.inputs import Reading
from console.core.rollout import Metric
from console.core.words import SourceState
from console.demo.servers import EmbeddedPostgres
from console.sources.base import ProbeFailed, Standing
from console.sources.postgres import PostgresAsker
from queries.loader import Query, parse_query
from tests.sources.networks import Wire
from tests.sources.running import running
from tests.sources.sinks import Mailbox
from tests.waiting import until


@contextlib.asynccontextmanager
async def asking(dsn: str, mail: Mailbox | None = None) -> AsyncIterator[PostgresAsker]:
    asker = PostgresAsker(dsn, Standing("db", (mail or Mailbox()).post))
    try:
        yield asker
    finally:
        await asker.close()
        # Wait for what the driver still has to do to leave in order, such as closing a transport.
        await asyncio.sleep(0)


def query(sql: str) -> Query:
    return parse_query("q", sql, "q.sql")


def metric(**more: object) -> Metric:
    return Metric.model_validate({"query": "q", "source": "db", "timeout": "5s", **more})


async def reading(asker: PostgresAsker, sql: str, **more: object) -> Reading:
    answer = await asker.ask(metric(**more), query(sql))
    assert len(answer.readings) == 1
    return answer.readings[0]


async def test_total_and_bad_are_a_ratio_in_the_unit_of_the_metric(database: str) -> None:
    async with asking(database) as asker:
        sql = "select 200::bigint as total, 5::numeric as bad"
        assert await reading(asker, sql, unit="%") == Reading("", 2.5, samples=200, bad=5)
        assert await reading(asker, sql, unit="per 1000") == Reading("", 25.0, samples=200, bad=5)
        assert await reading(asker, sql) == Reading("", 0.025, samples=200, bad=5)
        assert await reading(asker, "select 0 as total, 0 as bad") == Reading("", None, samples=0, bad=0)


async def test_a_track_column_splits_the_readings(database: str) -> None:
    sql = "select * from (values ('canary', 10, 1), ('baseline', 90, 3)) as v(track, total, bad)"

    async with asking(database) as asker:
        answer = await asker.ask(metric(unit="%"), query(sql))

    assert answer.readings[0] == Reading("canary", 10.0, samples=10, bad=1)
    assert answer.readings[1].track == "baseline"
    assert answer.table is not None
    assert answer.table.columns == ("track", "total", "bad")
    assert answer.table.rows == (("canary", "10", "1"), ("baseline", "90", "3"))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1.25::numeric", 1.25),
        ("'NaN'::numeric", None),
        ("'NaN'::float8", None),
        ("'infinity'::float8", None),
        ("null::int", None),
        ("true", 1.0),
        ("interval '2 minutes'", 120.0),
    ],
)
async def test_a_value_of_any_numeric_type_is_read_and_none_is_no_value(
    database: str, expression: str, value: float | None
) -> None:
    async with asking(database) as asker:
        assert await reading(asker, f"select {expression} as value, 7 as samples") == Reading("", value, samples=7)


async def test_no_row_is_no_value(database: str) -> None:
    async with asking(database) as asker:
        assert await reading(asker, "select 1 as value where false") == Reading("", None, samples=0)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select 'many' as value", "the column value holds 'many'; expected a number"),
        (
            "select 10 as total, 11 as bad",
            "the query counts 11 bad of 10 in total; bad are expected to be among the total",
        ),
        ("select -1 as total, 0 as bad", "the column total holds -1; expected a count"),
        ("values (1), (2)", None),
        ("select 1 as value union all select 2", "the query gave 2 rows; expected one"),
    ],
)
async def test_what_is_no_measurement_fails_and_says_why(database: str, sql: str, reason: str | None) -> None:
    async with asking(database) as asker:
        if reason is None:
            assert (await asker.ask(metric(), query(sql))).readings == ()
            return
        with pytest.raises(ProbeFailed) as failed:
            await asker.ask(metric(), query(sql))
    assert str(failed.value) == reason


async def test_other_columns_are_a_table_safe_to_draw_and_bounded(database: str) -> None:
    sql = """
        select n, E'\\x1b]0;owned\\x07[red]\\u202e' as "na\x1bme", null as nothing, 1.50::numeric as price,
               timestamptz '2026-01-02 03:04:05+00' as at, '{"a": 1}'::jsonb as body
        from generate_series(1, 1000) as n -- ends in a comment
    """

    async with asking(database) as asker:
        answer = await asker.ask(metric(), query(sql))

    assert answer.readings == ()
    assert answer.table is not None
    assert answer.table.columns == ("n", r"na\x1bme", "nothing", "price", "at", "body")
    assert answer.table.rows[0] == (
        "1",
        r"\x1b]0;owned\x07[red]\u202e",
        "",
        "1.50",
        "2026-01-02 03:04:05+00:00",
        '{"a": 1}',
    )
    assert len(answer.table.rows) == 50
    assert answer.table.is_cut


async def test_a_time_without_a_zone_is_read_as_utc_wherever_the_server_is(
    postgres: EmbeddedPostgres, database: str
) -> None:
    sql = "-- window: 1h\nselect count(*) as value from written where at >= now() - :window"
    name = database.rsplit("/", 1)[1]
    postgres.run_sql(
        f"alter database \"{name}\" set timezone to 'America/New_York'; create table written as"
        " select now() at time zone 'UTC' - n * interval '1 minute' as at from generate_series(1, 120) as n",
        database=name,
    )

    async with asking(database) as asker:
        assert (await reading(asker, sql)).value == 59


async def test_the_window_is_a_bound_interval(database: str) -> None:
    sql = "-- window: 24h\nselect extract(epoch from :window) as value"

    async with asking(database) as asker:
        assert (await reading(asker, sql)).value == 86400
        assert (await reading(asker, sql, window="1h")).value == 3600


@pytest.mark.parametrize(
    "sql",
    [
        "with gone as (delete from precious returning 1) select count(*) as value from gone",
        "select nextval('numbers') as value",
        "select 1 as value from precious for update",
        "select 1 as value) as q; drop table precious; select 1 from (select 1",
    ],
)
async def test_sql_that_writes_is_refused_and_changes_nothing(
    postgres: EmbeddedPostgres, database: str, sql: str
) -> None:
    name = database.rsplit("/", 1)[1]
    postgres.run_sql("create table precious as select 1 as n; create sequence numbers", database=name)
    smuggled = Query("q", "q", sql, "q.sql", None, takes_window=False)

    async with asking(database) as asker:
        with pytest.raises(ProbeFailed):
            await asker.ask(metric(), smuggled)
        assert (await reading(asker, "select count(*) as value from precious")).value == 1

    assert postgres.run_sql("select is_called from numbers", database=name).strip() == "f"


async def test_every_question_is_asked_under_limits_that_it_cannot_take_along(database: str) -> None:
    shown = "select string_agg(current_setting(s), ' ') as value from unnest('{%s}'::text[]) as s"
    names = "transaction_read_only,statement_timeout,lock_timeout,application_name"

    async with asking(database) as asker:
        escape = query("select set_config('statement_timeout', '0', false) as escaped")
        await asker.ask(metric(), escape)
        with pytest.raises(ProbeFailed, match=r"on 4\d\d\dms 1s rollout-console"):
            await reading(asker, shown % names)


async def test_a_query_that_times_out_says_which_indexes_it_needs(database: str) -> None:
    text = "-- index: runs (at)\n-- index: users (id)\nselect 1 as value from pg_sleep(300)"

    async with asking(database) as asker:
        with pytest.raises(
            ProbeFailed, match=r"^the query timed out after 3s; it needs an index on runs \(at\) and on"
        ):
            await reading(asker, text, timeout="3s")


async def test_a_slow_query_times_out_and_the_next_one_works(database: str) -> None:
    async with asking(database) as asker:
        with pytest.raises(ProbeFailed, match=r"the query timed out after 2s"):
            await reading(asker, "select 1 as value from pg_sleep(300)", timeout="2s")
        assert (await reading(asker, "select 2 as value")).value == 2
        busy = "select count(*) as value from pg_stat_activity where query like '%pg_sleep(300)%' and state = 'active'"
        assert (await reading(asker, busy)).value <= 1  # itself


async def test_questions_are_asked_side_by_side_in_few_connections(database: str) -> None:
    sql = "select count(*) as value from pg_stat_activity, pg_sleep(0.2) where application_name = 'rollout-console'"

    async with asking(database) as asker:
        readings = await asyncio.gather(*(reading(asker, sql) for _ in range(6)))

    assert 2 <= max(found.value or 0 for found in readings) <= 3


async def test_a_restarted_server_is_asked_again_without_a_failure_between_the_questions(
    postgres: EmbeddedPostgres, database: str
) -> None:
    mail = Mailbox()
    async with asking(database, mail) as asker, running(asker.run()):
        assert (await reading(asker, "select 1 as value")).value == 1
        postgres.kill()
        with pytest.raises(ProbeFailed, match=r"nothing listens at 127.0.0.1:\d+: is PostgreSQL running\?"):
            await reading(asker, "select 2 as value")
        assert mail.state is SourceState.RETRYING
        postgres.start()
        assert (await reading(asker, "select 3 as value")).value == 3
        assert mail.state is SourceState.LIVE
        postgres.stop()
        postgres.start()
        assert (await reading(asker, "select 4 as value")).value == 4


async def test_a_server_that_goes_away_while_it_works_fails_the_question(
    postgres: EmbeddedPostgres, database: str
) -> None:
    async with asking(database) as asker:
        slow = asyncio.create_task(reading(asker, "select 1 as value from pg_sleep(20)"))
        await until(lambda: "pg_sleep" in postgres.run_sql("select query from pg_stat_activity where state = 'active'"))
        await asyncio.to_thread(postgres.kill)
        with pytest.raises(ProbeFailed, match=r"broke|starting up or shutting down"):
            await slow
    postgres.start()


async def test_the_state_is_kept_without_questions(postgres: EmbeddedPostgres, database: str) -> None:
    mail = Mailbox()
    postgres.stop()
    async with asking(database, mail) as asker, running(asker.run()):
        await until(lambda: len(mail.changes) >= 2)
        postgres.start()
        await until(lambda: mail.state is SourceState.LIVE)

    assert all(change.state is SourceState.RETRYING and change.retry_at for change in mail.changes[:-1])


async def test_a_dead_link_ends_in_time_and_the_next_question_works_when_it_is_back(
    postgres: EmbeddedPostgres, database: str
) -> None:
    async with Wire(postgres.port) as wire:
        dsn = database.replace(f":{postgres.port}/", f":{wire.port}/")
        async with asking(dsn) as asker:
            assert (await reading(asker, "select 1 as value")).value == 1
            wire.freeze()
            for _ in range(2):
                with pytest.raises(ProbeFailed, match=r"no answer from 127.0.0.1:\d+ within 0.4s"):
                    await reading(asker, "select 2 as value", timeout="400ms")
            wire.thaw()
            wire.cut()
            assert (await reading(asker, "select 3 as value")).value == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("rollout-wrong-password", ""), "refuses the user postgres: wrong password, or no right to connect"),
        (("", "no_such_database"), "there is no database no_such_database at 127.0.0.1"),
    ],
)
async def test_what_keeps_it_from_connecting_is_said_without_the_password(
    postgres: EmbeddedPostgres, database: str, change: tuple[str, str], reason: str
) -> None:
    mail = Mailbox()
    password, name = change
    dsn = postgres.dsn_of(name or "postgres", password=password or None)

    async with asking(dsn, mail) as asker:
        for _ in range(2):
            with pytest.raises(ProbeFailed) as failed:
                await reading(asker, "select 1 as value")

    secret = dsn.split(":")[2].split("@")[0]
    assert reason in str(failed.value)
    assert mail.reason == str(failed.value)
    assert secret not in str(failed.value)


async def test_a_connection_string_that_is_none_is_not_repeated() -> None:
    async with asking("postgresql://user:topsecret@host:notaport/db") as asker:
        with pytest.raises(ProbeFailed) as failed:
            await reading(asker, "select 1 as value")

    assert "topsecret" not in str(failed.value)
    assert "connection string" in str(failed.value)


async def test_a_mistake_in_the_query_is_reported_with_its_line(database: str) -> None:
    async with asking(database) as asker:
        with pytest.raises(ProbeFailed) as failed:
            await reading(asker, "select\n  1 as value\nform nowhere")
        assert str(failed.value) == 'syntax error at or near "form", line 3 of the statement'
        with pytest.raises(ProbeFailed, match=r'relation "no_table" does not exist, line 1 of the statement'):
            await reading(asker, "select 1 as value from no_table")


async def test_a_query_refused_for_want_of_rights_is_not_asked_again_at_once(
    postgres: EmbeddedPostgres, database: str
) -> None:
    mail = Mailbox()
    name = database.rsplit("/", 1)[1]
    postgres.run_sql(
        "drop role if exists onlooker; create role onlooker login password 'look'; create table secret (n int)",
        database=name,
    )

    async with asking(postgres.dsn_of(name, user="onlooker", password="look"), mail) as asker:
        with pytest.raises(ProbeFailed, match="permission denied for table secret"):
            await reading(asker, "select count(*) as value from secret")
        with pytest.raises(ProbeFailed, match=r"permission denied for table secret \(asked again in \d+s\)"):
            await reading(asker, "select count(*) as value from secret")
        assert (await reading(asker, "select 1 as value")).value == 1

    assert mail.state is SourceState.LIVE
    assert mail.reason == ""
    postgres.run_sql("drop role onlooker", database=name)


async def test_a_superuser_is_warned_about_while_it_works(database: str) -> None:
    mail = Mailbox()

    async with asking(database, mail) as asker:
        await reading(asker, "select 1 as value")

    assert mail.state is SourceState.LIVE
    assert mail.reason.startswith("connected as a superuser")
