"""Alerts of a console that runs, is killed and starts again, at real receivers on loopback."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml

from tests.receivers import Posted, Webhook, alertmanager, free_port, mailbox, webhook
from tests.waiting import wait_until

FIRING = "CRITICAL shop: errors CRITICAL: > 5"
OVER = f"RESOLVED: {FIRING}"


class Console:
    """A console without a screen, in a process of its own, and the number that it measures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.measure(0)

    def write(self, **alerts: object) -> None:
        """Write the rollout file."""
        value = str(self.folder / "value")
        judged = {"command": ["cat", value], "every": "1s", "target": "< 1", "warning": "> 2", "critical": "> 5"}
        file = {
            "rollout": "shop",
            "title": "The shop",
            "service": "shop",
            "metrics": {"errors": judged},
            "alerts": {"group_wait": "0s", **alerts},
        }
        (self.folder / "shop.yaml").write_text(yaml.safe_dump(file, sort_keys=False))

    def measure(self, value: float) -> None:
        """Let the console measure this from now on."""
        fresh = self.folder / "value.new"
        fresh.write_text(f"{value}\n")
        fresh.replace(self.folder / "value")

    def start(self, *options: str) -> None:
        """Start it, or start it again."""
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console", "watch", str(self.folder / "shop.yaml"), "--headless", *options],
                stdout=out,
                stderr=out,
                env={**os.environ, "ROLLOUT_CONSOLE_STATE": str(self.folder / "state")},
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, or kill it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
            self.process.wait(30)

    def said(self, *order: str) -> str:
        """Return what another command says of the sessions of this console."""
        ran = subprocess.run(
            [sys.executable, "-m", "console", *order],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "ROLLOUT_CONSOLE_STATE": str(self.folder / "state")},
        )
        return ran.stdout + ran.stderr

    def paged(self) -> tuple[float, float]:
        """Return when the console told of the only alert, and when it escalated it, as it wrote down."""
        (file,) = (self.folder / "state" / "sessions").glob("*/session.db")
        with closing(sqlite3.connect(file)) as session:
            ((book,),) = session.execute("SELECT json FROM docs WHERE name = 'alerts'").fetchall()
        (alert,) = json.loads(book)["alerts"].values()
        page = alert["pages"]["0"]
        return page["told_at"], page["escalated_at"]

    @property
    def output(self) -> str:
        """Return everything it printed."""
        return (self.folder / "out").read_text()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    made = Console(tmp_path)
    yield made
    made.end(signal.SIGKILL)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


def route(*to: str, **more: object) -> dict[str, object]:
    return {"severity": "critical", "to": list(to), **more}


def assert_nothing_secret(console: Console) -> None:
    """Fail if a part of an address is in anything that the console wrote or printed, reports and exports too."""
    printed = console.said("report", "shop") + console.said("report", "--html", "shop")
    console.said("snapshot", "shop")
    written = b"".join(path.read_bytes() for path in (console.folder / "state").rglob("*") if path.is_file())
    assert "errors" in printed
    assert b"routes[0].to[0]" in written
    for secret in ("pa55w0rd-canary", "t0ken-canary-42"):
        assert secret not in printed + console.output
        assert secret.encode() not in written


def whole_story(console: Console, hook: Webhook) -> None:
    """Wait until the alert was told, let it be over, and wait until that was told."""
    wait_until(lambda: FIRING in hook.titles(), f"the alert is told:\n{console.output}")
    console.measure(0)
    wait_until(lambda: OVER in hook.titles(), f"its end is told:\n{console.output}")


@pytest.mark.parametrize("when", ["as it is told", "after the answer", "as its end is told"])
def test_a_console_killed_while_it_tells_loses_nothing_and_tells_nothing_twice(
    console: Console, hook: Webhook, when: str
) -> None:
    console.write(routes=[route(hook.address())])
    killed = threading.Event()

    def kill(posted: Posted) -> None:
        is_now = posted.title == (OVER if when == "as its end is told" else FIRING)
        if not is_now or killed.is_set():
            return
        killed.set()
        if when == "after the answer":
            threading.Timer(0.02, lambda: console.process and console.process.kill()).start()
        else:
            console.end(signal.SIGKILL)

    hook.before_answer = kill
    console.start()
    console.measure(9)
    if when == "as its end is told":
        wait_until(lambda: FIRING in hook.titles(), "the alert is told")
        console.measure(0)
    wait_until(killed.is_set, f"it was killed:\n{console.output}")
    assert console.process is not None
    console.process.wait(10)
    console.start()

    whole_story(console, hook)
    console.end()

    assert hook.titles() == [FIRING, OVER]
    assert len({one.key for one in hook.posted}) == 2, "what came again came with its key"


@pytest.mark.parametrize("after_s", [0.3, 0.8, 1.3, 1.8, 2.3])
def test_a_console_killed_at_any_moment_of_an_alert_tells_it_once(
    console: Console, hook: Webhook, after_s: float
) -> None:
    console.write(routes=[route(hook.address())])
    console.start()
    wait_until(lambda: "begun by" in console.output, "it watches")
    console.measure(9)
    time.sleep(after_s)  # the moment is the case
    console.end(signal.SIGKILL)
    console.start()

    whole_story(console, hook)
    console.end()

    assert hook.titles() == [FIRING, OVER]
    assert len({one.key for one in hook.posted}) == 2


def test_a_mail_is_sent_and_what_is_over_too(console: Console) -> None:
    with mailbox() as box:
        console.write(routes=[route(box.address)])
        console.start()
        console.measure(9)
        wait_until(lambda: len(box.mails) == 1, f"the mail came:\n{console.output}")
        console.measure(0)
        wait_until(lambda: len(box.mails) == 2, f"the second came:\n{console.output}")
        console.end()

    assert [mail["Subject"] for mail in box.mails] == [FIRING, OVER]
    assert len({mail["Message-ID"] for mail in box.mails}) == 2


def test_a_mail_whose_answer_a_killed_console_never_read_comes_again_under_the_same_id(console: Console) -> None:
    with mailbox() as box:
        killed = threading.Event()

        def kill() -> None:
            if not killed.is_set():
                killed.set()
                console.end(signal.SIGKILL)

        box.before_answer = kill
        console.write(routes=[route(box.address)])
        console.start()
        console.measure(9)
        wait_until(killed.is_set, f"it was killed:\n{console.output}")
        console.start()
        wait_until(lambda: len(box.mails) == 2, f"the mail came again:\n{console.output}")
        console.measure(0)
        wait_until(lambda: len(box.mails) == 3, f"the end came:\n{console.output}")
        console.end()

    assert [mail["Subject"] for mail in box.mails] == [FIRING, FIRING, OVER]
    first, again, over = (mail["Message-ID"] for mail in box.mails)
    assert first == again != over


def test_an_alertmanager_tells_once_what_a_console_that_was_killed_told_it(
    console: Console, hook: Webhook, tmp_path: Path
) -> None:
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    with alertmanager(folder, f"http://127.0.0.1:{hook.port}/am") as manager:
        console.write(routes=[route(manager.address)])
        console.start()
        console.measure(9)
        wait_until(lambda: hook.statuses() == ["firing"], f"Alertmanager tells:\n{console.output}")
        console.end(signal.SIGKILL)
        console.start()
        wait_until(lambda: "taken up again" in console.output, f"it goes on:\n{console.output}")
        assert list(manager.alerts()) == ["errors critical"]

        console.measure(0)
        wait_until(lambda: hook.statuses() == ["firing", "resolved"], f"its end is told:\n{console.output}")
        console.end()

    assert hook.statuses() == ["firing", "resolved"]


def test_nobody_reacts_and_the_second_is_told(console: Console, hook: Webhook) -> None:
    second = hook.address("boss")
    console.write(routes=[route(hook.address(), escalate_after="2s", escalate_to=[second])])
    console.start()
    console.measure(9)

    wait_until(lambda: bool(hook.titles("/boss")), f"the second is told:\n{console.output}")
    console.end()

    told_at, escalated_at = console.paged()
    assert escalated_at - told_at >= 2
    assert hook.titles() == [FIRING]
    assert hook.titles("/boss") == [f"ESCALATED, nobody acknowledged it: {FIRING}"]


def test_a_route_that_is_down_falls_through_and_hears_it_all_when_it_is_back(console: Console, hook: Webhook) -> None:
    port = free_port()
    down = f"json://ops:pa55w0rd-canary@127.0.0.1:{port}/hook?+X-Api=t0ken-canary-42"
    console.write(routes=[route(down), {"severity": "warning", "to": [hook.address("eng")]}])
    console.start()
    console.measure(9)

    wait_until(lambda: bool(hook.titles("/eng")), f"the next route is told:\n{console.output}")
    assert hook.titles("/eng") == [f"SENT TO YOU as others cannot be reached: {FIRING}"]
    assert "json, routes[0].to[0] NOT told" in console.output

    with webhook(port) as back:
        wait_until(lambda: back.titles() == [FIRING], f"the first hears of it:\n{console.output}")
        console.measure(0)
        wait_until(lambda: back.titles() == [FIRING, OVER], f"and that it is over:\n{console.output}")
    console.end()
    assert_nothing_secret(console)


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(console: Console, hook: Webhook) -> None:
    console.write(routes=[route(hook.address())])
    console.start("--dry-run")
    console.measure(9)

    wait_until(lambda: "would be told (dry run)" in console.output, f"it is said:\n{console.output}")
    console.end()

    assert f"json, routes[0].to[0] would be told (dry run): {FIRING}" in console.output
    assert not hook.posted


def test_a_console_that_only_looks_tells_nobody(console: Console, hook: Webhook) -> None:
    console.write(routes=[route(hook.address())])
    console.measure(9)
    console.start("--read-only", "--for", "6s")
    assert console.process is not None
    console.process.wait(60)

    assert "errors: CRITICAL" in console.output
    assert not hook.posted


def test_leaving_tells_what_waits_and_no_secret_is_written_anywhere(console: Console, hook: Webhook) -> None:
    address = f"json://ops:pa55w0rd-canary@127.0.0.1:{hook.port}/hook?key=t0ken-canary-42"
    console.write(group_wait="1h", routes=[route(address)])
    console.measure(9)
    console.start("--json")
    wait_until(lambda: "errors: CRITICAL" in console.output, "it is critical")
    console.end()

    assert [one.title for one in hook.posted] == [FIRING]
    assert_nothing_secret(console)
    last = json.loads(console.output.splitlines()[-1])
    assert last["verdict"] == "CRITICAL"
