"""The way out needs only what its steps need, whatever else is broken."""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.core.words import Outcome
from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
from console.effects import executor
from console.effects.lock import Lock, service_lock
from tests.effects.acting import ACTOR
from tests.effects.test_act import ACTIONS, PHASES, Shell
from tests.faults.acts_world import INJECTED
from tests.waiting import DEADLINE_S, wait_until

STALE = {
    "sources": {
        "db": {"postgres": "${DATABASE_URL}"},
        "cache": {"redis": "${REDIS_URL}"},
        "app": {"docker": {"service": "app"}, "host": "${ENGINE_URL}"},
    },
    "metrics": {
        "error_rate": {"query": "error_rate.sql", "source": "db", "critical": "> 5%", "on": {"critical": "rollback"}},
        "queue": {"redis": {"llen": "q"}, "source": "cache"},
        "memory": {"container": "memory", "source": "app", "unit": "MB"},
    },
    "alerts": {"routes": [{"severity": "critical", "to": ["${PAGER_URL}"]}]},
}


def rewrite(shell: Shell, **more: Any) -> None:
    said = {"rollout": "stateless", "title": "t", "service": "app", "phases": PHASES, "actions": ACTIONS, **more}
    shell.file.write_text(yaml.safe_dump(said, sort_keys=False))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    spare = tmp_path / "run"
    spare.mkdir(mode=0o700)
    shell.env["XDG_RUNTIME_DIR"] = str(spare)
    return shell


@pytest.fixture
def read_only_disk(tiny_disk: Path) -> Iterator[Path]:
    (tiny_disk / "locks").mkdir(mode=0o700)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    yield tiny_disk
    subprocess.run(["mount", "-o", "remount,rw", str(tiny_disk)], check=True)


def spare_of(shell: Shell, state: Path) -> Path:
    """The first folder that is taken in place of the state folder."""
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:8]
    return shell.folder / "run" / f"rollout-console-{os.getuid()}-{digest}"


def test_what_is_wrong_with_the_rest_of_the_file_does_not_stand_in_the_way_out(shell: Shell) -> None:
    rewrite(shell, **STALE, events={"torn": {"match": "("}})

    done = shell.act("rollback", "--yes", "--reason", "3 a.m.")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=0"
    assert "not needed for this, and wrong:" in done.stderr
    assert "sources.db.postgres: ${DATABASE_URL} is not set" in done.stderr


def test_what_is_wrong_with_the_action_itself_is_said_and_nothing_is_done(shell: Shell) -> None:
    wrong = {**ACTIONS["rollback"], "steps": [{"run": ["true"]}, {"sql": {"source": "db", "statement": "x"}}]}
    rewrite(shell, actions={"rollback": wrong})

    done = shell.act("rollback", "--yes")

    assert done.returncode == 4
    assert "actions.rollback.steps[1].sql.source: there is no source 'db'" in done.stderr


def test_a_variable_that_the_action_needs_is_asked_for(shell: Shell) -> None:
    rewrite(shell, actions={"rollback": {**ACTIONS["rollback"], "steps": [{"run": ["echo", "${NOT_SET}"]}]}})

    done = shell.act("rollback", "--yes")

    assert done.returncode == 4
    assert "actions.rollback.steps[0].run[1]: ${NOT_SET} is not set" in done.stderr


def test_secrets_of_the_parts_that_are_left_out_are_hidden_all_the_same(shell: Shell) -> None:
    shell.env["DATABASE_URL"] = "postgresql://app:c4nary-c4nary@db/app"
    (shell.folder / "said").write_text("connected as postgresql://app:c4nary-c4nary@db/app\n")
    leaking = {**ACTIONS["rollback"], "steps": [{"run": ["cat", "said"]}], "verify": []}
    rewrite(shell, sources=STALE["sources"], actions={"rollback": leaking})

    done = shell.act("rollback", "--yes")

    assert done.returncode == 0, done.stderr
    assert "c4nary-c4nary" not in done.stdout + done.stderr
    for path in shell.state.rglob("*"):
        assert path.is_dir() or b"c4nary-c4nary" not in path.read_bytes(), path


def test_a_rollback_works_with_every_server_stopped(
    shell: Shell, database: str, redis_url: str, postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> None:
    shell.env |= {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "ENGINE_URL": f"unix://{shell.folder}/no-engine.sock",
        "PAGER_URL": "http://127.0.0.1:9/page",
    }
    rewrite(shell, **STALE)
    postgres.stop()
    valkey.stop()

    done = shell.act("rollback", "--yes", "--reason", "everything is down")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=0"
    assert done.stderr.splitlines()[0].startswith("attempt rollback-"), done.stderr


@pytest.mark.parametrize("has_session", [False, True])
def test_a_full_disk_under_the_state_folder_does_not_stand_in_the_way_out(
    shell: Shell, tiny_disk: Path, has_session: bool
) -> None:
    shell.state = tiny_disk / "state"
    shell.env["ROLLOUT_CONSOLE_STATE"] = str(shell.state)
    if has_session:
        shell.session()
    with pytest.raises(OSError, match="No space"):
        (tiny_disk / "filler").write_bytes(b"x" * 2_000_000)

    done = shell.act("rollback", "--yes", "--json")

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["outcome"], shell.share) == ("done", "SHARE=0")
    assert said["folder"].startswith(str(shell.folder / "run"))
    assert "No space left on device; nothing was done; trying the next place" in done.stderr


def test_a_disk_that_may_only_be_read_does_not_stand_in_the_way_out(shell: Shell, read_only_disk: Path) -> None:
    shell.env["ROLLOUT_CONSOLE_STATE"] = str(read_only_disk)

    done = shell.act("rollback", "--yes")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=0"


@pytest.mark.parametrize("way", ["dead", "no access", "hangs"])
@pytest.mark.parametrize("has_session", [False, True])
def test_a_disk_that_cannot_even_be_read_does_not_stand_in_the_way_out(
    shell: Shell, way: str, has_session: bool
) -> None:
    if has_session:
        shell.session()
    fault = {"who": "act", "at": 0, "way": way, "under": [str(shell.state)]}
    shell.env |= {"FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}

    done = shell.act("rollback", "--yes", "--json")

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["outcome"], shell.share) == ("done", "SHARE=0")
    assert said["folder"].startswith(str(shell.folder / "run"))
    waits = done.stderr.count("no answer within 2s")
    assert waits == (2 if way == "hangs" else 0), "once to read it, and once to write"


def test_a_disk_that_hangs_does_not_keep_the_list_of_attempts_waiting_for_ever(shell: Shell) -> None:
    shell.session()
    fault = {"who": "attempts", "at": 0, "way": "hangs", "under": [str(shell.state)]}
    shell.env |= {"FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}

    listed = shell.give("attempts", str(shell.file))

    assert listed.returncode == 3
    assert "what was begun cannot be read: no answer" in listed.stderr


def test_a_disk_that_begins_to_hang_does_not_keep_whoever_follows_an_action_waiting_for_ever(shell: Shell) -> None:
    begun = shell.folder / "begun"
    fault = {"who": "act", "at": 0, "way": "hangs", "under": [str(shell.state)], "armed": str(begun)}
    shell.env |= {"FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}

    told = shell.act("wait", "--yes", "--json")

    (shell.folder / "go").touch()
    assert told.returncode == 5
    said = json.loads(told.stdout)
    assert said["outcome"] == "unknown"
    assert said["detail"].startswith("how it goes on cannot be read: no answer within 10s; it goes on all the same")
    wait_until(lambda: (found := executor.adopt(Path(said["folder"]), time.time())) is not None and bool(found.ended))
    found = executor.adopt(Path(said["folder"]), time.time())
    assert found is not None
    assert found.ended is not None
    assert found.ended.outcome is Outcome.DONE


def test_a_lock_is_respected_where_it_cannot_be_written_any_more(shell: Shell, tiny_disk: Path) -> None:
    shell.env["ROLLOUT_CONSOLE_STATE"] = str(tiny_disk)
    lock = Lock.take(service_lock(tiny_disk, "app"), ACTOR, time.time(), "Migrate (migrate-1)")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=False)
    # A file that is open for writing keeps a disk writable: the same by a folder that may not be written.
    done = shell.act("rollback", "--yes")

    lock.release()
    subprocess.run(["mount", "-o", "remount,rw", str(tiny_disk)], check=True)
    assert done.returncode == 5
    assert "Migrate (migrate-1) is running" in done.stderr


def test_consoles_whose_disks_fail_meet_at_the_same_lock(shell: Shell, read_only_disk: Path) -> None:
    shell.env["ROLLOUT_CONSOLE_STATE"] = str(read_only_disk)
    spare = spare_of(shell, read_only_disk)
    lock = Lock.take(service_lock(spare, "app"), ACTOR, time.time(), "Migrate (migrate-1)")

    done = shell.act("rollback", "--yes")

    lock.release()
    assert done.returncode == 5
    assert "Migrate (migrate-1) is running" in done.stderr


def test_a_spare_folder_of_somebody_else_is_not_used(shell: Shell, read_only_disk: Path) -> None:
    shell.env["ROLLOUT_CONSOLE_STATE"] = str(read_only_disk)
    shared = spare_of(shell, read_only_disk)
    shared.mkdir()
    shared.chmod(0o777)

    done = shell.act("rollback", "--yes", "--json")

    assert done.returncode == 0, done.stderr
    assert not json.loads(done.stdout)["folder"].startswith(str(shared))
    assert list(shared.iterdir()) == []
    shutil.rmtree(Path(json.loads(done.stdout)["folder"]).parents[2])


def test_a_rollback_takes_less_than_a_second_of_the_machine(shell: Shell) -> None:
    more = {f"m{n}": {"http": {"url": "http://127.0.0.1:9"}, "every": "5s", "target": "== 1"} for n in range(20)}
    rewrite(shell, actions={"rollback": {**ACTIONS["rollback"], "verify": []}}, metrics=more)
    took_s: list[float] = []
    deadline = time.monotonic() + DEADLINE_S

    # Where others are in its way it costs more, so it is tried until nobody was.
    while min(took_s, default=1.0) >= 1.0 and time.monotonic() < deadline:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert shell.act("rollback", "--yes").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(took_s) < 1.0, took_s


def test_a_rollback_brings_no_driver_no_screen_and_no_judging(shell: Shell) -> None:
    words = [str(shell.file), "rollback", "--yes"]
    text = f"from console.cli import main\nimport sys\nmain(['act', *{words}])\nprint(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", text], env=shell.env, capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(done.stdout.split())
    assert "console.effects.executor" in loaded
    assert not loaded & {"asyncpg", "redis", "docker", "httpx", "textual", "sqlite3", "console.core.state"}
    assert not loaded & {"console.core.frame", "console.core.judging", "console.spec.check_metrics"}
