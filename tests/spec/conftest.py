"""What the tests of rollout files share."""

import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import asyncpg
import pytest

from console.demo.worlds._ai_agent_schema import BEFORE, applied
from console.spec.load import load
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError
from tests.queries import Connection
from tests.spec.tool_history import TABLE

HEAD = "rollout: shop\ntitle: A new shop\nservice: app\n"
"""The first three lines of a test's file: what it says begins in line 4."""
PHASES = "phases: [{name: Canary, traffic: 0%}]\n"
METRIC = "metrics: {m: {http: {url: 'http://h/'}, KEYS}}"
"""A metric whose further keys take the place of KEYS."""
DB = "sources: {db: {postgres: 'postgresql://h/d'}, log: {file: x.log}, cache: {redis: 'redis://h'}}\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into the test's folder; the usual head comes first unless the text is to stand alone."""

    def write_file(text: str | bytes, name: str = "rollout.yaml", *, is_whole: bool = False) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            body = textwrap.dedent(text).lstrip("\n")
            path.write_text(body if is_whole else HEAD + body, encoding="utf-8")
        return path

    return write_file


def loads(path: Path, env: Mapping[str, str] | None = None) -> Loaded:
    """Load a file with only the variables given."""
    return load(path, env or {})


def problems_of(path: Path, env: Mapping[str, str] | None = None) -> list[str]:
    """Return every problem of a file as text, without the path of its folder."""
    with pytest.raises(RolloutFileError) as caught:
        load(path, env or {})
    return [str(found).replace(f"{path.parent}/", "") for found in caught.value.problems]


@pytest.fixture
async def migrated(database: str) -> AsyncIterator[Connection]:
    """A database of `ai-agent` with all of its migrations."""
    connection = await asyncpg.connect(database)
    await connection.execute(BEFORE)
    await connection.execute(applied())
    yield connection
    await connection.close()


@pytest.fixture
async def history(database: str) -> AsyncIterator[Connection]:
    """A database with the empty table of `tool-history`, without its indexes."""
    connection = await asyncpg.connect(database)
    await connection.execute(TABLE)
    yield connection
    await connection.close()
