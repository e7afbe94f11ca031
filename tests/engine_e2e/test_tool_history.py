"""`tool-history` on a real PostgreSQL, a real HTTP server and a log, with numbers that are computed here as well."""

import json
import math
import os
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest

from console.demo.servers import EmbeddedPostgres
from console.demo.worlds.tool_history import HEAD, MAKE_INDEXES, MAKE_TABLE
from tests.engine_e2e.catching_up import caught_up
from tests.terminal import PROGRAM

# The release is deployed by scripts of the test, and no engine runs its containers.
FILE = """
extends: tool-history
sources: {app: {file: app.log, track: canary}}
metrics: {memory: null}
validation: null
actions:
  rollback:
    verify:
      - {http: {url: "${HEALTH_URL}", status: 200}, within: 5s}
      - {query: data_kept, source: db, expect: ">= before", within: 5s}
  advance: {verify: [{query: table_ready, source: db, within: 5s}]}
  downgrade:
    verify: [{query: table_removed, source: db, within: 5s}, {http: {url: "${HEALTH_URL}", status: 200}, within: 5s}]
"""
TOOLS = ("search", "planner", "quiz")
READS = {
    "success_rate_time": "get_tool_success_rate",
    "preferred_tools_time": "get_user_preferred_tools",
    "statistics_time": "get_tool_statistics",
}
OF_ROWS = ("success_rate", "worst_tool", "executions", "newest_row", "preference_share", "oldest_row")
FINE = ("health", "table", "indexes", "migration", "newest_row", "success_rate", "record_time", "growth")


@dataclass
class Execution:
    """One execution of a tool, as it comes into the table and the log."""

    user: int
    tool: str
    success: bool
    milliseconds: int
    preference: float | None
    minutes_ago: float


class Release:
    """A database, an application and a log, and the console's commands over them."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, database: str, cache: str, health: str) -> None:
        self.folder = folder
        self._postgres = postgres
        self.bin_dir = postgres.bin_dir
        self._name = database.rsplit("/", 1)[1]
        self.file = folder / "release.yaml"
        self.file.write_text(FILE)
        self.log = folder / "app.log"
        self.log.write_text("INFO app ready\n")
        archive = folder / "tool_history_backup.sql"
        self.archive = archive
        self._database = database
        check = f"sh -c 'grep -q \"database dump complete\" {archive}'"
        self.env = {
            **os.environ,
            "ROLLOUT_CONSOLE_STATE": str(folder / "state"),
            "DATABASE_URL": database,
            "REDIS_URL": cache,
            "HEALTH_URL": health,
            "PUBLISH": self.script("publish", "echo release > next"),
            "REVERT": self.script("revert", "echo previous > next"),
            "DEPLOY": self.script("deploy", "cp next deployed"),
            "ARCHIVE": f"{postgres.bin_dir / 'pg_dump'} --table=user_tool_history --file={archive}",
            "ARCHIVE_CHECK": check,
            "DOWNGRADE": self.script("downgrade", self.psql("DROP TABLE user_tool_history; TRUNCATE alembic_version")),
        }

    def script(self, name: str, body: str) -> str:
        """Write a program and return its path."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nset -e\ncd {self.folder}\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def psql(self, text: str) -> str:
        """Return the line of a program that runs a statement."""
        return f'{self.bin_dir / "psql"} -X "{self._database}" -c "{text}"'

    def sql(self, text: str) -> str:
        return self._postgres.run_sql(text, database=self._name)

    def migrate(self, without: str = "nothing") -> None:
        self.sql(
            f"{MAKE_TABLE}{MAKE_INDEXES} DROP INDEX IF EXISTS idx_user_tool_history_{without};"
            f"CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('{HEAD}');"
        )

    def deploy(self) -> None:
        """Open a session, and go on to the phase in which the release serves everybody."""
        self.run("watch", str(self.file), "--headless", "--for", "3s")
        done = self.run("act", str(self.file), "advance", "--yes", "--reason", "a test begins here")
        assert done.returncode == 0, done.stdout + done.stderr
        assert (self.folder / "deployed").read_text() == "release\n"

    def record(self, executions: list[Execution]) -> None:
        """Put executions into the table, with everything that the planner knows of them."""
        rows = ",".join(
            f"({one.user}, '{one.tool}', {one.success}, {one.milliseconds},"
            f" {'NULL' if one.preference is None else one.preference}, now() - interval '{one.minutes_ago} minutes')"
            for one in executions
        )
        self.sql(
            "INSERT INTO user_tool_history"
            f" (user_id, tool_name, success, execution_time_ms, preference_score, created_at) VALUES {rows};"
            "ANALYZE user_tool_history"
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words], env=self.env, cwd=self.folder, capture_output=True, text=True, check=False, timeout=90
        )

    def log_lines(self, lines: Iterable[str]) -> None:
        """Log lines while a session is open: what was there before it began is as old as the session."""
        with self.log.open("a") as log:
            log.writelines(f"{line}\n" for line in lines)

    def watch(self, holds: Callable[[dict[str, Any]], bool] = lambda _: True) -> tuple[int, dict[str, Any]]:
        """Watch until what is said holds, a minute at most, and return the exit code with what was said last."""
        return caught_up(self._watch_a_while, lambda seen: holds(seen[1]))

    def _watch_a_while(self) -> tuple[int, dict[str, Any]]:
        ran = self.run("watch", str(self.file), "--headless", "--for", "5s", "--json")
        assert ran.stdout, ran.stderr
        return ran.returncode, json.loads(ran.stdout.splitlines()[-1])


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def release(tmp_path: Path, postgres: EmbeddedPostgres, database: str, redis_url: str) -> Iterator[Release]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Release(tmp_path, postgres, database, redis_url, f"http://127.0.0.1:{server.server_port}/health")
        server.shutdown()
        thread.join()


def executions(count: int, *, newest_minutes_ago: float = 1.0, fails: float = 0.05) -> list[Execution]:
    draw = Random(7)
    return [
        Execution(
            user=draw.randint(1, 20),
            tool=draw.choice(TOOLS),
            success=draw.random() >= fails,
            milliseconds=draw.randint(20, 900),
            preference=round(draw.uniform(0.3, 0.9), 3) if draw.random() < 0.6 else None,
            minutes_ago=newest_minutes_ago + 2 * number,
        )
        for number in range(count)
    ]


def percentile(numbers: list[int], q: float) -> float:
    """Return the number that so many are not above, the plainest definition there is."""
    return sorted(numbers)[math.ceil(q * len(numbers)) - 1]


def metrics_of(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in said["metrics"] if metric["track"] in ("", "canary")}


def judged(**verdicts: str) -> Callable[[dict[str, Any]], bool]:
    """Return what holds once metrics have these verdicts."""
    return lambda said: {name: metrics_of(said)[name]["verdict"] for name in verdicts} == verdicts


def test_a_release_that_goes_well_has_the_numbers_of_its_rows_and_lines(release: Release) -> None:
    draw = Random(3)
    known = executions(600)
    times = {name: [draw.randint(5, 45) for _ in range(400)] for name in READS}
    recorded = [draw.randint(3, 9) for _ in range(400)]
    release.migrate()
    began = time.monotonic()
    release.record(known)
    release.deploy()
    release.log_lines(
        [
            f"INFO app tool_history: {method} user=1 took_ms={took}"
            for name, method in READS.items()
            for took in times[name]
        ]
        + [f"INFO app tool_history: recorded tool=quiz success=true took_ms={took}" for took in recorded]
    )

    def is_measured(said: dict[str, Any]) -> bool:
        found = metrics_of(said)
        is_read = all(found[name]["samples"] == 400 for name in (*times, "record_time"))
        return (
            is_read
            and all(found[name]["value"] is not None for name in OF_ROWS)
            and judged(**dict.fromkeys(FINE, "OK"))(said)
        )

    code, said = release.watch(is_measured)
    took_s = time.monotonic() - began

    found = metrics_of(said)
    of_tool = {tool: [one.success for one in known if one.tool == tool] for tool in TOOLS}
    assert code in (0, 3), "nothing is wrong; what nobody logged is not known"
    assert said["verdict"] in ("OK", "UNKNOWN")
    assert found["success_rate"]["value"] == pytest.approx(100 * sum(one.success for one in known) / 600)
    assert found["worst_tool"]["value"] == pytest.approx(min(100 * sum(done) / len(done) for done in of_tool.values()))
    assert found["executions"]["value"] == 600
    assert 60 <= found["newest_row"]["value"] <= 60 + took_s
    assert found["preference_share"]["value"] == pytest.approx(
        100 * sum(one.preference is not None for one in known) / 600
    )
    assert found["oldest_row"]["value"] == pytest.approx((1 + 2 * 599) / 1440, rel=0.01)
    for name, took in {**times, "record_time": recorded}.items():
        assert found[name]["value"] == pytest.approx(percentile(took, 0.95), rel=0.02), name
        assert found[name]["samples"] == 400
    for name in FINE:
        assert found[name]["verdict"] == "OK", found[name]
    assert said["events"]["canary"]["execution_recorded"]["count"] == 400


@pytest.mark.parametrize("missing", ["metrics", "user_created"])
def test_a_missing_index_is_a_warning_that_names_it(release: Release, missing: str) -> None:
    release.migrate(without=missing)
    release.record(executions(100))
    release.deploy()

    code, said = release.watch(judged(indexes="WARNING"))
    shown = release.run("query", str(release.file), "indexes_ready")

    assert code == 1
    assert metrics_of(said)["indexes"]["verdict"] == "WARNING"
    assert f"idx_user_tool_history_{missing}" in shown.stdout


def test_slow_operations_and_failing_tools_are_told_apart(release: Release) -> None:
    release.migrate()
    release.record(executions(300, fails=0.4))
    release.deploy()
    release.log_lines(
        ["INFO app tool_history: get_tool_statistics tool=quiz took_ms=80"] * 50
        + ["INFO app tool_history: get_user_preferred_tools user=1 took_ms=80"] * 50
    )

    code, said = release.watch(judged(success_rate="WARNING", statistics_time="OFF TARGET", preferred_tools_time="OK"))

    found = metrics_of(said)
    assert code == 1
    assert found["success_rate"]["verdict"] == "WARNING"
    assert found["statistics_time"]["verdict"] == "OFF TARGET", "it has not lasted for five minutes"
    assert found["preferred_tools_time"]["verdict"] == "OK"
    assert found["history_query_time"]["value"] == pytest.approx(80, rel=0.02)


def test_a_table_that_is_gone_is_critical(release: Release) -> None:
    release.migrate()
    release.record(executions(100))
    release.deploy()
    release.sql("DROP TABLE user_tool_history")

    code, said = release.watch(judged(table="CRITICAL", success_rate="BROKEN"))

    found = metrics_of(said)
    assert code == 2
    assert found["table"]["verdict"] == "CRITICAL"
    assert found["success_rate"]["verdict"] == "BROKEN"


def test_an_error_in_a_line_of_tool_history_is_a_warning(release: Release) -> None:
    release.migrate()
    release.record(executions(100))
    release.deploy()
    release.log_lines(
        [
            "INFO app tool_history: recorded tool=quiz success=true took_ms=8",
            "ERROR app Request failed: model provider timed out",
            "ERROR app tool_history: not recorded tool=quiz: connection refused",
        ]
    )

    code, said = release.watch(judged(history_errors="WARNING"))

    assert code == 1
    assert metrics_of(said)["history_errors"]["value"] == 1
    assert metrics_of(said)["history_errors"]["verdict"] == "WARNING"


def test_a_rollback_keeps_the_data_and_a_report_tells_of_it(release: Release) -> None:
    release.migrate()
    release.record(executions(250))
    release.deploy()
    release.watch()

    done = release.run("act", str(release.file), "rollback", "--yes", "--reason", "tools fail")
    release.watch()
    report = release.run("report", "tool-history")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (release.folder / "deployed").read_text() == "previous\n"
    assert release.sql("SELECT count(*) FROM user_tool_history").strip() == "250"
    assert "Roll back, keep data" in report.stdout
    assert "tools fail" in report.stdout


@pytest.mark.parametrize(
    ("meanwhile", "seen"),
    [
        ("DROP TABLE user_tool_history", "does not exist"),
        ("DELETE FROM user_tool_history WHERE id <> 7", "1, not >= 50"),
        (
            "DELETE FROM user_tool_history WHERE id = 7;"
            " INSERT INTO user_tool_history (user_id, tool_name) SELECT n, 'new' FROM generate_series(1, 9) AS n",
            "49, not >= 50",
        ),
    ],
)
def test_a_rollback_after_which_data_are_gone_is_not_verified(release: Release, meanwhile: str, seen: str) -> None:
    release.migrate()
    release.record(executions(50))
    release.env["DEPLOY"] = release.script("deploy-and-lose", release.psql(meanwhile))

    done = release.run("act", str(release.file), "rollback", "--yes", "--reason", "tools fail")

    assert done.returncode == 5
    assert seen in done.stdout + done.stderr


def test_rows_that_come_in_while_a_release_is_taken_back_are_no_loss(release: Release) -> None:
    release.migrate()
    release.record(executions(50))
    added = "INSERT INTO user_tool_history (user_id, tool_name) VALUES (1, 'new')"
    release.env["DEPLOY"] = release.script("deploy-and-add", release.psql(added))

    done = release.run("act", str(release.file), "rollback", "--yes", "--reason", "tools fail")

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rollback_that_is_resumed_is_compared_with_before_its_first_attempt(release: Release) -> None:
    release.migrate()
    release.record(executions(50))
    release.env["DEPLOY"] = release.script("deploy-badly", "exit 1")
    failed = release.run("act", str(release.file), "rollback", "--yes", "--reason", "tools fail", "--json")
    attempt = json.loads(failed.stdout.splitlines()[-1])["attempt"]
    release.sql("DELETE FROM user_tool_history WHERE id = 7")
    release.script("deploy-badly", "cp next deployed")

    resumed = release.run("attempts", str(release.file), attempt, "--resume")

    assert (failed.returncode, resumed.returncode) == (5, 5)
    assert "49, not >= 50" in resumed.stdout + resumed.stderr


def test_a_rollback_without_the_database_is_done_and_says_what_is_not_known(release: Release) -> None:
    release.migrate()
    release.env["DATABASE_URL"] = "postgresql://reader@127.0.0.1:1/gone"

    done = release.run("act", str(release.file), "rollback", "--yes", "--reason", "tools fail")

    assert (release.folder / "deployed").read_text() == "previous\n"
    assert done.returncode == 5
    assert "nobody knows what it was before the first step" in done.stdout + done.stderr


def test_the_table_is_removed_only_behind_an_archive_from_which_it_comes_back(release: Release) -> None:
    release.migrate()
    release.record(executions(120))
    order = ("--yes", "--reason", "the feature is given up")

    early = release.run("act", str(release.file), "downgrade", *order)
    left = release.sql("SELECT count(*) FROM user_tool_history").strip()
    archived = release.run("act", str(release.file), "archive", *order)
    late = release.run("act", str(release.file), "downgrade", *order)
    is_there = release.sql("SELECT to_regclass('user_tool_history') IS NOT NULL").strip()
    release.sql(release.archive.read_text())

    assert early.returncode == 5, early.stdout + early.stderr
    assert left == "120"
    assert archived.returncode == 0, archived.stdout + archived.stderr
    assert late.returncode == 0, late.stdout + late.stderr
    assert is_there == "f"
    assert release.sql("SELECT count(*), sum(execution_time_ms) FROM public.user_tool_history").strip() == "|".join(
        ("120", str(sum(one.milliseconds for one in executions(120))))
    )


def test_the_table_is_not_removed_without_a_reason_while_a_row_may_be_newer_than_the_archive(release: Release) -> None:
    release.migrate()
    release.deploy()
    release.record([Execution(1, "quiz", True, 5, None, minutes_ago=90.0)])
    archived = release.run("act", str(release.file), "archive", "--yes", "--reason", "first")

    refused = release.run("act", str(release.file), "downgrade", "--yes")
    release.sql("UPDATE user_tool_history SET created_at = now() - interval '3 hours'")
    done = release.run("act", str(release.file), "downgrade", "--yes")

    assert archived.returncode == 0, archived.stdout + archived.stderr
    assert refused.returncode == 4
    assert "is_still" in refused.stdout
    assert "not met" not in refused.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_archive_leaves_the_first_where_it_is_and_the_newest_is_looked_into(release: Release) -> None:
    release.migrate()
    del release.env["ARCHIVE"], release.env["ARCHIVE_CHECK"]
    release.env["PATH"] = f"{release.bin_dir}:{release.env['PATH']}"
    order = (str(release.file), "archive", "--yes", "--reason", "a month is over")
    release.record([Execution(1, "quiz", True, 5, None, minutes_ago=5.0)])

    first = release.run("act", *order)
    release.sql("DELETE FROM user_tool_history")
    second = release.run("act", *order)
    made = sorted(release.folder.glob("tool_history_*.sql"), key=lambda file: file.stat().st_mtime_ns)
    made[-1].write_text("cut")
    cut = release.run("act", str(release.file), "clean_up", "--yes", "--reason", "now")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert len(made) == 2
    assert "\tquiz\t" in made[0].read_text()
    assert cut.returncode == 5, cut.stdout
