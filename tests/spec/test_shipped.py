"""The rollouts that come with the console."""

import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from console.actions import KEYS
from console.core.classify import PAIR, Classifier
from console.spec.check_actions import COVERED_KEYS, RESERVED_KEYS
from console.spec.files import shipped
from console.spec.load import load
from queries.loader import load_query
from tests import queries
from tests.queries import Connection

ROOT = Path(__file__).parents[2]
STATELESS, FSM = "stateless-orchestration", "fsm-checkpoint"


def test_both_rollouts_are_there() -> None:
    assert {STATELESS, FSM} <= set(shipped())


@pytest.mark.parametrize("name", shipped())
def test_it_loads_without_any_environment_and_without_a_warning(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    loaded = load(name, {})

    assert loaded.rollout.rollout == name
    assert loaded.warnings == ()
    assert loaded.secrets == ()
    assert loaded.base_dir == tmp_path


@pytest.mark.parametrize("name", shipped())
def test_what_one_case_makes_critical_is_found_by_its_queries_however_long_ago_it_was(name: str) -> None:
    metrics = load(name, {}).rollout.metrics

    for metric in metrics.values():
        if metric.target != "== 0" or not isinstance(metric.window, float):
            continue
        windows = [load_query(name, query, Path("/nowhere")).window_s for query in metric.investigate]
        assert all(window_s is None or window_s >= metric.window for window_s in windows)


def test_reading_a_rollout_file_imports_nothing_heavy() -> None:
    code = "import sys, console.spec.load; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    heavy = {"textual", "rich", "docker", "asyncpg", "redis", "httpx", "asyncio", "sqlite3"}
    assert not heavy & set(modules)


@pytest.mark.parametrize("name", shipped())
def test_the_classification_agrees_with_every_sample(name: str) -> None:
    rules = load(name, {}).rollout.events
    classifier = Classifier(rules)

    for event, rule in rules.items():
        assert rule.sample
        for sample in rule.sample:
            match = classifier.classify(sample.encode())
            assert match is not None
            assert match.event == event
            assert (match.number is not None) == (rule.number is not None)


@pytest.mark.parametrize(
    ("line", "event", "labels"),
    [
        ("INFO FSM transition: IDLE -> SLOT_SELECTION", "fsm_transition", {"from": "IDLE", "to": "SLOT_SELECTION"}),
        ("INFO FSM transition: done", "fsm_transition", {}),
        ("WARN FSM transition rejected: SLOT intent=confirm", "fsm_rejected", {"state": "SLOT", "intent": "confirm"}),
        ("WARN FSM transition rejected for user", "fsm_rejected", {}),
        ("ERROR Response validation: INCOHERENT forbidden pattern", "validation_incoherent", {}),
        ("Response validation: COHERENT", "validation_coherent", {}),
        ("WARN Tool validation: book DENIED", "tool_denied", {"tool": "book"}),
        ("Tool validation: tool=book -> DENIED in SLOT", "tool_denied", {"tool": "book", "state": "SLOT"}),
        ("Tool validation: find_slots ALLOWED", "tool_allowed", {"tool": "find_slots"}),
        ("WARNING 3-day rule violation for slot 9", "slot_obsolete", {}),
        ("ERROR FSM deserialization error: bad state", "deserialization_error", {}),
        ("ERROR could not deserialize checkpoint", "deserialization_error", {}),
        ("ERROR divergence detected between redis and checkpoint", "fsm_divergence", {}),
        ("INFO FSM loaded from checkpoint", "fsm_loaded", {"store": "checkpoint"}),
        ("Intent extracted: book", "intent_extracted", {"intent": "book"}),
        ("call completed in 812ms", "turn_completed", {}),
        ("ERROR something else", "error", {}),
        ("WARN something else", "warning", {}),
        ("INFO 0 divergence logs", "", {}),
        ("INFO nothing to see", "", {}),
    ],
)
def test_the_markers_of_the_fsm_rollout_are_named(line: str, event: str, labels: dict[str, str]) -> None:
    match = Classifier(load(FSM, {}).rollout.events).classify(line.encode())

    assert (match.event if match else "") == event
    assert ({name: value for name, value in match.labels if name != PAIR} if match else {}) == labels


GREPS = {
    "FSM transition": {"fsm_transition", "fsm_rejected"},
    "FSM transition rejected": {"fsm_rejected"},
    "INCOHERENT": {"validation_incoherent"},
    "DENIED": {"tool_denied", "denied"},
    "deserialization": {"deserialization", "deserialization_error"},
    "FSM loaded": {"fsm_loaded"},
    "FSM loaded from checkpoint": {"fsm_loaded"},
    "Intent extracted": {"intent_extracted"},
    "validation": {
        "validation_coherent", "validation_incoherent", "tool_denied", "tool_allowed", "slot_obsolete", "validation",
    },
    "FSM transition: ": {"fsm_transition"},
    "Response validation: COHERENT": {"validation_coherent"},
    "Tool validation:.*DENIED": {"tool_denied"},
    "3-day rule violation": {"slot_obsolete"},
}  # fmt: skip
"""What the runbook greps for, and the events of which the lines found are."""
LOGGED = (
    "INFO agent FSM transition: SLOT_SELECTION -> CUSTOMER_DATA",
    "WARNING agent FSM transition rejected: SLOT_SELECTION intent=confirm",
    "WARNING agent FSM transition rejected",
    "ERROR agent Response validation: INCOHERENT forbidden pattern",
    "ERROR agent answer is INCOHERENT",
    "INFO agent Response validation: COHERENT",
    "WARNING agent Tool validation: book_appointment DENIED in SLOT_SELECTION",
    "WARNING agent book_appointment DENIED",
    "INFO agent Tool validation: find_slots ALLOWED in SLOT_SELECTION",
    "ERROR agent fsm_state deserialization error conversation=77",
    "DEBUG agent deserialization took 2ms",
    "INFO agent FSM loaded from checkpoint conversation=77 state=SLOT_SELECTION",
    "INFO agent FSM loaded from redis conversation=77",
    "INFO agent Intent extracted: choose_slot confidence=0.93",
    "WARNING agent Slot validation: 3-day rule violation, the slot is obsolete",
    "INFO agent Slot validation: the slot is free",
    "INFO agent Turn completed in 212ms conversation=77",
)


@pytest.mark.parametrize("pattern", GREPS)
def test_what_the_runbook_greps_for_is_counted_by_the_events_that_are_meant(pattern: str) -> None:
    classifier = Classifier(load(FSM, {}).rollout.events)
    found = [line for line in LOGGED if re.search(pattern, line)]

    events = {match.event if (match := classifier.classify(line.encode())) else "" for line in found}

    assert found
    assert events <= GREPS[pattern]
    counted = [
        line for line in LOGGED if (match := classifier.classify(line.encode())) and match.event in GREPS[pattern]
    ]
    if len(GREPS[pattern]) == 1 and pattern != "FSM loaded from checkpoint":
        assert counted == found


def test_the_compose_command_is_a_variable_of_several_words() -> None:
    steps = load(STATELESS, {"COMPOSE": "docker-compose -p shop"}).rollout.actions["rollback"].steps

    assert steps[1].run == ("docker-compose", "-p", "shop", "up", "-d", "--no-deps", "app")


def test_the_keys_an_action_may_not_take_are_those_of_the_console() -> None:
    single = {key for entry in KEYS if entry.group != "attempt" for key in entry.keys.split(",") if len(key) == 1}

    assert single <= RESERVED_KEYS | COVERED_KEYS
    assert single >= COVERED_KEYS


TABLE = """
CREATE TABLE agent_sessions (
    session_id text, user_id text, status text, error_message text, metadata jsonb, workflow_state jsonb,
    created_at timestamptz, updated_at timestamptz
)
"""
Row = tuple[str, str, str, str | None, str | None, str, float, float | None]
ROWS: tuple[Row, ...] = (
    # session, user, status, error, metadata, state, began so many minutes ago, took so many seconds
    ("s1", "ann", "completed", None, '{"useStateless": true}', '{"currentStage": "draft"}', 5, 1.0),
    ("s1", "bob", "error", "boom", '{"useStateless": "true"}', "{}", 5, 3.0),
    ("s2", "bob", "error", None, '{"useStateless": false}', "{}", 5, 2.0),
    ("s3", "cat", "completed", None, None, "{}", 5, 4.0),
    ("s4", "cat", "completed", None, "{}", "null", 5, None),
    ("s5", "dan", "completed", None, "{}", "{}", 30 * 60, 600.0),
)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(TABLE)
    yield connection
    await connection.close()


async def fill(connection: Connection) -> None:
    for session, user, status, error, metadata, state, minutes, took in ROWS:
        await connection.execute(
            "INSERT INTO agent_sessions SELECT $1, $2, $3, $4, $5::jsonb, $6::jsonb, t, t + $8::interval"
            " FROM (SELECT now() - $7::interval) AS began (t)",
            session, user, status, error, metadata, state,
            timedelta(minutes=minutes), None if took is None else timedelta(seconds=took),
        )  # fmt: skip


async def ask(connection: Connection, name: str) -> list[dict[str, Any]]:
    return await queries.ask(connection, STATELESS, name)


async def test_errors_are_counted_by_track(connection: Connection) -> None:
    await fill(connection)

    assert await ask(connection, "error_rate") == [
        {"track": "canary", "total": 2, "bad": 1},
        {"track": "baseline", "total": 3, "bad": 1},
    ]


async def test_latency_is_measured_by_track_over_what_has_ended(connection: Connection) -> None:
    await fill(connection)

    canary, baseline = await ask(connection, "p95_latency")

    assert (canary["track"], canary["value"], canary["samples"]) == ("canary", pytest.approx(2.9), 2)
    assert (baseline["track"], baseline["value"], baseline["samples"]) == ("baseline", pytest.approx(3.9), 2)
    assert (float(canary["mean_s"]), float(baseline["mean_s"])) == (2.0, 3.0)


async def test_a_session_of_two_users_is_contaminated(connection: Connection) -> None:
    await fill(connection)

    assert await ask(connection, "session_isolation") == [{"value": 1, "samples": 4}]
    (contaminated,) = await ask(connection, "contaminated_sessions")
    assert (contaminated["session_id"], contaminated["users"], contaminated["user_ids"]) == ("s1", 2, "ann, bob")


async def test_the_peak_of_concurrent_sessions_counts_those_that_have_not_ended(
    connection: Connection,
) -> None:
    await fill(connection)

    (peak,) = await ask(connection, "concurrent_sessions")

    assert peak["value"] == 5
    assert peak["samples"] == 5


LONG_RUNNING = """
INSERT INTO agent_sessions (session_id, user_id, status, created_at, updated_at)
SELECT 'run' || number, 'ann', 'running', began, began + touched
FROM (
    SELECT number, now() - interval '2 hours' AS began, (number % 2) * interval '10 minutes' AS touched
    FROM generate_series(1, 150) AS number
) AS long
"""
"""Sessions that run for two hours; `updated_at` is when they began, its default, or when one went to its next stage."""


async def test_sessions_that_began_before_the_hour_are_at_work_in_it(connection: Connection) -> None:
    await connection.execute(LONG_RUNNING)
    await connection.execute(
        "INSERT INTO agent_sessions (status, created_at, updated_at) VALUES"
        " ('completed', now() - interval '3 hours', now() - interval '2 hours'),"
        " ('completed', now() - interval '3 hours', now() - interval '30 minutes'),"
        " ('running', now() - interval '3 days', now() - interval '3 days')"
    )

    assert await ask(connection, "concurrent_sessions") == [{"value": 151, "samples": 151}]


async def test_a_session_that_has_not_ended_is_no_fast_one(connection: Connection) -> None:
    await connection.execute(LONG_RUNNING)

    latencies = await ask(connection, "p95_latency")
    (ready,) = await ask(connection, "monitoring_ready")

    assert [(row["value"], row["samples"]) for row in latencies] == [(None, 0), (None, 0)]
    assert ready["without_end"] == 75


async def test_investigations_show_what_an_operator_asks_next(connection: Connection) -> None:
    await fill(connection)

    errors = await ask(connection, "error_patterns")
    slow = await ask(connection, "slow_sessions")

    assert {(row["error"], row["sessions"], row["canary"]) for row in errors} == {
        ("boom", 1, 1),
        ("(no message)", 1, 0),
    }
    assert [(row["session_id"], float(row["seconds"])) for row in slow] == [
        ("s3", 4.0),
        ("s1", 3.0),
        ("s2", 2.0),
        ("s1", 1.0),
    ]
    assert slow[-1]["stage"] == "draft"


async def test_an_error_of_the_day_before_is_no_new_one(connection: Connection) -> None:
    await fill(connection)
    await connection.execute(
        "INSERT INTO agent_sessions (status, error_message, created_at) VALUES"
        " ('error', 'boom', now() - interval '3 hours'), ('error', 'boom', now() - interval '23 hours'),"
        " ('error', 'old', now() - interval '3 hours'), ('error', 'boom', now() - interval '26 hours')"
    )

    errors = await ask(connection, "error_patterns")

    assert [(row["error"], row["sessions"], row["baseline"], row["day_before"]) for row in errors] == [
        ("(no message)", 1, 1, 0),
        ("boom", 1, 0, 2),
    ]


async def test_a_slow_stage_is_seen_by_side(connection: Connection) -> None:
    await fill(connection)

    stages = await ask(connection, "slow_stages")

    assert [(row["stage"], row["side"], row["sessions"], float(row["median_s"])) for row in stages] == [
        ("(none)", "baseline", 2, 3.0),
        ("(none)", "canary", 1, 3.0),
        ("draft", "canary", 1, 1.0),
    ]
    assert float(stages[0]["p95_s"]) == 3.9


async def test_what_the_database_forbids_is_listed_once(connection: Connection) -> None:
    before = await ask(connection, "session_constraints")
    await connection.execute(
        "ALTER TABLE agent_sessions ADD CONSTRAINT one_user UNIQUE (session_id, user_id);"
        "ALTER TABLE agent_sessions ADD CONSTRAINT known CHECK (user_id <> '') NOT VALID;"
        "CREATE UNIQUE INDEX once ON agent_sessions (session_id, created_at)"
    )

    found = await ask(connection, "session_constraints")

    assert before == []
    assert [(row["name"], row["is_valid"]) for row in found] == [("known", False), ("once", True), ("one_user", True)]


async def test_monitoring_is_ready_when_the_sessions_of_the_day_can_be_judged(
    connection: Connection,
) -> None:
    empty = await ask(connection, "monitoring_ready")
    await connection.execute("INSERT INTO agent_sessions (session_id, status, created_at) VALUES ('s', 'open', now())")
    without_end = await ask(connection, "monitoring_ready")
    await fill(connection)

    assert [empty[0]["value"], without_end[0]["value"]] == [False, False]
    assert await ask(connection, "monitoring_ready") == [
        {"value": True, "sessions": 6, "without_end": 2, "without_id": 0}
    ]


async def test_an_empty_table_is_no_data_and_not_zero(connection: Connection) -> None:
    rates = await ask(connection, "error_rate")
    latencies = await ask(connection, "p95_latency")

    assert [(row["track"], row["total"], row["bad"]) for row in rates] == [("canary", 0, 0), ("baseline", 0, 0)]
    assert [(row["value"], row["samples"]) for row in latencies] == [(None, 0), (None, 0)]
    assert await ask(connection, "session_isolation") == [{"value": 0, "samples": 0}]
    assert await ask(connection, "concurrent_sessions") == [{"value": None, "samples": 0}]
    for name in ("error_patterns", "slow_sessions", "slow_stages", "contaminated_sessions", "session_constraints"):
        assert await ask(connection, name) == []


async def test_the_columns_that_the_queries_read_are_looked_at_with_their_types(connection: Connection) -> None:
    whole = await ask(connection, "columns_there")
    await connection.execute("ALTER TABLE agent_sessions DROP COLUMN metadata")
    await connection.execute("ALTER TABLE agent_sessions ALTER created_at TYPE date, ALTER updated_at TYPE timestamp")

    assert whole == [{"are_there": True, "missing": "none", "other_types": "none"}]
    assert await ask(connection, "columns_there") == [
        {
            "are_there": False,
            "missing": "agent_sessions.metadata",
            "other_types": "agent_sessions.created_at is date, not timestamp",
        }
    ]


def test_the_wheel_holds_every_rollout_and_query(tmp_path: Path) -> None:
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True, text=True)

    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        names = set(wheel.namelist())

    written = [*ROOT.glob("console/rollouts/*.yaml"), *ROOT.glob("queries/*/*.sql")]
    assert {str(path.relative_to(ROOT)) for path in written} <= names
