"""A session as another console takes it up, out of what was written down of it."""

from collections.abc import Mapping

from console.core.memory import restore
from console.core.rollout import Rollout
from console.core.state import State

PARTS = ("session", "phase", "validation", "budgets", "automatic", "attempts", "sources", "ended", "named")


def written(state: State) -> dict[str, str]:
    """Every part of a session as it is written down, whether it changed or not."""
    state.changed |= {*PARTS, *(f"{part}:{name}" for part in ("metric", "evidence") for name in state.metrics)}
    return state.documents()


def taken_up(
    state: State, at: float, *, documents: Mapping[str, str] | None = None, spec: Rollout | None = None
) -> State:
    """The session out of what changed since it was written down, or out of given documents, also by other rules."""
    other = State(spec or state.rollout, at)
    restore(
        other,
        documents=state.documents() if documents is None else documents,
        positions=state.positions,
        counts=state.rollup.packed(),
        totals=state.rollup.totals(),
        labels=state.rollup.label_cells(),
        lines=state.lines,
        unclassified=state.unclassified,
    )
    return other
