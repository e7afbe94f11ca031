"""The rollout file of a demo: a shipped rollout whose clock runs faster and whose services live in one folder.

What is judged stays as shipped: events, queries, conditions. What changes is where it is measured, how
long the windows are, and the commands of the actions.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import yaml

from console.core.durations import parse_duration, parse_share
from console.demo.folder import DemoFolder

WINDOW_S = 20.0
"""Longest window of a metric at speed 1, so that numbers move and recover while one looks."""
EVERY_S = 2.0
HELD_S = 4.0
"""Longest `for` and `keep_for` at speed 1."""
SOAK_S = 60.0
NOT_WORSE_THAN = 5
"""Less can be proven in a minute of a demo than in hours of production."""
SETTLE = "10s"
"""Requests take some seconds, whatever the speed."""
SAMPLES = 40
"""Largest `min_samples`: a canary of 5 % makes 120 requests in a window, and uses tools in some of them."""

Part = dict[str, Any]


def write(folder: DemoFolder, *, rollout: str, speed: float, ports: Mapping[str, int], has_containers: bool) -> None:
    """Write the rollout file and the env file of a demo, whose services are containers or processes.

    Raises `OSError`.
    """
    shipped = yaml.safe_load(files("console").joinpath("rollouts", f"{rollout}.yaml").read_text(encoding="utf-8"))
    file = Overlay(shipped, folder, speed=speed, ports=ports, has_containers=has_containers)
    folder.rollout.write_text(
        yaml.dump(file.document(rollout), Dumper=_Plain, sort_keys=False, width=100), encoding="utf-8"
    )
    folder.add_to_env(file.first_env())


class Overlay:
    """What the file of a demo says on top of the shipped rollout."""

    def __init__(
        self,
        shipped: Part,
        folder: DemoFolder,
        *,
        speed: float,
        ports: Mapping[str, int],
        has_containers: bool,
    ) -> None:
        """Take the shipped file as YAML gives it."""
        self._shipped = shipped
        self._folder = folder
        self._speed = speed
        self._ports = ports
        self._has_containers = has_containers
        self._dropped = {name for name, metric in shipped.get("metrics", {}).items() if self._is_out_of_reach(metric)}

    def document(self, rollout: str) -> Part:
        """Return the whole overlay."""
        return {
            "extends": rollout,
            "title": f"{self._shipped['title']} (demo)",
            "sources": self._sources(),
            "metrics": dict(self._metrics()),
            "phases": list(self._phases()),
            "actions": {name: self._action(said) for name, said in self._shipped.get("actions", {}).items()},
        } | ({"alerts": None} if "alerts" in self._shipped else {})

    def first_env(self) -> dict[str, str]:
        """Return the env file that the demo begins with: the share of its first phase, every feature on."""
        share = parse_share(next(self._phases())["traffic"])
        switches = {name: "true" for name in self._switched() if name.startswith("ENABLE_")}
        return {"CANARY_PERCENTAGE": f"{share:g}"} | switches

    def _switched(self) -> Iterator[str]:
        """Yield the variables that the shipped actions set."""
        for action in self._shipped.get("actions", {}).values():
            for step in action.get("steps", ()):
                yield from step.get("env_file", {}).get("set", {})

    def _sources(self) -> Part:
        said: Part = {}
        for name, source in self._shipped.get("sources", {}).items():
            said[name] = None
            if "postgres" in source:
                said[name] = {"postgres": "${DATABASE_URL}"}
            elif "redis" in source:
                said[name] = {"redis": "${REDIS_URL}"}
            elif "docker" in source and self._has_containers:
                forgotten = {key: None for key in source["docker"] if key != "project"}
                said[name] = {"docker": {"project": self._folder.project, **forgotten}}
        if not self._has_containers:
            said |= {track: {"file": f"logs/{track}.log", "track": track} for track in self._ports}
        return said

    def _is_out_of_reach(self, metric: Mapping[str, Any]) -> bool:
        """Whether a metric asks for something that a demo has not got: a program, or the containers of processes."""
        return "command" in metric or ("container" in metric and not self._has_containers)

    def _metrics(self) -> Iterator[tuple[str, Part | None]]:
        for name, said in self._shipped.get("metrics", {}).items():
            yield name, None if name in self._dropped else self._metric(said)

    def _metric(self, said: Part) -> Part:
        changed: Part = {"every": self._shorter(said.get("every", "30s"), EVERY_S, least_s=1.0)}
        if said.get("window", "phase") != "phase":
            changed["window"] = self._shorter(said["window"], WINDOW_S, least_s=6.0)
        for key in ("for", "keep_for"):
            if key in said:
                changed[key] = self._shorter(said[key], HELD_S, least_s=2.0)
        if said.get("min_samples", 0) > SAMPLES:
            changed["min_samples"] = SAMPLES
        if "evidence" in said:
            every = self._shorter(said["evidence"].get("every", "60s"), EVERY_S, least_s=1.0)
            changed["evidence"] = said["evidence"] | {
                "every": every,
                "settle": SETTLE,
                "not_worse_than": NOT_WORSE_THAN,
            }
        # What goes with the shipped interval goes with it.
        changed |= {key: None for key in ("timeout", "stale_after") if key in said}
        return changed

    def _shorter(self, text: str, longest_s: float, *, least_s: float) -> str:
        """Return a duration of at most `longest_s` scenario seconds, and not less than `least_s` real ones."""
        return f"{round(min(parse_duration(text), max(least_s, longest_s / self._speed)), 3):g}s"

    def _phases(self) -> Iterator[Part]:
        """Yield the phases in which the canary has traffic."""
        for phase in self._shipped.get("phases", ()):
            if parse_share(phase["traffic"]) == 0:
                continue
            changed: Part = {"soak": self._shorter("60s", SOAK_S, least_s=5.0)}
            if "advance" in phase:
                changed["advance"] = [name for name in phase["advance"] if name not in self._dropped]
            if "pause" in phase:
                changed["pause"] = [text for text in phase["pause"] if text.split()[0] not in self._dropped]
            if "checklist" in phase:
                changed["checklist"] = [self._item(item) for item in phase["checklist"]]
            yield phase | changed

    def _item(self, item: Part) -> Part:
        """Return a checklist item; what the console cannot verify here is ticked by a person."""
        check = item.get("verify")
        if isinstance(check, Mapping) and self._is_out_of_reach(check):
            return {key: value for key, value in item.items() if key != "verify"}
        return item

    def _action(self, said: Part) -> Part | None:
        """Return what changes in an action that moves traffic; a task needs programs that a demo has not got."""
        kind = said.get("kind", "task")
        if kind == "task":
            return None
        edits = [step["env_file"] | {"path": ".env"} for step in said["steps"] if "env_file" in step]
        share = "0" if kind == "rollback" else "${traffic}"
        own_check = {"http": {"url": self._health_url("canary"), "contains": f'"share": {share},'}, "within": "20s"}
        kept = [self._check(check) for check in said.get("verify", ()) if not self._is_out_of_reach(check)]
        changed: Part = {
            "steps": [*({"env_file": edit} for edit in edits), self._restart()],
            "verify": [own_check, *kept],
        }
        if "hold" in said:
            changed["hold"] = self._shorter(said["hold"], WINDOW_S, least_s=6.0)
        return changed

    def _check(self, check: Part) -> Part:
        times = {"for": 3.0, "within": 20.0}
        return check | {
            key: self._shorter(check[key], limit, least_s=limit) for key, limit in times.items() if key in check
        }

    def _health_url(self, track: str) -> str:
        return f"http://127.0.0.1:{self._ports[track]}/health"

    def _restart(self) -> Part:
        if not self._has_containers:
            command = [sys.executable, "-m", "console.demo.restart", str(self._folder.path)]
            return {"run": command, "timeout": "20s"}
        step: Part = {"run": ["${COMPOSE:-docker compose}", "up", "-d", "--no-deps", *self._ports], "timeout": "120s"}
        host = os.environ.get("DOCKER_HOST")
        return step | ({"env": {"DOCKER_HOST": host}} if host else {})


class _Plain(yaml.SafeDumper):
    """Writes what is used twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an alias."""
        return True
