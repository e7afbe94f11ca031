"""`rollout-console replay` on sessions that an engine recorded."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from console.cli import main
from console.core.inputs import Input, Reading, SampleTaken
from console.effects.sessions import create_session
from console.opening import open_session
from console.spec.load import load
from tests.recordings import ANNA, START, answer, lines, live, record

Capture = pytest.CaptureFixture[str]
FIRST = int(START)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a session of ten minutes: failures rise from 200 s to 300 s, and something leaks at 400 s."""
    monkeypatch.setenv("ROLLOUT_CONSOLE_STATE", str(tmp_path / "state"))
    file = tmp_path / "shop.yaml"
    file.write_text("rollout: shop")
    made = create_session(tmp_path / "state", "shop", title="The new shop", file=file, at=START)
    given: list[Input] = live(START + 0.4)
    for second in range(1, 597):
        given.append(lines(FIRST + second, failed=2 if 200 <= second < 300 else 0, served=10))
        if second % 5 == 0:
            given.append(answer(FIRST + second + 0.5, 1.0 if second == 400 else 0.0))
    record(made.folder, (START, 600, sorted(given, key=lambda one: one.at)))
    return made.folder


def said(capsys: Capture, *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    assert main(["replay", "shop", "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_replay_tells_every_verdict_and_that_the_journal_has_them_all(session: Path, capsys: Capture) -> None:
    assert main(["replay", session.name]) == 0

    shown = capsys.readouterr().out
    assert "2026-11-21 00:00:00 to 2026-11-21 00:10:00 UTC, watched in 1 stretch" in shown
    assert "2026-11-21 00:06:40  ✗ CRITICAL    leaks     1, > 0; was OK" in shown
    assert "soak clock stands: leaks is CRITICAL" in shown
    assert re.search(r"as recorded: all \d+ changes of verdicts are as the journal has them", shown)


def test_another_condition_says_when_it_would_have_fired_and_what_did(session: Path, capsys: Capture) -> None:
    assert main(["replay", "shop", "--set", "failures.critical=> 10%", "--set", "failures.for=10s"]) == 0

    shown = capsys.readouterr().out
    assert "what if: failures.critical=> 10%; failures.for=10s" in shown
    (critical,) = [line for line in shown.splitlines() if "failures CRITICAL" in line and "recorded" in line]
    # 2 of 12 lines fail from 03:20: over 10 % of 30 s after 17 s, and that has held for 10 s at 03:47.
    assert critical.strip().startswith("failures CRITICAL at 2026-11-21 00:03:47 for ")
    assert critical.endswith("(recorded: never)")
    assert "leaks CRITICAL" not in shown


def test_a_condition_that_would_never_have_fired_is_told_beside_when_it_did(session: Path, capsys: Capture) -> None:
    assert main(["replay", "shop", "--set", "leaks.critical=> 1"]) == 0

    shown = capsys.readouterr().out
    assert "leaks CRITICAL never (recorded: at 2026-11-21 00:06:40 for 5s)" in shown
    assert "leaks WARNING never, as recorded" in shown


def test_the_window_of_a_metric_of_events_can_be_changed(session: Path, capsys: Capture) -> None:
    narrow = said(capsys, "--set", "failures.window=10s")
    wide = said(capsys, "--set", "failures.window=5m")

    def fired(found: dict[str, Any]) -> str:
        (warning,) = [one for one in found["fired"] if one["verdict"] == "WARNING"]
        return str(warning["would"][0]["since"])

    assert fired(narrow) < fired(wide)
    assert narrow["changed"] == [{"metric": "failures", "keys": {"window": {"recorded": 30.0, "now": 10.0}}}]


def test_json_has_verdicts_with_the_time_at_which_they_were_recorded(session: Path, capsys: Capture) -> None:
    found = said(capsys)

    assert found["is_as_recorded"] is True
    assert found["differences"] == []
    assert [(one["metric"], one["to"], one["at"] == one["recorded_at"]) for one in found["verdicts"]][-1] == (
        "leaks",
        "OK",
        True,
    )


def test_a_part_of_the_session_can_be_asked_for(session: Path, capsys: Capture) -> None:
    late = said(capsys, "--since", "4m")
    early = said(capsys, "--until", "2026-11-21 00:05:00")
    between = said(capsys, "--since", "2026-11-21T00:03:00Z", "--until", "2026-11-21 01:05+01:00")

    assert {one["metric"] for one in late["verdicts"]} == {"leaks"}
    assert max(one["at"] for one in early["verdicts"]) < "2026-11-21T00:05:00.000Z"
    assert {one["metric"] for one in between["verdicts"]} == {"failures"}
    assert late["is_as_recorded"] is early["is_as_recorded"] is between["is_as_recorded"] is True


def test_replaying_changes_nothing_in_the_session(session: Path, capsys: Capture) -> None:
    def state() -> dict[str, str]:
        return {
            str(path.relative_to(session)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in session.rglob("*")
            if path.is_file() and path.suffix not in (".db-wal", ".db-shm")  # where readers and writers meet
        }

    before = state()

    assert main(["replay", "shop", "--set", "leaks.critical=> 1"]) == 0

    assert state() == before
    capsys.readouterr()


def test_another_file_is_judged_by_as_a_whole(session: Path, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        """\
rollout: shop
title: The new shop
service: shop
tracks: {canary: {label: track=canary}}
sources: {app: {docker: {service: shop}}}
events:
  failed: {match: failed}
  served: {match: served}
metrics:
  broken: {events: {of: failed}, window: 1m, target: "== 0", critical: "> 0"}
  queue: {command: ["true"], target: "< 5"}
phases:
  - {name: Canary 10%, traffic: 10%}
"""
    )

    found = said(capsys, "--file", str(other))

    critical = next(one for one in found["fired"] if (one["metric"], one["verdict"]) == ("broken", "CRITICAL"))
    assert critical["would"] == [{"since": "2026-11-21T00:03:21.250Z", "until": "2026-11-21T00:06:00.250Z"}]
    assert "queue was not measured then: nothing is known of it" in found["notes"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nosuch"], "no session nosuch; `rollout-console sessions` lists them"),
        (["shop", "--set", "leaks.critical=> 1 parsec"], "--set leaks.critical=> 1 parsec: metrics.leaks.critical: "),
        (["shop", "--since", "yesterday"], "--since: 'yesterday' is no time; write one such as"),
        (["shop", "--until", "2020-01-01"], "--until: '2020-01-01' is outside the session, which is from"),
        (["shop", "--file", "stateless-orchestration"], "phase 1 of the session is Canary 10%, in this file it is"),
    ],
)
def test_what_cannot_be_replayed_is_one_message_and_exit_code_4(
    session: Path, capsys: Capture, arguments: list[str], expected: str
) -> None:
    assert main(["replay", *arguments]) == 4

    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert expected in shown.err


async def test_a_session_replays_while_another_console_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("ROLLOUT_CONSOLE_STATE", str(tmp_path / "state"))
    (tmp_path / "shop.yaml").write_text(
        "{rollout: shop, title: Shop, service: shop, metrics: {queue: {command: ['true'], target: '< 5'}}}"
    )
    opened = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    assert opened.engine is not None
    at = opened.engine.clock()
    opened.engine.apply(SampleTaken(at, "queue", (Reading("", 3.0),), 0.1))
    await opened.engine.commit()

    assert main(["replay", "shop"]) == 0
    shown = capsys.readouterr().out
    opened.engine.apply(SampleTaken(at + 5, "queue", (Reading("", 7.0),), 0.1))
    assert await opened.engine.commit()
    await opened.leave()

    assert re.search(r"✓ OK +queue +3, < 5; was UNKNOWN", shown)
    assert "as recorded: the one change of a verdict is as the journal has it" in shown
    assert main(["replay", "shop"]) == 0
    assert "queue  7, not < 5; was OK" in capsys.readouterr().out
