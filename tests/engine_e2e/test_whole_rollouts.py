"""Each rollout from before the deployment to its last sign-off, by keyboard, on real servers; and its failures."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from console.demo import launch
from console.demo.restart import read_services
from console.demo.world import TRACKS, Scenario
from console.demo.worlds import ROLLOUTS, world_of
from console.spec.files import shipped_folder
from tests.engine_e2e.catching_up import caught_up, counts_of
from tests.engine_e2e.drives import Operator
from tests.terminal import PROGRAM, Terminal
from tests.waiting import wait_until

SPEED = 20
PATIENCE = "100s"
"""How long a failure may take to be seen, on a machine with others on it; it takes about twenty seconds."""
VERDICT = re.compile(r"(?P<metric>\w+): (?P<verdict>[A-Z ]+), was ")
EXIT_CODES = {"WARNING": 1, "CRITICAL": 2}


@dataclass(frozen=True)
class Known:
    """What the test has to know of a rollout beside its file, and counts by itself."""

    rows: str
    """Counts in the database what a world writes once for each of its requests, for a track, `$1`."""
    events: tuple[str, ...]
    """Events that stand for the same requests in the log."""
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys of the tasks that belong to a phase, by its name, each with the value that it asks for, if any."""
    rate: int = 20
    """Requests a second at speed 1, so many that logs are rotated once at most and can be counted afterwards."""


KNOWN = {
    "stateless-orchestration": Known(
        "SELECT count(*) FROM agent_sessions WHERE (metadata->>'useStateless')::boolean = ($1 = 'canary')",
        ("session_completed", "session_failed"),
        tasks={"Staging, flags off": ("M",)},
    ),
    "user-context": Known(
        "SELECT count(*) FROM chat_requests WHERE migrated = ($1 = 'canary')",
        ("agent_completed", "agent_failed"),
        rate=8,
    ),
    "fsm-checkpoint": Known(
        "SELECT count(*) FROM agent_turns WHERE track = $1",
        ("turn_completed", "error"),
        tasks={"Full 100%": ("D",), "Migration": ("M", "P"), "Clean-up": ("K 7", "C")},
        rate=14,
    ),
    "ai-agent": Known(
        "SELECT count(*) FROM bot_agentinteraction WHERE $1 = 'canary'",
        ("answered",),
        tasks={"Pre-deployment": ("B",)},
    ),
    # What was there before was not served by the release.
    "tool-history": Known(
        "SELECT count(*) FROM user_tool_history WHERE id > 5800 AND $1 = 'canary'", ("execution_recorded",), rate=8
    ),
}


class Soak:
    """A demo, and the console's commands in it."""

    def __init__(self, rollout: str, demo: launch.Demo) -> None:
        self.rollout = rollout
        self.demo = demo
        self.env = launch.environment(demo)

    def watch(self, *options: str) -> Terminal:
        """Open the console in a terminal of its own."""
        return Terminal([*PROGRAM, "watch", str(self.demo.file), *options], env=self.env, columns=140)

    def run(self, *words: str) -> str:
        """Return what a command prints; it must go well."""
        ran = subprocess.run([*PROGRAM, *words], env=self.env, capture_output=True, text=True, check=False, timeout=120)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def watched_on(self) -> dict[str, Any]:
        """Watch on for some seconds, and return what the session knows then, whatever the verdict."""
        words = [*PROGRAM, "watch", str(self.demo.file), "--headless", "--for", "4s", "--json"]
        ran = subprocess.run(words, env=self.env, capture_output=True, text=True, check=False, timeout=120)
        said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        return said

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the journal's records of a kind."""
        return [json.loads(line) for line in self.run("journal", self.rollout, "--kind", kind, "--json").splitlines()]

    def silence(self) -> None:
        """End the simulated services, so that what they wrote can be counted."""
        pids = [service.pid for service in read_services(self.demo.folder) if service.pid is not None]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids), "the services end")


@contextlib.contextmanager
def soaking(rollout: str, *options: str) -> Iterator[Soak]:
    with launch.running(f"--rollout={rollout}", f"--speed={SPEED}", *options) as demo:
        yield Soak(rollout, demo)


def shipped(rollout: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((shipped_folder() / f"{rollout}.yaml").read_text())
    return document


def counted(folder: Path, track: str, rules: Mapping[str, re.Pattern[str]]) -> Counter[str]:
    """Count the lines of a track by the first rule that matches, as plainly as can be."""
    found: Counter[str] = Counter()
    for path in sorted((folder / "logs").glob(f"{track}.log*")):
        for line in path.read_text().splitlines():
            found[next((name for name, rule in rules.items() if rule.search(line)), "unclassified")] += 1
    return found


async def rows_of(dsn: str, query: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        return {track: await connection.fetchval(query, track) for track in TRACKS}
    finally:
        await connection.close()


def check_history(soak: Soak, phases: list[dict[str, Any]]) -> None:
    """Hold what was written down against the shipped file: every phase in its order, and nothing ever critical."""
    entered = [record["text"] for record in soak.records("phase") if record["text"].startswith("entered ")]
    verdicts = [record["body"] for record in soak.records("verdict")]
    signed = [record["text"].split(" signed off")[0] for record in soak.records("sign-off")]
    last = {verdict["metric"]: verdict["to"] for verdict in verdicts}

    assert [text.split(" — ")[0] for text in entered] == [f"entered {phase['name']}" for phase in phases[1:]]
    assert not {"CRITICAL"} & {verdict["to"] for verdict in verdicts}
    assert {last[metric] for metric in phases[-1]["advance"] if metric in last} <= {"OK"}
    asked = [role for phase in phases for role in phase.get("sign_off", ())]
    assert signed == [role if isinstance(role, str) else role["role"] for role in asked]


def check_report(soak: Soak, phases: list[dict[str, Any]]) -> None:
    """See that the report says how it went, to the end."""
    text = soak.run("report", soak.rollout)
    page = soak.run("report", soak.rollout, "--html")

    assert "**To finish:** complete" in text
    for phase in phases:
        assert phase["name"] in text
    assert text.count("Advance to the next phase") >= len(phases) - 1
    assert not re.search(r"(?:src|href)=[\"']?https?:", page)


@pytest.mark.timeout(600)  # a phase is a hundred keys, and a machine with others on it draws slowly
@pytest.mark.parametrize("rollout", KNOWN)
def test_a_healthy_rollout_is_driven_by_keyboard_from_before_the_deployment_to_its_end(rollout: str) -> None:
    phases = shipped(rollout)["phases"]
    rules = {name: re.compile(rule["match"]) for name, rule in shipped(rollout)["events"].items()}
    known = KNOWN[rollout]
    with soaking(rollout, "--whole", f"--rate={known.rate}") as soak:
        with soak.watch("--since", "1h") as terminal:
            operator = Operator(terminal)
            for number, phase in enumerate(phases, start=1):
                for task in known.tasks.get(phase["name"], ()):
                    operator.run_task(*task.split())
                operator.finish_phase()
                if number < len(phases):
                    operator.advance()
            terminal.wait("✓ complete")
            terminal.send("q")
            code = terminal.wait_end()
        check_history(soak, phases)
        check_report(soak, phases)

        soak.silence()
        lines = {track: counted(soak.demo.folder, track, rules) for track in TRACKS}
        written = {track: {name: lines[track][name] for name in rules} for track in TRACKS}
        counts = caught_up(lambda: counts_of(soak.watched_on()), lambda counts: counts | written == counts)
        rows = asyncio.run(rows_of(soak.demo.env["DATABASE_URL"], known.rows))

    assert code == 0
    for track in TRACKS:
        assert counts[track] == written[track]
        assert rows[track] == sum(lines[track][name] for name in known.events)
    assert rows["canary"] > 1000


def failures() -> Iterator[Any]:
    for rollout in ROLLOUTS:
        for name, scenario in world_of(rollout).all_scenarios().items():
            if scenario.critical or scenario.warning:
                yield pytest.param(rollout, name, id=f"{rollout}-{name}")


def promised(scenario: Scenario) -> set[tuple[str, str]]:
    critical = {(metric, "CRITICAL") for metric in scenario.critical}
    return critical | {(metric, "WARNING") for metric in scenario.warning}


def watched_until(rollout: str, name: str, wanted: set[tuple[str, str]]) -> tuple[dict[str, Any], int]:
    """Watch a scenario until the journal has told all that is wanted, or for long enough; return the end of it."""
    words = [*PROGRAM, "demo", rollout, "--scenario", name, "--headless", "--speed", "4", "--for", PATIENCE, "--json"]
    told: dict[str, str] = {}
    said: dict[str, Any] = {}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as watch:
        for line in watch.stdout or ():
            said = json.loads(line)
            found = VERDICT.match(said.get("text", "")) if said.get("kind") == "verdict" else None
            if found is not None:
                told[found["metric"]] = found["verdict"]
                if wanted <= set(told.items()):
                    watch.send_signal(signal.SIGINT)
                    wanted = {("nothing", "more")}
    return said, watch.returncode


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("rollout", "name"), list(failures()))
def test_a_failure_that_the_document_names_is_seen_and_ends_with_its_exit_code(rollout: str, name: str) -> None:
    scenario = world_of(rollout).all_scenarios()[name]

    said, code = watched_until(rollout, name, promised(scenario))

    found = {(metric["name"], metric["verdict"]) for metric in said["metrics"] if metric["track"] != "baseline"}
    assert promised(scenario) <= found
    # Before the deployment other metrics may be worse than the one that the scenario is about.
    assert said["verdict"] in (("CRITICAL",) if scenario.critical else ("WARNING", "CRITICAL"))
    assert code == EXIT_CODES[said["verdict"]]
