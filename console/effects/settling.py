"""What may be done about an attempt that is not known to have gone well."""

from collections.abc import Sequence

from console.core.actors import Actor
from console.core.attempts import Attempt, unproven
from console.core.plan import Plan
from console.core.planning import PlanRefused, carried_on, plan
from console.core.redact import Redactor
from console.core.rollout import ActionKind
from console.effects.begin import Intent, digest_of
from console.spec.loaded import Loaded


def intent_of_rest(
    loaded: Loaded, line: Sequence[Attempt], actor: Actor, reason: str, at: float, *, is_check: bool
) -> Intent:
    """Return who wants the rest of an attempt, and why: by what is said, or else by how the attempt ended.

    `line` is the attempt as `attempts.line_of` returns it.
    """
    known = line[-1]
    way = "verify" if is_check else "resume"
    why = reason.strip() or f"{way} {known.started.title}, which ended {known.outcome}"
    said = Redactor(loaded.secrets).redact(why)
    return Intent(at, actor, said, continues=known.started.attempt, first_step=known.next_step, is_check=is_check)


def rest_of(loaded: Loaded, line: Sequence[Attempt], *, is_check: bool) -> Plan:
    """Return what is left of an attempt from its next step on, or only its verifications.

    `line` is the attempt as `attempts.line_of` returns it. Raises `PlanRefused` where the rollout file says something
    else now than what was begun: then nobody knows which of its steps are done.
    """
    started = line[-1].started
    whole = plan(
        loaded.rollout,
        started.action,
        phase_index=None if started.phase is None else started.phase - 1,
        traffic=None,
        given=started.given,
        rung=started.traffic if started.kind == ActionKind.STEP_DOWN else None,
    )
    begun = carried_on(whole, started.first_step, is_check=started.is_check)
    if digest_of(begun, started.attempt) != started.digest:
        raise PlanRefused("the rollout file has changed since this was begun; begin the action anew, or abandon it")
    is_verified = bool(loaded.rollout.actions[started.action].verify)
    missing = unproven(line, whole.steps, is_verified=is_verified)
    return carried_on(whole, line[-1].next_step, is_check=is_check, since=line[0].started.at, unproven=missing)
