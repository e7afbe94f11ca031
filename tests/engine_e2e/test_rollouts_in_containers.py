"""Each rollout with its services in real containers: a failure is seen, counted, taken back and reported."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml
from docker.models.containers import Container

from console.demo import launch
from console.demo.restart import ask_service
from console.spec.files import shipped_folder
from tests.engine_e2e.catching_up import caught_up, counts_of
from tests.engine_e2e.conftest import demo_containers
from tests.terminal import PROGRAM

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

PATIENCE_S = (15, 100)
"""How long a failure may take to be seen: the second is for a machine with others on it."""


@dataclass(frozen=True)
class Failure:
    """A scenario, and what the console must find of it."""

    scenario: str
    metric: str
    verdict: str
    code: int


FAILURES = {
    "user-context": Failure("golden-path", "golden_path_success_rate", "CRITICAL", 2),
    "ai-agent": Failure("llm-errors", "error_rate", "CRITICAL", 2),
    "tool-history": Failure("failing-tools", "success_rate", "WARNING", 1),
    "fsm-checkpoint": Failure("contamination", "divergence", "CRITICAL", 2),
    "stateless-orchestration": Failure("parser-errors", "error_rate", "CRITICAL", 2),
}


class Services:
    """A demo with containers, and the console's commands in it."""

    def __init__(self, demo: launch.Demo, client: docker.DockerClient) -> None:
        self._demo = demo
        self._client = client

    @property
    def containers(self) -> dict[str, Container]:
        """The containers of the demo by their track."""
        return demo_containers(self._client, self._demo)

    def run(self, *words: str, timeout_s: float = 120) -> tuple[int, str]:
        """Return the exit code of a command and what it prints."""
        ran = subprocess.run(
            [*PROGRAM, *words],
            env=launch.environment(self._demo),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        return ran.returncode, ran.stdout or ran.stderr

    def watch(self, seconds: int) -> tuple[int, dict[str, Any]]:
        """Watch for some seconds; return the exit code and what the console knows."""
        words = ["watch", str(self._demo.file), "--headless", "--since", "1h", "--for", f"{seconds}s"]
        code, printed = self.run(*words, "--json", timeout_s=seconds + 90)
        said: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return code, said

    def share(self) -> object:
        """Return which part of the traffic the canary says that it takes."""
        port = int(self._demo.env["HEALTH_URL"].split(":")[2].split("/")[0])
        return (ask_service(port) or {}).get("share")


def rules_of(rollout: str) -> Mapping[str, re.Pattern[str]]:
    document = yaml.safe_load((shipped_folder() / f"{rollout}.yaml").read_text())
    return {name: re.compile(rule["match"]) for name, rule in document["events"].items()}


def counted(log: str, rules: Mapping[str, re.Pattern[str]]) -> dict[str, int]:
    """Count lines by the first rule that matches, as plainly as can be."""
    firsts = (next((name for name, rule in rules.items() if rule.search(line)), "") for line in log.splitlines())
    found = Counter(firsts)
    return {name: found[name] for name in rules}


def verdicts_of(records: Sequence[dict[str, Any]], metric: str) -> Iterator[str]:
    for record in records:
        if record["body"]["metric"] == metric:
            yield record["body"]["to"]


@pytest.mark.parametrize("rollout", list(FAILURES))
def test_a_failure_in_containers_is_seen_counted_line_by_line_taken_back_and_reported(
    rollout: str, image: str, at_engine: docker.DockerClient
) -> None:
    failure, rules = FAILURES[rollout], rules_of(rollout)
    options = (f"--rollout={rollout}", f"--scenario={failure.scenario}", "--speed=4", "--docker", f"--image={image}")
    with launch.running(*options) as demo:
        services = Services(demo, at_engine)
        for seconds in PATIENCE_S:
            code, seen = services.watch(seconds)
            found = {(metric["name"], metric["verdict"]) for metric in seen["metrics"] if metric["track"] != "baseline"}
            if (failure.metric, failure.verdict) in found:
                break

        before = services.containers
        for container in before.values():
            container.pause()
        logs = {track: container.logs().decode() for track, container in before.items()}
        written = {track: counted(log, rules) for track, log in logs.items()}
        counts = caught_up(lambda: counts_of(services.watch(4)[1]), lambda counts: counts | written == counts)
        for container in before.values():
            container.unpause()

        undone, told = services.run("act", str(demo.file), "rollback", "--yes", "--reason", "the canary fails")
        after, share = services.containers, services.share()
        _, journal = services.run("journal", rollout, "--kind", "verdict", "--json")
        _, report = services.run("report", rollout)

    assert (failure.metric, failure.verdict) in found
    assert code == failure.code
    assert failure.verdict in set(verdicts_of([json.loads(line) for line in journal.splitlines()], failure.metric))
    assert {track: counts[track] for track in written} == written
    assert sum(written["canary"].values()) > 0
    assert undone == 0, told
    assert share == 0
    assert after["canary"].id != before["canary"].id
    assert "the canary fails" in report
    assert failure.metric in report
    assert not Path(demo.folder).exists()
