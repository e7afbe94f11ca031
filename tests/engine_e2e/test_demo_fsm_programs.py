"""The demo's migration and clean-up of fsm-checkpoint do real work on a real Valkey, and say what they did."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from console.demo.programs import Place
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY, fsm_state

THREADS = 450


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        pipe = client.pipeline()
        for number in range(THREADS):
            pipe.hset(f"{CHECKPOINT}{number}", mapping={"step": "SLOT_SELECTION"})
            if number % 3:
                pipe.set(f"{LEGACY}{number}", fsm_state("CONFIRMATION"))
        for number in range(50):
            pipe.hset(f"{CHECKPOINT}{number}", "fsm_state", "as the agent wrote it")
        pipe.execute()
        yield client


@pytest.fixture
def folder(tmp_path: Path, redis_url: str) -> Path:
    Place(str(tmp_path), "fsm-checkpoint", "healthy", 50.0, "postgresql://o", redis_url, {}).write()
    return tmp_path


def ran(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "console.demo.programs.fsm_checkpoint", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def number_after(text: str, words: str) -> int:
    found = re.search(rf"{re.escape(words)} ([\d,]+)", text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def without_state(server: redis.Redis) -> int:
    return sum(not server.hexists(f"{CHECKPOINT}{number}", "fsm_state") for number in range(THREADS))


def test_a_dry_run_changes_nothing_and_says_what_would_be_changed(server: redis.Redis, folder: Path) -> None:
    code, said = ran(folder, "migrate", "--dry-run")

    assert code == 0
    assert number_after(said, "would get a state:") == without_state(server) == THREADS - 50


def test_a_migration_gives_every_checkpoint_its_state_and_spares_those_that_have_one(
    server: redis.Redis, folder: Path
) -> None:
    before, _ = ran(folder, "migrate", "--verify-only")
    code, said = ran(folder, "migrate")
    after, verified = ran(folder, "migrate", "--verify-only")

    assert (before, code, after) == (1, 0, 0)
    assert number_after(said, "got a state:") == THREADS - 50
    assert number_after(said, "had one before:") == 50
    assert "Migration success rate: 100%" in said
    assert number_after(verified, "Missing fsm_state:") == without_state(server) == 0
    assert "MIGRATION COMPLETE" in verified
    assert server.hget(f"{CHECKPOINT}7", "fsm_state") == "as the agent wrote it"
    assert server.hget(f"{CHECKPOINT}100", "fsm_state") == fsm_state("CONFIRMATION")
    assert server.hget(f"{CHECKPOINT}300", "fsm_state") == fsm_state("SLOT_SELECTION")


def test_an_old_state_that_cannot_be_read_fails_the_migration_and_the_rest_is_migrated(
    server: redis.Redis, folder: Path
) -> None:
    for number in (100, 101, 7):
        server.set(f"{LEGACY}{number}", '{"state": "SLOT')

    code, said = ran(folder, "migrate")

    assert code == 1
    assert number_after(said, "could not be migrated:") == without_state(server) == 2
    assert "Migration success rate: 99.56%" in said
    assert "MIGRATION COMPLETE" not in said


def test_a_clean_up_deletes_only_what_is_old_enough_and_stands_in_a_checkpoint(
    server: redis.Redis, folder: Path
) -> None:
    old = len(server.keys(f"{LEGACY}*"))

    early, said_early = ran(folder, "cleanup", "--keep-for-days", "0")
    spared = {key.removeprefix(LEGACY) for key in server.keys(f"{LEGACY}*")}
    ran(folder, "migrate")
    young, said_young = ran(folder, "cleanup", "--keep-for-days", "7")
    dry, said_dry = ran(folder, "cleanup", "--dry-run")
    still = len(server.keys(f"{LEGACY}*"))
    late, said_late = ran(folder, "cleanup", "--keep-for-days", "0")

    assert early == 1
    assert spared == {str(number) for number in range(50, THREADS) if number % 3}
    assert number_after(said_early, "  deleted:") == old - len(spared)
    assert (young, dry, late) == (0, 0, 0)
    assert number_after(said_young, "  deleted:") == 0
    assert number_after(said_dry, "would be deleted:") == still
    assert still == number_after(said_late, "  deleted:") == len(spared)
    assert "0 old keys are left" in said_late
    assert len(server.keys(f"{LEGACY}*")) == 0
