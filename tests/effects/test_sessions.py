import json
import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.core.actors import Actor, actor_of
from console.core.redact import Redactor
from console.effects.lock import SESSION_LOCK, UNKNOWN_HOLDER, Held, Lock, holder_of, service_lock
from console.effects.sessions import (
    Session,
    create_session,
    find_latest,
    find_session,
    fresh_attempt,
    list_sessions,
    loose_attempts,
    state_dir,
    this_actor,
)
from tests.effects.acting import ACTOR
from tests.waiting import wait_until

AT = 1_795_269_807.0  # 2026-11-21 14:03:27 UTC


def begin(tmp_path: Path, *, rollout: str = "stateless", at: float = AT) -> Session:
    file = tmp_path / "file.yaml"
    file.write_text("rollout: stateless\n# password: hunter2\n")
    return create_session(tmp_path / "state", rollout, title="Stateless", file=file, at=at, redactor=Redactor())


def test_a_session_is_named_by_its_rollout_and_its_beginning(tmp_path: Path) -> None:
    session = begin(tmp_path)

    assert session.id == "stateless-20261121-140327"
    assert session.folder == tmp_path / "state" / "sessions" / session.id
    assert session.attempts.is_dir()
    assert "hunter2" not in (session.folder / "rollout.yaml").read_text()
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700


def test_two_sessions_of_one_second_have_two_names(tmp_path: Path) -> None:
    assert [begin(tmp_path).id, begin(tmp_path).id] == ["stateless-20261121-140327", "stateless-20261121-140327-2"]


def test_a_rollout_goes_on_in_its_latest_session(tmp_path: Path) -> None:
    first, second = begin(tmp_path), begin(tmp_path, at=AT + 60)
    begin(tmp_path, rollout="other", at=AT + 120)
    base = tmp_path / "state"

    assert find_latest(base, "stateless") == second
    assert find_session(base, first.id) == first
    assert find_latest(base, "another") is None
    assert [session.rollout for session in list_sessions(base)] == ["other", "stateless", "stateless"]


def test_folders_that_are_no_sessions_are_left_out(tmp_path: Path) -> None:
    session = begin(tmp_path)
    strange = session.folder.parent / "strange"
    strange.mkdir()
    (strange / "session.json").write_text("not json")
    (session.folder.parent / "empty").mkdir()

    assert list_sessions(tmp_path / "state") == [session]
    assert list_sessions(tmp_path / "nowhere") == []


def test_attempts_have_names_of_their_own(tmp_path: Path) -> None:
    parent = loose_attempts(tmp_path, "stateless")

    names = [fresh_attempt(parent, "rollback", AT).name for _ in range(3)]

    assert names == ["rollback-20261121-140327", "rollback-20261121-140327-2", "rollback-20261121-140327-3"]


def test_the_state_folder_is_where_the_variable_says(tmp_path: Path) -> None:
    assert state_dir({"ROLLOUT_CONSOLE_STATE": str(tmp_path)}) == tmp_path
    assert state_dir({}).name == "rollout-console"


def test_behind_sudo_the_actor_is_the_one_who_called_it(tmp_path: Path) -> None:
    account = pwd.getpwuid(os.geteuid()).pw_name
    nowhere = tmp_path / "none"

    called = this_actor({"SUDO_USER": "ana", "SSH_CONNECTION": "203.0.113.7 50022 10.0.0.5 22"}, login_file=nowhere)

    assert (called.user, called.acts_as, called.came_from) == ("ana", account, "203.0.113.7")
    alone = this_actor({}, login_file=nowhere)
    assert (alone.user, alone.acts_as, alone.came_from) == (account, "", "")
    assert alone.host


@pytest.mark.parametrize(
    ("kept", "expected"), [(f"{os.geteuid()}", ""), ("4294967295", "ana"), ("not a number", "ana")]
)
def test_whom_the_kernel_saw_log_in_goes_before_what_the_environment_says(
    tmp_path: Path, kept: str, expected: str
) -> None:
    (tmp_path / "loginuid").write_text(kept)

    found = this_actor({"SUDO_USER": "ana"}, login_file=tmp_path / "loginuid")

    assert found.user == (expected or pwd.getpwuid(os.geteuid()).pw_name)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("ana", "ops1"),
        Actor("ana", "ops1", "pts/3"),
        Actor("ana", "ops1", "pts/3", "root", "2001:db8::7"),
        Actor("ana", "ops1", "", "", "203.0.113.7"),
        Actor("ana", "ops1", "", "deploy"),
    ],
    ids=str,
)
def test_an_actor_is_read_back_from_what_was_written(actor: Actor) -> None:
    assert actor_of(str(actor)) == actor
    assert actor_of(f"taken up again by {actor} after 3 s") == actor


def test_the_second_opener_learns_who_holds_the_session(tmp_path: Path) -> None:
    session = begin(tmp_path)
    path = session.folder / SESSION_LOCK
    assert session.holder is None

    lock = Lock.take(path, ACTOR, AT)

    with pytest.raises(Held, match=r"ana@laptop \(pts/3\), process \d+") as caught:
        Lock.take(path, ACTOR, AT)
    assert caught.value.holder == session.holder
    assert (caught.value.holder.user, caught.value.holder.since) == ("ana", AT)
    lock.release()
    assert session.holder is None
    Lock.take(path, ACTOR, AT).release()


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = (
        "import sys, time; from pathlib import Path; from console.core.actors import Actor;"
        "from console.effects.lock import Lock; lock = Lock.take(Path(sys.argv[1]), Actor('bo', 'h'), 1.0);"
        "print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    holder = holder_of(path)
    assert holder is not None
    assert (holder.user, holder.pid) == ("bo", other.pid)

    other.kill()
    other.wait()
    other.stdout.close()

    wait_until(lambda: holder_of(path) is None)
    Lock.take(path, ACTOR, AT).release()


def test_a_holder_who_did_not_say_who_they_are_is_somebody(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path / "x.lock", ACTOR, AT)
    (tmp_path / "x.lock").write_text("{torn")

    assert holder_of(tmp_path / "x.lock") == UNKNOWN_HOLDER
    lock.release()


def test_services_have_locks_of_their_own_whatever_they_are_called(tmp_path: Path) -> None:
    names = ["app", "app/x", "app_x", "../../etc", "", "ü" * 300]

    paths = [service_lock(tmp_path, name) for name in names]

    assert len(set(paths)) == len(names)
    assert {path.parent for path in paths} == {tmp_path / "locks"}
    for path in paths:
        Lock.take(path, ACTOR, AT).release()


def test_the_about_file_holds_what_is_needed_to_find_the_rollout_again(tmp_path: Path) -> None:
    session = begin(tmp_path)

    about = json.loads((session.folder / "session.json").read_text())

    assert about["file"] == str(tmp_path / "file.yaml")
    assert (about["rollout"], about["title"], about["created"]) == ("stateless", "Stateless", AT)
