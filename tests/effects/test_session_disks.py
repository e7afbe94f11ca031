"""The session's file under a console that is killed, and on disks that are full or may not be written."""

import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from console.core.record import Record
from console.core.redact import Redactor
from console.effects.session_file import SessionFile
from console.effects.session_schema import SessionUnreadable, StoreFailed
from tests.effects.test_session_file import AT, committed, stretch

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from console.core.record import Record
    from console.core.redact import Redactor
    from console.effects.session_file import SessionFile
    from tests.effects.test_session_file import AT, committed, stretch

    session = SessionFile.open(Path(sys.argv[1]), Redactor())
    after = session.load().positions.get(("app", "c1", "stdout"), -1)
    while True:
        after += 1
        committed(session.commit(counted=[stretch(after - 1, after, n=1)], records=[Record(AT, "note", str(after))]))
        print(after, flush=True)
    """
)


def test_a_killed_console_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    SessionFile.create(tmp_path / "s", Redactor()).close()
    root = str(Path(__file__).parents[2])

    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "s"), root], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(40)]
        writer.kill()
        said += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()

        acknowledged = int([line for line in said if line.endswith("\n")][-1])
        with closing(SessionFile.open(tmp_path / "s", Redactor())) as again:
            stored = again.load()
            position = stored.positions[("app", "c1", "stdout")]
            assert position >= acknowledged
            assert stored.totals == {("canary", "fsm"): position + 1}
            assert stored.seq == position + 1
            assert again.check_journal() is None


FULL = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from console.core.record import Record
    from console.core.redact import Redactor
    from console.effects.session_file import SessionFile
    from console.effects.session_schema import StoreFailed
    from tests.effects.test_session_file import AT, committed, stretch

    session = SessionFile.create(Path(sys.argv[1]), Redactor())
    committed(session.commit(counted=[stretch(-1, 1)]))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    big = [Record(AT, "note", "x" * 100_000)] * 4
    failed = session.commit(counted=[stretch(1, 2)], records=big)
    assert isinstance(failed, StoreFailed), failed
    assert failed.kind in ("full", "io"), failed
    assert session.load().positions == {("app", "c1", "stdout"): 1}
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    committed(session.commit(counted=[stretch(1, 2)], records=big, durable=True))
    assert session.load().totals == {("canary", "fsm"): 2}, session.load().totals
    assert session.check_journal() is None
    print(failed.kind)
    """
)


def test_a_commit_that_found_no_room_can_be_made_again_when_there_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "s"), str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_named_and_nothing_is_lost(tiny_disk: Path) -> None:
    with closing(SessionFile.create(tiny_disk / "s", Redactor())) as session:
        committed(session.commit(counted=[stretch(-1, 1)]))
        filler = tiny_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * 2_000_000)

        failed = session.commit(counted=[stretch(1, 2)], records=[Record(AT, "note", "y" * 50_000)], durable=True)

        assert isinstance(failed, StoreFailed)
        assert failed.kind == "full"
        assert failed.reason.startswith("the disk is full: ")
        filler.unlink()
        committed(session.commit(counted=[stretch(1, 2)], records=[Record(AT, "note", "y" * 50_000)]))
        assert session.load().totals == {("canary", "fsm"): 2}


def test_a_disk_that_becomes_read_only_is_named(tiny_disk: Path) -> None:
    with closing(SessionFile.create(tiny_disk / "s", Redactor())) as session:
        session.commit(counted=[stretch(-1, 1)])
        session.close()
        subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)

        with pytest.raises(SessionUnreadable):
            SessionFile.open(tiny_disk / "s", Redactor())

        assert (tiny_disk / "s" / "session.db").exists()
