"""Fixtures that every part of the suite shares: real servers, each started once and only when a test asks."""

import contextlib
import itertools
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
from console.effects.lock import LOCKS_VARIABLE
from tests.servers import PrivateEngine, engine_obstacle, missing

_numbers = itertools.count(1)

# How fast this machine is today is no property of the program.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the suite's own engine in one process: one engine, and one test at a time that stops it.

    So are those of what a module makes once for all of its tests.
    """
    for item in items:
        if isinstance(item, pytest.Function):
            # pytest has no public way to ask
            made_by = {name: made[-1].scope for name, made in item._fixtureinfo.name2fixturedefs.items()}
            if made_by.get("engine") == "session":
                item.add_marker(pytest.mark.xdist_group("engine"))
            elif "module" in made_by.values():
                item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(autouse=True, scope="session")
def _own_locks_of_process() -> Iterator[None]:
    """A place where all accounts meet, for what tests share: neither another process nor an operator is met there."""
    with _locks():
        yield


@pytest.fixture(autouse=True)
def _own_locks(_own_locks_of_process: None) -> Iterator[None]:
    """A place of its own where all accounts meet: no test meets another one."""
    with _locks():
        yield


@contextlib.contextmanager
def _locks() -> Iterator[None]:
    # Not made here: the program makes it. What a killed run left has another name.
    folder = Path(tempfile.gettempdir()) / f"rc-locks-{secrets.token_hex(8)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LOCKS_VARIABLE, str(folder))
        yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the suite's own; a test that stops it starts it again."""
    with _folder() as folder:
        server = EmbeddedPostgres(folder / "postgres")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey of the suite's own; a test that stops it starts it again."""
    with _folder() as folder:
        server = EmbeddedValkey(folder / "valkey")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def engine() -> Iterator[PrivateEngine]:
    """A Docker engine of the suite's own; where none can run the test is skipped, except in CI."""
    obstacle = engine_obstacle()
    if obstacle:
        missing(f"no private Docker engine: {obstacle}")
    dockerd = shutil.which("dockerd")
    assert dockerd is not None
    server = PrivateEngine(Path(tempfile.mkdtemp(prefix="rce")), dockerd)
    try:
        server.start()
        server.load_image()
        yield server
    finally:
        server.remove()


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The connection string of a fresh, empty database."""
    postgres.start()
    name = f"test_{next(_numbers)}"
    postgres.run_sql(f"create database {name}")
    yield postgres.dsn_of(name)
    postgres.start()
    postgres.run_sql(f"drop database if exists {name} with (force)")


@pytest.fixture
def role(postgres: EmbeddedPostgres, database: str) -> Iterator[str]:
    """The name of a role that the test may make; what it may do in the test's database goes with it."""
    name = f"role_{next(_numbers)}"
    yield name
    postgres.start()
    there_is = f"select from pg_roles where rolname = '{name}'"
    drop = f"if exists ({there_is}) then drop owned by {name}; drop role {name}; end if;"
    postgres.run_sql(f"do $$ begin {drop} end $$", database=database.rsplit("/", 1)[1])


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """The address of an empty Valkey that saves nothing, knows one user and has counted no command yet."""
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("save", "")  # one that cannot save takes no other command
        client.config_set("appendonly", "no")
        for user in set(client.acl_users()) - {"default"}:
            client.acl_deluser(user)
        client.flushall()
        client.config_resetstat()
    return valkey.url


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that other accounts may walk through, which PostgreSQL needs when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="rc-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder with a short path that other accounts may walk through."""
    with _folder() as folder:
        yield folder
