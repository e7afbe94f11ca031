"""Incidents of a console that runs, is killed in the middle and starts again; decisions on a real terminal."""

import json
import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.engine_e2e.test_alerts import OVER, Console, route
from tests.engine_e2e.test_console import press_until
from tests.receivers import Webhook, webhook
from tests.terminal import PROGRAM, Terminal
from tests.waiting import wait_until

WITHIN_S = 8
LATE = "CRITICAL shop: incident 1, severity 1: nobody has responded within 8s: errors CRITICAL: > 5"


class Shop(Console):
    """A console whose rollout file asks for incidents."""

    def write(self, **alerts: object) -> None:
        """Write the rollout file."""
        super().write(**alerts)
        path = self.folder / "shop.yaml"
        severity = {"severity": 1, "respond_within": f"{WITHIN_S}s"}
        file = yaml.safe_load(path.read_text())
        file["incidents"] = {"severities": [severity], "war_room": {"opens_on": []}, "well_for": "3s"}
        path.write_text(yaml.safe_dump(file, sort_keys=False))

    def exported(self) -> dict[str, object]:
        """Return the incident as a snapshot has it."""
        folder = Path(self.said("snapshot", "shop").strip())
        (incident,) = json.loads((folder / "snapshot.json").read_text())["incidents"]
        found: dict[str, object] = incident
        return found

    def terminal(self) -> Terminal:
        """Open the console on a terminal."""
        env = {"ROLLOUT_CONSOLE_STATE": str(self.folder / "state")}
        return Terminal([*PROGRAM, "watch", str(self.folder / "shop.yaml")], env=env)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.end(signal.SIGKILL)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


@pytest.mark.parametrize("is_over", [False, True], ids=["started at once", "started when the time is over"])
def test_a_console_killed_while_the_clock_runs_goes_on_with_it_and_tells_once_that_nobody_came(
    shop: Shop, hook: Webhook, *, is_over: bool
) -> None:
    shop.write(routes=[route(hook.address())])
    shop.start()
    shop.measure(9)
    wait_until(lambda: "incident 1 opened, severity 1" in shop.output, f"the incident is opened:\n{shop.output}")
    wait_until(lambda: "incident 1 opened" in shop.said("journal", "shop"), "it is in the session's file")
    shop.end(signal.SIGKILL)
    over_at = time.time() + WITHIN_S
    wait_until(lambda: not is_over or time.time() > over_at, "nobody watches until the time is over")

    shop.start()
    wait_until(lambda: LATE in hook.titles(), f"that nobody responded is told:\n{hook.titles()}\n{shop.output}")
    shop.measure(0)
    wait_until(lambda: OVER in hook.titles(), f"what came after it is told too:\n{hook.titles()}\n{shop.output}")
    shop.end()

    assert hook.titles().count(LATE) == 1
    assert shop.output.count("incident 1 opened") == 1
    assert shop.output.count("incident 1 nobody has responded within 8s") == 1
    incident = shop.exported()
    assert (incident["state"], incident["severity"]) == ("open", 1)
    response = incident["response"]
    assert isinstance(response, dict)
    assert (response["late"], response["by"]) == (True, None)
    since, due = (datetime.fromisoformat(str(response[name])) for name in ("since", "due"))
    assert response["since"] == incident["opened_at"], "the clock did not begin again"
    assert (due - since).total_seconds() == WITHIN_S


def test_what_was_decided_on_a_terminal_survives_a_kill_and_only_a_person_ends_it(shop: Shop, hook: Webhook) -> None:
    shop.write(routes=[route(hook.address())])
    shop.measure(9)
    with shop.terminal() as terminal:
        terminal.wait("SEVERITY 1")
        press_until(terminal, "5", lambda text: "nobody has responded" in text)
        press_until(terminal, "t", lambda text: "taken by" in text)
        shop.measure(0)
        terminal.signal(signal.SIGKILL)
    with shop.terminal() as terminal:
        terminal.wait("all OK: resolve?")
        press_until(terminal, "5", lambda text: "r resolves it" in text)
        press_until(terminal, "r", lambda text: "what resolved it" in text)
        terminal.send("fixed")
        terminal.wait(lambda text: "what resolved it" not in text and "fixed" in text)
        terminal.send("\r")
        terminal.wait("left to the post-mortem")
        terminal.signal(signal.SIGKILL)

    incident = shop.exported()

    assert incident["state"] == "resolved"
    resolved, response, due = incident["resolved"], incident["response"], incident["post_mortem"]
    assert isinstance(resolved, dict)
    assert isinstance(response, dict)
    assert isinstance(due, dict)
    assert resolved["text"] == "fixed"
    assert str(response["by"]).partition(" (")[0] == str(resolved["by"]).partition(" (")[0]
    assert not response["late"]
    assert due["by"] is None
    report = shop.said("report", "shop")
    assert re.search(r"resolved by .*fixed", report)
    assert "validate: done, every panel OK for 3s" in report
    assert LATE not in hook.titles()
