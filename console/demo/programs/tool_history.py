"""What actions and checklists of `tool-history` run in the demo: releases, the migration, the archive, two checks.

What the next deployment brings stands in the file `release`, the part that a branch of the repository has elsewhere.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.request import ProxyHandler, Request, build_opener

import asyncpg

from console.core.env_text import edited, values
from console.demo.programs import Place, Program, main
from console.demo.servers import EmbeddedPostgres
from console.demo.worlds.tool_history import HEAD, MAKE_INDEXES, MAKE_TABLE, PREVIOUS

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

ARCHIVE = "tool_history_backup.sql"
WHOLE = "PostgreSQL database dump complete"
FRESH_S = 3600.0
KEPT_DAYS = 90
MESSAGE = "Help me prepare for the maths exam at the end of term"
_direct = build_opener(ProxyHandler({}))


@asynccontextmanager
async def _database(place: Place) -> "AsyncIterator[Connection]":
    connection = await asyncpg.connect(place.owner_url, timeout=5)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


def _at_once(work: Callable[[Place], int]) -> Program:
    """Make a program of what takes no words, and waits for files and processes."""

    async def program(place: Place, _words: Sequence[str]) -> int:
        return await asyncio.to_thread(work, place)

    return program


def _share(place: Place) -> str:
    return values(Path(place.folder, ".env").read_text(encoding="utf-8"))["CANARY_PERCENTAGE"]


def publish(place: Place) -> int:
    """Let the next deployment bring the release."""
    Path(place.folder, "release").write_text("tool-history\n", encoding="utf-8")
    print("the release is on the branch that is deployed")
    return 0


def revert(place: Place) -> int:
    """Let the next deployment bring what ran before."""
    Path(place.folder, "release").write_text("before\n", encoding="utf-8")
    print("the release was taken from the branch that is deployed")
    return 0


def deploy(place: Place) -> int:
    """Deploy to everybody what is to be deployed; services read it when they start again."""
    release = Path(place.folder, "release")
    is_new = not release.exists() or release.read_text(encoding="utf-8").strip() == "tool-history"
    file = Path(place.folder, ".env")
    share = "100" if is_new else "0"
    file.write_text(edited(file.read_text(encoding="utf-8"), {"CANARY_PERCENTAGE": share}), encoding="utf-8")
    print(f"deployed {'the release' if is_new else 'what ran before it'}")
    return 0


async def current(place: Place, _words: Sequence[str]) -> int:
    """Print the head of the migrations; 0 when it is that of the history."""
    async with _database(place) as connection:
        heads = [str(row[0]) for row in await connection.fetch("SELECT version_num FROM alembic_version")]
    print("\n".join(f"{head} (head)" if head == HEAD else head for head in heads))
    return 0 if heads == [HEAD] else 1


async def migrate(place: Place, _words: Sequence[str]) -> int:
    """Make what is missing of the table and its indexes."""
    async with _database(place) as connection, connection.transaction():
        await connection.execute(MAKE_TABLE + MAKE_INDEXES)
        await connection.execute("UPDATE alembic_version SET version_num = $1", HEAD)
    print(f"running upgrade {PREVIOUS} -> {HEAD}")
    return 0


async def downgrade(place: Place, _words: Sequence[str]) -> int:
    """Remove the table, unless the release that writes to it is deployed."""
    if _share(place) != "0":
        print("the release is still deployed and writes to the table: roll back first", file=sys.stderr)
        return 1
    async with _database(place) as connection, connection.transaction():
        await connection.execute("DROP TABLE user_tool_history")
        await connection.execute("UPDATE alembic_version SET version_num = $1", PREVIOUS)
    print(f"running downgrade {HEAD} -> {PREVIOUS}")
    return 0


def archive(place: Place) -> int:
    """Dump the table into a file of the demo's folder."""
    server = EmbeddedPostgres(Path(place.folder, "postgres"))
    command = [str(server.bin_dir / "pg_dump"), "--table=user_tool_history", f"--dbname={place.owner_url}"]
    with Path(place.folder, ARCHIVE).open("wb") as file:
        dumped = subprocess.run(command, stdout=file, check=False)
    print(f"{ARCHIVE} has {Path(place.folder, ARCHIVE).stat().st_size} bytes")
    return dumped.returncode


def archived(place: Place) -> int:
    """Look at the archive; 0 when it is whole and at most an hour old."""
    file = Path(place.folder, ARCHIVE)
    if not file.exists():
        print(f"there is no {ARCHIVE}", file=sys.stderr)
        return 1
    is_whole = WHOLE in file.read_text(encoding="utf-8", errors="replace")
    is_fresh = time.time() - file.stat().st_mtime < FRESH_S
    print(f"{ARCHIVE} is {'whole' if is_whole else 'cut off'} and {'fresh' if is_fresh else 'too old'}")
    return 0 if is_whole and is_fresh else 1


async def clean_up(place: Place, _words: Sequence[str]) -> int:
    """Delete what is older than 90 days."""
    async with _database(place) as connection:
        done = await connection.execute(
            "DELETE FROM user_tool_history WHERE created_at < now() - make_interval(days => $1)", KEPT_DAYS
        )
    print(f"deleted {done.removeprefix('DELETE ')} executions older than {KEPT_DAYS} days")
    return 0


def collaborate(place: Place) -> int:
    """Send the release a message about an exam; 0 when it starts the workflow that takes a task apart."""
    body = json.dumps({"message": MESSAGE}).encode()
    request = Request(  # noqa: S310
        f"{place.service_urls['canary']}/api/chat", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with _direct.open(request, timeout=5) as answer:
            said = json.load(answer)
    except (OSError, ValueError) as error:
        print(f"the release does not answer: {error}", file=sys.stderr)
        return 1
    print(f"{said.get('intent')} starts {said.get('workflow')}")
    return 0 if said.get("workflow") == "TaskDecompositionWorkflow" else 1


async def prefer(place: Place, _words: Sequence[str]) -> int:
    """Print the tools that somebody prefers, by what was learned; 0 when there are any."""
    async with _database(place) as connection:
        preferred = await connection.fetch(
            "SELECT tool_name, avg(preference_score) AS score FROM user_tool_history"
            " WHERE user_id = (SELECT min(user_id) FROM user_tool_history WHERE preference_score IS NOT NULL)"
            " AND preference_score IS NOT NULL GROUP BY tool_name ORDER BY score DESC LIMIT 5"
        )
    print("\n".join(f"{row['tool_name']}: {row['score']:.2f}" for row in preferred) or "nothing was learned yet")
    return 0 if preferred else 1


if __name__ == "__main__":
    sys.exit(
        main(
            {
                "publish": _at_once(publish),
                "revert": _at_once(revert),
                "deploy": _at_once(deploy),
                "current": current,
                "migrate": migrate,
                "downgrade": downgrade,
                "archive": _at_once(archive),
                "archived": _at_once(archived),
                "clean-up": clean_up,
                "collaborate": _at_once(collaborate),
                "prefer": prefer,
            }
        )
    )
