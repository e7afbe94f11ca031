import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pexpect
import pytest

from console.core.record import Record
from console.core.redact import Redactor
from console.core.rollout import Rollout
from console.core.state import State
from console.effects import executor
from console.effects.lock import Lock, service_lock
from console.effects.session_file import Committed, SessionFile
from console.effects.sessions import Session, create_session
from tests.effects.acting import ACTOR, write_rollout
from tests.faults.acts_world import INJECTED
from tests.waiting import wait_until

ENV = ".env"
PHASES = [
    {"name": "Canary 10%", "traffic": "10%", "sign_off": ["lead"]},
    {"name": "Half", "traffic": "50%"},
    {"name": "All", "traffic": "100%"},
]
STEPS = [
    {"env_file": {"path": ENV, "set": {"SHARE": "${traffic}"}}},
    {"run": ["sh", "-c", "echo applied; cat .env"]},
]
ACTIONS = {
    "rollback": {
        "title": "Roll back",
        "kind": "rollback",
        "steps": STEPS,
        "verify": [{"command": ["grep", "SHARE=0", ENV]}],
    },
    "down": {"title": "Step down", "kind": "step_down", "ladder": [50, 25, 0], "hold": "10m", "steps": STEPS},
    "go": {"title": "Advance", "kind": "advance", "steps": STEPS},
    "wait": {
        "title": "Wait",
        "steps": [{"run": ["touch begun; until test -e go; do sleep 0.05; done"], "shell": True}],
    },
    "broken": {"title": "Broken", "steps": [{"run": ["no-such-program"]}]},
    "fails": {"title": "Fails", "steps": [{"run": ["false"]}]},
}


class Shell:
    """A folder with a rollout file, and commands given in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.env = {**os.environ, "ROLLOUT_CONSOLE_STATE": str(self.state)}
        self.file = write_rollout(folder, {"steps": [{"run": ["true"]}]}, phases=PHASES, actions=ACTIONS)
        (folder / ENV).write_text("SHARE=10\n")

    @property
    def share(self) -> str:
        return (self.folder / ENV).read_text().strip()

    def act(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return self.give("act", str(self.file), *words, **how)

    def give(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "console", *words],
            env=self.env,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
            **how,
        )

    def session(self) -> Session:
        return create_session(self.state, "stateless", title="Stateless", file=self.file, at=time.time())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def standing_at(shell: Shell, session: Session, traffic: float, phase: int = 0, settled: Sequence[str] = ()) -> None:
    """Write a session file as a console would that watched the rollout at this share."""
    said = {
        "rollout": "stateless",
        "title": "t",
        "service": "app",
        "phases": PHASES,
        "actions": ACTIONS,
    }
    rollout = Rollout.model_validate(said)
    state = State(rollout, time.time())
    state.phase = state.phase.entered(rollout, phase, time.time())
    state.settled = set(settled)
    state.changed.add("attempts")
    docs = state.documents()
    docs["phase"] = docs["phase"].replace(f'"traffic":{rollout.phases[phase].traffic}', f'"traffic":{traffic}')
    docs["rollout"] = json.dumps(
        {"rollout": rollout.model_dump(mode="json", by_alias=True, exclude_unset=True), "sha256": "x"}
    )
    file = SessionFile.create(session.folder, Redactor())
    assert isinstance(file.commit(docs=docs, records=[Record(time.time(), "session", "begun")]), Committed)
    file.close()


def test_a_rollback_works_with_no_session_and_no_source(shell: Shell) -> None:
    done = shell.act("rollback", "--yes", "--reason", "error rate")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=0"
    assert "SHARE  10 → 0" in done.stdout
    assert "    applied" in done.stdout
    assert done.stdout.rstrip().endswith("Roll back: done")
    (kept,) = (shell.state / "attempts" / "stateless").iterdir()
    found = executor.adopt(kept, time.time())
    assert found is not None
    assert (found.started.reason, found.started.traffic) == ("error rate", 0)


def test_the_outcome_is_json_and_everything_else_is_on_stderr(shell: Shell) -> None:
    done = shell.act("rollback", "--yes", "--json")

    said = json.loads(done.stdout)
    assert (said["action"], said["outcome"], said["traffic"]) == ("rollback", "done", 0)
    assert [step["state"] for step in said["steps"]] == ["done", "done", "passed", "passed"]
    assert "applied" in done.stderr


def test_a_dry_run_shows_and_does_nothing(shell: Shell) -> None:
    done = shell.act("rollback", "--dry-run")

    assert done.returncode == 0
    assert "SHARE  10 → 0" in done.stdout
    assert "grep SHARE=0 .env exits 0, within 10s" in done.stdout
    assert shell.share == "SHARE=10"
    assert not shell.state.exists()


def test_what_cannot_work_is_not_begun_without_asking(shell: Shell) -> None:
    done = shell.act("broken", "--yes")

    assert done.returncode == 5
    assert "no-such-program: command not found" in done.stdout
    assert "nothing was done" in done.stderr
    assert shell.act("broken", "--dry-run").returncode == 5


def test_a_rollback_whose_env_file_an_earlier_step_makes_is_begun(shell: Shell) -> None:
    steps = [
        {"run": ["mkdir -p new && cp .env new/app.env && cp /bin/true new/drain"], "shell": True},
        {"env_file": {"path": "new/app.env", "set": {"SHARE": "0"}}},
        {"run": ["new/drain"]},
    ]
    actions = {"rollback": {"title": "Roll back", "kind": "rollback", "steps": steps}}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, actions=actions)

    looked = shell.act("rollback", "--dry-run")
    done = shell.act("rollback", "--yes")

    assert looked.returncode == 0, looked.stdout
    assert "SHARE  not set → 0" in looked.stdout
    assert done.returncode == 0, done.stderr
    assert (shell.folder / "new" / "app.env").read_text() == "SHARE=0\n"


def test_an_action_that_fails_says_so_by_its_exit_code(shell: Shell) -> None:
    done = shell.act("fails", "--yes")

    assert done.returncode == 5
    assert "Fails: failed: step 1 of 1 failed: exit code 1" in done.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("rolback", "--yes"), "no action 'rolback'; it has: rollback, down"),
        (("rollback",), "confirm with --yes"),
        (("down", "--yes"), "the present share is not known"),
        (("go", "--yes", "--traffic", "50"), "say why with --reason"),
        (("down", "--yes", "--traffic", "200"), "expected a traffic share"),
    ],
)
def test_what_is_not_asked_rightly_is_refused(shell: Shell, words: tuple[str, ...], why: str) -> None:
    done = shell.act(*words)

    assert done.returncode == 4
    assert why in done.stderr
    assert shell.share == "SHARE=10"


def test_a_file_that_cannot_be_used_is_refused(shell: Shell) -> None:
    shell.file.write_text("rollout: [")

    assert shell.act("rollback", "--yes").returncode == 4


def test_without_a_session_a_rung_can_be_asked_for(shell: Shell) -> None:
    done = shell.act("down", "--yes", "--traffic", "25%")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=25"
    assert "then     0 %, each held for 10m" in done.stdout


def test_a_session_says_which_rung_is_next_and_keeps_the_attempt(shell: Shell) -> None:
    session = shell.session()
    standing_at(shell, session, 100, phase=2)

    first, second = shell.act("down", "--yes"), shell.act("down", "--yes")

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert "100 % canary, phase All" in first.stdout
    assert shell.share == "SHARE=25"
    assert len(list(session.attempts.iterdir())) == 2


def test_a_rollback_that_was_kept_aside_counts_for_the_next_step_down(shell: Shell) -> None:
    (shell.folder / "run").mkdir(mode=0o700)
    shell.env["XDG_RUNTIME_DIR"] = str(shell.folder / "run")
    standing_at(shell, shell.session(), 100, phase=2)
    fault = {"who": "act", "at": 0, "way": "dead", "under": [str(shell.state)]}
    sound, shell.env = shell.env, {**shell.env, "FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}
    assert shell.act("rollback", "--yes").returncode == 0
    shell.env = sound

    refused = shell.act("down", "--yes")

    assert refused.returncode == 4, refused.stdout
    assert shell.share == "SHARE=0"


def test_what_is_done_while_no_console_runs_is_in_the_report_and_told_beside_the_journal(shell: Shell) -> None:
    standing_at(shell, shell.session(), 100, phase=2)
    assert shell.act("rollback", "--yes", "--reason", "errors at night").returncode == 0

    report, handover = shell.give("report", "stateless"), shell.give("handover", "stateless")
    journal = shell.give("journal", "stateless")

    assert re.search(r"\| Roll back .*\| errors at night \|.*\| done \|", report.stdout), report.stdout
    assert "errors at night" in handover.stdout, handover.stderr
    assert re.search(r"not in the journal yet: .*Roll back begun by .*: errors at night: done", journal.stderr)
    assert "errors at night" not in journal.stdout


def test_attempts_that_the_session_has_settled_and_forgotten_are_not_newer(shell: Shell) -> None:
    session = shell.session()
    assert shell.act("down", "--yes", "--traffic", "50%").returncode == 0
    (old,) = session.attempts.iterdir()
    standing_at(shell, session, 10, settled=[old.name])

    done = shell.act("down", "--yes")

    assert done.returncode == 0, done.stderr
    assert "10 % canary" in done.stdout
    assert shell.share == "SHARE=0"


def test_a_step_down_needs_a_reason_while_the_share_is_in_doubt(shell: Shell) -> None:
    standing_at(shell, shell.session(), 100, phase=2)
    broken = {**ACTIONS["down"], "steps": [{"run": ["false"]}]}
    write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, phases=PHASES, actions={**ACTIONS, "down": broken})
    assert shell.act("down", "--yes").returncode == 5

    refused = shell.act("down", "--yes")

    assert refused.returncode == 4, refused.stdout
    assert "say why with --reason" in refused.stderr
    assert "not met  the share is known: the share may be 50 %: Step down ended failed" in refused.stdout


def test_an_advance_without_its_clauses_needs_a_reason_and_says_what_was_left_out(shell: Shell) -> None:
    session = shell.session()
    standing_at(shell, session, 10)

    refused = shell.act("go", "--yes")
    assert (refused.returncode, shell.share) == (4, "SHARE=10")
    assert "say why with --reason" in refused.stderr
    done = shell.act("go", "--yes", "--reason", "we know better")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=50"
    assert "not met  sign-off by lead" in done.stdout


def test_after_an_advance_that_nobody_watched_the_clauses_are_those_of_the_phase_it_led_to(shell: Shell) -> None:
    standing_at(shell, shell.session(), 10)
    assert shell.act("go", "--yes", "--reason", "we know better").returncode == 0

    ahead = shell.act("go", "--dry-run")

    assert "now      50 % canary, phase Half" in ahead.stdout
    assert "sign-off by lead" not in ahead.stdout


def test_what_was_abandoned_after_the_console_left_is_in_the_report_and_told_beside_the_journal(shell: Shell) -> None:
    session = shell.session()
    failed = shell.act("fails", "--yes", "--json")
    shell.give("watch", str(shell.file), "--headless", "--for", "2s")
    attempt = json.loads(failed.stdout)["attempt"]
    shell.give("attempts", str(shell.file), attempt, "--abandon", "--reason", "mended by hand")

    report, journal = shell.give("report", session.id), shell.give("journal", session.id)

    assert "Fails: failed" in journal.stdout
    assert "mended by hand" in report.stdout
    assert re.search(rf"not in the journal yet: .*{attempt} abandoned by .*: mended by hand", journal.stderr)
    assert "mended by hand" not in journal.stdout


def test_a_damaged_session_does_not_stand_in_the_way_out(shell: Shell) -> None:
    session = shell.session()
    (session.folder / "session.db").write_bytes(b"garbage" * 1000)

    assert shell.act("rollback", "--yes").returncode == 0
    assert shell.share == "SHARE=0"
    refused = shell.act("down", "--yes")
    assert refused.returncode == 4
    assert "the present share is not known" in refused.stderr


def test_a_state_folder_that_cannot_be_written_does_not_stand_in_the_way_out(shell: Shell) -> None:
    shell.env["ROLLOUT_CONSOLE_STATE"] = "/proc/nobody-writes-here"
    shell.env["XDG_RUNTIME_DIR"] = str(shell.folder)

    done = shell.act("rollback", "--yes")

    assert done.returncode == 0, done.stderr
    assert "trying the next place" in done.stderr
    assert shell.share == "SHARE=0"


def test_two_actions_on_a_service_do_not_run_at_once(shell: Shell) -> None:
    path = service_lock(shell.state, "app")
    lock = Lock.take(path, ACTOR, time.time(), "Migrate (migrate-1)")

    done = shell.act("rollback", "--yes")

    lock.release()
    assert done.returncode == 5
    assert "Migrate (migrate-1) is running, begun by ana@laptop (pts/3)" in done.stderr
    assert list((shell.state / "attempts" / "stateless").iterdir()) == []


@pytest.mark.parametrize(("typed", "code", "share"), [("app", 0, "SHARE=0"), ("application", 4, "SHARE=10")])
def test_at_a_terminal_the_service_has_to_be_typed(shell: Shell, typed: str, code: int, share: str) -> None:
    words = ["-m", "console", "act", str(shell.file), "rollback"]
    terminal = pexpect.spawn(
        sys.executable, words, env=shell.env, cwd=str(Path(__file__).parents[2]), encoding="utf-8", timeout=30
    )

    terminal.expect("Type app to confirm: ")
    terminal.sendline(typed)
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == code
    assert shell.share == share


def test_an_interrupted_command_leaves_the_action_going(shell: Shell) -> None:
    act = subprocess.Popen(
        [sys.executable, "-m", "console", "act", str(shell.file), "wait", "--yes"],
        env=shell.env,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until((shell.folder / "begun").exists)

    os.killpg(act.pid, signal.SIGINT)
    _, errors = act.communicate(timeout=30)

    assert act.returncode == 130
    assert "goes on without this terminal" in errors
    (kept,) = (shell.state / "attempts" / "stateless").iterdir()
    assert executor.is_running(kept)
    (shell.folder / "go").touch()
    wait_until(lambda: not executor.is_running(kept))
    found = executor.adopt(kept, time.time())
    assert found is not None
    assert found.ended is not None
    assert found.ended.outcome == "done"


def test_sessions_are_listed_with_who_holds_them(shell: Shell) -> None:
    assert "no sessions in" in shell.give("sessions").stdout
    session = shell.session()
    lock = Lock.take(session.folder / "session.lock", ACTOR, time.time())

    listed, said = shell.give("sessions"), json.loads(shell.give("sessions", "--json").stdout)

    lock.release()
    assert listed.stdout.split() == [
        *(session.id, "held", "by", "ana@laptop", "(pts/3),", "process", str(os.getpid()), "Stateless")
    ]
    assert (said[0]["id"], said[0]["rollout"]) == (session.id, "stateless")
    assert said[0]["held_by"].startswith("ana@laptop")


def test_a_verification_after_an_action_asks_real_sources(shell: Shell, redis_url: str) -> None:
    action = {
        "steps": [{"redis": {"source": "cache", "command": ["SET", "share", "0"]}}],
        "verify": [
            {"redis": {"llen": "share"}, "source": "cache", "within": "1s"},
            {"redis": "ping", "source": "cache"},
        ],
    }
    shell.file = write_rollout(shell.folder, action, sources={"cache": {"redis": redis_url}})

    done = shell.act("act", "--yes", "--json")

    said = json.loads(done.stdout)
    assert [step["state"] for step in said["steps"]] == ["done", "not passed", "passed"]
    assert (done.returncode, said["outcome"]) == (5, "unverified")


def test_the_plan_of_an_attempt_is_kept_without_secrets(shell: Shell) -> None:
    shell.env["TOKEN"] = "t0ken-t0ken"
    action = {"steps": [{"run": ["echo", "${TOKEN}"], "env": {"API_KEY": "${TOKEN}"}}]}
    shell.file = write_rollout(shell.folder, action)

    done = shell.act("act", "--yes")

    assert done.returncode == 0
    assert "t0ken-t0ken" not in done.stdout + done.stderr
    for path in (shell.state / "attempts").rglob("*"):
        assert path.is_dir() or b"t0ken-t0ken" not in path.read_bytes(), path


def test_following_an_attempt_twice_tells_the_same(shell: Shell) -> None:
    shell.act("rollback", "--yes")
    (kept,) = (shell.state / "attempts" / "stateless").iterdir()

    async def told() -> list[object]:
        return [said async for said in executor.follow(kept)]

    assert asyncio.run(told()) == asyncio.run(told())
