"""The queries of the rollout `ai-agent`, on rows whose right answer is known by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from console.spec.load import load
from tests import queries
from tests.queries import Connection

ROLLOUT = "ai-agent"
ROOT = Path(__file__).parents[2]
Cells = dict[str, Any]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
TENANTS = """
INSERT INTO tenants_tenant (id, name) VALUES ('acme', 'A'), ('birch', 'B'), ('cedar', 'C'), ('dune', 'D'), ('elm', 'E');
INSERT INTO tenants_tenantsettings (tenant_id, feature_flags) VALUES
    ('acme', '{"ai_agent_enabled": true}'), ('birch', '{"ai_agent_enabled": "true"}'),
    ('cedar', '{"ai_agent_enabled": false}'), ('dune', '{}');
"""
# Of acme: two conversations, k1 of three answers and k2 of one; of birch: k3, whose cost and tokens are not known.
ANSWERS: tuple[Cells, ...] = (
    {
        "tenant_id": "acme",
        "conversation_id": "k1",
        "age_s": 5 * MINUTE,
        "processing_time_ms": 1000,
        "database_time_ms": 10,
        "model_used": "gpt-4o",
        "confidence_score": 0.9,
        "handoff_triggered": False,
        "knowledge_hit": True,
        "token_usage": '{"total_tokens": 100, "prompt_tokens": 80, "completion_tokens": 20}',
        "estimated_cost": 0.010,
        "customer_rating": 5,
    },
    {
        "tenant_id": "acme",
        "conversation_id": "k1",
        "age_s": 6 * MINUTE,
        "processing_time_ms": 2000,
        "database_time_ms": 20,
        "model_used": "gpt-4o",
        "confidence_score": 0.8,
        "handoff_triggered": True,
        "handoff_reason": "low_confidence",
        "knowledge_hit": False,
        "token_usage": '{"total_tokens": 200}',
        "estimated_cost": 0.020,
        "customer_rating": 4,
        "error_type": "",
    },
    {
        "tenant_id": "acme",
        "conversation_id": "k1",
        "age_s": 7 * MINUTE,
        "processing_time_ms": 3000,
        "database_time_ms": 30,
        "model_used": "gpt-4o",
        "confidence_score": 0.1,
        "handoff_triggered": True,
        "knowledge_hit": False,
        "token_usage": '{"total_tokens": 300}',
        "estimated_cost": 0.030,
        "error_type": "LLM",
        "error_message": "OpenAI API error: 429",
    },
    {
        "tenant_id": "acme",
        "conversation_id": "k2",
        "age_s": 10 * MINUTE,
        "processing_time_ms": 4000,
        "database_time_ms": 40,
        "model_used": "llama-3",
        "confidence_score": 0.7,
        "handoff_triggered": None,
        "knowledge_hit": True,
        "token_usage": '{"total_tokens": 1000}',
        "estimated_cost": 0.100,
        "error_type": "cache",
    },
    {
        "tenant_id": "birch",
        "conversation_id": "k3",
        "age_s": 12 * MINUTE,
        "processing_time_ms": None,
        "token_usage": '{"total_tokens": "many"}',
        "error_type": "database",
        "error_message": "deadlock",
    },
    {"tenant_id": None, "conversation_id": None, "age_s": 14 * MINUTE},
    # In the day and not in the hour; in the month and not in the day; before all of it.
    {
        "tenant_id": "birch",
        "conversation_id": "k4",
        "age_s": 3 * HOUR,
        "processing_time_ms": 90_000,
        "token_usage": '{"total_tokens": 50}',
        "estimated_cost": 0.005,
        "handoff_triggered": False,
    },
    {"tenant_id": "acme", "conversation_id": "k5", "age_s": 3 * DAY, "estimated_cost": 2.5, "customer_rating": 1},
    {"tenant_id": "acme", "conversation_id": "k6", "age_s": 40 * DAY, "estimated_cost": 70, "customer_rating": 1},
)


async def fill(connection: Connection) -> None:
    await connection.execute(TENANTS)
    await connection.execute("INSERT INTO bot_agentconfiguration (tenant_id) VALUES ('acme')")
    await connection.execute(
        "INSERT INTO bot_knowledgeentry (tenant_id, title, is_active)"
        " VALUES ('acme', 'a', true), ('acme', 'b', true), ('birch', 'c', false), ('cedar', 'd', true)"
    )
    await connection.execute(
        "INSERT INTO bot_messagequeue (tenant_id, conversation_id, status, created_at) VALUES"
        " ('acme', 'k1', 'queued', now() - interval '90 s'), ('acme', 'k1', 'queued', now() - interval '30 s'),"
        " ('acme', 'k2', NULL, now()), ('acme', 'k2', 'processed', now())"
    )
    for answer in ANSWERS:
        said = {name: value for name, value in answer.items() if name != "age_s"}
        places = ", ".join(f"${number}" for number in range(2, len(said) + 2))
        await connection.execute(
            f"INSERT INTO bot_agentinteraction (created_at, {', '.join(said)}) VALUES (now() - $1::interval, {places})",
            timedelta(seconds=answer["age_s"]),
            *said.values(),
        )


async def ask(connection: Connection, name: str, window_s: float | None = None) -> list[Cells]:
    return await queries.ask(connection, ROLLOUT, name, None if window_s is None else timedelta(seconds=window_s))


async def value_of(connection: Connection, name: str) -> tuple[float | None, int]:
    (row,) = await ask(connection, name)
    return None if row["value"] is None else float(row["value"]), row["samples"]


@pytest.mark.parametrize(
    ("name", "total", "bad"),
    [
        ("error_rate", 6, 3),
        ("llm_error_rate", 6, 1),
        ("database_error_rate", 6, 1),
        ("cache_error_rate", 6, 1),
        ("handoff_rate", 4, 1),
    ],
)
async def test_shares_are_counted_in_their_window(migrated: Connection, name: str, total: int, bad: int) -> None:
    await fill(migrated)

    assert await ask(migrated, name) == [{"total": total, "bad": bad}]


@pytest.mark.parametrize(
    ("name", "value", "samples"),
    [
        ("latency_p50", 2.5, 4),
        ("latency_p95", 3.85, 4),
        ("latency_p99", 3.97, 4),
        ("database_time", 38.5, 4),
        ("confidence", (0.9 + 0.8 + 0.1 + 0.7) / 4, 4),
        ("knowledge_hit_rate", 50.0, 4),
        ("knowledge_coverage", 50.0, 2),
        ("cost_per_conversation", (0.060 + 0.100 + 0.005) / 3, 3),
        ("tokens_per_conversation", (600 + 1000 + 50) / 3, 3),
        ("daily_cost", 0.165, 5),
        ("monthly_cost", 2.665, 6),
        ("satisfaction", 10 / 3, 3),
        ("tenants_enabled", 40.0, 5),
    ],
)
async def test_numbers_are_those_computed_by_hand(migrated: Connection, name: str, value: float, samples: int) -> None:
    await fill(migrated)

    assert await value_of(migrated, name) == (pytest.approx(value), samples)


async def test_answers_are_counted_for_a_day(migrated: Connection) -> None:
    await fill(migrated)

    assert await ask(migrated, "interactions") == [{"value": 7}]


async def test_connections_are_a_share_of_those_that_the_server_allows(migrated: Connection) -> None:
    allowed = int(await migrated.fetchval("SHOW max_connections"))

    (row,) = await ask(migrated, "connections")

    assert row["connections"] >= 1
    assert float(row["value"]) == pytest.approx(100 * row["connections"] / allowed)


@pytest.mark.parametrize(
    "name", ["error_rate", "llm_error_rate", "database_error_rate", "cache_error_rate", "handoff_rate"]
)
async def test_no_answer_at_all_is_no_share(migrated: Connection, name: str) -> None:
    assert await ask(migrated, name) == [{"total": 0, "bad": 0}]


@pytest.mark.parametrize(
    "name",
    [
        "latency_p50", "latency_p95", "latency_p99", "database_time", "confidence", "knowledge_hit_rate",
        "knowledge_coverage", "cost_per_conversation", "tokens_per_conversation", "daily_cost", "monthly_cost",
        "satisfaction", "tenants_enabled",
    ],
)  # fmt: skip
async def test_nothing_measured_is_no_value_and_not_zero(migrated: Connection, name: str) -> None:
    empty = await value_of(migrated, name)
    await migrated.execute(
        "INSERT INTO bot_agentinteraction (created_at) SELECT now() - interval '1 minute' FROM generate_series(1, 3)"
    )

    assert empty == (None, 0)
    assert await value_of(migrated, name) == (None, 0)


async def test_the_tenants_to_choose_from_are_those_with_and_those_without_the_agent(migrated: Connection) -> None:
    await fill(migrated)

    assert [tuple(row.values()) for row in await ask(migrated, "tenants_on")] == [("acme", 4, 2), ("birch", 1, 1)]
    assert [row["tenant"] for row in await ask(migrated, "tenants_off")] == ["cedar", "dune", "elm"]


async def test_failures_are_told_by_cause_and_by_model(migrated: Connection) -> None:
    await fill(migrated)

    causes = await ask(migrated, "errors_by_cause")
    (model,) = await ask(migrated, "llm_errors")

    assert [(row["cause"], row["error"], row["answers"], row["tenants"]) for row in causes] == [
        ("cache", "(no message)", 1, 1),
        ("database", "deadlock", 1, 1),
        ("llm", "OpenAI API error: 429", 1, 1),
    ]
    assert (model["model"], model["failed"], model["answers"], model["tenants"]) == ("gpt-4o", 1, 3, 1)
    assert model["last_answered"] > model["last_failed"]


async def test_slow_answers_say_what_they_were_busy_with(migrated: Connection) -> None:
    await fill(migrated)

    slow = await ask(migrated, "slow_answers")
    models = await ask(migrated, "latency_by_model")

    assert [(float(row["seconds"]), row["database_time_ms"], row["context_tokens"]) for row in slow] == [
        (4.0, 40, None),
        (3.0, 30, None),
        (2.0, 20, None),
        (1.0, 10, "80"),
    ]
    assert [(row["model"], row["answers"], float(row["p50"]), float(row["p95"])) for row in models] == [
        ("llama-3", 1, 4.0, 4.0),
        ("gpt-4o", 3, 2.0, 2.9),
    ]
    assert float(models[1]["database_p95_ms"]) == 29.0


async def test_costs_are_told_by_model_tenant_and_day(migrated: Connection) -> None:
    await fill(migrated)

    models = await ask(migrated, "cost_by_model")
    tenants = await ask(migrated, "cost_by_tenant")
    days = await ask(migrated, "cost_by_day")

    assert [
        (row["model"], row["answers"], row["cost"] and float(row["cost"]), row["without_cost"]) for row in models
    ] == [
        ("llama-3", 1, 0.1, 0),
        ("gpt-4o", 3, 0.06, 0),
        ("(no model)", 3, 0.005, 2),
    ]
    assert [row["tokens_of_an_answer"] for row in models] == [1000, 200, 50]
    assert [(row["tenant"], row["cost"] and float(row["cost"]), row["conversations"]) for row in tenants] == [
        ("acme", 0.16, 2),
        ("birch", 0.005, 2),
        (None, None, 0),
    ]
    assert sum(float(row["cost"]) for row in days if row["cost"] is not None) == pytest.approx(2.665)


async def test_the_largest_contexts_come_first(migrated: Connection) -> None:
    await fill(migrated)

    rows = await ask(migrated, "largest_contexts")

    assert [(row["conversation"], row["tokens"], row["largest_answer"]) for row in rows] == [
        ("k2", 1000, 1000),
        ("k1", 600, 300),
        ("k4", 50, 50),
        ("k3", None, None),
        (None, None, None),
    ]


async def test_handoffs_gaps_of_knowledge_and_unsure_answers_are_told(migrated: Connection) -> None:
    await fill(migrated)

    handoffs = await ask(migrated, "handoffs")
    (gap,) = await ask(migrated, "knowledge_gaps")
    unsure = await ask(migrated, "unsure_answers")

    assert [(row["reason"], row["conversations"]) for row in handoffs] == [("(no reason)", 1), ("low_confidence", 1)]
    assert gap == {"tenant": "acme", "in_vain": 2, "searches": 4, "active_entries": 2}
    assert [float(row["confidence"]) for row in unsure] == [0.1, 0.7, 0.8, 0.9]


async def test_tenants_are_told_with_their_failures_and_what_waits_by_its_status(migrated: Connection) -> None:
    await fill(migrated)

    tenants = await ask(migrated, "tenants")
    waiting = await ask(migrated, "waiting_messages")
    latest = await ask(migrated, "latest_answers")

    assert [(row["tenant"], row["answers"], row["failed"], row["handed_off"]) for row in tenants] == [
        ("acme", 4, 2, 1),
        ("birch", 1, 1, 0),
    ]
    assert [(row["status"], row["messages"], row["conversations"]) for row in waiting] == [
        ("queued", 2, 1),
        ("(none)", 1, 1),
    ]
    assert waiting[0]["oldest"] >= timedelta(seconds=90)
    assert [row["conversation"] for row in latest[:3]] == ["k1", "k1", "k1"]
    assert len(latest) == len(ANSWERS) - 1


async def test_how_tables_are_read_is_told_for_those_of_the_agent_alone(migrated: Connection) -> None:
    tables = {row["table"] for row in await ask(migrated, "table_reads")}
    states = await ask(migrated, "connections_by_state")

    assert tables == {
        "bot_agentconfiguration",
        "bot_knowledgeentry",
        "bot_conversationcontext",
        "bot_agentinteraction",
        "bot_messagequeue",
    }
    assert ("postgres", "active") in {(row["user"], row["state"]) for row in states}


@pytest.mark.parametrize(
    "name",
    [
        "errors_by_cause",
        "llm_errors",
        "slow_answers",
        "latency_by_model",
        "cost_by_model",
        "cost_by_tenant",
        "cost_by_day",
        "largest_contexts",
        "handoffs",
        "knowledge_gaps",
        "unsure_answers",
        "tenants",
        "waiting_messages",
        "latest_answers",
        "tenants_on",
        "tenants_off",
    ],
)
async def test_empty_tables_have_nothing_to_tell(migrated: Connection, name: str) -> None:
    assert await ask(migrated, name) == []


@pytest.mark.parametrize(
    ("last_s", "gap_s", "answers", "said"),
    [
        (5, 0.1, 50, "not shown: silent for 5 s, of 20 s that would show it"),
        (21, 0.1, 50, "true"),
        (21, 6, 50, "not shown: silent for 21 s, of 60 s that would show it"),
        (61, 6, 50, "true"),
        (3600, 0.1, 9, "not shown: with 9 answers in 7 days silence says nothing"),
    ],
)
async def test_silence_shows_that_the_agent_is_off_only_where_it_is_much_longer_than_between_answers(
    migrated: Connection, last_s: float, gap_s: float, answers: int, said: str
) -> None:
    await migrated.execute(
        "INSERT INTO bot_agentinteraction (created_at)"
        f" SELECT now() - interval '1 second' * ({last_s} + n * {gap_s}) FROM generate_series(0, {answers - 1}) n"
    )

    assert await ask(migrated, "agent_silent") == [{"is_silent": said}]
    assert [check.query for check in load(ROLLOUT, {}).rollout.actions["rollback"].verify] == [None, "agent_silent"]


def test_every_query_is_used_by_the_file_and_asked_here() -> None:
    written = {path.stem for path in (ROOT / "queries" / ROLLOUT).glob("*.sql")}
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_ai_agent*.py"))

    assert set(load(ROLLOUT, {}).queries) == written
    assert {name for name in written if f'"{name}"' not in text} == set()
