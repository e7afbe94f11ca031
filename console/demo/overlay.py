"""The rollout file of a demo: a shipped rollout whose clock runs faster and whose services live in one folder.

What is judged stays as shipped: events, queries, conditions. What changes is where it is measured, how long the windows
are, how few samples and how little proof are enough, and the commands of the actions. The title says so.
"""

import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from itertools import dropwhile
from typing import Any

import yaml

from console.core.durations import format_duration, parse_duration, parse_share
from console.demo.folder import DemoFolder
from console.demo.service import ABOUT
from console.demo.world import World
from console.demo.worlds import scenario_of, world_of

WINDOW_S = 20.0
"""Longest window of a metric at speed 1, so that numbers move and recover while one looks."""
LEAST_WINDOW_S = 10.0
"""Shortest one at any speed: a request that takes longer is in none, and slow ones take some seconds."""
EVERY_S = 2.0
"""Longest interval of a metric, at any speed: a query has most of it to answer in, and machines are busy."""
PASS_S = 60.0
"""Longest `stale_after`, at any speed: going through all keys takes its time, however often it is asked for."""
QUESTIONS_PER_S = 10
"""Asked by all metrics together at most, so that a rollout of many metrics has longer intervals."""
HELD_S = 4.0
"""Longest `for` and `keep_for` at speed 1."""
SOAK_S = 60.0
VALIDATION_S = 12.0
"""Shortest validation window at any speed, of which a metric may need the first seconds for its least samples."""
WATCHED = "50%"
"""How much of a validation window a metric must be known: those seconds are nothing in days, and much of this."""
NOT_WORSE_THAN = 5
"""Less can be proven in a minute of a demo than in hours of production."""
SETTLE = "10s"
"""Requests take some seconds, whatever the speed."""
SAMPLES = 40
"""Largest `min_samples`: a canary of 5 % makes 120 requests in a window, and uses tools in some of them."""

_VARIABLE = re.compile(r"\$\{(\w+)")

Part = dict[str, Any]


def write(
    folder: DemoFolder,
    *,
    rollout: str,
    speed: float,
    ports: Mapping[str, int],
    has_containers: bool,
    scenario: str = "healthy",
    is_whole: bool = False,
) -> None:
    """Write the rollout file and the env file of a demo, whose services are containers or processes.

    `is_whole` begins before the deployment, with the phases in which the canary has no traffic; so do some scenarios.
    Raises `OSError`, and `ValueError` for a scenario that the rollout has not got.
    """
    world = world_of(rollout)
    chosen = scenario_of(world, scenario)
    shipped = yaml.safe_load(files("console").joinpath("rollouts", f"{rollout}.yaml").read_text(encoding="utf-8"))
    file = Overlay(
        shipped,
        world,
        folder,
        speed=speed,
        ports=ports,
        has_containers=has_containers,
        is_whole=is_whole or chosen.is_whole,
    )
    folder.rollout.write_text(
        yaml.dump(file.document(rollout), Dumper=_Plain, sort_keys=False, width=100), encoding="utf-8"
    )
    folder.add_to_env({**file.first_env(), **chosen.env_file})


class Overlay:
    """What the file of a demo says on top of the shipped rollout."""

    def __init__(
        self,
        shipped: Part,
        world: World,
        folder: DemoFolder,
        *,
        speed: float,
        ports: Mapping[str, int],
        has_containers: bool,
        is_whole: bool = False,
    ) -> None:
        """Take the shipped file as YAML gives it."""
        self._shipped = shipped
        self._world = world
        self._is_whole = is_whole
        self._folder = folder
        self._speed = speed
        self._ports = ports
        self._has_containers = has_containers
        self._dropped = {name for name, metric in shipped.get("metrics", {}).items() if self._is_out_of_reach(metric)}

    def document(self, rollout: str) -> Part:
        """Return the whole overlay."""
        said: Part = {
            "extends": rollout,
            "title": f"{self._shipped['title']} ({self._judged_by()})",
            "sources": self._sources(),
            "metrics": dict(self._metrics()),
            "phases": list(self._phases()),
            "actions": {name: self._action(said) for name, said in self._shipped.get("actions", {}).items()},
        }
        if self._has_containers:
            said["tracks"] = {track: {"label": f"rollout.track={track}"} for track in self._ports}
        if "validation" in self._shipped:
            said["validation"] = list(self._validation())
        if "alerts" in self._shipped:
            said["alerts"] = None
        return said | self._without_dropped_metrics(said.keys())

    def _judged_by(self) -> str:
        """Return by what a demo judges otherwise than the shipped file, in a few words."""
        window_s = max(LEAST_WINDOW_S, WINDOW_S / self._speed)
        proof = any("evidence" in metric for metric in self._shipped.get("metrics", {}).values())
        said = f"demo: windows of {format_duration(window_s)}, {SAMPLES} samples"
        return f"{said}, proof of not {NOT_WORSE_THAN}x worse" if proof else said

    def first_env(self) -> dict[str, str]:
        """Return the env file that the demo begins with: the share of its first phase, features on if it has one."""
        share = parse_share(next(self._phases())["traffic"])
        switches = dict.fromkeys(self._world.switches, "true" if share else "false")
        return {"CANARY_PERCENTAGE": f"{share:g}", **switches, **self._world.env_file}

    def _without_dropped_metrics(self, done: Collection[str]) -> Part:
        """Return the other parts of the file that name a metric which is left out, without it."""
        others = {key: said for key, said in self._shipped.items() if key not in done}
        pruned = {key: self._pruned(said) for key, said in others.items()}
        return {key: said for key, said in pruned.items() if said != others[key]}

    def _pruned(self, said: Any) -> Any:
        if isinstance(said, Mapping):
            # A key of the base stays in the merged file unless it is taken away by a null.
            return {key: None if key in self._dropped else self._pruned(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self._pruned(value) for value in said if not self._is_dropped(value)]
        return said

    def _is_dropped(self, entry: Any) -> bool:
        """Whether an entry of a list is a metric that is left out, or stands for one."""
        named = entry.get("metric") if isinstance(entry, Mapping) else entry
        return isinstance(named, str) and named in self._dropped

    def _sources(self) -> Part:
        said: Part = {}
        for name, source in self._shipped.get("sources", {}).items():
            said[name] = None
            if "postgres" in source:
                own = self._is_set(source["postgres"])
                said[name] = {"postgres": source["postgres"] if own else "${DATABASE_URL}"}
            elif "redis" in source:
                said[name] = {"redis": "${REDIS_URL}"}
            elif self._has_containers and ("docker" in source or "file" in source):
                # A kind that the shipped source is not replaces it; of the same kind, what else it asks for goes.
                forgotten = {key: None for key in source.get("docker", ()) if key != "project"}
                said[name] = {"docker": {"project": self._folder.project, **forgotten}}
        if not self._has_containers:
            said |= {track: {"file": f"logs/{track}.log", "track": track} for track in self._ports}
        return said

    def _is_out_of_reach(self, metric: Mapping[str, Any]) -> bool:
        """Whether a metric or check asks for what a demo has not got: a program, containers of processes, alerts."""
        is_unknown = "alerts" in metric or ("command" in metric and not self._is_set(metric["command"][0]))
        return is_unknown or ("container" in metric and not self._has_containers)

    def _is_set(self, text: str) -> bool:
        """Whether a text begins with a variable that the world sets."""
        found = _VARIABLE.match(text)
        return found is not None and found[1] in self._world.env

    def _metrics(self) -> Iterator[tuple[str, Part | None]]:
        for name, said in self._shipped.get("metrics", {}).items():
            yield name, None if name in self._dropped else self._metric(said)

    def _metric(self, said: Part) -> Part:
        asked_s = max(EVERY_S, len(self._shipped["metrics"]) / QUESTIONS_PER_S)
        changed: Part = {"every": self._shorter(said.get("every", "30s"), EVERY_S, least_s=asked_s)}
        if said.get("window", "phase") != "phase":
            changed["window"] = self._shorter(said["window"], WINDOW_S, least_s=LEAST_WINDOW_S)
        for key in ("for", "keep_for"):
            if key in said:
                changed[key] = self._shorter(said[key], HELD_S, least_s=asked_s)
        if said.get("min_samples", 0) > SAMPLES:
            changed["min_samples"] = SAMPLES
        if "evidence" in said:
            every = self._shorter(said["evidence"].get("every", "60s"), EVERY_S, least_s=EVERY_S)
            changed["evidence"] = said["evidence"] | {
                "every": every,
                "settle": SETTLE,
                "not_worse_than": NOT_WORSE_THAN,
            }
        # What goes with the shipped interval goes with it.
        changed |= {key: None for key in ("timeout", "stale_after") if key in said}
        if "stale_after" in said:
            changed["stale_after"] = self._shorter(said["stale_after"], PASS_S, least_s=PASS_S)
        return changed

    def _shorter(self, text: str, longest_s: float, *, least_s: float) -> str:
        """Return a duration of at most `longest_s` scenario seconds, and not less than `least_s` real ones."""
        return f"{round(min(parse_duration(text), max(least_s, longest_s / self._speed)), 3):g}s"

    def _phases(self) -> Iterator[Part]:
        """Yield the phases, by default from the first one in which the canary has traffic."""
        shipped = self._shipped.get("phases", ())
        for phase in (
            shipped if self._is_whole else dropwhile(lambda phase: parse_share(phase["traffic"]) == 0, shipped)
        ):
            changed: Part = {"soak": self._shorter("60s", SOAK_S, least_s=5.0)}
            if "advance" in phase:
                changed["advance"] = [name for name in phase["advance"] if name not in self._dropped]
            if "pause" in phase:
                changed["pause"] = [text for text in phase["pause"] if text.split()[0] not in self._dropped]
            if "sign_off" in phase:  # a demo is of one account, and nobody else can come to sign
                changed["sign_off"] = [_role(asked) for asked in phase["sign_off"]]
            for items in ("prerequisites", "checklist"):
                if items in phase:
                    changed[items] = [self._item(item) for item in phase[items]]
            yield phase | changed

    def _validation(self) -> Iterator[Part]:
        """Yield the validation windows, each as long as half a soak, and at least `VALIDATION_S`."""
        ends = {parse_duration(window[key]) for window in self._windows() for key in ("from", "until") if key in window}
        length_s = max(VALIDATION_S, SOAK_S / 2 / self._speed)
        moments = {end: f"{rank * length_s:g}s" for rank, end in enumerate(sorted(ends | {0.0}))}
        for window in self._windows():
            changed: Part = {key: moments[parse_duration(window[key])] for key in ("from", "until") if key in window}
            changed["watched"] = WATCHED
            if "metrics" in window:
                changed["metrics"] = [name for name in window["metrics"] if name not in self._dropped]
            if "checklist" in window:
                changed["checklist"] = [self._item(item) for item in window["checklist"]]
            yield window | changed

    def _windows(self) -> Iterator[Part]:
        yield from self._shipped.get("validation", ())

    def _item(self, item: Part) -> Part:
        """Return a checklist item; what the console cannot verify here is ticked by a person."""
        check = item.get("verify")
        if isinstance(check, Mapping) and self._is_out_of_reach(check):
            return {key: value for key, value in item.items() if key not in ("verify", "every")}
        return item | ({"every": self._shorter(item["every"], SOAK_S, least_s=5.0)} if "every" in item else {})

    def _action(self, said: Part) -> Part | None:
        """Return what changes in an action; a task that needs a program which the demo has not got is left out."""
        kind = said.get("kind", "task")
        steps, checks = list(self._steps(said)), {}
        if kind == "task":
            if None in steps:
                return None
        else:
            share = "0" if kind == "rollback" else "${traffic}"
            own = {"http": {"url": self._url("canary", ABOUT), "contains": f'"share": {share},'}, "within": "20s"}
            checks["verify"] = [own]
            steps = [step for step in steps if step is not None]
            if self._restart() not in steps:
                steps.append(self._restart())
        for key in ("before", "verify"):
            kept = [self._check(check) for check in said.get(key, ()) if not self._is_out_of_reach(check)]
            if key in said or key in checks:
                checks[key] = [*checks.get(key, ()), *kept]
        changed: Part = {"steps": steps, **checks}
        if "phases" in said:  # one whose phases are all left out belongs to every phase of the demo
            there = {phase["name"] for phase in self._phases()}
            changed["phases"] = [name for name in said["phases"] if name in there]
        if "hold" in said:
            changed["hold"] = self._shorter(said["hold"], WINDOW_S, least_s=6.0)
        return changed

    def _steps(self, said: Part) -> Iterator[Part | None]:
        """Yield the steps as the demo takes them; `None` is one that it cannot take."""
        for step in said["steps"]:
            if "env_file" in step:
                yield step | {"env_file": step["env_file"] | {"path": ".env"}}
            elif "run" not in step or self._is_set(step["run"][0]):
                yield step
            else:
                yield self._restart() if "COMPOSE" in step["run"][0] else None

    def _check(self, check: Part) -> Part:
        times = {"for": 3.0, "within": 30.0}
        return check | {
            key: self._shorter(check[key], limit, least_s=limit) for key, limit in times.items() if key in check
        }

    def _url(self, track: str, path: str) -> str:
        return f"http://127.0.0.1:{self._ports[track]}{path}"

    def _restart(self) -> Part:
        if not self._has_containers:
            command = [sys.executable, "-m", "console.demo.restart", str(self._folder.path)]
            return {"run": command, "timeout": "20s"}
        step: Part = {"run": ["${COMPOSE:-docker compose}", "up", "-d", "--no-deps", *self._ports], "timeout": "120s"}
        host = os.environ.get("DOCKER_HOST")
        return step | ({"env": {"DOCKER_HOST": host}} if host else {})


def _role(asked: str | Part) -> str:
    """Return the role of a sign-off, whoever it asks for."""
    return asked if isinstance(asked, str) else str(asked["role"])


class _Plain(yaml.SafeDumper):
    """Writes what is used twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an alias."""
        return True
