"""Where a rollout stands, for a command that runs beside the console or without one."""

import time
from dataclasses import dataclass
from pathlib import Path

from console.core.words import Outcome
from console.effects import executor
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
    why: tuple[tuple[str, str], ...] = ()
    """Which action each verdict that stands calls for, and the verdict in words."""

    def why_for(self, action: str) -> str:
        """Return the verdicts that call for an action."""
        return "; ".join(text for called, text in self.why if called == action)


def standing_of(session: Session | None) -> Standing:
    """Return where a session stands now: what its file says, and what was done since by attempts it knows nothing of.

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
            frame = looking.frame
        finally:
            looking.close()
    except (SessionUnreadable, sqlite3.Error, OSError, KeyError, ValueError) as error:
        return Standing(said=f"the session {session.id} cannot be read: {error}")
    phase, traffic = frame.phase.index, frame.phase.traffic
    known = {attempt.attempt for attempt in frame.attempts}
    for found in _newer(session.attempts, known):
        if found.ended is not None and found.ended.outcome is Outcome.DONE and found.started.traffic is not None:
            traffic = found.started.traffic
            phase = phase if found.started.phase is None else found.started.phase
    return Standing(
        phase=phase,
        traffic=traffic,
        said=f"{traffic:g} % canary, phase {frame.phase.name}",
        unmet=tuple(clause.text for clause in frame.phase.clauses if not clause.is_met),
        why=tuple(
            (key.action, f"{panel.metric} {panel.verdict}: {panel.reason}")
            for panel in frame.panels
            for key in panel.keys
            if key.is_lit
        ),
    )


def _newer(attempts: Path, known: set[str]) -> list[executor.Adopted]:
    """Return the attempts that the session has not taken up yet, in the order in which they were begun."""
    found = [executor.adopt(folder, time.time()) for folder in attempts.glob("*") if folder.name not in known]
    return sorted((one for one in found if one is not None), key=lambda one: one.started.at)
