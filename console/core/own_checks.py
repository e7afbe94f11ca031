"""Verifications that ask nobody outside: what the rollout file and the session know themselves."""

from collections.abc import Iterable

from console.core.durations import format_duration
from console.core.receivers import routes_of
from console.core.rollout import Rollout
from console.core.soak import PhaseState


def leads_to_people(rollout: Rollout, severities: Iterable[str]) -> tuple[bool, str]:
    """Return whether alerts of each severity have somebody who is told first, and whom, in words without an address.

    That somebody is there to read them, only a test message shows.
    """
    told: dict[str, list[str]] = {severity: [] for severity in severities}
    for route in routes_of(rollout):
        if not route.incident and route.severity.value in told:
            told[route.severity.value] += [receiver.label for receiver in route.to]
    said = (f"{severity}: {' and '.join(labels) or 'nobody'}" for severity, labels in told.items())
    return all(told.values()), "; ".join(said)


def has_soaked(rollout: Rollout, state: PhaseState, names: Iterable[str]) -> tuple[bool, str]:
    """Return whether each of the phases had its whole soak in this session, and how much each had."""
    asked = [phase for phase in rollout.phases if phase.name in set(names)]
    soaked = {phase.name: state.soaked_in(rollout, phase.name) for phase in asked}
    said = (
        f"{phase.name} soaked {format_duration(soaked[phase.name])} of {format_duration(phase.soak)}" for phase in asked
    )
    return all(soaked[phase.name] >= phase.soak for phase in asked), "; ".join(said)
