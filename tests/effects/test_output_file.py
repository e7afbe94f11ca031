import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.redact import REDACTED, Redactor
from console.effects.output_file import OutputFile


def kept(path: Path, chunks: list[bytes], *, limit: int = 4096, secrets: tuple[str, ...] = ()) -> str:
    output = OutputFile(path, Redactor(secrets), commands=1, limit_bytes=limit)
    output.begin("cmd")
    for chunk in chunks:
        output.feed(chunk)
    output.end()
    output.close()
    return path.read_text()


def test_lines_do_not_depend_on_how_they_came(tmp_path: Path) -> None:
    assert kept(tmp_path / "a", [b"one\ntw", b"o\n", b"three"]) == kept(tmp_path / "b", [b"one\ntwo\nthree"])
    assert (tmp_path / "a").read_text() == "$ cmd\none\ntwo\nthree\n"


def test_a_secret_cut_in_two_by_a_pipe_is_redacted(tmp_path: Path) -> None:
    said = kept(tmp_path / "a", [b"dsn hunt", b"er2 x\n"], secrets=("hunter2",))

    assert said == f"$ cmd\ndsn {REDACTED} x\n"


def test_the_middle_of_a_flood_is_counted_and_its_end_kept(tmp_path: Path) -> None:
    said = kept(tmp_path / "a", [b"line %04d\n" % number for number in range(5000)])

    lines = said.splitlines()
    assert len(said) <= 4096
    assert lines[1] == "line 0000"
    assert lines[-1] == "line 4999"
    left_out = next(line for line in lines if line.endswith("bytes left out]"))
    counted = int(left_out.split()[0].lstrip("[").replace(",", ""))
    assert counted + sum(len(line) + 1 for line in lines[1:] if line != left_out) == 50_000


def test_a_flood_without_line_ends_is_bounded(tmp_path: Path) -> None:
    said = kept(tmp_path / "a", [b"x" * 65_536] * 200, limit=100_000)

    assert len(said) <= 170_000
    assert "bytes left out]" in said


def test_a_secret_is_not_cut_by_the_limit(tmp_path: Path) -> None:
    said = kept(tmp_path / "a", [b"hunter2 " * 100_000], limit=1_000_000, secrets=("hunter2",))

    assert "hunter2" not in said
    assert set(said.split()) == {"$", "cmd", REDACTED}


def test_every_command_has_room_of_its_own(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "a", Redactor(), commands=2, limit_bytes=8192)
    for name in ("first", "second"):
        output.begin(name)
        output.feed(b"".join(b"%s %d\n" % (name.encode(), number) for number in range(3000)))
        output.end()
    output.close()

    said = (tmp_path / "a").read_text().splitlines()
    assert {"$ first", "first 0", "first 2999", "$ second", "second 0", "second 2999"} <= set(said)


def test_what_comes_after_the_end_is_not_kept(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "a", Redactor(), commands=1)
    output.close()

    output.feed(b"late\n")

    assert (tmp_path / "a").read_text() == ""


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "a", Redactor(), commands=1)
    reading, writing = os.pipe()
    reader = threading.Thread(target=output.pump, args=(reading,))
    reader.start()

    os.write(writing, b"hello\n")
    os.close(writing)
    reader.join(10)
    output.close()

    assert (tmp_path / "a").read_text() == "hello\n"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(reading)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(500, 4000))
def test_the_file_stays_small_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], limit: int
) -> None:
    path = tmp_path_factory.mktemp("o") / "a"

    kept(path, chunks, limit=limit)

    longest = max((len(line) for line in b"".join(chunks).split(b"\n")), default=0)
    assert path.stat().st_size <= 3 * (limit + longest) + 100  # an invalid byte becomes a character of three


def test_what_a_command_must_print_is_missing_until_one_of_its_own_lines_has_it(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "a", Redactor(()), commands=2)
    wanted = (r"rate: *100\b", "DONE")

    output.begin("echo DONE", wanted)
    output.feed(b"rate: 10")
    before = output.missing()
    output.feed(b"0%\nDON")
    output.end()
    after = output.missing()
    output.begin("next")
    nothing = output.missing()
    output.close()

    assert before == wanted
    assert after == ("DONE",)
    assert nothing == ()
