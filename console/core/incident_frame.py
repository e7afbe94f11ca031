"""What the screen, the snapshot and `--json` show of an incident. Times are seconds since the epoch, UTC."""

from dataclasses import dataclass

from console.core.incidents import Moment


@dataclass(frozen=True, slots=True)
class ClockView:
    """A time within which a person must do something."""

    since: float
    due: float
    within_s: float
    left_s: float
    """How many whole seconds are left, or were left when it was stopped; negative when it is late."""
    by: str = ""
    """Who stopped it; empty while it runs."""
    at: float | None = None
    note: str = ""

    @property
    def is_running(self) -> bool:
        """Whether nobody has stopped it yet."""
        return self.at is None

    @property
    def is_late(self) -> bool:
        """Whether its time is over, or was when it was stopped."""
        return self.left_s < 0


@dataclass(frozen=True, slots=True)
class CauseView:
    """What an incident is about."""

    about: str
    text: str
    severity: int
    since: float
    until: float | None
    is_standing: bool
    """It is critical now."""
    now: str
    """The value and the verdict of now: `0.42 % OK`; empty for what has none."""
    unwatched: str = ""
    """Why nobody sees any more whether it is over; empty where somebody does."""


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role and who takes it."""

    role: str
    usually: str
    """Who it is as a rule."""
    name: str
    """Empty while nobody takes it."""
    by: str
    at: float | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """A step of the procedure."""

    item: str
    text: str
    is_done: bool
    is_seen: bool
    """The console ticks it when it sees it."""
    by: str
    """Empty for the console."""
    at: float | None
    note: str


@dataclass(frozen=True, slots=True)
class RoomView:
    """A war room."""

    why: str
    where: str
    clock: ClockView


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident."""

    number: int
    severity: int
    why: str
    opened_at: float
    opened_by: str
    """Empty for a critical alert."""
    response: ClockView
    causes: tuple[CauseView, ...]
    room: RoomView | None
    roles: tuple[RoleView, ...]
    procedure: tuple[ItemView, ...]
    action: tuple[str, str] | None
    """Key and title of the action that the severity calls for."""
    advice: str
    resolved_at: float | None
    resolved_by: str
    resolution: str
    post_mortem: ClockView | None
    moments: tuple[Moment, ...]
    """Its history, oldest first."""
    unwell: tuple[str, ...] = ()
    """The panels that are not OK now, while it is open."""
    well_s: float = 0.0
    """For how long every panel has been OK."""
    well_for_s: float = 0.0
    """For how long they must be before it is offered to resolve it."""

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it yet."""
        return self.resolved_at is None

    @property
    def is_settled(self) -> bool:
        """Whether it is resolved and its post-mortem was held."""
        return self.post_mortem is not None and not self.post_mortem.is_running

    @property
    def may_resolve(self) -> bool:
        """Whether the console offers to resolve it."""
        return self.is_open and not self.unwell and self.well_s >= self.well_for_s

    @property
    def items_done(self) -> int:
        """How many steps of the procedure are done."""
        return sum(item.is_done for item in self.procedure)


def open_incident(incidents: tuple[IncidentView, ...]) -> IncidentView | None:
    """Return the incident that is open, if any."""
    return next((one for one in incidents if one.is_open), None)
