"""An action turned into a plan: every placeholder resolved, the share and the phase decided, nothing run."""

import difflib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from console.core.compose import judged_by
from console.core.durations import format_duration
from console.core.plan import Plan
from console.core.rollout import (
    Action,
    ActionKind,
    Check,
    HttpProbe,
    Parameter,
    Part,
    RedisProbe,
    Rollout,
    SqlStep,
    Step,
)
from console.core.text import visible

TRAFFIC = "${traffic}"
"""What a step writes where the share being applied belongs."""

_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")

P = TypeVar("P", bound=Part)
A = TypeVar("A", Step, Check)


class PlanRefused(Exception):
    """The action makes no sense now; the text says why and what would."""


def format_share(share: float) -> str:
    """Return a share as a step is given it: `25`, `12.5`."""
    return f"{share:.10g}"


def plan(
    rollout: Rollout,
    action_id: str,
    *,
    phase_index: int | None,
    traffic: float | None,
    rung: float | None = None,
    given: Mapping[str, str] | None = None,
) -> Plan:
    """Return what the action does from where the rollout stands.

    `traffic` is the share applied now, percent, and `phase_index` the present phase; `None` where nobody knows.
    `rung` asks for a share: a rung of the ladder, or the share of the phase to advance to. `given`
    are the values of the action's parameters, by name. Raises `PlanRefused`.
    """
    action = rollout.actions.get(action_id)
    if action is None:
        known = ", ".join(rollout.actions) or "none"
        raise PlanRefused(f"{rollout.rollout} has no action {action_id!r}; it has: {known}")
    ladder: tuple[float, ...] = ()
    phase: int | None = None
    share: float | None = None
    if action.kind is ActionKind.ROLLBACK:
        share = _rolled_back(rung)
    elif action.kind is ActionKind.STEP_DOWN:
        share = _next_rung(action, traffic, rung)
        ladder = tuple(lower for lower in action.ladder if lower < share)
    elif action.kind is ActionKind.ADVANCE:
        phase = _next_phase(rollout, phase_index, rung)
        share = rollout.phases[phase].traffic
    elif rung is not None:
        raise PlanRefused(f"{action_id} is a task: it changes no share, so none can be asked for")
    chosen = checked_values(action, given or {})
    entered = None if phase is None else rollout.phases[phase].name
    taken = (step for step in action.steps if not step.to or entered in step.to)
    steps = tuple(_resolved(_bound(step, chosen), share, chosen) for step in taken)
    verify = tuple(_resolved(_bound(check, chosen), share, chosen) for check in action.verify)
    said = ", ".join(f"{name} {value}" for name, value in chosen.items())
    return Plan(
        action=action_id,
        title=f"{action.title}: {said}" if said else action.title,
        kind=action.kind,
        service=rollout.service,
        steps=steps,
        verify=judged_by(steps, verify),
        traffic=share,
        ladder=ladder,
        hold_s=action.hold,
        phase=phase,
        given=tuple(chosen.items()),
        before=tuple(_resolved(check, share, chosen) for check in action.before if not check.to or entered in check.to),
        phases=action.phases,
    )


def checked_values(action: Action, given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of an action's parameters in its order; raises `PlanRefused` for one that will not do."""
    unknown = [name for name in given if name not in action.parameters]
    if unknown:
        known = ", ".join(action.parameters) or "none"
        raise PlanRefused(f"{action.title} has no parameter {visible(unknown[0], 80)}; it has: {known}")
    for name, parameter in action.parameters.items():
        value = given.get(name)
        if value is None:
            raise PlanRefused(f"say for which {parameter.title or name}: {name}=…")
        if re.fullmatch(parameter.pattern, value) is None or visible(value) != value:
            raise PlanRefused(
                f"{visible(value, 80)!r} is no {parameter.title or name}: it must match {parameter.pattern}"
            )
        values = None if parameter.from_ is None else parameter.from_.values
        if values is not None:
            check_listed(name, parameter, value, values)
    return {name: given[name] for name in action.parameters}


def check_listed(name: str, parameter: Parameter, value: str, values: Sequence[str]) -> None:
    """Raise `PlanRefused` for a value that is not among those there are."""
    if value in values:
        return
    near = difflib.get_close_matches(value, values, n=1)
    hint = f"did you mean {visible(near[0], 80)}?" if near else f"there are {len(values)}"
    raise PlanRefused(f"there is no {parameter.title or name} {visible(value, 80)}; {hint}")


def _bound(part: A, chosen: Mapping[str, str]) -> A:
    """Return a step or check with the parameters of its statement bound."""
    if part.sql is None or not chosen:
        return part
    return part.model_copy(update={"sql": _with_values(part.sql, chosen)})


def _with_values(asked: SqlStep, chosen: Mapping[str, str]) -> SqlStep:
    """Return the statement with numbers in place of the parameters: their values never become part of the SQL."""
    used = [name for name in chosen if f"${{{name}}}" in asked.statement]
    statement = asked.statement
    for number, name in enumerate(used, 1):
        statement = statement.replace(f"${{{name}}}", f"${number}")
    values = (*(chosen[name] for name in used), *asked.values)
    return SqlStep(source=asked.source, statement=statement, values=values)


def carried_on(whole: Plan, first_step: int, *, is_check: bool, since: float | None = None, unproven: str = "") -> Plan:
    """Return what is left of a plan from a step on, or only its verifications, which may leave something unproven.

    `since` is when the first of its attempts began, in seconds since the epoch.
    """
    whole = replace(whole, since=since)
    if is_check:
        return replace(whole, title=f"Verify: {whole.title}", steps=(), unproven=unproven)
    if not 0 <= first_step < len(whole.steps):
        raise PlanRefused(f"{whole.title} has no step {first_step + 1} left to do")
    title = f"{whole.title}, from step {first_step + 1}" if first_step else whole.title
    return replace(whole, title=title, steps=whole.steps[first_step:])


def _rolled_back(rung: float | None) -> float:
    if rung:
        raise PlanRefused(f"a rollback goes to 0%; to go to {format_share(rung)}% step down")
    return 0.0


def _next_rung(action: Action, traffic: float | None, rung: float | None) -> float:
    rungs = ", ".join(f"{format_share(step)}%" for step in action.ladder)
    if rung is not None:
        if rung not in action.ladder:
            raise PlanRefused(f"{format_share(rung)}% is no rung of the ladder; it has {rungs}")
        if traffic is not None and rung >= traffic:
            raise PlanRefused(f"{format_share(rung)}% is not below the present {format_share(traffic)}%")
        return rung
    if traffic is None:
        raise PlanRefused(f"the present share is not known, so neither is the next rung; say which: {rungs}")
    lower = next((step for step in action.ladder if step < traffic), None)
    if lower is None:
        raise PlanRefused(f"there is no rung below the present {format_share(traffic)}%; the ladder is {rungs}")
    return lower


def _next_phase(rollout: Rollout, phase_index: int | None, rung: float | None) -> int:
    phases = rollout.phases
    if phase_index is None:
        if rung is None:
            raise PlanRefused("the present phase is not known; say which share the next one has")
        found = next((index for index, phase in enumerate(phases) if phase.traffic == rung), None)
        if found is None:
            raise PlanRefused(f"no phase has a share of {format_share(rung)}%")
        return found
    following = phase_index + 1
    if following >= len(phases):
        raise PlanRefused("this is the last phase; there is none to advance to")
    if rung is not None and phases[following].traffic != rung:
        planned = format_share(phases[following].traffic)
        raise PlanRefused(f"the next phase, {phases[following].name}, has {planned}%, not {format_share(rung)}%")
    return following


def _resolved(part: P, share: float | None, chosen: Mapping[str, str]) -> P:
    """Return the step or check with the share in place of every `${traffic}`, and the values of the parameters."""
    written = part.model_dump(by_alias=True, exclude_unset=True)
    if share is None:
        if _mentions(written):
            raise PlanRefused(f"a step says {TRAFFIC}, but this action changes no share")
        if not chosen:
            return part
    put_in = {**chosen, **({} if share is None else {"traffic": format_share(share)})}
    try:
        return type(part).model_validate(_replaced(written, put_in))
    except ValidationError as error:
        raise PlanRefused(f"a step cannot be resolved for {put_in}: {error}") from error


def _replaced(value: Any, put_in: Mapping[str, str], key: str = "") -> Any:
    if isinstance(value, str):
        # Once over the text, so that a value that looks like a parameter stays what it is.
        put = partial(quote, safe="") if key == "url" else str
        return _PLACE.sub(lambda found: put(put_in[found[1]]) if found[1] in put_in else found[0], value)
    if isinstance(value, Mapping):
        names = {name: _replaced(name, put_in) if key == "set" else name for name in value}
        return {names[name]: _replaced(item, put_in, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, put_in) for item in value]
    return value


def _mentions(value: Any) -> bool:
    if isinstance(value, str):
        return TRAFFIC in value
    if isinstance(value, Mapping):
        return any(_mentions(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_mentions(item) for item in value)


def step_label(step: Step) -> str:
    """Return a step as one line: the exact command, statement, request or file. It may still hold secrets."""
    if step.run is not None:
        variables = "".join(f"{name}={shlex.quote(value)} " for name, value in step.env.items())
        command = f"sh -c {shlex.quote(step.run[0])}" if step.shell else shlex.join(step.run)
        return variables + command + (f" (login of {step.login})" if step.login else "")
    if step.env_file is not None:
        edits = ", ".join(f"{key}={value}" for key, value in step.env_file.set.items())
        return f"{step.env_file.path}: {edits}"
    if step.sql is not None:
        return _statement(step.sql)
    if step.redis is not None:
        return f"{step.redis.source}: {shlex.join(step.redis.command)}"
    return _request(step.http) if step.http is not None else step.kind


def check_label(check: Check) -> str:
    """Return a verification as one line: what is asked, and for how long."""
    return f"{_question(check)}, within {format_duration(check.within)}"


def _question(check: Check) -> str:
    if check.http is not None:
        return _request(check.http)
    if check.redis is not None:
        return f"{check.source}: {_redis_question(check.redis)}{_wanted(check)}"
    if check.query is not None:
        return f"{check.source}: query {check.query}{_wanted(check)}"
    if check.sql is not None:
        return _statement(check.sql)
    if check.command is not None:
        printed = f" and prints {', '.join(check.prints)}" if check.prints else ""
        return f"{shlex.join(check.command)} exits 0{printed}"
    if check.compose is not None:
        gone = check.compose.gone
        services = ", ".join(one for one in check.compose.services if one not in gone) or "every service"
        if gone and set(check.compose.services) == set(gone):
            return f"no container of {', '.join(gone)} runs"
        env = f" with {', '.join(check.compose.env)} as declared" if check.compose.env else ""
        none = f", and none of {', '.join(gone)}" if gone else ""
        return f"the containers of {services} run on for {format_duration(check.for_)}{env}{none}"
    if check.env_file is not None:
        edits = ", ".join(f"{key}={value}" for key, value in check.env_file.set.items())
        return f"{check.env_file.path} says {edits}"
    held = f" for {format_duration(check.for_)}" if check.for_ else ""
    return f"{check.source}: every container {check.container}{held}"


def _statement(asked: SqlStep) -> str:
    bound = "".join(f", ${number} = {value!r}" for number, value in enumerate(asked.values, 1))
    return f"{asked.source}: {' '.join(asked.statement.split())}{bound}"


def _wanted(check: Check) -> str:
    return f" {check.expect}" if check.expect is not None else ""


def _request(probe: HttpProbe) -> str:
    says = f" and says {probe.contains!r}" if probe.contains is not None else ""
    body = "" if probe.json_ is None else f" {json.dumps(probe.json_, ensure_ascii=False)}"
    return f"{probe.method} {probe.url}{body} is {probe.status}{says}"


def _redis_question(probe: RedisProbe) -> str:
    if probe.ping:
        return "ping"
    if probe.scan is not None:
        return f"share of {probe.scan} with {probe.has_field or probe.has_key}"
    if probe.count is not None:
        return f"count of {probe.count}"
    if probe.size is not None:
        return f"size of {probe.size}"
    if probe.latency is not None:
        return f"latency of {', '.join(probe.latency)}"
    if probe.saved:
        return "age of its last snapshot"
    if probe.persistence:
        return "it keeps its data"
    if probe.over is not None:
        return f"info {probe.info} of {' and '.join(probe.over)}"
    return f"info {probe.info}" if probe.info is not None else f"llen {probe.llen}"
