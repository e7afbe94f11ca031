"""What a command line of Compose does, and whether the containers it made are as they were meant to be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from console.core.durations import format_duration
from console.core.probes import Check, ComposeUp
from console.core.rollout import Step

STAYS_UP_S = 10.0
"""How long a new container must run before it counts: one that dies at once is reported as started by `up -d`."""
WITHIN_S = 60.0

INSPECTED = "{{json .Name}}\t{{json .State}}\t{{json .Created}}\t{{json .RestartCount}}\t{{json .Config.Env}}"
"""What is asked of each container, as `docker inspect --format` takes it; one line each."""

_WITH_VALUE = frozenset(
    (
        *("-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "-f", "--file", "-p", "--project-name"),
        *("--profile", "--env-file", "--project-directory", "--parallel", "--progress", "--ansi"),
        *("--tlscacert", "--tlscert", "--tlskey"),
    )
)
_UP_WITH_VALUE = frozenset(
    ("--scale", "-t", "--timeout", "--exit-code-from", "--attach", "--no-attach", "--pull", "--wait-timeout")
)
_DETACHED = frozenset({"-d", "--detach", "--wait"})


def compose_up(argv: Sequence[str]) -> ComposeUp | None:
    """Return what containers a command makes anew in the background, `None` if it is no `compose up -d`.

    The options are those of Compose v2 and v1 (docs.docker.com/reference/cli/docker/compose).
    """
    program = argv[0].rpartition("/")[2] if argv else ""
    at = _past_options(argv, 1)
    if program not in ("docker-compose", "podman-compose"):
        if program not in ("docker", "podman") or list(argv[at : at + 1]) != ["compose"]:
            return None
        at = _past_options(argv, at + 1)
    if list(argv[at : at + 1]) != ["up"]:
        return None
    services: list[str] = []
    rest = iter(argv[at + 1 :])
    is_detached = False
    for word in rest:
        if word in _UP_WITH_VALUE:
            next(rest, None)
        elif word.startswith("-"):
            is_detached = is_detached or word in _DETACHED
        else:
            services.append(word)
    return ComposeUp(command=tuple(argv[:at]), services=tuple(services)) if is_detached else None


def _past_options(argv: Sequence[str], at: int) -> int:
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in _WITH_VALUE else 1
    return at


def engine_command(compose: ComposeUp) -> tuple[str, ...]:
    """Return how the engine behind Compose is asked: the same program, context and host."""
    program, *options = compose.command
    if program.rpartition("/")[2] in ("docker", "podman"):
        return (program, *options[: options.index("compose")])
    hosts = [word for pair in pairwise(options) if pair[0] in ("-H", "--host") for word in pair]
    return ("podman" if "podman" in program else "docker", *hosts)


def implied(steps: Sequence[Step], verify: Sequence[Check]) -> tuple[Check, ...]:
    """Return what is verified after these steps although the file does not say so.

    The env files say what was set in them, and the containers that Compose made run on with that environment: its
    exit code is 0 for a container that dies at once, and variables of a shell beat an env file.
    """
    edits = [step.env_file for step in steps if step.env_file is not None]
    env = {key: value for edit in edits for key, value in edit.set.items()}
    found = [Check(env_file=edit, within=1.0) for edit in edits]
    if any(check.compose is not None for check in verify):
        return tuple(found)
    for step in steps:
        made = made_by(step)
        if made is not None:
            check = Check.model_validate({"compose": made.model_copy(update={"env": env})})
            found.append(check.model_copy(update={"for_": STAYS_UP_S, "within": WITHIN_S}))
    return tuple(found)


def shows_itself(step: Step, steps: Sequence[Step]) -> bool:
    """Return whether what is verified after a step by itself shows that it took effect.

    A file says what was set in it. Containers say that they were made from it, where there is something to say.
    """
    if step.env_file is not None:
        return True
    return made_by(step) is not None and any(other.env_file is not None for other in steps)


def made_by(step: Step) -> ComposeUp | None:
    """Return what containers a step makes anew in the background, if it does."""
    return None if step.run is None or step.shell else compose_up(step.run)


@dataclass(frozen=True, slots=True)
class Seen:
    """One container as the engine describes it."""

    name: str
    is_running: bool
    started: float
    created: float
    restarts: int
    exit_code: int
    health: str
    env: Mapping[str, str]


def seen(line: str) -> Seen:
    """Return what a line in the form of `INSPECTED` says; raises `ValueError` or `KeyError`."""
    name, state, created, restarts, env = (json.loads(part) for part in line.split("\t"))
    return Seen(
        name=str(name).lstrip("/"),
        is_running=bool(state["Running"]) and not state.get("Restarting", False),
        started=_time(state["StartedAt"]),
        created=_time(created),
        restarts=int(restarts),
        exit_code=int(state.get("ExitCode", 0)),
        health=_health(state),
        env=dict(pair.partition("=")[::2] for pair in env or ()),
    )


def _health(state: Mapping[str, Any]) -> str:
    return str((state.get("Health") or {}).get("Status", ""))


def _time(text: str) -> float:
    """Return a time of the engine, RFC 3339 with nanoseconds, as seconds since the epoch."""
    whole, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    digits = rest[: len(rest) - len(zone)][:6]
    return datetime.fromisoformat(f"{whole}.{digits or '0'}{zone or ''}".replace("Z", "+00:00")).timestamp()


def wrong_with(container: Seen, asked: ComposeUp, for_s: float, now: float) -> str:
    """Return what is not as it was meant to be, in words; empty if all is. `now` is in seconds since the epoch."""
    name = container.name
    if not container.is_running:
        return f"{name} does not run: it ended with exit code {container.exit_code}"
    if container.restarts:
        return f"{name} was restarted {container.restarts} times"
    if container.health == "unhealthy":
        return f"{name} is unhealthy"
    shown = [key for key in asked.env if key in container.env]
    for key in shown:
        if container.env[key] != asked.env[key]:
            return f"{name} has another {key} than was declared"
    if asked.since is not None and container.created < asked.since and not shown:
        return f"{name} is the container of before: it was not made again"
    ran_s = now - container.started
    if ran_s < for_s:
        return f"{name} has run for {format_duration(max(0, int(ran_s)))}, of {format_duration(for_s)}"
    return ""
