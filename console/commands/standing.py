"""Where a rollout stands, for a command that runs beside the console or without one."""

from dataclasses import dataclass

from console.core.actors import Actor
from console.core.checklist_frame import one_person
from console.core.plan import Plan, out_of_place
from console.core.rollout import ActionKind, Rollout
from console.effects.sessions import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the rollout."""

    phase: int | None = None
    traffic: float | None = None
    said: str = "nobody watches this rollout, so where it stands is not known"
    """In words."""
    unmet: tuple[str, ...] = ("nobody watches this rollout, so nothing is proven",)
    """The clauses that stand against an advance."""
    doubt: str = ""
    """Why nobody knows which share is applied; empty where that is known."""
    why: tuple[tuple[str, str], ...] = ()
    """Which action each verdict that stands calls for, and the verdict in words."""

    def unmet_for(self, planned: Plan, rollout: Rollout) -> tuple[str, ...]:
        """Return what stands against a plan until somebody says why: nothing against a rollback."""
        doubt = (f"the share is known: {self.doubt}",) if self.doubt else ()
        if planned.kind is ActionKind.ADVANCE:
            return self.unmet
        if planned.kind is ActionKind.STEP_DOWN:
            return doubt
        return out_of_place(planned.phases, None if self.phase is None else rollout.phases[self.phase].name)

    def why_for(self, action: str) -> str:
        """Return the verdicts that call for an action."""
        return "; ".join(text for called, text in self.why if called == action)


def standing_of(session: Session | None, actor: Actor) -> Standing:
    """Return where a session stands now: what its file says, and what was done since by attempts it knows nothing of.

    What stands against an advance is told for the actor, who would do it. One that did not end well since leaves the
    share in doubt.

    A session that cannot be read stands nowhere; that must not stand in the way of going back.
    """
    if session is None:
        return Standing()
    # Only an advance or a step down asks; a rollback starts without the weight of these.
    import sqlite3  # noqa: PLC0415

    from console.effects.session_schema import SessionUnreadable  # noqa: PLC0415
    from console.reading import Onlooker  # noqa: PLC0415

    try:
        looking = Onlooker(session.folder, session.id, "")
        try:
            looking.take_up_left()
            frame, doubt = looking.frame, looking.doubt
        finally:
            looking.close()
    except (SessionUnreadable, sqlite3.Error, OSError, KeyError, ValueError) as error:
        return Standing(said=f"the session {session.id} cannot be read: {error}")
    return Standing(
        phase=frame.phase.index,
        traffic=frame.phase.traffic,
        said=f"{frame.phase.traffic:g} % canary, phase {frame.phase.name}",
        unmet=(
            *(clause.text for clause in frame.phase.clauses if not clause.is_met),
            *one_person(frame.phase.sign_off, actor),
        ),
        doubt=doubt,
        why=tuple(
            (key.action, f"{panel.metric} {panel.verdict}: {panel.reason}")
            for panel in frame.panels
            for key in panel.keys
            if key.is_lit
        ),
    )
