"""`rollout-console count`: the counts of finished logs, as JSON and as a table."""

import io
import json
import re
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cli import main
from console.commands.count import as_json, as_text
from console.commands.counted import CHUNK_BYTES, count_stream
from console.core.classify import Classifier
from console.core.redact import Redactor
from tests.app.counting import CLASSIFIER, RULES, counts, written

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


def test_the_json_is_that_of_the_contract(rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = written(
        tmp_path,
        "a.log",
        b"FSM transition: A -> B\r\nFSM transition: A -> C\nnothing\nFSM transition: B -> C\ncompleted in 250ms",
    )

    assert main(["count", rules_file, log, "--json"]) == 0

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
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", rules_file, written(tmp_path, "empty.log", b""), "--json"]) == 0

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
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = [written(tmp_path, "1.log", b"DENIED\nDEN"), written(tmp_path, "2.log", b"IED\nrefused\n")]

    assert main(["count", rules_file, *logs, "--json"]) == 0

    printed = counts(capsys)
    assert (printed["lines"], printed["unclassified"], printed["events"]["denied"]) == (4, 2, {"count": 2})


@pytest.mark.parametrize("logs", [[], ["-"]])
def test_standard_input_is_a_log(
    logs: list[str], rules_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"DENIED\nx")))

    assert main(["count", rules_file, *logs, "--json"]) == 0

    assert counts(capsys)["lines"] == 2


def test_the_table_shows_the_same_numbers(rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moves = b"".join(b"FSM transition: A -> S%d\n" % number for number in range(12))
    log = written(tmp_path, "a.log", moves + b"completed in 1500ms\n" * 1234 + b"x\n" * 4)

    assert main(["count", rules_file, log]) == 0

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
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = [
        written(tmp_path, f"{part}.log", b"".join(b"FSM transition: A -> P%dN%d\n" % (part, n) for n in range(80)))
        for part in range(2)
    ]

    assert main(["count", rules_file, *logs, "--json"]) == 0

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
    rules_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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
