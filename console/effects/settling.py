"""What may be done about an attempt that is not known to have gone well."""

from console.core.inputs import ActionStarted
from console.core.plan import Plan
from console.core.planning import PlanRefused, carried_on, plan
from console.core.redact import Redactor
from console.core.rollout import ActionKind
from console.effects.preview import labels
from console.spec.loaded import Loaded


def rest_of(loaded: Loaded, started: ActionStarted, next_step: int, *, is_check: bool) -> Plan:
    """Return what is left of an attempt from a step of its action on, or only its verifications.

    Raises `PlanRefused` where the rollout file says something else now than what was begun: then nobody knows which
    of its steps are done.
    """
    whole = plan(
        loaded.rollout,
        started.action,
        phase_index=None if started.phase is None else started.phase - 1,
        traffic=None,
        given=started.given,
        rung=started.traffic if started.kind == ActionKind.STEP_DOWN else None,
    )
    begun = carried_on(whole, started.first_step, is_check=started.is_check)
    if labels(begun, Redactor(loaded.secrets)) != started.steps:
        raise PlanRefused("the rollout file has changed since this was begun; begin the action anew, or abandon it")
    return carried_on(whole, next_step, is_check=is_check)
