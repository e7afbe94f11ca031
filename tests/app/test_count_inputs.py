"""`rollout-console count` of what is no plain log: unreadable, a pipe, packed, cut or closed."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.cli import main
from console.commands import parts
from console.commands.counted import NoLog
from console.core.exits import Exit
from console.core.lines import LINE_LIMIT_BYTES
from tests.app.counting import ROLLOUT, RULES, written


def test_a_log_that_cannot_be_read_is_told_and_the_others_are_counted(
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = written(tmp_path, "a.log", b"DENIED\n")

    assert main(["count", rules_file, str(tmp_path / "no.log"), str(tmp_path), log, "--json"]) == 4

    told = capsys.readouterr()
    assert json.loads(told.out)["events"]["denied"] == {"count": 1}
    assert told.err.splitlines() == [
        f"rollout-console count: {tmp_path}/no.log: No such file or directory; its lines are not counted",
        f"rollout-console count: {tmp_path}: Is a directory; its lines are not counted",
    ]


def test_a_log_that_cannot_be_read_adds_nothing(
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path, "good.log", b"DENIED\n")

    assert main(["count", rules_file, "/proc/self/mem", good, "--json"]) == 4

    told = capsys.readouterr()
    assert json.loads(told.out)["lines"] == 1
    assert "Input/output error" in told.err


def test_a_named_pipe_is_read_once(rules_file: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.log"
    os.mkfifo(pipe)
    counting_now = subprocess.Popen(
        [sys.executable, "-m", "console", "count", rules_file, str(pipe), "--json"], stdout=subprocess.PIPE
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


def test_a_reader_that_has_had_enough_is_no_error(rules_file: str, tmp_path: Path) -> None:
    log = written(tmp_path, "a.log", b"DENIED\n")
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.wait()

    counted = subprocess.run(
        [sys.executable, "-m", "console", "count", rules_file, log, "--json"],
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
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = b"x" * LINE_LIMIT_BYTES
    log = written(tmp_path, "app.log", long + b"\r\n" + long + b"y\n" + b"short\n" + long * 9)

    assert main(["count", rules_file, log, "--json"]) == 0

    told = capsys.readouterr()
    assert (json.loads(told.out)["lines"], json.loads(told.out)["cut"]) == (4, 2)
    assert "2 lines were cut at 256 KiB and classified by what stands before" in told.err


@pytest.mark.parametrize(
    ("pack", "program"),
    [(gzip.compress, "zcat"), (bz2.compress, "bzcat"), (lzma.compress, "xzcat"), (b"\x28\xb5\x2f\xfd".join, "zstdcat")],
)
def test_a_compressed_log_is_not_counted_and_the_remedy_is_said(
    rules_file: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pack: Callable[[Any], bytes],
    program: str,
) -> None:
    packed = pack(b"denied\n" * 9) if program != "zstdcat" else pack([b"", b"rest"])
    log = written(tmp_path, "app.log.packed", packed)

    assert main(["count", rules_file, log, "--json"]) == Exit.USAGE

    told = capsys.readouterr()
    assert json.loads(told.out)["lines"] == 0
    assert f"{program} FILE | rollout-console count ROLLOUT -; its lines are not counted" in told.err


def test_a_large_compressed_log_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PROCESS_BYTES", 8)
    log = written(tmp_path, "app.log.gz", gzip.compress(b"denied\n" * 9))

    with pytest.raises(NoLog, match="zcat FILE"):
        parts.begin(RULES, Path(log))


def test_bytes_that_are_no_text_are_counted_with_a_hint(
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", rules_file, written(tmp_path, "app.log", b"a\0b\n")]) == 0

    told = capsys.readouterr()
    assert "1 line, 1 unclassified" in told.out
    assert "app.log: it has NUL bytes and may be no text" in told.err


def test_a_closed_standard_input_is_said_in_one_line(
    rules_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert main(["count", rules_file]) == Exit.USAGE

    assert capsys.readouterr().err == "rollout-console count: standard input is closed; name a log file\n"
