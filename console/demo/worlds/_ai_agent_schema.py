"""The tables of the world of `ai-agent`: what was there before, and what each migration makes and takes away."""

from collections.abc import Mapping
from dataclasses import dataclass

BEFORE = """
CREATE TABLE tenants_tenant (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE tenants_tenantsettings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL UNIQUE REFERENCES tenants_tenant (id),
    feature_flags jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE django_migrations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app text NOT NULL,
    name text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
);
INSERT INTO django_migrations (app, name) VALUES
    ('bot', '0001_initial'), ('bot', '0002_intents'), ('tenants', '0001_initial'), ('tenants', '0011_settings');
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration, forwards and back."""

    apply: str
    revert: str


MIGRATIONS: Mapping[tuple[str, str], Migration] = {
    ("bot", "0003_add_agent_configuration"): Migration(
        """
        CREATE TABLE bot_agentconfiguration (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id text NOT NULL UNIQUE REFERENCES tenants_tenant (id),
            default_model text NOT NULL DEFAULT 'gpt-4o'
        )
        """,
        "DROP TABLE bot_agentconfiguration",
    ),
    ("bot", "0004_add_knowledge_entry"): Migration(
        """
        CREATE TABLE bot_knowledgeentry (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id text NOT NULL REFERENCES tenants_tenant (id),
            title text NOT NULL,
            is_active boolean NOT NULL DEFAULT true
        );
        CREATE INDEX bot_knowledgeentry_tenant ON bot_knowledgeentry (tenant_id, is_active)
        """,
        "DROP TABLE bot_knowledgeentry",
    ),
    ("bot", "0005_add_conversation_context"): Migration(
        """
        CREATE TABLE bot_conversationcontext (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id text NOT NULL REFERENCES tenants_tenant (id),
            conversation_id text NOT NULL UNIQUE,
            updated_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX bot_conversationcontext_tenant ON bot_conversationcontext (tenant_id)
        """,
        "DROP TABLE bot_conversationcontext",
    ),
    ("bot", "0006_add_agent_interaction_model"): Migration(
        """
        CREATE TABLE bot_agentinteraction (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id text REFERENCES tenants_tenant (id),
            conversation_id text,
            created_at timestamptz NOT NULL,
            processing_time_ms integer,
            database_time_ms double precision,
            model_used text,
            confidence_score double precision,
            handoff_triggered boolean,
            handoff_reason text,
            knowledge_hit boolean,
            token_usage jsonb,
            estimated_cost numeric(12, 6),
            customer_rating smallint,
            error_type text,
            error_message text
        );
        CREATE INDEX bot_agentinteraction_created ON bot_agentinteraction (created_at);
        CREATE INDEX bot_agentinteraction_tenant ON bot_agentinteraction (tenant_id, created_at)
        """,
        "DROP TABLE bot_agentinteraction",
    ),
    ("bot", "0007_add_message_queue"): Migration(
        """
        CREATE TABLE bot_messagequeue (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id text NOT NULL REFERENCES tenants_tenant (id),
            conversation_id text NOT NULL,
            status text,
            created_at timestamptz NOT NULL
        );
        CREATE INDEX bot_messagequeue_tenant ON bot_messagequeue (tenant_id);
        CREATE INDEX bot_messagequeue_created ON bot_messagequeue (created_at)
        """,
        "DROP TABLE bot_messagequeue",
    ),
    ("tenants", "0012_add_together_ai_configuration"): Migration(
        "ALTER TABLE tenants_tenantsettings ADD COLUMN together_base_url text",
        "ALTER TABLE tenants_tenantsettings DROP COLUMN together_base_url",
    ),
}
"""The six migrations, in the order in which they are applied."""


def applied() -> str:
    """Return SQL that applies every migration and says so in `django_migrations`."""
    said = (
        f"{migration.apply};\nINSERT INTO django_migrations (app, name) VALUES ('{app}', '{name}');\n"
        for (app, name), migration in MIGRATIONS.items()
    )
    return "".join(said)
