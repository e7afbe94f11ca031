"""The look of a session at its phase: what holds the soak clock and the validation windows now."""

from typing import TYPE_CHECKING

from console.core import course, soak, validation

if TYPE_CHECKING:
    from console.core.state import State


def look(state: "State", at: float) -> None:
    """Let the soak clock and the validation windows go on to a moment, and see what holds them now."""
    standing = state.standing()
    state.phase = soak.watched(state.phase, state.rollout.phases[state.phase.index], standing, at)
    state.changed.add("phase")
    windows = state.rollout.validation
    if windows and not state.phase.doubt:  # while nobody knows the share, nobody watches its validation
        state.validation = validation.looked(state.validation, windows, state.phase.traffic, standing, at)
        state.changed.add("validation")
    if course.is_kept(state.rollout):
        state.course = course.looked(state.course, state.rollout, state.phase, standing, at)


def look_between(state: "State", at: float) -> None:
    """See what holds the clock now, between two ticks; what is said of it waits for the next one."""
    look(state, max(at, state.phase.watched_at or at))
