"""What `manage.py`, Celery, systemd and the tools of PostgreSQL are in the demo of `ai-agent`.

`manage` has the commands that the shipped file calls. They change the demo: its database, its cache, and the env file
that its services read when they are restarted.
"""

import argparse
import asyncio
import os
import signal
import sys
import textwrap
import types
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import redis

from console.core.env_text import edited
from console.demo.programs import Place, main
from console.demo.restart import RestartFailed, ask_service, compose, read_services, restart
from console.demo.servers import EmbeddedPostgres
from console.demo.service import read_env_file
from console.demo.worlds._ai_agent_schema import MIGRATIONS
from console.demo.worlds.ai_agent import CACHED, SWITCHED_ON, TENANTS, onboarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Connection = asyncpg.Connection[Any]

Command = Callable[[Place, argparse.Namespace], Coroutine[None, None, int]]
REQUIRED = ("OPENAI_API_KEY", "AI_AGENT_ENABLED", "REDIS_URL", "LLM_TIMEOUT")


async def manage(place: Place, words: Sequence[str]) -> int:
    """Run one command of `manage.py`."""
    options = _parser().parse_args(words)
    run: Command = options.run
    try:
        return await run(place, options)
    except (OSError, asyncpg.PostgresError, RestartFailed, ValueError) as error:
        print(f"CommandError: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py")
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Command, *words: str, **switches: str) -> None:
        made = commands.add_parser(name)
        for word in words:
            made.add_argument(word, nargs="?" if word == "target" else None)
        for switch, action in switches.items():
            made.add_argument(f"--{switch.replace('_', '-')}", action=action, default=None)
        made.set_defaults(run=run)

    command("check_env_vars", _check_env_vars)
    command("toggle_ai_agent", _toggle, tenant_id="store", enable="store_true", disable="store_true")
    command("rollout_ai_agent", _rollout, percentage="store")
    command("migrate", _migrate, "app", "target", plan="store_true", no_input="store_true")
    command("sqlmigrate", _sqlmigrate, "app", "name")
    command("makemigrations", _makemigrations, check="store_true", dry_run="store_true")
    command("warm_agent_cache", _warm)
    command("warm_knowledge_cache", _warm)
    shell = commands.add_parser("shell")
    shell.add_argument("-c", dest="code", required=True)
    shell.set_defaults(run=_shell)
    return parser


@asynccontextmanager
async def _database(place: Place) -> "AsyncIterator[Connection]":
    connection = await asyncpg.connect(place.owner_url, timeout=5)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


def _env_path(place: Place) -> Path:
    return Path(place.folder, ".env")


async def _check_env_vars(place: Place, _options: argparse.Namespace) -> int:
    env = read_env_file(_env_path(place).read_text(encoding="utf-8"))
    lacking = [name for name in REQUIRED if not env.get(name)]
    print(f"not set: {', '.join(lacking)}" if lacking else f"{len(REQUIRED)} required variables are set")
    return 1 if lacking else 0


async def _toggle(place: Place, options: argparse.Namespace) -> int:
    if options.tenant_id not in TENANTS:
        raise ValueError(f"there is no tenant {options.tenant_id}")
    if bool(options.enable) == bool(options.disable):
        raise ValueError("say --enable or --disable")
    async with _database(place) as connection:
        enabled = set(await _enabled(connection))
        changed = enabled | {options.tenant_id} if options.enable else enabled - {options.tenant_id}
        await _switch(place, connection, changed)
    print(f"AI agent {'enabled' if options.enable else 'disabled'} for {options.tenant_id}")
    return 0


async def _rollout(place: Place, options: argparse.Namespace) -> int:
    count = round(len(TENANTS) * float(options.percentage) / 100)
    async with _database(place) as connection:
        await _switch(place, connection, set(TENANTS[:count]))
    print(f"AI agent enabled for {count} of {len(TENANTS)} tenants")
    return 0


async def _enabled(connection: "Connection") -> Sequence[str]:
    rows = await connection.fetch(
        "SELECT tenant_id FROM tenants_tenantsettings WHERE (feature_flags ->> 'ai_agent_enabled')::boolean"
    )
    return [row["tenant_id"] for row in rows]


async def _switch(place: Place, connection: "Connection", tenants: set[str]) -> None:
    """Let the agent answer these tenants and no others, in the database and in the services."""
    if tenants:
        await connection.execute(onboarded(sorted(tenants)))
    await connection.execute(
        "UPDATE tenants_tenantsettings SET feature_flags ="
        " feature_flags || jsonb_build_object('ai_agent_enabled', tenant_id = ANY ($1::text[]))",
        sorted(tenants),
    )
    path = _env_path(place)
    path.write_text(
        edited(path.read_text(encoding="utf-8"), {SWITCHED_ON: ",".join(sorted(tenants))}), encoding="utf-8"
    )
    await asyncio.to_thread(restart, Path(place.folder))


async def _migrate(place: Place, options: argparse.Namespace) -> int:
    async with _database(place) as connection:
        applied = {
            row["name"]
            for row in await connection.fetch("SELECT name FROM django_migrations WHERE app = $1", options.app)
        }
        names = [name for app, name in MIGRATIONS if app == options.app]
        back = (
            []
            if options.target is None
            else [name for name in names if name > f"{options.target}~" and name in applied]
        )
        forward = [] if options.target is not None else [name for name in names if name not in applied]
        if options.plan:
            print("\n".join(["Planned operations:", *(f"  {options.app}.{name}" for name in forward)]))
            return 0
        for name in forward:
            await connection.execute(MIGRATIONS[options.app, name].apply)
            await connection.execute("INSERT INTO django_migrations (app, name) VALUES ($1, $2)", options.app, name)
            print(f"  Applying {options.app}.{name}... OK")
        for name in reversed(back):
            await connection.execute(MIGRATIONS[options.app, name].revert)
            await connection.execute("DELETE FROM django_migrations WHERE (app, name) = ($1, $2)", options.app, name)
            print(f"  Unapplying {options.app}.{name}... OK")
    if not forward and not back:
        print("  No migrations to apply.")
    return 0


async def _sqlmigrate(_place: Place, options: argparse.Namespace) -> int:
    """Print what a migration does, as the demo's own `migrate` does it."""
    found = [made for (app, name), made in MIGRATIONS.items() if app == options.app and name.startswith(options.name)]
    if len(found) != 1:
        raise ValueError(f"there is no one migration {options.app}.{options.name}")
    print(f"BEGIN;\n{textwrap.dedent(found[0].apply).strip()};\nCOMMIT;")
    return 0


async def _makemigrations(place: Place, _options: argparse.Namespace) -> int:
    """Say no where `django_migrations` has one that this code does not know."""
    async with _database(place) as connection:
        rows = await connection.fetch("SELECT app, name FROM django_migrations WHERE name > '0012~' OR app = 'bot'")
    known = {name for _, name in MIGRATIONS} | {"0001_initial", "0002_intents"}
    strange = [row["name"] for row in rows if row["name"] not in known]
    print(f"Conflicting migrations: {', '.join(strange)}" if strange else "No changes detected")
    return 1 if strange else 0


async def _warm(place: Place, _options: argparse.Namespace) -> int:
    with redis.Redis.from_url(place.redis_url) as client:
        client.mset({CACHED: "{}", **{f"agent:config:{tenant}": "{}" for tenant in TENANTS}})
    print(f"Warmed the cache for {len(TENANTS)} tenants")
    return 0


async def _shell(place: Place, options: argparse.Namespace) -> int:
    """Run Python that uses `django.core.cache`, which is the demo's Valkey here."""
    with redis.Redis.from_url(place.redis_url, decode_responses=True) as client:
        for name, content in _django(client):
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(content)
        exec(compile(options.code, "<shell>", "exec"), {})  # noqa: S102 - what `manage.py shell -c` is for
    return 0


def _django(client: redis.Redis) -> "Iterator[tuple[str, Mapping[str, object]]]":
    cache = types.SimpleNamespace(
        set=lambda key, value, timeout: client.set(key, value, ex=timeout), get=client.get, delete=client.delete
    )
    yield "django", {}
    yield "django.core", {}
    yield "django.core.cache", {"cache": cache}


async def celery(place: Place, _words: Sequence[str]) -> int:
    """Answer `inspect ping`: a worker is there while its service answers."""
    online = [service.track for service in read_services(Path(place.folder)) if ask_service(service.port) is not None]
    print("\n".join(f"->  {track}: OK pong" for track in online) or "Error: No nodes replied within time constraint")
    return 0 if online else 69


async def services(place: Place, words: Sequence[str]) -> int:
    """Restart, stop or start the services, as systemd would."""
    numbers = {"stop": signal.SIGSTOP, "start": signal.SIGCONT}
    folder = Path(place.folder)
    try:
        running = read_services(folder)
        if list(words) == ["restart"]:
            await asyncio.to_thread(restart, folder)
        elif any(service.pid is None for service in running):
            compose(folder, words[0], *(service.track for service in running))
        for service in running:
            if words[0] in numbers and service.pid is not None:
                os.kill(service.pid, numbers[words[0]])
    except RestartFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _tool(name: str) -> Callable[[Place, Sequence[str]], Coroutine[None, None, int]]:
    """Return a program that hands over to a tool of the demo's PostgreSQL, which is told the database."""

    async def run(place: Place, words: Sequence[str]) -> int:
        path = EmbeddedPostgres(Path(place.folder, "postgres")).bin_dir / name
        os.execv(path, [str(path), f"--dbname={place.owner_url}", *words])

    return run


if __name__ == "__main__":
    sys.exit(
        main(
            {
                "manage": manage,
                "celery": celery,
                "services": services,
                "pg_dump": _tool("pg_dump"),
                "psql": _tool("psql"),
            }
        )
    )
