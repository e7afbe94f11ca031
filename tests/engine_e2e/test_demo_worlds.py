"""What every world of the demo must be, and how its rows come into its tables."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
import yaml

from console.demo import compose
from console.demo.programs import Place
from console.demo.recorder import Recorder, RowsRefused, create_schema
from console.demo.traffic import Traffic
from console.demo.world import TRACKS, Asked, Batch, Mood, Table
from console.demo.worlds import ROLLOUTS, world_of
from console.spec.files import shipped, shipped_folder

SHAPES = """
CREATE TABLE tenants (name text PRIMARY KEY, enabled boolean NOT NULL DEFAULT true, cost numeric NOT NULL);
CREATE TABLE calls (
    tenant text NOT NULL REFERENCES tenants, at timestamptz NOT NULL, day date, plain timestamp, cost numeric(8, 4),
    arguments jsonb, tags text[], took double precision, tokens integer
);
"""
TABLES = (Table("tenants", key="name"), Table("calls", age="at"))
AT = 1_795_219_200.25


async def stocked(database: str, redis_url: str, *batches: Batch) -> None:
    recorder = Recorder(Path("unused.sock"), database, redis_url, TABLES)
    for batch in batches:
        await recorder.stock(batch)


async def test_values_become_what_their_columns_hold(database: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(SHAPES)
    batch = Batch()
    batch.row("calls", tenant="one", at=AT, day=AT, plain=AT, cost=0.0125, arguments={"q": ["a"]}, tags=["x"], took=1.5)
    batch.row("tenants", name="one", cost=3)
    batch.row("calls", tenant="one", at=AT, tokens=7, arguments=None)

    await stocked(database, redis_url, batch)

    first, second = await connection.fetch("SELECT * FROM calls ORDER BY tokens NULLS FIRST")
    await connection.close()
    at = datetime.fromtimestamp(AT, UTC)
    assert dict(first) == {
        "tenant": "one",
        "at": at,
        "day": at.date(),
        "plain": at.replace(tzinfo=None),
        "cost": Decimal("0.0125"),
        "arguments": '{"q": ["a"]}',
        "tags": ["x"],
        "took": 1.5,
        "tokens": None,
    }
    assert (second["tokens"], second["arguments"]) == (7, None)


async def test_a_row_with_the_key_of_an_earlier_one_replaces_what_it_names(database: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(SHAPES)
    batch, later = Batch(), Batch()
    batch.row("tenants", name="one", cost=1)
    batch.row("tenants", name="one", cost=2, enabled=False)
    batch.row("tenants", name="two", cost=5)
    later.row("tenants", name="one", cost=3)

    await stocked(database, redis_url, batch, later)

    tenants = await connection.fetch("SELECT name, enabled, cost FROM tenants ORDER BY name")
    await connection.close()
    assert [tuple(tenant) for tenant in tenants] == [("one", False, 3), ("two", True, 5)]


async def test_rows_that_a_table_refuses_are_refused_whole(database: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(SHAPES)
    batch = Batch()
    batch.row("tenants", name="one", cost=1)
    batch.row("calls", tenant="one", at=AT, colour="red")

    with pytest.raises(RowsRefused, match="colour"):
        await stocked(database, redis_url, batch)

    assert await connection.fetchval("SELECT count(*) FROM tenants") == 0
    await connection.close()


async def test_a_table_that_is_not_declared_is_refused(tmp_path: Path, database: str, redis_url: str) -> None:
    recorder = Recorder(tmp_path / "r.sock", database, redis_url, TABLES)

    with pytest.raises(KeyError, match="elsewhere"):
        recorder.add([("elsewhere", {})], [])


def test_every_world_is_of_a_shipped_rollout() -> None:
    assert set(ROLLOUTS) <= set(shipped())
    for rollout in ROLLOUTS:
        assert world_of(rollout).rollout == rollout


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_what_a_scenario_promises_is_a_metric_of_the_shipped_file(rollout: str) -> None:
    metrics = yaml.safe_load((shipped_folder() / f"{rollout}.yaml").read_text())["metrics"]

    for name, scenario in world_of(rollout).all_scenarios().items():
        assert set(scenario.critical + scenario.warning) <= set(metrics), name


@pytest.mark.parametrize("rollout", ROLLOUTS)
async def test_the_tables_of_a_world_take_what_every_scenario_writes(
    rollout: str, database: str, redis_url: str
) -> None:
    world = world_of(rollout)
    now = time.time()
    for number, (name, scenario) in enumerate(world.all_scenarios().items()):
        connection = await asyncpg.connect(database)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await create_schema(database, f"{world.schema};{scenario.sql}", reader=f"reads_{number}", password="secret")
        recorder = Recorder(Path("unused.sock"), database, redis_url, world.tables)
        stock = Batch()
        world.stock(stock, now)
        await recorder.stock(stock)
        for track in TRACKS:
            traffic = Traffic(world_of(rollout), track, name, seed=3)
            batch = traffic.between(
                now - 60, now, began=now - 60, rate=20, share=50, env={**world.env_file, **scenario.env_file}
            )
            assert batch.requests > 300
            await recorder.stock(batch)
        for table in world.tables:
            if table.age is not None:
                assert await connection.fetchval(f"SELECT count({table.age}) FROM {table.name}") >= 0
        await connection.execute(f"DROP OWNED BY reads_{number}; DROP ROLE reads_{number}")
        await connection.close()


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_a_world_answers_what_its_services_are_asked(rollout: str) -> None:
    world = world_of(rollout)

    for track in TRACKS:
        mood = Mood(world.usual[track], world.errors)
        asked = Asked("GET", "/no/such/path", b"", {}, track, 50.0, mood, {})
        said = world.answer(asked)
        assert said is None or said.status == 404


def test_a_service_needs_the_standard_library_only(tmp_path: Path) -> None:
    (tmp_path / compose.COMPOSE_FILE).touch()
    compose.write_files(tmp_path)

    for rollout in ROLLOUTS:
        script = f"import console.demo.service as s; s.world_of({rollout!r}); print(s.__file__)"
        alone = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path / 'app')!r}); {script}",
        ]
        ran = subprocess.run(alone, capture_output=True, text=True, check=False)

        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith(str(tmp_path))


def test_the_place_of_a_demo_is_read_back_and_is_for_its_account_only(tmp_path: Path) -> None:
    place = Place(
        str(tmp_path), "fsm-checkpoint", "healthy", 2.0, "postgresql://o", "redis://r", {"canary": "http://c"}
    )

    place.write()

    assert Place.of(str(tmp_path)) == place
    assert (tmp_path / "place.json").stat().st_mode & 0o077 == 0


async def test_the_migration_of_stateless_orchestration_is_pending_until_it_added_what_is_missing(
    tmp_path: Path, database: str
) -> None:
    place = Place(str(tmp_path), "stateless-orchestration", "healthy", 1.0, database, "redis://r", {})
    place.write()
    connection = await asyncpg.connect(database)
    await connection.execute(world_of("stateless-orchestration").schema)
    await connection.execute("ALTER TABLE agent_sessions DROP COLUMN metadata")
    program = [sys.executable, "-m", "console.demo.programs.stateless_orchestration", str(tmp_path)]

    ran = [
        await asyncio.to_thread(subprocess.run, [*program, what], capture_output=True, text=True, check=False)
        for what in ("pending", "migrate", "pending", "migrate")
    ]

    name = "20260101000000_find_sessions_by_id"
    assert [(one.returncode, one.stdout.splitlines()) for one in ran] == [
        (1, [f"to be applied: {name}"]),
        (0, ["added metadata jsonb", f"{name} applied"]),
        (0, ["the database is up to date"]),
        (0, ["nothing to migrate"]),
    ]
    assert await connection.fetchval("SELECT count(metadata) FROM agent_sessions") == 0
    assert await connection.fetchval("SELECT to_regclass('agent_sessions_session_id') IS NOT NULL")
    await connection.close()


def test_a_program_without_a_demo_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console.demo.programs.stateless_orchestration", str(tmp_path), "verify"]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert f"no demo runs in {tmp_path}" in ran.stderr
    assert subprocess.run(command[:-1], capture_output=True, check=False).returncode == 2
