"""One action at a time for a service on a machine, whoever acts and wherever they keep their state."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from console.effects import automatic
from console.effects.lock import Held, Lock, holder_of, machine_folder, machine_lock, open_shared, service_lock
from tests.effects.acting import ACTOR
from tests.effects.test_act import Shell
from tests.effects.test_act_alone import spare_of

HOLDER = "Migrate (migrate-1)"


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """A folder that all may write, as /run/lock is."""
    folder = tmp_path / "all"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def shell(tmp_path: Path, meeting: Path) -> Shell:
    shell = Shell(tmp_path)
    (tmp_path / "run").mkdir(mode=0o700)
    shell.env |= {"ROLLOUT_CONSOLE_LOCKS": str(meeting), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return shell


def test_two_rollbacks_from_two_state_folders_do_not_run_at_once(shell: Shell, tmp_path: Path) -> None:
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(shell.act("wait", "--yes").returncode))
    first.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    other = {**shell.env, "ROLLOUT_CONSOLE_STATE": str(tmp_path / "other")}
    shell.env, own = other, shell.env
    refused = shell.act("rollback", "--yes")
    shell.env = own
    (tmp_path / "go").touch()
    first.join(30)

    assert refused.returncode == 5
    assert "Wait (wait-" in refused.stderr
    assert shell.share == "SHARE=10"
    assert codes == [0]


@pytest.mark.parametrize("trap", ["link", "folder", "fifo", "two names"])
def test_what_somebody_put_in_place_of_the_lock_is_left_alone_and_stands_in_the_way_of_nothing(
    shell: Shell, meeting: Path, trap: str
) -> None:
    path, victim = machine_lock(meeting, "app"), shell.folder / "victim"
    victim.write_text("precious")
    if trap == "link":
        path.symlink_to(victim)
    elif trap == "folder":
        path.mkdir()
    elif trap == "fifo":
        os.mkfifo(path)
    else:
        path.hardlink_to(victim)

    done = shell.act("rollback", "--yes")

    assert done.returncode == 0, done.stderr
    assert shell.share == "SHARE=0"
    assert "the lock of app holds for this user only" in done.stderr
    assert victim.read_text() == "precious"


def test_every_account_may_use_the_lock_that_the_first_one_made(meeting: Path) -> None:
    path = machine_lock(meeting, "app")

    Lock.take(path, ACTOR, 1.0).release()

    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_a_lock_in_a_folder_of_its_owner_is_for_its_owner(tmp_path: Path) -> None:
    path = service_lock(tmp_path, "app")

    Lock.take(path, ACTOR, 1.0).release()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another account")
def test_a_lock_of_another_account_is_respected(meeting: Path) -> None:
    path = machine_lock(meeting, "app")
    os.close(open_shared(path))
    os.chown(path, 65534, 65534)
    lock = Lock.take(path, ACTOR, 1.0, HOLDER)

    with pytest.raises(Held):
        Lock.take(path, ACTOR, 2.0)

    lock.release()
    assert holder_of(path) is None


def test_what_anybody_may_have_written_about_the_holder_breaks_nothing(meeting: Path) -> None:
    path = machine_lock(meeting, "app")
    lock = Lock.take(path, ACTOR, 1.0, HOLDER)
    path.write_text("[" * 100_000)

    holder = holder_of(path)

    lock.release()
    assert holder is not None
    assert holder.user == "somebody"


def test_a_lock_that_is_held_in_a_spare_folder_is_respected(shell: Shell) -> None:
    spare = spare_of(shell, shell.state)
    lock = Lock.take(service_lock(spare, "app"), ACTOR, time.time(), HOLDER)

    done = shell.act("rollback", "--yes")

    lock.release()
    assert done.returncode == 5
    assert f"{HOLDER} is running" in done.stderr


def test_the_variable_says_where_all_meet_and_else_everybody_finds_the_same_folder(tmp_path: Path) -> None:
    assert machine_folder({"ROLLOUT_CONSOLE_LOCKS": str(tmp_path)}) == tmp_path
    found = machine_folder({})
    assert found is None or found.stat().st_mode & 0o1777 == 0o1777


def test_what_one_account_began_by_itself_another_does_not_begin_again(tmp_path: Path, meeting: Path) -> None:
    automatic.note([tmp_path / "ana"], "app", 1000.0, meeting)

    def why_not(at: float) -> str:
        return automatic.obstacle([tmp_path / "ben"], "app", at=at, session_began=1050, armed_at=0, machine=meeting)

    assert "in another session" in why_not(1100.0)
    assert why_not(5000.0) == ""
    assert why_not(900.0) == ""  # a time to come, which anybody may write there
