"""What the rollout `ai-agent` asks of its schema: migrations, tables, indexes, constraints, configurations."""

import pytest

from console.demo.worlds._ai_agent_schema import MIGRATIONS
from tests.queries import Connection
from tests.spec.test_ai_agent import ask, fill

SCHEMA = {
    "migrations_applied": "value",
    "tables_created": "are_created",
    "indexes_created": "value",
    "constraints_valid": "are_valid",
    "foreign_keys": "are_established",
}


async def schema(connection: Connection) -> set[str]:
    """Return which questions about the schema are answered with no."""
    return {name for name, column in SCHEMA.items() if not (await ask(connection, name))[0][column]}


async def test_a_migrated_schema_lacks_nothing(migrated: Connection) -> None:
    assert await schema(migrated) == set()
    assert await ask(migrated, "schema_gaps") == []
    assert await ask(migrated, "migrations_reverted") == [{"are_reverted": False}]
    assert all(row["applied"] is not None for row in await ask(migrated, "migrations"))


async def test_without_the_migrations_everything_is_lacking(migrated: Connection) -> None:
    for migration in reversed(MIGRATIONS.values()):
        await migrated.execute(migration.revert)
    await migrated.execute("DELETE FROM django_migrations WHERE app = 'bot' AND name > '0002z' OR name LIKE '0012%'")

    assert await schema(migrated) == set(SCHEMA)
    assert await ask(migrated, "migrations_reverted") == [{"are_reverted": True}]
    assert {row["applied"] for row in await ask(migrated, "migrations")} == {None}
    gaps = await ask(migrated, "schema_gaps")
    assert len([row for row in gaps if row["missing"] == "primary key"]) == 5


@pytest.mark.parametrize(
    ("change", "wrong", "gap"),
    [
        (
            "DELETE FROM django_migrations WHERE name = '0005_add_conversation_context'",
            {"migrations_applied"},
            None,
        ),
        (
            "DROP INDEX bot_agentinteraction_created",
            {"indexes_created"},
            ("bot_agentinteraction", "index on created_at"),
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bot_knowledgeentry_tenant'::regclass",
            {"indexes_created"},
            ("bot_knowledgeentry", "index that is valid in place of bot_knowledgeentry_tenant"),
        ),
        (
            "DROP INDEX bot_messagequeue_tenant",
            {"indexes_created"},
            ("bot_messagequeue", "index on tenant_id"),
        ),
        (
            "ALTER TABLE bot_messagequeue DROP COLUMN status",
            {"tables_created"},
            None,
        ),
        (
            "ALTER TABLE bot_agentinteraction ALTER confidence_score TYPE text",
            {"tables_created"},
            None,
        ),
        (
            "ALTER TABLE bot_conversationcontext DROP CONSTRAINT bot_conversationcontext_pkey",
            {"constraints_valid"},
            ("bot_conversationcontext", "primary key"),
        ),
        (
            "ALTER TABLE bot_messagequeue DROP CONSTRAINT bot_messagequeue_tenant_id_fkey",
            {"foreign_keys"},
            ("bot_messagequeue", "foreign key"),
        ),
        (
            "ALTER TABLE bot_agentinteraction ADD CONSTRAINT paid CHECK (estimated_cost >= 0) NOT VALID",
            {"constraints_valid"},
            ("bot_agentinteraction", "check of the rows for paid"),
        ),
    ],
)
async def test_what_a_schema_lacks_is_found_and_named(
    migrated: Connection, change: str, wrong: set[str], gap: tuple[str, str] | None
) -> None:
    await migrated.execute(change)

    assert await schema(migrated) == wrong
    gaps = {(row["table"], row["missing"]) for row in await ask(migrated, "schema_gaps")}
    assert gap is None or gap in gaps


async def test_a_tenant_with_the_agent_and_without_a_configuration_is_noticed(migrated: Connection) -> None:
    await fill(migrated)
    lacking = await ask(migrated, "tenants_configured")
    await migrated.execute("INSERT INTO bot_agentconfiguration (tenant_id) VALUES ('birch')")
    whole = await ask(migrated, "tenants_configured")

    assert lacking == [{"are_configured": False, "with_agent": 2, "without_configuration": "birch"}]
    assert whole == [{"are_configured": True, "with_agent": 2, "without_configuration": "none"}]


async def test_nothing_is_configured_while_no_tenant_has_the_agent(migrated: Connection) -> None:
    none_at_all = await ask(migrated, "tenants_configured")
    await fill(migrated)
    await migrated.execute("UPDATE tenants_tenantsettings SET feature_flags = '{}'")

    nobody = {"are_configured": False, "with_agent": 0, "without_configuration": "none"}
    assert (none_at_all, await ask(migrated, "tenants_configured")) == ([nobody], [nobody])


async def test_a_column_of_another_type_is_named_with_both_types(migrated: Connection) -> None:
    whole = await ask(migrated, "tables_created")
    await migrated.execute("ALTER TABLE bot_agentinteraction ALTER token_usage TYPE json, ALTER created_at TYPE time")
    await migrated.execute("ALTER TABLE bot_messagequeue DROP COLUMN status, ALTER created_at TYPE timestamp")

    assert whole == [{"are_created": True, "missing": "none", "other_types": "none"}]
    assert await ask(migrated, "tables_created") == [
        {
            "are_created": False,
            "missing": "bot_messagequeue.status",
            "other_types": "bot_agentinteraction.created_at is time without time zone, not timestamp;"
            " bot_agentinteraction.token_usage is json, not jsonb",
        }
    ]
