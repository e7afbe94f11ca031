"""Actions of `fsm-checkpoint` from a shell, on a real Valkey: what is not migrated is not cleaned up."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import redis

from console.demo.programs import Place
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY, fsm_state
from tests.terminal import PROGRAM

THREADS = 300
CARELESS = f"""
import sys, redis
client = redis.Redis.from_url(sys.argv[1])
for key in list(client.scan_iter("{LEGACY}*", count=1000)):
    client.unlink(key)
print("Cleanup success rate: 100%")
"""
"""A clean-up that does not look whether the states were migrated."""
IN_A_HURRY = """
extends: fsm-checkpoint
actions:
  cleanup:
    verify: [{redis: {count: "fsm:*"}, source: cache, expect: "== 0", within: 2s}]
"""


@pytest.fixture
def env(tmp_path: Path, redis_url: str) -> Mapping[str, str]:
    Place(str(tmp_path), "fsm-checkpoint", "healthy", 50.0, "postgresql://o", redis_url, {}).write()
    script = f"{sys.executable} -m console.demo.programs.fsm_checkpoint {tmp_path}"
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        pipe = client.pipeline()
        for number in range(THREADS):
            pipe.hset(f"{CHECKPOINT}{number}", mapping={"step": "SLOT_SELECTION"})
            pipe.set(f"{LEGACY}{number}", fsm_state("CONFIRMATION"))
        pipe.execute()
    (tmp_path / "clean_up.py").write_text(CARELESS)
    clean_up = f"{sys.executable} {tmp_path}/clean_up.py {redis_url}"
    ours = {"REDIS_URL": redis_url, "MIGRATE": f"{script} migrate", "CLEANUP": clean_up}
    return {**os.environ, "ROLLOUT_CONSOLE_STATE": str(tmp_path / "state"), **ours}


def act(env: Mapping[str, str], *words: str, file: str = "fsm-checkpoint") -> tuple[int, str]:
    command = [*PROGRAM, "act", file, *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def old_keys(env: Mapping[str, str]) -> int:
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        return sum(1 for _ in client.scan_iter(f"{LEGACY}*", count=1000))


def test_the_clean_up_deletes_nothing_while_a_checkpoint_has_no_state_whatever_the_reason(
    env: Mapping[str, str],
) -> None:
    clean_up = ("cleanup", "--yes")

    refused, said = act(env, *clean_up)
    overridden, told = act(env, *clean_up, "--reason", "it will do")
    left = old_keys(env)
    migrated, how = act(env, "migrate", "--yes", "--reason", "now")
    done, why = act(env, *clean_up, "--reason", "now")

    assert refused == 4, said
    assert "say why with --reason" in said
    assert overridden == 5, told
    assert left == THREADS
    assert (migrated, done, old_keys(env)) == (0, 0, 0), how + why


def test_a_clean_up_that_leaves_old_keys_and_says_nothing_of_them_is_not_verified(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    act(env, "migrate", "--yes", "--reason", "now")
    (tmp_path / "clean_up.py").write_text("print('Cleanup success rate: 100%')")
    file = tmp_path / "ours.yaml"
    file.write_text(IN_A_HURRY)

    code, said = act(env, "cleanup", "--yes", "--reason", "now", file=str(file))
    by_age, told = act(env, "cleanup_by_age", "--set", "keep_days=7", "--yes", "--reason", "now")

    assert code == 5, said
    assert f"{THREADS}, not == 0" in said
    # Nothing was a week old, and no checkpoint is harmed.
    assert (by_age, old_keys(env)) == (0, THREADS), told


@pytest.mark.parametrize(("left", "is_warned"), [(THREADS, False), (THREADS // 5, True), (0, True)])
def test_the_rollback_says_of_how_many_conversations_the_old_agent_has_the_state_and_is_begun_all_the_same(
    env: Mapping[str, str], tmp_path: Path, left: int, is_warned: bool
) -> None:
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        for number in range(left, THREADS):
            client.unlink(f"{LEGACY}{number}")
    (tmp_path / ".env").write_text("CANARY_PERCENTAGE=100\n")
    file = tmp_path / "ours.yaml"
    file.write_text("extends: fsm-checkpoint\nactions: {rollback: {verify: [{command: ['true']}]}}\n")
    command = [*PROGRAM, "act", str(file), "rollback", "--yes"]

    done = subprocess.run(
        command, env={**env, "COMPOSE": "true"}, capture_output=True, text=True, check=False, timeout=60
    )

    assert ("✗" in done.stdout) is is_warned, done.stdout
    assert "share of langchain:checkpoint:thread:* with fsm:*" in done.stdout
    assert (tmp_path / ".env").read_text() == "CANARY_PERCENTAGE=0\n"
