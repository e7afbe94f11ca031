"""Answers of an AI agent for the tenants that have it; everybody else is answered by the legacy system."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.demo.world import Answer, Asked, Batch, Call, Scenario, Table, Value, World
from console.demo.worlds._ai_agent_schema import BEFORE, MIGRATIONS, applied

TENANTS = tuple(f"tenant-{number:03d}" for number in range(1, 101))
DEMO_TENANT = TENANTS[0]
DEMO_KEY = "demo-tenant-key-0001"
SWITCHED_ON = "AI_AGENT_TENANTS"
"""Variable of the env file with the tenants that the agent answers, which `manage.py` of the demo keeps."""
QUEUE = "celery"
CACHED, NOT_CACHED = "agent:config:cached", "agent:config:gone"
CONVERSATION_S = 20
"""A customer begins another conversation after so long."""
BETA_LIST = Path(__file__).with_name("_ai_agent_beta.txt")
_OFF = frozenset({"false", "0", "off", "no", ""})
_CAUSES = {"OpenAI": "llm", "Model": "llm", "Database": "database", "Cache": "cache"}
_TOKENS = 900
_UNMIGRATED = (("tenants", "0012_add_together_ai_configuration"), ("bot", "0007_add_message_queue"))


def onboarded(tenants: Sequence[str]) -> str:
    """Return SQL that gives tenants a configuration of the agent and something to know, where they have none."""
    listed = ", ".join(f"('{tenant}')" for tenant in tenants)
    return (
        f"INSERT INTO bot_agentconfiguration (tenant_id) VALUES {listed} ON CONFLICT DO NOTHING;"  # noqa: S608
        f"INSERT INTO bot_knowledgeentry (tenant_id, title) SELECT id, 'Opening hours' FROM (VALUES {listed}) AS t (id)"
        " WHERE NOT EXISTS (SELECT 1 FROM bot_knowledgeentry AS known WHERE known.tenant_id = t.id);"
    )


def switched_on(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tenants that the agent answers by the variables of the env file."""
    if env.get("AI_AGENT_ENABLED", "true").lower() in _OFF:
        return ()
    return tuple(tenant for tenant in env.get(SWITCHED_ON, "").split(",") if tenant)


class AiAgent(World):
    """What simulates `ai-agent`."""

    rollout = "ai-agent"
    requests_per_s = 300.0
    session_count = 2400
    usual = {
        "canary": {
            "median_ms": 1300,
            "spread": 0.3,
            "failed": 0.0002,
            "handoff": 0.004,
            "confidence": 0.86,
            "cost": 0.0004,
            "backlog": 0.0,
            "cache_misses": 0.06,
            "database_ms": 18,
            "unlisted": 0.0,
        },
        "baseline": {"median_ms": 90, "spread": 0.3, "failed": 0.0002, "unlisted": 0.0},
    }
    errors = (
        "OpenAI API error: 429 rate limit reached",
        "Database error: deadlock detected",
        "Cache error: connection reset",
    )
    scenarios = {
        "llm-errors": Scenario(
            "the model provider refuses every sixth request after 15 seconds",
            canary={"failed": 0.17},
            errors=("OpenAI API error: 429 rate limit reached", "OpenAI API error: request timed out"),
            critical=("error_rate",),
        ),
        "slow": Scenario(
            "answers take more than five seconds after 15 seconds",
            canary={"median_ms": 4600, "database_ms": 240},
            warning=("p95_latency",),
        ),
        "cost": Scenario(
            "the whole history is sent along with every message, and costs run away",
            canary={"cost": 2.4},
            warning=("daily_cost",),
        ),
        "handoff": Scenario(
            "the agent is unsure and hands two of five conversations to a person",
            canary={"handoff": 0.24, "confidence": 0.52},
            warning=("handoff_rate",),
        ),
        "queue": Scenario(
            "Celery workers fall behind, and the queue grows", canary={"backlog": 14}, warning=("queue_length",)
        ),
        "missing-index": Scenario(
            "the index on the time of answers is not there",
            sql="DROP INDEX bot_agentinteraction_created",
            warning=("indexes",),
        ),
        "no-model": Scenario(
            "the provider answers and no longer lists the model",
            canary={"unlisted": 1},
            baseline={"unlisted": 1},
            warning=("llm_endpoint",),
        ),
        "unmigrated": Scenario(
            "the deployment begins, and two of the six migrations are not applied",
            is_whole=True,
            sql="".join(
                f"{MIGRATIONS[key].revert}; DELETE FROM django_migrations WHERE (app, name) = ('{key[0]}', '{key[1]}');"  # noqa: S608
                for key in _UNMIGRATED
            ),
        ),
    }
    switches = ("AI_AGENT_ENABLED",)
    env = {
        "MANAGE": "{program} manage",
        "CELERY": "{program} celery",
        "PG_DUMP": "{program} pg_dump",
        "PSQL": "{program} psql",
        "SH": "sh",
        "RESTART_SERVICES": "{program} services restart",
        "STOP_SERVICES": "{program} services stop",
        "START_SERVICES": "{program} services start",
        "BETA_TENANTS_FILE": str(BETA_LIST).replace("{", "{{").replace("}", "}}"),
        "DEMO_TENANT_ID": DEMO_TENANT,
        "DEMO_TENANT_API_KEY": DEMO_KEY,
        "OPENAI_BASE_URL": "{baseline_url}/v1",
        "OPENAI_API_KEY": "sk-of-the-demo-0001",
        "TOGETHER_BASE_URL": "{baseline_url}",
        "TOGETHER_API_KEY": "together-of-the-demo-0001",
    }
    env_file = {
        SWITCHED_ON: DEMO_TENANT,
        "OPENAI_API_KEY": "sk-of-the-demo-0001",
        "REDIS_URL": "redis://127.0.0.1/0",
        "AGENT_CONFIG_CACHE_TTL": "300",
        "KNOWLEDGE_CACHE_TTL": "60",
        "CATALOG_CACHE_TTL": "60",
        "MAX_CONTEXT_WINDOW": "128000",
        "DEFAULT_TEMPERATURE": "0.7",
        "LLM_MAX_RETRIES": "3",
        "LLM_TIMEOUT": "30",
        "SENTRY_DSN": "https://key@sentry.invalid/1",
        "STRUCTURED_LOGGING": "true",
        "LOG_LEVEL": "INFO",
    }
    schema = f"""
{BEFORE}{applied()}
INSERT INTO tenants_tenant (id, name) SELECT id, id FROM unnest(ARRAY{list(TENANTS)}) AS tenant (id);
INSERT INTO tenants_tenantsettings (tenant_id, feature_flags)
    SELECT id, jsonb_build_object('ai_agent_enabled', id = '{DEMO_TENANT}') FROM tenants_tenant;
{onboarded([DEMO_TENANT])}
"""  # noqa: S608 - nothing in it comes from outside
    tables = (Table("bot_agentinteraction", age="created_at"),)

    def canary_share(self, env: Mapping[str, str]) -> float:
        """Return the share of the tenants that the agent answers; all have the same traffic."""
        return 100.0 * len(switched_on(env)) / len(TENANTS)

    def stock(self, batch: Batch, now: float) -> None:
        """Give the cache something to hit, a memory limit and snapshots."""
        batch.redis("CONFIG", "SET", "maxmemory", "256mb")
        batch.redis("CONFIG", "SET", "save", "900 1")
        batch.redis("SET", CACHED, "{}")

    def request(self, call: Call) -> None:
        """Answer one message of a customer."""
        tenants = switched_on(call.env)
        if call.track == "canary" and tenants:
            self._answered(call, tenants[call.session.number % len(tenants)])
        elif call.random.random() < 0.02:
            _log(call, "INFO", "Agent is off for this tenant, falling back to legacy intent system")

    def _answered(self, call: Call, tenant: str) -> None:
        draw = call.random.random
        conversation = f"{tenant}-{call.session.id[:8]}-{int(call.at // CONVERSATION_S)}"
        error = call.error()
        is_handed_off = call.happens("handoff")
        scale = call.duration_ms(100, 0.3) / 100
        tokens = round(_TOKENS * scale)
        call.row(
            "bot_agentinteraction",
            tenant_id=tenant,
            conversation_id=conversation,
            created_at=call.at,
            processing_time_ms=call.took_ms,
            database_time_ms=float(call.duration_ms(call.mood["database_ms"], 0.4)),
            model_used="gpt-4o",
            confidence_score=min(1.0, max(0.0, call.random.gauss(call.mood["confidence"], 0.05))),
            handoff_triggered=is_handed_off,
            handoff_reason="low_confidence" if is_handed_off else None,
            knowledge_hit=draw() < 0.85 if draw() < 0.7 else None,
            token_usage={"prompt_tokens": tokens - 90, "completion_tokens": 90, "total_tokens": tokens},
            estimated_cost=round(call.mood["cost"] * scale, 6),
            customer_rating=call.one_of((5, 5, 5, 4)) if draw() < 0.1 else None,
            error_type=_CAUSES.get(error.split()[0], "other") if error else None,
            error_message=error,
        )
        for _ in range(4):
            call.redis("GET", NOT_CACHED if call.happens("cache_misses") else CACHED)
        call.redis("LPUSH", QUEUE, conversation)
        call.redis("RPOP", QUEUE)
        for _ in range(round(call.mood["backlog"])):
            call.redis("LPUSH", QUEUE, "embed knowledge")
        _log(call, "INFO", f"Agent answered in {call.took_ms}ms conversation={conversation}")
        if is_handed_off:
            _log(call, "INFO", f"Handoff triggered: conversation={conversation} reason=low_confidence")
        if error:
            _log(call, "ERROR", error)

    def answer(self, asked: Asked) -> Answer | None:
        """Be the model provider, and the API for the demo tenant."""
        if asked.path == "/v1/models":
            listed = ["gpt-4o-mini"] if asked.mood["unlisted"] >= 1 else ["gpt-4o", "gpt-4o-mini"]
            return Answer({"object": "list", "data": [{"id": name, "object": "model"} for name in listed]})
        if not asked.path.startswith("/v1/bot/"):
            return None
        headers = {name.lower(): value for name, value in asked.headers.items()}
        if (headers.get("x-tenant-id"), headers.get("x-tenant-api-key")) != (DEMO_TENANT, DEMO_KEY):
            return Answer({"error": "unknown tenant or key"}, status=403)
        known: dict[str, Value] = {
            "agent-config": {"model": "gpt-4o"},
            "knowledge": ["Opening hours"],
            "analytics/conversations": [],
        }
        name = asked.path.removeprefix("/v1/bot/")
        return Answer(known[name]) if name in known else Answer({"error": "not found"}, status=404)


def _log(call: Call, level: str, message: str) -> None:
    call.log(json.dumps({"name": "apps.bot", "levelname": level, "message": message}))
