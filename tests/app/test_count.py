"""`rollout-console count`: the counts of finished logs."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cli import main
from console.commands import count, parts
from console.commands.count import as_json, as_text
from console.commands.counted import CHUNK_BYTES, NoLog, count_stream
from console.core.classify import Classifier
from console.core.exits import Exit
from console.core.lines import LINE_LIMIT_BYTES
from console.core.redact import Redactor
from console.core.rollout import EventRule

RULES = {
    "fsm_transition": EventRule(kind="fsm", match=r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)"),
    "llm_call": EventRule(kind="latency", match=r"completed in (?P<ms>\d+)ms", number="ms"),
    "denied": EventRule(match=r"DENIED|refused"),
}
CLASSIFIER = Classifier(RULES)
TAKE_PART = parts.Begun.take_part
needs_processors = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one processor counts alone"
)
ROLLOUT = r"""
rollout: counted
title: Counted
service: app
events:
  fsm_transition:
    kind: fsm
    match: 'FSM transition: (?P<from>\w+) -> (?P<to>\w+)'
  llm_call:
    kind: latency
    match: 'completed in (?P<ms>\d+)ms'
    number: ms
  denied: {match: 'DENIED|refused'}
"""


@pytest.fixture
def rollout(tmp_path: Path) -> str:
    file = tmp_path / "counted.yaml"
    file.write_text(ROLLOUT)
    return str(file)


def written(folder: Path, name: str, data: bytes) -> str:
    file = folder / name
    file.write_bytes(data)
    return str(file)


def counts(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


fragments = st.sampled_from(
    [
        b"FSM transition: A -> B",
        b"FSM transition: ",
        b"completed in 12ms",
        b"DENIED",
        b"refused",
        b"\r",
        b"\xff",
        b"\x00",
        b"x",
    ]
)


class InPieces(io.BytesIO):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(3, size or 0))


@settings(max_examples=200)
@given(lines=st.lists(st.lists(fragments, max_size=4).map(b"".join), max_size=12), is_ended=st.booleans())
def test_counts_are_those_of_a_search_in_every_line(lines: list[bytes], is_ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if is_ended else b"")
    expected: Counter[str] = Counter()
    *ended, last = data.split(b"\n")
    for line in ended + ([last] if last else []):
        text = line.decode(errors="replace")
        expected[next((event for event, rule in RULES.items() if re.search(rule.match, text)), "")] += 1

    counted = count_stream(CLASSIFIER, InPieces(data))

    assert counted.lines == sum(expected.values())
    assert counted.unclassified == expected[""]
    assert {event: counted.rollup.total("", event) for event in RULES} == {event: expected[event] for event in RULES}


def test_the_json_is_that_of_the_contract(rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = written(
        tmp_path,
        "a.log",
        b"FSM transition: A -> B\r\nFSM transition: A -> C\nnothing\nFSM transition: B -> C\ncompleted in 250ms",
    )

    assert main(["count", rollout, log, "--json"]) == 0

    printed = counts(capsys)
    took = printed["events"]["llm_call"].pop("quantiles")
    assert printed == {
        "lines": 5,
        "unclassified": 1,
        "cut": 0,
        "events": {
            "fsm_transition": {"count": 3, "labels": {"from": {"A": 2, "B": 1}, "to": {"C": 2, "B": 1}}},
            "llm_call": {"count": 1},
            "denied": {"count": 0},
        },
    }
    assert took == {name: pytest.approx(250, rel=0.01) for name in ("p50", "p95", "p99")}
    assert list(printed["events"]) == ["fsm_transition", "llm_call", "denied"]
    assert list(printed["events"]["fsm_transition"]["labels"]["to"]) == ["C", "B"]


def test_an_empty_log_has_every_rule_and_no_lines(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", rollout, written(tmp_path, "empty.log", b""), "--json"]) == 0

    assert counts(capsys) == {
        "lines": 0,
        "unclassified": 0,
        "cut": 0,
        "events": {
            "fsm_transition": {"count": 0, "labels": {"from": {}, "to": {}}},
            "llm_call": {"count": 0, "quantiles": {"p50": None, "p95": None, "p99": None}},
            "denied": {"count": 0},
        },
    }


def test_several_logs_are_counted_together_and_no_line_spans_two(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = [written(tmp_path, "1.log", b"DENIED\nDEN"), written(tmp_path, "2.log", b"IED\nrefused\n")]

    assert main(["count", rollout, *logs, "--json"]) == 0

    printed = counts(capsys)
    assert (printed["lines"], printed["unclassified"], printed["events"]["denied"]) == (4, 2, {"count": 2})


def test_a_log_that_cannot_be_read_is_told_and_the_others_are_counted(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = written(tmp_path, "a.log", b"DENIED\n")

    assert main(["count", rollout, str(tmp_path / "no.log"), str(tmp_path), log, "--json"]) == 4

    told = capsys.readouterr()
    assert json.loads(told.out)["events"]["denied"] == {"count": 1}
    assert told.err.splitlines() == [
        f"rollout-console count: {tmp_path}/no.log: No such file or directory; its lines are not counted",
        f"rollout-console count: {tmp_path}: Is a directory; its lines are not counted",
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose first page cannot be read")
def test_a_log_that_cannot_be_read_adds_nothing(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path, "good.log", b"DENIED\n")

    assert main(["count", rollout, "/proc/self/mem", good, "--json"]) == 4

    told = capsys.readouterr()
    assert json.loads(told.out)["lines"] == 1
    assert "Input/output error" in told.err


lines_of_logs = st.lists(
    st.sampled_from([b"FSM transition: A -> B", b"completed in 12ms", b"DENIED", b"", b"noise\r"])
    | st.integers(0, 250).map(lambda number: b"FSM transition: S%d -> T" % number),
    max_size=400,
)


@settings(max_examples=60, deadline=None)
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
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path, "app.log", b"DENIED\n" * 1000)
    monkeypatch.setattr(parts, "PROCESS_BYTES", 1000)
    monkeypatch.setattr(parts, "PART_BYTES", 10)
    monkeypatch.setattr(parts.Begun, "take_part", leave_all_parts_to_another)
    monkeypatch.setattr(pickle, "dump", lambda *_: os.kill(os.getpid(), signal.SIGKILL))

    assert main(["count", rollout, log, "--json"]) == 4

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
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path, "app.log", b"x DENIED\n" * 1000)
    monkeypatch.setattr(parts, "PROCESS_BYTES", 1000)
    monkeypatch.setattr(count, "written_rules", lambda _: {"denied": EventRule(match="nothing of this")})

    assert main(["count", rollout, log, "--json"]) == 0

    assert counts(capsys)["events"]["denied"] == {"count": 1000}


def test_a_named_pipe_is_read_once(rollout: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.log"
    os.mkfifo(pipe)
    counting_now = subprocess.Popen(
        [sys.executable, "-m", "console", "count", rollout, str(pipe), "--json"], stdout=subprocess.PIPE
    )

    pipe.write_bytes(b"DENIED\n" * 3)

    out, _ = counting_now.communicate(timeout=60)
    assert json.loads(out)["lines"] == 3


def test_a_bad_rollout_file_is_told_with_its_own_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rollout: counted\nevents: {a: {match: '('}}\n")

    assert main(["count", str(file), "--json"]) == 4

    told = capsys.readouterr()
    assert told.out == ""
    assert "bad.yaml" in told.err


@pytest.mark.parametrize("logs", [[], ["-"]])
def test_standard_input_is_a_log(
    logs: list[str], rollout: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"DENIED\nx")))

    assert main(["count", rollout, *logs, "--json"]) == 0

    assert counts(capsys)["lines"] == 2


def test_the_table_shows_the_same_numbers(rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moves = b"".join(b"FSM transition: A -> S%d\n" % number for number in range(12))
    log = written(tmp_path, "a.log", moves + b"completed in 1500ms\n" * 1234 + b"x\n" * 4)

    assert main(["count", rollout, log]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["event", "kind", "count", "p50", "p95", "p99"]
    assert lines[1].split() == ["fsm_transition", "fsm", "12"]
    assert lines[2] == "  from: A 12"
    assert lines[3].startswith("  to: S0 1, S1 1, S10 1, ")
    assert lines[3].endswith(", and 4 more")
    assert lines[4].split()[:3] == ["llm_call", "latency", "1,234"]
    assert float(lines[4].split()[3].replace(",", "")) == pytest.approx(1500, rel=0.01)
    assert lines[-1] == "1,250 lines, 4 unclassified (0.3 %)"


def test_a_table_of_no_rules_still_says_how_many_lines() -> None:
    counted = count_stream(Classifier({}), io.BytesIO(b"a\nb\n"))

    assert as_text({}, counted, Redactor()).splitlines() == [
        "event  kind  count",
        "",
        "2 lines, 2 unclassified (100.0 %)",
    ]
    assert as_json({}, counted, Redactor()) == {"lines": 2, "unclassified": 2, "cut": 0, "events": {}}


def test_values_beyond_the_hundredth_are_other_over_all_logs(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = [
        written(tmp_path, f"{part}.log", b"".join(b"FSM transition: A -> P%dN%d\n" % (part, n) for n in range(80)))
        for part in range(2)
    ]

    assert main(["count", rollout, *logs, "--json"]) == 0

    values = counts(capsys)["events"]["fsm_transition"]["labels"]["to"]
    assert len(values) == 101
    assert list(values.items())[-1] == ("other", 60)


def test_a_label_that_is_a_secret_is_counted_and_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "rollout: h\ntitle: H\nservice: app\nevents: {login: {match: 'login (?P<token>\\S+) at (?P<place>\\S+)'}}\n"
    (tmp_path / "secret.yaml").write_text(text)
    (tmp_path / "log").write_text("login k3j9d8 at here\nlogin m4k8e7 at http://u:hunter2@h\n")

    assert main(["count", str(tmp_path / "secret.yaml"), str(tmp_path / "log"), "--json"]) == 0

    labels = json.loads(capsys.readouterr().out)["events"]["login"]["labels"]
    assert labels == {"token": {"[redacted]": 2}, "place": {"here": 1, "http://u:[redacted]@h": 1}}


def test_a_hostile_label_reaches_the_terminal_harmless(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text("rollout: h\ntitle: H\nservice: app\nevents: {e: {match: 'why=(?P<why>.*)'}}\n")
    log = written(tmp_path, "a.log", b"why=\x1b]0;owned\x07\n")

    assert main(["count", str(file), log]) == 0

    assert "\x1b" not in capsys.readouterr().out


def test_a_line_of_many_megabytes_is_one_line_cut_where_the_console_cuts_it() -> None:
    first = b"x" * 200_000 + b" DENIED" + b"x" * 3_000_000 + b" completed in 5ms\n"
    counted = count_stream(CLASSIFIER, io.BytesIO(first + b"y" * 2_000_000))

    assert (counted.lines, counted.unclassified) == (2, 1)
    assert (counted.rollup.total("", "denied"), counted.rollup.total("", "llm_call")) == (1, 0)


class Endless(io.RawIOBase):
    """A long log that is never in memory as a whole."""

    def __init__(self, chunks: int) -> None:
        self._left = chunks
        self._chunk = (b"2026-01-01 INFO agent completed in 250ms\n" + b"." * 120 + b"\n") * (CHUNK_BYTES // 162)

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        return self._chunk if self._left >= 0 else b""


def peak_of(chunks: int) -> int:
    log = Endless(chunks)
    tracemalloc.start()
    try:
        count_stream(CLASSIFIER, log)  # type: ignore[arg-type]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_log_eight_times_as_long_takes_no_more_memory() -> None:
    assert peak_of(16) < 1.2 * peak_of(2)


def test_a_reader_that_has_had_enough_is_no_error(rollout: str, tmp_path: Path) -> None:
    log = written(tmp_path, "a.log", b"DENIED\n")
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.wait()

    counted = subprocess.run(
        [sys.executable, "-m", "console", "count", rollout, log, "--json"],
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    reader.stdin.close()
    assert (counted.returncode, counted.stderr) == (0, "")


def test_a_rule_that_is_given_up_is_named_and_its_count_is_said_to_be_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "endless.yaml"
    file.write_text(ROLLOUT + "  endless: {match: '^(?:a|aa)+$'}\n")
    log = written(tmp_path, "app.log", b"a" * 60 + b"!\naaaa\n")

    assert main(["count", str(file), log, "--json"]) == Exit.WARNING
    told = capsys.readouterr()
    assert main(["count", str(file), log]) == Exit.WARNING
    table = capsys.readouterr().out

    assert json.loads(told.out)["events"]["endless"] == {"count": 1, "given_up": 1}
    assert "rule endless was given up on 1 line" in told.err
    assert ["endless", "event", "≥1"] in [line.split()[:3] for line in table.splitlines()]


def test_lines_over_the_limit_are_counted_and_said_to_be_cut(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = b"x" * LINE_LIMIT_BYTES
    log = written(tmp_path, "app.log", long + b"\r\n" + long + b"y\n" + b"short\n" + long * 9)

    assert main(["count", rollout, log, "--json"]) == 0

    told = capsys.readouterr()
    assert (json.loads(told.out)["lines"], json.loads(told.out)["cut"]) == (4, 2)
    assert "2 lines were cut at 256 KiB and classified by what stands before" in told.err


@pytest.mark.parametrize(
    ("pack", "program"),
    [(gzip.compress, "zcat"), (bz2.compress, "bzcat"), (lzma.compress, "xzcat"), (b"\x28\xb5\x2f\xfd".join, "zstdcat")],
)
def test_a_compressed_log_is_not_counted_and_the_remedy_is_said(
    rollout: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pack: Callable[[Any], bytes],
    program: str,
) -> None:
    packed = pack(b"denied\n" * 9) if program != "zstdcat" else pack([b"", b"rest"])
    log = written(tmp_path, "app.log.packed", packed)

    assert main(["count", rollout, log, "--json"]) == Exit.USAGE

    told = capsys.readouterr()
    assert json.loads(told.out)["lines"] == 0
    assert f"{program} FILE | rollout-console count ROLLOUT -; its lines are not counted" in told.err


def test_a_large_compressed_log_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PROCESS_BYTES", 8)
    log = written(tmp_path, "app.log.gz", gzip.compress(b"denied\n" * 9))

    with pytest.raises(NoLog, match="zcat FILE"):
        parts.begin(RULES, Path(log))


def test_bytes_that_are_no_text_are_counted_with_a_hint(
    rollout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", rollout, written(tmp_path, "app.log", b"a\0b\n")]) == 0

    told = capsys.readouterr()
    assert "1 line, 1 unclassified" in told.out
    assert "app.log: it has NUL bytes and may be no text" in told.err


def test_a_closed_standard_input_is_said_in_one_line(
    rollout: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert main(["count", rollout]) == Exit.USAGE

    assert capsys.readouterr().err == "rollout-console count: standard input is closed; name a log file\n"
