"""An action for one tenant: chosen, checked, never read by a shell or pasted into SQL, and written down."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from console.core.desk import Refused
from console.core.planning import PlanRefused, plan
from console.core.rollout import Rollout
from console.core.words import Outcome
from tests.effects.test_act import Shell
from tests.effects.test_automatic import soaking

ACTION: dict[str, Any] = {
    "title": "Roll a tenant back",
    "parameters": {"tenant": {"title": "tenant", "from": {"values": ["acme", "globex", "o-neil"]}}},
    "steps": [
        {"env_file": {"path": ".env", "set": {"OFF": "${tenant}"}}},
        {"run": ["echo", "tenant", "${tenant}"]},
        {"run": ["echo in a shell $TENANT"], "shell": True, "env": {"TENANT": "${tenant}"}},
    ],
    "verify": [{"command": ["grep", "OFF=${tenant}", ".env"]}],
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    write(shell, ACTION)
    return shell


def write(shell: Shell, action: dict[str, Any], **more: Any) -> None:
    said = {"rollout": "agent", "title": "t", "service": "app", "actions": {"rollback_tenant": action}, **more}
    shell.file.write_text(yaml.safe_dump(said, sort_keys=False))


def test_one_tenant_is_rolled_back_and_written_down(shell: Shell) -> None:
    done = shell.act("rollback_tenant", "--set", "tenant=acme", "--yes", "--reason", "wrong answers", "--json")

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["title"] == "Roll a tenant back: tenant acme"
    assert said["steps"][1]["label"] == "echo tenant acme"
    assert "in a shell acme" in done.stderr
    assert "OFF=acme" in (shell.folder / ".env").read_text()
    (intent,) = shell.state.rglob("intent.json")
    assert json.loads(intent.read_text())["given"] == {"tenant": "acme"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say for which tenant: tenant=…"),
        (("--set", "tenant=acne"), "there is no tenant acne; did you mean acme?"),
        (("--set", "tenant=a b"), "'a b' is no tenant: it must match"),
        (("--set", "tenant=$(reboot)"), "is no tenant: it must match"),
        (("--set", "tenant=.."), "is no tenant: it must match"),
        (("--set", "tenant=acme", "--set", "x=y"), "has no parameter x; it has: tenant"),
        (("--set", "tenant"), "expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_refused(shell: Shell, words: tuple[str, ...], why: str) -> None:
    done = shell.act("rollback_tenant", "--yes", *words)

    assert done.returncode == 4
    assert why in done.stderr
    assert (shell.folder / ".env").read_text() == "SHARE=10\n"


def test_a_dry_run_says_for_whom_it_would_be(shell: Shell) -> None:
    done = shell.act("rollback_tenant", "--set", "tenant=globex", "--dry-run")

    assert done.stdout.startswith("Roll a tenant back: tenant globex\n")
    assert "OFF  not set → globex" in done.stdout


LISTED = {
    "title": "Switch a tenant off",
    "parameters": {
        "tenant": {"from": {"query": "tenants.sql", "source": "db"}, "pattern": ".{1,40}"},
        "level": {"pattern": "[0-9]+"},
    },
    "steps": [
        {
            "sql": {
                "source": "db",
                "statement": "update tenants set level = ${level} where name = ${tenant}",
            }
        }
    ],
}


@pytest.fixture
def tenants(shell: Shell, database: str) -> str:
    asyncio.run(told(database, "create table tenants (name text primary key, level int)"))
    asyncio.run(told(database, "insert into tenants values ('acme', 9), ('o''neil; drop table tenants', 9)"))
    (shell.folder / "tenants.sql").write_text("-- title: Tenants\nselect name from tenants order by name\n")
    write(shell, LISTED, sources={"db": {"postgres": database}})
    return database


async def told(database: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(database)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@pytest.mark.parametrize("tenant", ["acme", "o'neil; drop table tenants"])
def test_values_are_bound_to_a_statement_and_never_part_of_it(shell: Shell, tenants: str, tenant: str) -> None:
    done = shell.act("rollback_tenant", "--set", f"tenant={tenant}", "--set", "level=0", "--yes")

    assert done.returncode == 0, done.stderr
    assert "update tenants set level = $2 where name = $1" in done.stdout
    rows = asyncio.run(told(tenants, "select name, level from tenants"))
    assert dict(rows)[tenant] == 0
    assert sorted(dict(rows).values()) == [0, 9]


def test_a_tenant_that_the_database_does_not_have_is_refused(shell: Shell, tenants: str) -> None:
    done = shell.act("rollback_tenant", "--set", "tenant=acne", "--set", "level=0", "--yes")

    assert done.returncode == 4
    assert "there is no tenant acne; did you mean acme?" in done.stderr


def test_a_list_that_cannot_be_had_does_not_stand_in_the_way(shell: Shell) -> None:
    unlisted = {**ACTION, "parameters": {"tenant": {"from": {"command": ["./no-such-program"]}}}}
    write(shell, unlisted)

    done = shell.act("rollback_tenant", "--set", "tenant=acme", "--yes")

    assert done.returncode == 0, done.stderr
    assert "whether there is a tenant acme cannot be looked up" in done.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"steps": [{"run": ["echo ${tenant}"], "shell": True}]},
            "actions.rollback_tenant.steps[0].run: a shell would read the value of tenant",
        ),
        (
            {"steps": [{"sql": {"source": "db", "statement": "delete from t where name = '${tenant}'"}}]},
            "${tenant} stands in quotes; write ${tenant} without quotes: it is bound, never pasted",
        ),
        ({"kind": "rollback"}, "a rollback changes the share of all traffic and takes no parameters"),
        ({"parameters": {"tenant": {"from": {"values": ["a b"]}}}}, "a b cannot be chosen"),
        ({"parameters": {"tenant": {"pattern": "("}}}, "expected a regular expression"),
        ({"parameters": {"tenant": {"from": {}}}}, "expected exactly one of values, query, command"),
    ],
)
def test_a_file_that_would_read_a_value_as_code_is_refused(shell: Shell, change: dict[str, Any], why: str) -> None:
    write(shell, {**ACTION, **change}, sources={"db": {"postgres": "postgresql://db/app"}})

    done = shell.give("validate", str(shell.file))

    assert done.returncode == 4
    assert why in done.stdout + done.stderr


@given(st.text(max_size=30))
def test_a_value_is_refused_or_stands_in_its_word_as_it_is(value: str) -> None:
    anything = {"tenant": {"pattern": "(?s).*"}}
    said = {**ACTION, "parameters": anything, "steps": [{"run": ["echo", "for ${tenant}"]}], "verify": []}
    rollout = Rollout.model_validate(
        {"rollout": "a", "title": "t", "service": "s", "actions": {"one": said}}, by_alias=True
    )

    try:
        found = plan(rollout, "one", phase_index=None, traffic=None, given={"tenant": value})
    except PlanRefused:
        return

    assert found.steps[0].run == ("echo", f"for {value}")


async def test_a_console_lists_the_values_and_carries_out_only_what_is_one_of_them(shell: Shell) -> None:
    listed = {"from": {"command": ["printf", "acme\\nglobex\\n"]}}
    write(shell, {**ACTION, "parameters": {"tenant": listed}})
    async with soaking(shell.file) as soak:
        await soak.engine.start()

        assert await soak.desk.values("rollback_tenant", "tenant") == ("acme", "globex")
        with pytest.raises(Refused, match="there is no tenant acne; did you mean acme"):
            await soak.desk.preview("rollback_tenant", given={"tenant": "acne"})
        shown = await soak.desk.preview("rollback_tenant", given={"tenant": "globex"})
        await soak.desk.start(shown, reason="wrong answers", typed="app")

        assert await soak.until_over() is Outcome.DONE
        assert "OFF=globex" in (shell.folder / ".env").read_text()
        assert soak.engine.fresh_frame().attempts[0].title == "Roll a tenant back: tenant globex"
