"""What an incident is: what is critical, whose it is, what was done, and how long everything may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

KEPT = 20
"""Incidents that are kept for the screen; those that wait for their post-mortem always are."""
MOMENTS_KEPT = 100
"""Moments of an incident that are kept for the screen: the first ones and the newest; the journal has every one."""


class Step(StrEnum):
    """What somebody decides about an incident."""

    OPEN = "opened"
    TAKE = "taken"
    """Somebody responds: the response clock stops."""
    SEVERITY = "severity"
    ROLE = "role"
    ITEM = "item"
    ESCALATE = "escalated"
    """The war room opens, as for a customer."""
    ROOM = "war room"
    """Somebody is in the war room: its clock stops."""
    RESOLVE = "resolved"
    POST_MORTEM = "post-mortem"
    """It was held."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides about an incident, as it is ordered and as it is written down."""

    step: Step
    incident: int = 0
    """Its number; 0 for one that is opened."""
    severity: int = 0
    subject: str = ""
    """The role, or the item of the procedure."""
    text: str = ""
    """The reason, the name of who takes the role, or a note."""
    is_done: bool = True
    """Whether an item is ticked or unticked."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Who did something, when, and what was said of it."""

    by: str
    """Empty for the console."""
    at: float
    text: str = ""
    is_done: bool = True


@dataclass(frozen=True, slots=True)
class Cause:
    """A critical alert, a rollback or a person's word that an incident is about."""

    severity: int
    about: str
    """The metric, budget or action; empty for a person's word."""
    text: str
    since: float
    alert: str = ""
    """Id of the alert, as long as it stands."""
    until: float | None = None
    """When it was over, or watched no longer; `None` while it stands, and where nobody can tell."""
    unwatched: str = ""
    """Why nobody can see any more whether it is over; empty where it is."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time within which a person must do something; only a person stops it."""

    since: float
    due: float
    stopped: Mark | None = None
    is_told_late: bool = False
    """The journal said that its time was over."""

    def left_s(self, at: float) -> float:
        """Return how many seconds are left, or were left when it was stopped; negative when it is late."""
        return self.due - (at if self.stopped is None else self.stopped.at)

    def is_late(self, at: float) -> bool:
        """Return whether the time is over, or was when it was stopped."""
        return self.left_s(at) < 0

    def later(self, by_s: float) -> "Clock":
        """Return the clock after this machine's clock was set back, so that what is left stays what it was."""
        return self if self.stopped is not None else replace(self, since=self.since + by_s, due=self.due + by_s)


@dataclass(frozen=True, slots=True)
class Room:
    """A war room: why it opened, and until when somebody must be in it."""

    why: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of an incident's history."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident, from when it was opened until its post-mortem was held."""

    number: int
    severity: int
    opened_at: float
    opened_by: str
    """Who opened it; empty for a critical alert."""
    why: str
    response: Clock
    severity_since: float
    """Since when it is of this severity."""
    causes: Mapping[str, Cause] = field(default_factory=dict)
    """By key: of the alert, `rollback:ATTEMPT`, or `person`."""
    room: Room | None = None
    roles: Mapping[str, Mark] = field(default_factory=dict)
    """Who takes each role; the name is the text of the mark."""
    ticks: Mapping[str, Mark] = field(default_factory=dict)
    well_since: float | None = None
    """Since when every panel has been OK, as far as it was watched."""
    watched_at: float = 0.0
    resolved: Mark | None = None
    post_mortem: Clock | None = None
    moments: tuple[Moment, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it yet."""
        return self.resolved is None

    @property
    def is_over(self) -> bool:
        """Whether its post-mortem was held."""
        return self.post_mortem is not None and self.post_mortem.stopped is not None

    def noted(self, at: float, text: str) -> "Incident":
        """Return the incident with one more moment of its history."""
        moments = (*self.moments, Moment(at, text))
        if len(moments) > MOMENTS_KEPT:
            half = MOMENTS_KEPT // 2
            moments = (*moments[:half], *moments[-half:])
        return replace(self, moments=moments)


@dataclass(slots=True)
class IncidentBook:
    """The incidents of a session."""

    incidents: dict[int, Incident] = field(default_factory=dict)
    """By number, oldest first."""
    number: int = 0
    """Of the newest one."""
    settled: tuple[str, ...] = ()
    """Ids of alerts that stood on when their incident was resolved: as long as they stand they open no other."""

    @property
    def open(self) -> Incident | None:
        """The incident that is open, if any; there is never more than one."""
        return next((one for one in reversed(self.incidents.values()) if one.is_open), None)

    def put(self, incident: Incident) -> None:
        """Keep an incident, and forget the oldest ones that are over."""
        self.incidents[incident.number] = incident
        over = [one.number for one in self.incidents.values() if one.is_over]
        for number in over[: max(0, len(self.incidents) - KEPT)]:
            del self.incidents[number]
