"""The backup of `ai-agent` and the way back to it, from a shell, on a real PostgreSQL: nothing is lost by either."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from console.core.planning import plan
from console.demo.servers import EmbeddedPostgres
from console.spec.load import load
from tests.terminal import PROGRAM

ROWS = 20_000
BETA = ("anna", "birch", "cedar", "dune", "elm")


class Place:
    """A database, programs that stand for the application's, and the console's commands over them."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, database: str) -> None:
        self.folder, self._postgres, self._name = folder, postgres, database.rsplit("/", 1)[1]
        self.backup = folder / "backup.sql"
        self.file = folder / "ours.yaml"
        self.file.write_text("extends: ai-agent\nactions: {database_rollback: {verify: [{command: ['true']}]}}\n")
        (folder / ".env").write_text("AI_AGENT_ENABLED=false\n")
        (folder / "beta-tenants.txt").write_text("\n".join(BETA))
        services = f"sh -c 'echo \"$0\" >> {folder}/services'"
        self.env: Mapping[str, str] = {
            **os.environ,
            "ROLLOUT_CONSOLE_STATE": str(folder / "state"),
            "DATABASE_URL": database,
            "BACKUP_FILE": str(self.backup),
            "PG_DUMP": f"{postgres.bin_dir / 'pg_dump'} --dbname={database}",
            "PSQL": f"{postgres.bin_dir / 'psql'} --dbname={database}",
            "MANAGE": "true",
            "STOP_SERVICES": f"{services} stop",
            "START_SERVICES": f"{services} start",
        }

    def sql(self, text: str) -> str:
        return self._postgres.run_sql(text, database=self._name).strip()

    def act(self, action: str, code: int, *words: str) -> str:
        """Run an action; it must end with the exit code."""
        command = [*PROGRAM, "act", str(self.file), action, "--yes", *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def services(self) -> list[str]:
        """What the services were told."""
        path = self.folder / "services"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def place(tmp_path: Path, postgres: EmbeddedPostgres, database: str) -> Place:
    made = Place(tmp_path, postgres, database)
    made.sql(f"CREATE TABLE orders AS SELECT n, md5(n::text) AS said FROM generate_series(1, {ROWS}) n")
    return made


WHY = ("--reason", "the test")


def test_a_backup_that_was_cut_restores_nothing_whatever_the_reason(place: Place) -> None:
    place.act("backup", 0, *WHY)
    place.backup.write_bytes(place.backup.read_bytes()[:200_000])

    said = place.act("database_rollback", 5, *WHY)

    assert "is no whole dump" in said
    assert place.sql("SELECT count(*) FROM orders") == str(ROWS)
    assert place.services == []


def test_a_whole_backup_is_restored_and_a_restore_that_fails_changes_nothing_and_starts_the_services(
    place: Place,
) -> None:
    place.act("backup", 0, *WHY)
    place.sql("DELETE FROM orders")

    place.act("database_rollback", 0, *WHY)
    restored = place.sql("SELECT count(*) FROM orders")
    told = place.services
    place.backup.write_text("SELECT 1 / 0;\n" + place.backup.read_text())
    said = place.act("database_rollback", 5, *WHY)

    assert restored == str(ROWS)
    assert told == ["stop", "start"]
    assert "the services are started again" in said
    assert place.sql("SELECT count(*) FROM orders") == str(ROWS)
    assert place.services == ["stop", "start", "stop", "start"]


def test_a_migration_that_cannot_be_taken_back_fails_the_action_and_starts_the_services(place: Place) -> None:
    place.act("backup", 0, *WHY)
    place.env = {**place.env, "MANAGE": "sh -c 'echo \"no way back: $*\"; exit 1' manage"}

    said = place.act("database_rollback", 5, *WHY)

    assert "no way back: migrate bot 0002 --no-input" in said
    assert place.services == ["stop", "start"]


def test_the_backup_before_the_migrations_is_not_overwritten_and_a_later_one_is_told_apart(place: Place) -> None:
    place.act("backup", 0, *WHY)
    first = place.backup.read_text()
    place.sql("CREATE TABLE bot_agentinteraction (id int)")

    refused = place.act("backup", 5, *WHY)
    kept = place.backup.read_text()
    place.backup.rename(place.folder / "first.sql")
    place.act("backup", 0, *WHY)
    told = place.act("database_rollback", 4)

    assert "is there already: move it away first" in refused
    assert kept == first
    assert "was made after the migrations" in told


TABLES = """
CREATE TABLE tenants_tenant (id text PRIMARY KEY);
CREATE TABLE tenants_tenantsettings (tenant_id text, feature_flags jsonb);
"""


def tenants(place: Place, number: int, on: int) -> None:
    """Make tenants, the first of them with the agent."""
    place.sql(
        f"{TABLES} INSERT INTO tenants_tenant SELECT 't' || n FROM generate_series(1, {number}) n;"
        "INSERT INTO tenants_tenantsettings SELECT 't' || n, jsonb_build_object('ai_agent_enabled', n <="
        f" {on}) FROM generate_series(1, {number}) n"
    )


def is_passed(place: Place, action: str, **where: Any) -> bool:
    """Ask the database what the action would be verified by first."""
    planned = plan(load("ai-agent", place.env).rollout, action, **where)
    (asked,) = [check.sql for check in planned.verify if check.sql is not None]
    return place.sql(asked.statement) == "t"


def test_the_last_beta_tenant_is_switched_on_although_its_line_has_no_end_and_one_that_is_not_on_is_noticed(
    place: Place,
) -> None:
    place.env = {**place.env, "MANAGE": "sh -c 'echo \"$@\" >> told' manage", "BETA_TENANTS_FILE": "beta-tenants.txt"}
    tenants(place, 11, on=4)
    rollout = load("ai-agent", place.env).rollout
    phase = [one.name for one in rollout.phases].index("Beta tenants")
    planned = plan(rollout, "advance", phase_index=phase - 1, traffic=1)
    loop, count = [step.run for step in planned.steps if step.run is not None and "-c" in step.run]

    switched = subprocess.run(loop, cwd=place.folder, env=place.env, check=False)
    # Others that have the agent, such as the demo tenant, do not stand in for one of the list.
    place.sql(
        "INSERT INTO tenants_tenantsettings SELECT name, jsonb_build_object('ai_agent_enabled', name <> 'elm')"
        f" FROM unnest(ARRAY{list(BETA)}) name"
    )
    short = subprocess.run(count, cwd=place.folder, env=place.env, capture_output=True, text=True, check=False)
    place.sql(
        "UPDATE tenants_tenantsettings SET feature_flags = '{\"ai_agent_enabled\": true}' WHERE tenant_id = 'elm'"
    )
    whole = subprocess.run(count, cwd=place.folder, env=place.env, capture_output=True, text=True, check=False)

    assert switched.returncode == 0
    told = (place.folder / "told").read_text().splitlines()
    assert told == [f"toggle_ai_agent --tenant-id={name} --enable" for name in BETA]
    assert (short.returncode, short.stdout) == (1, "elm is not on\n")
    assert whole.returncode == 0


@pytest.mark.parametrize(
    ("number", "on", "rung", "reached"),
    [
        (11, 11, 50, False),
        (11, 11, 10, False),
        (11, 1, 0, False),
        (11, 0, 0, True),
        (11, 7, 50, True),
        (1000, 111, 10, True),
        (1000, 112, 10, False),
    ],
)
def test_a_step_down_is_not_reached_while_more_tenants_have_the_agent_than_its_rung_and_at_zero_any(
    place: Place, number: int, on: int, rung: float, reached: bool
) -> None:
    tenants(place, number, on)

    assert is_passed(place, "step_down", phase_index=None, traffic=100.0, rung=rung) is reached
