"""Verifications, and trying the sources of a file, against real servers."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from console.commands import doctor
from console.core.inputs import Input
from console.core.rollout import Check, Parameter, Rollout
from console.demo.servers import EmbeddedPostgres, EmbeddedValkey, free_port
from console.sources.checks import passes
from console.sources.connect import Connections
from console.sources.values import values_of
from queries.loader import Query, parse_query
from tests.servers import PrivateEngine
from tests.sources.containers import Containers


def rollout_of(sources: Mapping[str, object]) -> Rollout:
    return Rollout.model_validate({"rollout": "r", "title": "R", "service": "app", "sources": sources})


async def tried(check: Mapping[str, object], folder: Path, *sql: str, **sources: object) -> tuple[bool, str, bool]:
    queries: dict[str, Query] = {
        f"q{number}": parse_query(f"q{number}", text, "q.sql") for number, text in enumerate(sql)
    }
    posted: list[Input] = []
    connections = Connections(rollout_of(sources), folder, queries, posted.append)
    try:
        result = await passes(Check.model_validate(check), connections)
    finally:
        await connections.close()
    return result.ok, result.detail, result.is_known


@pytest.mark.parametrize(
    ("sql", "ok", "detail"),
    [
        ("select true as fine", True, "true"),
        ("select false as fine", False, "false"),
        ("select 3 as value", True, "3"),
        ("select 0 as value", False, "0"),
        ("select null::int as value", False, "no value"),
        ("select true as fine where false", False, "no row"),
    ],
)
async def test_a_query_passes_on_true_or_a_value_that_is_not_zero(
    database: str, tmp_path: Path, sql: str, ok: bool, detail: str
) -> None:
    check = {"query": "q0", "source": "db"}

    assert await tried(check, tmp_path, sql, db={"postgres": database}) == (ok, detail, True)


@pytest.mark.parametrize(("tenant", "ok"), [("acme", True), ("birch", False), ("' OR true --", False)])
async def test_a_statement_passes_by_what_it_finds_for_the_value_bound_to_it(
    database: str, tmp_path: Path, tenant: str, ok: bool
) -> None:
    statement = "select count(*) = 1 from (values ('acme')) as off (tenant) where tenant = $1"
    check = {"sql": {"source": "db", "statement": statement, "values": [tenant]}}

    found = await tried(check, tmp_path, db={"postgres": database})

    assert found == (ok, str(ok).lower(), True)


async def test_a_statement_that_verifies_cannot_write(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path
) -> None:
    postgres.run_sql("create sequence numbers", database=database.rpartition("/")[2])
    check = {"sql": {"source": "db", "statement": "select nextval('numbers') > 0"}}

    found = await tried(check, tmp_path, db={"postgres": database})

    assert found == (False, "the query writes, and only reading is allowed", False)


async def test_a_parameter_can_be_any_of_more_values_than_a_table_shows(database: str, tmp_path: Path) -> None:
    parameter = Parameter.model_validate({"from": {"query": "q0", "source": "db"}})
    queries = {"q0": parse_query("q0", "select 't' || n as tenant from generate_series(1, 300) as s (n)", "q.sql")}
    connections = Connections(rollout_of({"db": {"postgres": database}}), tmp_path, queries, lambda _: None)

    values = await values_of(parameter, connections, 5.0)
    await connections.close()

    assert values == tuple(f"t{number}" for number in range(1, 301))


async def test_a_query_that_cannot_be_asked_has_not_passed_and_is_not_known(tmp_path: Path) -> None:
    nowhere = f"postgresql://u:topsecret@127.0.0.1:{free_port()}/d"

    ok, detail, is_known = await tried(
        {"query": "q0", "source": "db"}, tmp_path, "select 1 as value", db={"postgres": nowhere}
    )

    assert (ok, is_known) == (False, False)
    assert "is PostgreSQL running?" in detail
    assert "topsecret" not in detail


async def test_redis_passes_while_it_answers(redis_url: str, tmp_path: Path) -> None:
    check = {"redis": "ping", "source": "cache"}
    nowhere = f"redis://127.0.0.1:{free_port()}/0"

    assert await tried(check, tmp_path, cache={"redis": redis_url}) == (True, "it answers", True)
    assert await tried(check, tmp_path, cache={"redis": nowhere}) == (False, "nothing listens there", True)


async def test_a_command_passes_on_exit_code_zero(tmp_path: Path) -> None:
    (tmp_path / "flag").touch()

    assert (await tried({"command": ["test", "-e", "flag"]}, tmp_path))[0]
    assert await tried({"command": ["sh", "-c", "echo not yet >&2; exit 2"]}, tmp_path) == (False, "not yet", True)
    ok, detail, is_known = await tried({"command": ["sleep", "60"], "within": "1s"}, tmp_path)
    assert (ok, is_known) == (False, False)
    assert "did not end" in detail


async def test_an_address_passes_on_the_expected_answer(tmp_path: Path) -> None:
    check = {"http": {"url": f"http://127.0.0.1:{free_port()}/health"}}

    assert await tried(check, tmp_path) == (False, "the connection was refused", True)


@pytest.mark.engine
async def test_containers_pass_when_they_run_long_enough(
    engine: PrivateEngine, containers: Containers, tmp_path: Path
) -> None:
    app = {"docker": {"service": "app"}, "host": engine.url}
    containers.run("app-1", "sleep 60")

    assert await tried({"container": "running", "source": "app"}, tmp_path, app=app) == (True, "1 running: app-1", True)
    assert not (await tried({"container": "running", "source": "app", "for": "1h"}, tmp_path, app=app))[0]


def diagnose(
    folder: Path, sources: Mapping[str, object], capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> tuple[int, str]:
    file = folder / "rollout.yaml"
    file.write_text(json.dumps({"rollout": "r", "title": "R", "service": "app", "sources": sources}))  # JSON is YAML
    code = doctor.run(argparse.Namespace(file=str(file), json=as_json))
    return code, capsys.readouterr().out


def test_doctor_says_one_line_per_source_that_works(
    postgres: EmbeddedPostgres, database: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.log").write_text("one\n")
    postgres.run_sql("drop role if exists reader; create role reader login password 'r'")
    sources = {
        "db": {"postgres": postgres.dsn_of(database.rsplit("/", 1)[1], user="reader", password="r")},
        "cache": {"redis": redis_url},
        "legacy": {"file": "*.log"},
        "pods": {"command": ["sh", "-c", "true"]},
    }

    code, said = diagnose(tmp_path, sources, capsys, as_json=False)

    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith("✓ db      postgres  PostgreSQL ")
    assert lines[1].startswith("✓ cache   redis     Valkey ")
    assert lines[2] == "✓ legacy  file      1 file, 4 bytes"
    assert lines[3].startswith("✓ pods    command   /")
    assert len(lines) == 4
    postgres.run_sql("drop role reader")


def test_doctor_says_what_is_wrong_and_what_to_do(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    sources = {
        "superuser": {"postgres": database},
        "db": {"postgres": f"postgresql://u:topsecret@127.0.0.1:{port}/d"},
        "cache": {"redis": f"redis://:topsecret@127.0.0.1:{port}/0"},
        "app": {"docker": {"service": "app"}, "host": "unix:///nonexistent/d.sock"},
        "legacy": {"file": "*.log"},
        "pods": {"command": ["no-such-program"]},
    }

    code, said = diagnose(tmp_path, sources, capsys, as_json=True)

    found = {one["name"]: one for one in json.loads(said)["sources"]}
    assert code == 3
    assert found["superuser"]["ok"]
    assert "superuser" in found["superuser"]["what"]
    assert "only read" in found["superuser"]["remedy"]
    assert {name for name, one in found.items() if not one["ok"]} == {"db", "cache", "app", "legacy", "pods"}
    assert all(one["remedy"] for name, one in found.items())
    assert found["db"]["what"] == f"nothing listens at 127.0.0.1:{port}"
    assert found["app"]["remedy"] == "is Docker installed and running?"
    assert found["pods"]["what"] == "there is no no-such-program"
    assert "topsecret" not in said


@pytest.mark.engine
def test_doctor_counts_the_containers_by_track_and_names_logs_that_cannot_be_read(
    engine: PrivateEngine, containers: Containers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {"app": {"docker": {"service": "app"}, "host": engine.url}}
    containers.run("app-1", "sleep 60")

    code, said = diagnose(tmp_path, sources, capsys, as_json=False)
    assert code == 0
    assert "1 container, running: 1 of no track" in said

    containers.run("app-2", "sleep 60", log_config={"Type": "none"})
    code, said = diagnose(tmp_path, sources, capsys, as_json=False)
    assert code == 3
    assert "app-2: its log driver cannot be read" in said

    containers.clear()
    code, said = diagnose(tmp_path, sources, capsys, as_json=False)
    assert code == 3
    assert "no container matches service=app" in said


def test_a_file_that_cannot_be_used_is_exit_code_four(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = diagnose(tmp_path, {"db": {"postgres": "x", "redis": "y"}}, capsys, as_json=False)

    assert code == 4


@pytest.mark.parametrize("module", ["base", "connect", "checks", "examine", "programs"])
def test_no_driver_is_imported_before_one_is_needed(module: str) -> None:
    script = (
        f"import sys, console.sources.{module}\n"
        "print(sorted({'docker', 'asyncpg', 'redis', 'httpx', 'requests', 'textual'} & sys.modules.keys()))"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


async def test_how_long_a_container_has_run_is_told_by_the_clock_of_its_engine(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\ncase "$*" in\n"compose ps"*) echo c1 ;;\ninspect*) cat inspected ;;\ninfo*) cat clock ;;\nesac\n'
    )
    docker.chmod(0o755)
    behind = datetime.now(UTC) - timedelta(hours=1)
    state = {"Running": True, "StartedAt": (behind - timedelta(seconds=2)).isoformat()}
    parts = ("/shop-app-1", state, behind.isoformat(), 0, [], "", {})
    (tmp_path / "inspected").write_text("\t".join(map(json.dumps, parts)))
    (tmp_path / "clock").write_text(behind.isoformat())

    ok, said, _ = await tried({"compose": {"command": [str(docker), "compose"]}, "for": "10s"}, tmp_path)

    assert (ok, said) == (False, "shop-app-1 has run for 2s, of 10s")


async def test_a_query_looks_back_as_far_as_the_check_says(database: str, tmp_path: Path) -> None:
    check = {"query": "q0", "source": "db", "window": "2h", "expect": "== 7200"}
    sql = "-- window: 1s\nselect extract(epoch from :window) as value"

    assert await tried(check, tmp_path, sql, db={"postgres": database}) == (True, "7200", True)


async def test_a_large_number_is_said_with_all_of_its_digits(database: str, tmp_path: Path) -> None:
    check = {"query": "q0", "source": "db", "expect": ">= 10234568"}

    assert await tried(check, tmp_path, "select 10234567 as value", db={"postgres": database}) == (
        False,
        "10234567, not >= 10234568",
        True,
    )


async def test_redis_passes_on_a_number_that_is_as_expected(redis_url: str, tmp_path: Path) -> None:
    check = {"redis": {"count": "fsm:*"}, "source": "cache", "expect": "== 0"}

    assert await tried(check, tmp_path, cache={"redis": redis_url}) == (True, "0", True)
    with redis.Redis.from_url(redis_url) as server:
        server.mset({"fsm:1": "x", "fsm:2": "x"})
    assert await tried(check, tmp_path, cache={"redis": redis_url}) == (False, "2, not == 0", True)


async def test_a_snapshot_passes_while_it_is_young_and_none_is_no_answer(
    valkey: EmbeddedValkey, redis_url: str, tmp_path: Path
) -> None:
    check = {"redis": {"saved": True}, "source": "cache", "expect": "< 1h"}
    valkey.kill()  # it does not count what was saved before
    valkey.start()

    before = await tried(check, tmp_path, cache={"redis": redis_url})
    with redis.Redis.from_url(redis_url) as client:
        client.save()
    after = await tried(check, tmp_path, cache={"redis": redis_url})
    late = await tried(check | {"expect": "< 0s"}, tmp_path, cache={"redis": redis_url})

    assert (before[0], before[2]) == (False, False)
    assert before[1].startswith("it has saved no snapshot since it began")
    assert (after[0], after[2]) == (True, True)
    assert after[1].endswith(" s")
    assert (late[0], late[2]) == (False, True)


async def test_a_share_that_nothing_has_part_in_is_not_as_expected(redis_url: str, tmp_path: Path) -> None:
    check = {"redis": {"scan": "t:*", "has_field": "f"}, "source": "cache", "expect": "== 100%"}

    nothing = await tried(check, tmp_path, cache={"redis": redis_url})
    with redis.Redis.from_url(redis_url) as server:
        server.hset("t:1", "f", "x")
    whole = await tried(check, tmp_path, cache={"redis": redis_url})

    assert nothing == (False, "no value, not == 100%", True)
    assert whole == (True, "1", True)


async def test_a_command_passes_when_all_that_is_expected_is_printed(tmp_path: Path) -> None:
    said = {"command": ["printf", "Missing: 0\nCOMPLETE\n"], "prints": [r"Missing: *0\b", "COMPLETE"]}

    assert await tried(said, tmp_path) == (True, "Missing: 0; COMPLETE", True)
    ok, detail, is_known = await tried(said | {"command": ["echo", "Missing: 07"]}, tmp_path)
    assert (ok, is_known) == (False, True)
    assert detail.startswith(r"it did not print Missing: *0\b")
    assert not (await tried(said | {"command": ["sh", "-c", "echo Missing: 0; echo COMPLETE; exit 3"]}, tmp_path))[0]
