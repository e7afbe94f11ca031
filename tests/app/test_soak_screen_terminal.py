"""The console in a real terminal: it draws, it restores the terminal, and a lost terminal ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pexpect
import pyte
import pytest

from tests.waiting import DEADLINE_S

ROOT = Path(__file__).parents[2]
RESTORED = "\x1b[?1049l"
"""Leaves the alternate screen."""


class Terminal:
    """A terminal with the console in it."""

    def __init__(self, closed: Path, *args: str, state: str = "regression", size: tuple[int, int] = (120, 40)) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self.screen)
        self.raw = ""
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")},
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
        }
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "tests.run_console", state, str(closed), *args],
            dimensions=(size[1], size[0]),
            env=environment,
            cwd=str(ROOT),
            encoding="utf-8",
            timeout=DEADLINE_S,
        )

    def until(self, words: str, *, is_gone: bool = False) -> None:
        """Read until words are on the screen, or until they are gone from it."""
        end = monotonic() + DEADLINE_S
        while (words in self.text) is is_gone:
            assert monotonic() < end, self.text
            self._read()

    def _read(self) -> bool:
        try:
            got = self.child.read_nonblocking(65_536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += got
        self._stream.feed(got)
        return True

    @property
    def text(self) -> str:
        """The screen as text."""
        return "\n".join(self.screen.display)

    def hang_up(self) -> None:
        """Close the terminal; its number stays open on nothing, because its owner will close it again."""
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.child.child_fd)
        os.close(null)

    def end(self) -> int | None:
        """Wait for the end and return the exit code, negative for a signal that killed it."""
        end = monotonic() + DEADLINE_S
        while self._read():
            assert monotonic() < end, "the console did not end"
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)


def test_the_screen_is_drawn_in_a_terminal_and_q_leaves_it_clean(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "closed")
    terminal.until("✗ CRITICAL")
    terminal.until("R Roll back to 0%")

    terminal.child.send("q")

    assert terminal.end() == 0
    assert RESTORED in terminal.raw
    assert (tmp_path / "closed").read_text() == "closed\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_closes_the_session_restores_the_terminal_and_ends(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path / "closed")
    terminal.until("✗ CRITICAL")

    os.kill(terminal.child.pid, number)

    assert terminal.end() == code
    assert RESTORED in terminal.raw
    assert (tmp_path / "closed").read_text() == "closed\n"


@pytest.mark.parametrize("args", [(), ("ignore-hangup",), ("slow",), ("ignore-hangup", "slow")])
def test_a_terminal_that_is_gone_ends_the_console_also_where_the_hang_up_is_ignored(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path / "closed", *args)
    terminal.until("✗ CRITICAL")

    terminal.hang_up()

    assert os.waitstatus_to_exitcode(_waited(terminal.child.pid)) == 129
    assert (tmp_path / "closed").read_text() == "closed\n"


def test_a_signal_to_continue_that_follows_no_stop_changes_nothing(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "closed")
    terminal.until("✗ CRITICAL")

    for _ in range(3):
        os.kill(terminal.child.pid, signal.SIGCONT)
    terminal.child.send("?")
    terminal.until("Actions of this rollout")
    terminal.child.send("?")
    terminal.until("Actions of this rollout", is_gone=True)

    terminal.child.send("q")
    assert terminal.end() == 0


def _waited(pid: int) -> int:
    """Wait for a child with a deadline and return its wait status."""
    end = monotonic() + DEADLINE_S
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError("the console outlived its terminal")
        signal.sigtimedwait([], 0.05)


def test_a_terminal_that_is_resized_is_filled_again(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "closed", size=(80, 24))
    terminal.until("✗ CRITICAL")

    terminal.screen.resize(50, 160)
    terminal.child.setwinsize(50, 160)
    terminal.until("── to advance to phase 2 of 5")

    terminal.child.send("q")
    assert terminal.end() == 0


def test_the_way_out_is_reached_with_the_keyboard_alone(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "closed")
    terminal.until("✗ CRITICAL")

    terminal.child.send("R")
    terminal.until("Type  app  to confirm:")
    terminal.until("docker compose --project-name valuecanvas up -d --no-deps app")
    terminal.child.send("\x1b")
    terminal.until("Type  app", is_gone=True)

    terminal.child.send("q")
    assert terminal.end() == 0


def test_nothing_of_hostile_text_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "closed", state="hostile")
    terminal.until("Canary 10%")

    terminal.child.send("q")
    terminal.until("Quit?")
    terminal.child.send("y")
    terminal.end()

    assert "\x1b]52" not in terminal.raw
    assert "\x9b" not in terminal.raw
    assert "\u202e" not in terminal.raw
    assert "\x1b[2J" not in terminal.raw.replace("\x1b[2J\x1b[H", "", 1)


def test_importing_the_screen_brings_no_source_and_no_engine_along() -> None:
    code = (
        "import sys, console.app; "
        "print(sorted({'docker', 'asyncpg', 'redis', 'httpx', 'console.engine', 'console.spec'} & set(sys.modules)))"
    )

    assert _python(code) == "[]"


def _python(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return ran.stdout.strip()
