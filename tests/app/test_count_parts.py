"""`rollout-console count` by several processes counts as by one."""

import io
import json
import os
import pickle
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cli import main
from console.commands import count, parts
from console.commands.count import as_json
from console.commands.counted import count_stream
from console.core.redact import Redactor
from console.core.rollout import EventRule
from tests.app.counting import CLASSIFIER, RULES, counts, written

TAKE_PART = parts.Begun.take_part
needs_processors = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one processor counts alone"
)
lines_of_logs = st.lists(
    st.sampled_from([b"FSM transition: A -> B", b"completed in 12ms", b"DENIED", b"", b"noise\r"])
    | st.integers(0, 250).map(lambda number: b"FSM transition: S%d -> T" % number),
    max_size=400,
)


@settings(max_examples=60)
@given(lines=lines_of_logs, has_end=st.booleans(), part=st.integers(1, 3000))
def test_a_file_counted_by_several_processes_counts_as_by_one(lines: list[bytes], has_end: bool, part: int) -> None:
    log = b"\n".join(lines) + b"\n" * has_end
    with tempfile.NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        file.write(log)
        file.flush()
        patch.setattr(parts, "PROCESS_BYTES", part)
        patch.setattr(parts, "PART_BYTES", max(1, part // 4))

        counted = parts.count_file(RULES, Path(file.name))

    expected = count_stream(CLASSIFIER, io.BytesIO(log))
    assert as_json(RULES, counted, Redactor()) == as_json(RULES, expected, Redactor())


def leave_all_parts_to_another(begun: parts.Begun) -> None:
    """Wait until another process has taken all parts, which are few and small, and ended."""
    os.waitid(os.P_PID, begun._others[0].pid, os.WEXITED | os.WNOWAIT)
    TAKE_PART(begun)


@needs_processors
def test_a_process_that_ends_early_is_told_and_its_log_adds_nothing(
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path, "app.log", b"DENIED\n" * 1000)
    monkeypatch.setattr(parts, "PROCESS_BYTES", 1000)
    monkeypatch.setattr(parts, "PART_BYTES", 10)
    monkeypatch.setattr(parts.Begun, "take_part", leave_all_parts_to_another)
    monkeypatch.setattr(pickle, "dump", lambda *_: os.kill(os.getpid(), signal.SIGKILL))

    assert main(["count", rules_file, log, "--json"]) == 4

    told = capsys.readouterr()
    assert json.loads(told.out)["lines"] == 0
    assert "ended early" in told.err


@needs_processors
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("phases: 7", "phases"),
        ("events: {a: {match: '(' }}", "is no regular expression"),
        ("events: {a: {match: '[[a]'}}", "is ambiguous"),
        ("events: {a: {match: x, number: n}}", "number"),
        ("events: 5", "events"),
        ("events: {a: 5}", "events"),
        ("events: {a: {match: x, kind: [1]}}", "kind"),
    ],
)
def test_a_large_log_is_not_counted_by_a_file_in_which_something_is_wrong(
    wrong: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(f"rollout: bad\ntitle: Bad\nservice: app\n{wrong}\n")
    log = written(tmp_path, "app.log", b"x DENIED\n" * 1000)
    assert main(["count", str(file), os.devnull, "--json"]) == 4
    expected = capfd.readouterr()
    monkeypatch.setattr(parts, "PROCESS_BYTES", 1000)
    before = children()

    assert main(["count", str(file), log, "--json"]) == 4

    told = capfd.readouterr()
    assert (told.out, told.err) == ("", expected.err)
    assert said in told.err
    assert children() == before


def children() -> set[str]:
    """Return the processes that this one has begun."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


@needs_processors
def test_what_was_counted_by_other_rules_than_the_checked_ones_is_counted_again(
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path, "app.log", b"x DENIED\n" * 1000)
    monkeypatch.setattr(parts, "PROCESS_BYTES", 1000)
    monkeypatch.setattr(count, "written_rules", lambda _: {"denied": EventRule(match="nothing of this")})

    assert main(["count", rules_file, log, "--json"]) == 0

    assert counts(capsys)["events"]["denied"] == {"count": 1000}
