"""The whole program in a real terminal: killed, hung up, watched twice, resumed, and never off by a line."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine_e2e.catching_up import caught_up
from tests.terminal import PROGRAM, Terminal

FILE = """\
rollout: shop
title: The new shop
service: shop
sources:
  app: {file: "shop.log", track: canary}
events:
  failed: {kind: request, match: 'failed (?P<number>\\d+)'}
  served: {kind: request, match: 'served'}
metrics:
  failures: {events: {of: failed, over: [failed, served]}, window: 10m, unit: "%", target: "< 60%", critical: "> 90%"}
phases:
  - {name: Canary 10%, traffic: 10%, soak: 1h, checklist: [{id: backup, text: Backed up}]}
actions:
  rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: [touch, rolled-back]}]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A rollout file with an empty log."""
    (tmp_path / "shop.log").touch()
    file = tmp_path / "shop.yaml"
    file.write_text(FILE)
    return file


def env_of(shop: Path) -> dict[str, str]:
    return {"ROLLOUT_CONSOLE_STATE": str(shop.parent / "state")}


def console(shop: Path, *options: str, columns: int = 120) -> Terminal:
    return Terminal([*PROGRAM, "watch", str(shop), "--since", "1m", *options], env=env_of(shop), columns=columns)


def press_until(terminal: Terminal, key: str, holds: Callable[[str], bool]) -> None:
    """Press a key, again after ten seconds if need be: a dialog that is just being made or replaced may not take it.

    For keys that say nothing where they come twice: Esc, and Enter on what it closes.
    """
    for _ in range(6):
        terminal.send(key)
        until = time.monotonic() + 10.0
        while time.monotonic() < until:
            terminal.read()
            if holds(terminal.text):
                return
    raise AssertionError(f"{key!r} has no effect:\n{terminal.text}")


def close_dialog(terminal: Terminal) -> None:
    press_until(terminal, "\x1b", lambda text: "Esc close" not in text)


def counted(shop: Path) -> tuple[int, int]:
    """What a headless watch of the same session counts: all lines, and those that failed."""
    done = subprocess.run(
        [*PROGRAM, "watch", str(shop), "--headless", "--until", "verdict", "--for", "20s", "--json"],
        env={**os.environ, **env_of(shop)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    events = said["events"]["canary"]
    return sum(event["count"] for event in events.values()), events["failed"]["count"]


def write(log: Path, first: int, last: int) -> None:
    with log.open("a") as stream:
        stream.writelines(f"{'failed' if number % 2 else 'served'} {number}\n" for number in range(first, last))


def test_no_line_is_lost_or_doubled_over_kills_at_any_moment(shop: Path) -> None:
    log = shop.parent / "shop.log"
    stop = threading.Event()
    wrote = [0]

    def pour() -> None:
        while not stop.is_set():
            write(log, wrote[0], wrote[0] + 97)
            wrote[0] += 97
            stop.wait(0.02)

    writer = threading.Thread(target=pour)
    writer.start()
    try:
        for pause_s in (0.7, 1.1, 1.6):
            with console(shop) as terminal:
                terminal.wait("The new shop")
                until = time.monotonic() + pause_s
                while time.monotonic() < until:
                    terminal.read()
                terminal.signal(signal.SIGKILL)
                terminal.wait_end()
    finally:
        stop.set()
        writer.join()

    written = (wrote[0], wrote[0] // 2)
    assert caught_up(lambda: counted(shop), lambda found: found == written) == written


def test_everything_is_as_it_was_after_quitting_and_starting_again(shop: Path) -> None:
    write(shop.parent / "shop.log", 0, 100)
    with console(shop) as terminal:
        terminal.wait(lambda text: "50 of 100" in text)
        terminal.send("c")
        terminal.wait("Backed up")
        terminal.send(" ")
        terminal.wait("[✓] Backed up")
        close_dialog(terminal)
        terminal.send("q")
        assert terminal.wait_end() == 0
    write(shop.parent / "shop.log", 100, 140)

    with console(shop) as terminal:
        text = terminal.wait(lambda text: "70 of 140" in text)
        terminal.send("J")
        journal = terminal.wait("taken up again")

    assert "✓ OK" in text
    assert "backup: done" in journal


def test_a_watch_that_ends_says_the_anchor_that_its_journal_is_checked_by(shop: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **env_of(shop)}
        return subprocess.run([*PROGRAM, *words], env=env, capture_output=True, text=True, timeout=60, check=False)

    watched = run("watch", str(shop), "--headless", "--for", "1s")
    found = re.search(r"the journal ends with (\d+:[0-9a-f]{64}); keep this", watched.stderr)
    assert found is not None
    with console(shop) as terminal:
        terminal.wait("The new shop")
        terminal.send("q")
        assert terminal.wait_end() == 0
        assert "the journal ends with" in terminal.text

    checked = run("journal", "shop", "--check", "--anchor", found[1])

    assert checked.returncode == 0, checked.stdout
    assert "and has 1 of 1 anchors" in checked.stdout


def test_a_second_console_only_looks_and_says_who_holds_the_session(shop: Path) -> None:
    write(shop.parent / "shop.log", 0, 100)
    with console(shop) as first:
        first.wait(lambda text: "50 of 100" in text)
        with console(shop) as second:
            text = second.wait(lambda text: "50 of 100" in text and f"process {first.pid}" in text)
            assert "R Roll back" not in text.splitlines()[-1]
            second.send("R")
            second.send("q")
            second.wait_end()
    assert not (shop.parent / "rolled-back").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_the_session_and_restores_the_terminal(shop: Path, number: signal.Signals, code: int) -> None:
    write(shop.parent / "shop.log", 0, 10)
    with console(shop) as terminal:
        terminal.wait(lambda text: "5 of 10" in text)
        terminal.signal(number)
        assert terminal.wait_end() == code
        assert b"\x1b[?1049l" in bytes(terminal.raw), "the main screen is back"
    with console(shop) as terminal:
        terminal.send("J")
        terminal.wait("The new shop")
        terminal.send("J")
        terminal.wait("left and saved by")


def test_a_closed_terminal_saves_the_session_and_ends_the_program(shop: Path) -> None:
    write(shop.parent / "shop.log", 0, 10)
    with console(shop) as terminal:
        terminal.wait(lambda text: "5 of 10" in text)
        terminal.hang_up()
        deadline = time.monotonic() + 20
        while not terminal.has_ended() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert terminal.has_ended()


def test_a_rollback_by_key_asks_for_the_name_runs_once_and_is_written_down(shop: Path) -> None:
    write(shop.parent / "shop.log", 0, 100)
    with console(shop) as terminal:
        terminal.wait(lambda text: "50 of 100" in text)
        terminal.send("R")
        terminal.wait("to confirm")
        press_until(terminal, "\r", lambda text: "to confirm" not in text)
        assert not (shop.parent / "rolled-back").exists(), "Enter on the first thing in focus is Cancel"
        terminal.send("R")
        terminal.wait("to confirm")
        terminal.send("shop")
        terminal.wait(lambda text: "to confirm: shop" in " ".join(text.split()))
        press_until(terminal, "\r", lambda text: "DONE" in text)
        close_dialog(terminal)
        terminal.wait("traffic 0 %")
        terminal.send("q")
        terminal.wait_end()
    assert (shop.parent / "rolled-back").exists()


@pytest.mark.parametrize("keys", [("R", "ai-agent"), ("Rai-agent",)], ids=["once it is asked for", "with the key"])
def test_a_name_that_is_written_at_once_arrives_in_its_field_every_time(shop: Path, keys: tuple[str, ...]) -> None:
    shop.write_text(FILE.replace("service: shop", "service: ai-agent"))
    write(shop.parent / "shop.log", 0, 100)
    with console(shop) as terminal:
        terminal.wait(lambda text: "50 of 100" in text)
        for _ in range(5):
            for written in keys:
                terminal.send(written)
                terminal.wait("to confirm")
            terminal.wait(lambda text: "to confirm: ai-agent" in " ".join(text.split()))
            press_until(terminal, "\x1b", lambda text: "to confirm" not in text)


def test_the_screen_survives_a_storm_of_sizes(shop: Path) -> None:
    write(shop.parent / "shop.log", 0, 100)
    with console(shop) as terminal:
        terminal.wait("The new shop")
        for columns, rows in [(40, 10), (200, 60), (80, 24), (1, 1), (300, 5), (120, 40)]:
            terminal.resize(columns, rows)
            terminal.read(0.1)
        terminal.wait(lambda text: "50 of 100" in text)
        terminal.resize(40, 10)
        terminal.wait("60x16")


HOSTILE = (
    b"[@click=app.rollback]free beer[/] failed 1\n"
    b"[/] failed 2\n"
    b"\x1b]52;c;cm0gLXJmIC8=\x07 failed 3\n"
    b"\x1b[2J\x1b[H failed 4\n"
    b"\xc2\x9b2J \xe2\x80\xae failed 5 \x00\n"
    b"\xff\xfe failed 6 served\n"
)


def test_hostile_lines_reach_no_terminal(shop: Path) -> None:
    (shop.parent / "shop.log").write_bytes(HOSTILE)
    with console(shop) as terminal:
        terminal.wait("free beer")
        drawn = bytes(terminal.raw)

    assert b"]52;c;cm0" not in drawn.replace(b"\\x1b]52;c;cm0", b"")
    assert b"\x1b[2J\x1b[H failed" not in drawn
    assert "\u202e".encode() not in drawn
    assert "\x9b2J".encode() not in drawn
