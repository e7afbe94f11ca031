"""Whether the containers that Compose made are as they were meant to be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.core.compose_calls import made_by
from console.core.durations import format_duration
from console.core.probes import Check, ComposeUp
from console.core.rollout import Step

STAYS_UP_S = 10.0
"""How long a new container must run before it counts: one that dies at once is reported as started by `up -d`."""
WITHIN_S = 60.0

INSPECTED = "\t".join(
    "{{json " + part + "}}"
    for part in (
        *(".Name", ".State", ".Created", ".RestartCount", ".Config.Env"),
        *(".HostConfig.RestartPolicy.Name", ".Config.Labels"),
    )
)
"""What is asked of each container, as `docker inspect --format` takes it; one line each."""


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
        for made in made_by(step):
            check = Check.model_validate({"compose": made.model_copy(update={"env": env})})
            found.append(check.model_copy(update={"for_": STAYS_UP_S, "within": WITHIN_S}))
    return tuple(found)


def judged_by(steps: Sequence[Step], verify: Sequence[Check]) -> tuple[Check, ...]:
    """Return all that is verified after these steps: what the file says, and what is implied.

    Where no step edits a file, containers of before will do: Compose was content with them, and nothing says more.
    """
    found = (*verify, *implied(steps, verify))
    if any(step.env_file is not None for step in steps):
        return found
    return tuple(
        check
        if check.compose is None
        else check.model_copy(update={"compose": check.compose.model_copy(update={"may_be_old": True})})
        for check in found
    )


def shows_itself(step: Step, steps: Sequence[Step]) -> bool:
    """Return whether what is verified after a step by itself shows that it took effect.

    A file says what was set in it. Containers say that they were made from it, where there is something to say.
    """
    if step.env_file is not None:
        return True
    return bool(made_by(step)) and any(other.env_file is not None for other in steps)


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
    service: str = ""
    """The service that Compose made it for."""
    made_from: str = ""
    """The digest of what Compose made it from."""
    is_one_shot: bool = False
    """Nothing starts it again when it ends well."""


def seen(line: str) -> Seen:
    """Return what a line in the form of `INSPECTED` says; raises `ValueError` or `KeyError`."""
    name, state, created, restarts, env, policy, labels = (json.loads(part) for part in line.split("\t"))
    said = {key.rpartition(".")[2]: value for key, value in (labels or {}).items() if ".compose." in key}
    return Seen(
        name=str(name).lstrip("/"),
        is_running=bool(state["Running"]) and not state.get("Restarting", False),
        started=_time(state["StartedAt"]),
        created=_time(created),
        restarts=int(restarts),
        exit_code=int(state.get("ExitCode", 0)),
        health=_health(state),
        env=dict(pair.partition("=")[::2] for pair in env or ()),
        service=str(said.get("service", "")),
        made_from=str(said.get("config-hash", "")),
        is_one_shot=policy in ("", "no", "on-failure"),
    )


def _health(state: Mapping[str, Any]) -> str:
    return str((state.get("Health") or {}).get("Status", ""))


def _time(text: str) -> float:
    """Return a time of the engine, RFC 3339 with nanoseconds, as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def engine_time(said: str) -> float | None:
    """Return what an engine says of its clock, in seconds since the epoch; `None` if it says something else."""
    try:
        return _time(said.strip())
    except ValueError:
        return None


def wrong_with(container: Seen, asked: ComposeUp, for_s: float, now: float, made_from: str = "") -> str:
    """Return what is not as it was meant to be, in words; empty if all is.

    `now` is in seconds since the epoch, by the clock of the engine, as `asked.since` is. `made_from` is the digest of
    what Compose would make the container from now.
    """
    name = container.name
    is_new = asked.since is None or container.created >= asked.since
    if container.service in asked.gone:
        return f"{name} still runs" if container.is_running else ""
    if not container.is_running:
        # Of several services at once some may have been made to end; one that was named is meant to run on.
        has_ended_well = container.exit_code == 0 and container.is_one_shot and not asked.services
        return "" if has_ended_well else f"{name} does not run: it ended with exit code {container.exit_code}"
    if container.restarts and is_new:  # those of before say nothing about this
        return f"{name} was restarted {container.restarts} times"
    if container.health == "unhealthy":
        return f"{name} is unhealthy"
    for key in asked.env:
        if key in container.env and container.env[key] != asked.env[key]:
            return f"{name} has another {key} than was declared"
    if not is_new and not _needs_no_other(container, asked) and container.made_from != (made_from or None):
        hidden = [key for key in asked.env if key not in container.env]
        shows = f", and does not show {', '.join(hidden)}" if hidden else ""
        return f"{name} is the container of before: it was not made again{shows}"
    ran_s = now - container.started
    if ran_s < for_s:
        return f"{name} has run for {format_duration(max(0, int(ran_s)))}, of {format_duration(for_s)}"
    return ""


def all_ended(containers: Sequence[Seen], asked: ComposeUp) -> str:
    """Return which containers have all ended although one was meant to run on, in words; empty if one does.

    Of those that show what was declared one must, where any shows it.
    """
    meant = [one for one in containers if one.service not in asked.gone]
    shown = [one for one in meant if any(key in one.env for key in asked.env)] or meant
    return "" if any(one.is_running for one in shown) else ", ".join(f"{one.name} has ended" for one in shown)


def in_question(containers: Sequence[Seen], asked: ComposeUp) -> bool:
    """Return whether it takes more than their environment to tell that containers of before are as declared."""
    since = asked.since
    return since is not None and any(one.created < since and not _needs_no_other(one, asked) for one in containers)


def _needs_no_other(container: Seen, asked: ComposeUp) -> bool:
    """Return whether a container of before may stay: it shows everything that was declared, or nothing was."""
    return asked.may_be_old or (bool(asked.env) and all(key in container.env for key in asked.env))
