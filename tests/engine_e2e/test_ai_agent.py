"""The rollout `ai-agent` on real servers: one tenant given back by keyboard, the ways back, a migration, a failure."""

import asyncio
import contextlib
import json
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import pytest

from console.demo import launch
from console.demo.service import read_env_file
from tests.terminal import PROGRAM, Terminal

TENANT = "tenant-017"
WAIT_S = 60.0
SIX = 6


class Console:
    """The console's commands in a demo."""

    def __init__(self, demo: launch.Demo) -> None:
        self.demo = demo
        self.env = launch.environment(demo)

    def run(self, *words: str, code: int = 0) -> str:
        """Return what a command prints; it must end with the exit code."""
        ran = subprocess.run([*PROGRAM, *words], env=self.env, capture_output=True, text=True, check=False, timeout=150)
        assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def act(self, action: str, *words: str, code: int = 0) -> str:
        """Run an action without a screen."""
        return self.run("act", str(self.demo.file), action, "--yes", "--reason", "test", *words, code=code)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask the database, as the console's own role may."""

        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.demo.env["DATABASE_URL"])
            try:
                return [dict(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    @property
    def env_file(self) -> Mapping[str, str]:
        """The variables that the services are started with."""
        return read_env_file((self.demo.folder / ".env").read_text())


@contextlib.contextmanager
def demo_of(*options: str) -> Iterator[Console]:
    with launch.running("--rollout=ai-agent", *options) as demo:
        yield Console(demo)


def tenants_on(console: Console) -> set[str]:
    rows = console.rows("SELECT tenant_id, feature_flags FROM tenants_tenantsettings")
    return {row["tenant_id"] for row in rows if json.loads(row["feature_flags"]).get("ai_agent_enabled") is True}


def answers_of(console: Console, tenant: str) -> int:
    rows = console.rows(f"SELECT count(*) AS answers FROM bot_agentinteraction WHERE tenant_id = '{tenant}'")
    return int(rows[0]["answers"])


def settled(console: Console) -> list[dict[str, Any]]:
    """Return all answers once no more are written: the same number at many looks in a row."""
    seen: list[int] = []
    for _ in range(500):
        rows = console.rows("SELECT * FROM bot_agentinteraction")
        seen.append(len(rows))
        if seen[-20:] == [len(rows)] * 20:
            return rows
    raise AssertionError(f"answers are still written: {seen[-5:]}")


def choose_and_confirm(terminal: Terminal, key: str, tenant: str) -> None:
    """Press an action's key, choose a tenant, type the service's name, and wait until the action is done."""
    terminal.send(key)
    terminal.wait("which tenant?", WAIT_S)
    terminal.wait(tenant, WAIT_S)
    terminal.send(tenant)
    terminal.send("\r")
    terminal.wait("to confirm:", WAIT_S)
    for number, character in enumerate("ai-agent", 1):
        terminal.send(character)
        terminal.wait(lambda text, typed="ai-agent"[:number]: f"to confirm:   {typed}" in text, WAIT_S)
    terminal.wait("Enter begin", WAIT_S)
    terminal.send("\r")
    # What was done before is DONE on the screen behind the dialog.
    terminal.wait(lambda text: "DONE" in text and "Esc close" in text and "RUNNING" not in text, WAIT_S)
    terminal.send("\x1b")
    terminal.wait(lambda text: "Esc close" not in text and "RUNNING" not in text, WAIT_S)


def test_one_tenant_is_given_the_agent_and_back_to_the_legacy_system_by_keyboard() -> None:
    with demo_of() as console:
        watch = [*PROGRAM, "watch", str(console.demo.file)]
        with Terminal(watch, env=console.env, columns=140, rows=45) as terminal:
            terminal.wait("✓ OK", WAIT_S)
            choose_and_confirm(terminal, "E", TENANT)
            enabled = tenants_on(console)
            while answers_of(console, TENANT) < 3:
                terminal.read()
            choose_and_confirm(terminal, "D", TENANT)
            given_back = tenants_on(console)
            before = answers_of(console, TENANT)
            others = answers_of(console, "tenant-001")
            while answers_of(console, "tenant-001") < others + 20:
                terminal.read()
            after = answers_of(console, TENANT)
            terminal.send("q")
        actions = [
            json.loads(line) for line in console.run("journal", "ai-agent", "--kind", "action", "--json").splitlines()
        ]

    assert enabled == {"tenant-001", TENANT}
    assert given_back == {"tenant-001"}
    # What was on its way while the services restarted may still be written; after that nothing comes any more.
    assert after - before <= 5
    titles = [action["text"] for action in actions]
    assert any(f"Give a tenant the agent: tenant {TENANT}" in title for title in titles)
    assert any(f"Give a tenant back to the legacy system: tenant {TENANT}" in title for title in titles)


def test_the_agent_is_switched_off_and_the_database_goes_back_to_before_the_migrations() -> None:
    with demo_of() as console:
        console.act("backup")
        backup = (console.demo.folder / "backup_pre_ai_agent.sql").read_text()
        refused = console.run("act", str(console.demo.file), "database_rollback", "--yes", code=4)
        # Of fewer, silence would not show that the agent is off.
        assert any(answers_of(console, "tenant-001") >= 20 for _ in range(2000))
        console.act("rollback")
        switched_off = console.env_file["AI_AGENT_ENABLED"]
        console.act("database_rollback")
        tables = {row["name"] for row in console.rows("SELECT tablename AS name FROM pg_tables")}
        applied = console.rows("SELECT count(*) AS n FROM django_migrations WHERE name > '0002z' AND app = 'bot'")
        tenants = console.rows("SELECT count(*) AS n FROM tenants_tenant")

    assert "CREATE TABLE public.bot_agentinteraction" in backup
    assert "it has another value for AI_AGENT_ENABLED" in refused
    assert switched_off == "false"
    assert not {name for name in tables if name.startswith("bot_")}
    assert "tenants_tenant" in tables
    assert (applied[0]["n"], tenants[0]["n"]) == (0, 100)


def test_what_is_not_migrated_is_migrated_once_there_is_a_backup() -> None:
    names = "SELECT count(*) AS n FROM django_migrations WHERE app = 'bot' AND name > '0002z' OR name LIKE '0012%'"
    with demo_of("--scenario=unmigrated") as console:
        before = console.rows(names)[0]["n"]
        planned = console.act("plan_migrations")
        console.run("act", str(console.demo.file), "migrate", "--yes", code=4)
        still = console.rows(names)[0]["n"]
        console.act("backup")
        console.act("migrate")
        after = console.rows(names)[0]["n"]

    assert (before, still, after) == (4, 4, SIX)
    assert "bot.0007_add_message_queue" in planned
    tables = ("agentconfiguration", "knowledgeentry", "conversationcontext", "agentinteraction", "messagequeue")
    assert [table for table in tables if f"CREATE TABLE bot_{table} (" not in planned] == []
    assert planned.count("COMMIT;") == SIX


def test_errors_of_the_provider_are_critical_and_the_numbers_are_those_of_the_rows() -> None:
    with demo_of("--scenario=llm-errors", "--speed=2") as console:
        watched = console.run("watch", str(console.demo.file), "--headless", "--for", "40s", "--json", code=2)
        last = json.loads(watched.splitlines()[-1])
        report = console.run("report", "ai-agent")
        stopped = subprocess.run(console.env["STOP_SERVICES"].split(), env=console.env, check=False)
        rows = settled(console)
        said = json.loads(console.run("check", str(console.demo.file), "--json", code=2))

    verdicts = {metric["name"]: metric["verdict"] for metric in last["metrics"]}
    assert verdicts["error_rate"] == "CRITICAL"
    assert "error_rate" in report
    assert "CRITICAL" in report
    assert stopped.returncode == 0
    values = {metric["name"]: metric["value"] for metric in said["metrics"] if metric["value"] is not None}
    assert values["daily_cost"] == pytest.approx(float(sum(row["estimated_cost"] for row in rows)))
    costs, tokens = defaultdict(float), defaultdict(int)
    for row in rows:
        costs[row["conversation_id"]] += float(row["estimated_cost"])
        tokens[row["conversation_id"]] += json.loads(row["token_usage"])["total_tokens"]
    assert values["cost_per_conversation"] == pytest.approx(statistics.fmean(costs.values()))
    assert values["tokens_per_conversation"] == pytest.approx(statistics.fmean(tokens.values()))
    assert values["confidence"] == pytest.approx(statistics.fmean(row["confidence_score"] for row in rows))
    searched = [row["knowledge_hit"] for row in rows if row["knowledge_hit"] is not None]
    assert values["knowledge_hit_rate"] == pytest.approx(100 * sum(searched) / len(searched))
    assert values["interactions"] == len(rows)
    failed = sum(row["error_type"] == "llm" for row in rows)
    assert failed / len(rows) > 0.02
