"""What an alert is: something that calls for attention, who was told of it, and what was said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about."""

    METRIC = "metric"
    """A verdict of WARNING or CRITICAL."""
    BLIND = "blind"
    """A metric of which nothing has been known for too long."""
    SOURCE = "source"
    """A source that does not answer, or a part of it that cannot be read."""
    SHARE = "share"
    """The traffic is not shared as planned."""
    BUDGET = "budget"
    """An error budget that burns."""
    ACTION = "action"
    """An action that failed, could not be verified, or of which nobody knows how it ended."""
    AUTOMATIC = "automatic"
    """A rollback that began by itself."""
    SESSION = "session"
    """What is seen cannot be written down."""
    INCIDENT = "incident"
    """An incident that is open, to which nobody responded in time, or whose post-mortem is late."""


class Severity(StrEnum):
    """How bad it is; routes are chosen by it."""

    CRITICAL = "critical"
    WARNING = "warning"
    BLIND = "blind"
    """The monitoring itself does not see."""

    @property
    def rank(self) -> int:
        """Its place from worst (0) to mildest."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers behind an alert, for its message; what is not known is `None` or empty."""

    verdict: str = ""
    value: float | None = None
    value_text: str = ""
    unit: str = ""
    samples: int | None = None
    bad: int | None = None
    baseline: float | None = None
    baseline_text: str = ""
    threshold: str = ""
    """The condition that is breached, as the file says it."""
    target: str = ""
    track: str = ""
    window_s: float | None = None
    phase: str = ""
    traffic: float = 0.0
    """The share of the traffic that the canary has, percent."""
    actions: tuple[tuple[str, str], ...] = ()
    """Key and title of what can be done about it."""
    row: tuple[tuple[str, str], ...] = ()
    """Columns of the first row that the query of the metric returned."""
    labels: tuple[tuple[str, str], ...] = ()
    """Per named group of the metric's events its most frequent values, since the session began."""


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What an alert of an incident says of it."""

    number: int
    severity: int
    """1 is the worst."""
    respond_by: float
    """When somebody must have responded."""
    responded_by: str = ""
    """Who did; empty while nobody has."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that calls for attention at a moment."""

    key: str
    """The same as long as it is the same trouble: `metric:error_rate:critical`."""
    kind: AlertKind
    severity: Severity
    about: str
    """The metric, source, budget or action."""
    text: str
    reason: str
    since: float
    facts: Facts = Facts()
    sources: tuple[str, ...] = ()
    """The sources that it comes from."""
    ripe_s: float = 0.0
    """How long it must last before anybody is told."""
    is_told: bool = True
    """Whether anybody is told; what is not is for the screen alone."""
    incident: int = 0
    """The severity of incidents whose own addresses are told too; 0 for none."""
    of_incident: IncidentFacts | None = None
    """The incident that it is about."""
    is_for_routes: bool = True
    """Whether the routes are told, and not only the addresses of an incident's severity."""
    is_urgent: bool = False
    """Nothing is waited for."""
    is_escalation: bool = False
    """Somebody did not react in time: nothing is waited for, and those to whom is escalated are told too."""

    @property
    def is_source_down(self) -> bool:
        """Whether a source does not answer, and not only a part of it cannot be read."""
        return self.key == source_key(self.about)

    def is_milder_than(self, other: "Finding") -> bool:
        """Return whether it is the warning of what another says is critical: the same metric or budget."""
        is_same = (self.kind, self.about) == (other.kind, other.about)
        return is_same and self.severity is Severity.WARNING and other.severity is Severity.CRITICAL


def source_key(source: str) -> str:
    """Return the key of the alert that a source does not answer."""
    return f"source:{source}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person decided, and why."""

    at: float
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """How far a route is with an alert."""

    waits_since: float | None = None
    """Since when it waits to be told; `None` while it is muted."""
    told_at: float | None = None
    """When the first message was made."""
    last_at: float | None = None
    """When the newest message was made."""
    escalated_at: float | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A finding that lasts, from when it was raised until it is resolved and that was told."""

    found: Finding
    """As it was seen the last time."""
    started_at: float
    resolved_at: float | None = None
    unwatched: str = ""
    """Why nobody can measure any more whether it is over, and it ended for that; empty where it is over."""
    acknowledged: Said | None = None
    pages: Mapping[str, Page] = field(default_factory=dict)
    """By route."""
    told: Mapping[str, str] = field(default_factory=dict)
    """The receivers for which a message that it stands was made, with their labels."""
    delivered: Mapping[str, float] = field(default_factory=dict)
    """When each receiver took such a message."""
    raised_at: float | None = None
    """When it was raised, by the clock of then; `None` where the clock was not set since."""

    times: int = 1
    """How often the same trouble came in a short while, this time among them."""

    @property
    def key(self) -> str:
        """What tells it from the others that stand."""
        return self.found.key

    @property
    def is_told(self) -> bool:
        """Whether a route was told of it."""
        return any(page.told_at is not None for page in self.pages.values())

    @property
    def id(self) -> str:
        """What tells it from an earlier one of the same trouble."""
        raised_at = self.started_at if self.raised_at is None else self.raised_at
        return f"{self.found.key}@{round(raised_at * 1000)}"


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which nobody is told of alerts that match."""

    id: str
    about: str
    """A shell pattern of what the alert is about: a metric, source, budget or action."""
    severity: str
    """Empty for any."""
    until: float
    said: Said


@dataclass(frozen=True, slots=True)
class Flapping:
    """How often a trouble came and went, which makes the next time wait longer."""

    times: int
    messages: int
    """How many of these times were told."""
    over_at: float
    """When it was over the last time."""


class Why(StrEnum):
    """Why a message is sent."""

    FIRING = "firing"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    FALLEN = "fallen through"
    """Those who should have been told could not be reached."""
    RESOLVED = "resolved"
    UNWATCHED = "no longer watched"
    """The rollout file has no longer what it was about; nobody knows whether it is over."""
    REFRESHED = "refreshed"
    """A receiver that keeps alerts itself is told that they still stand; for people this is no message."""

    @property
    def is_end(self) -> bool:
        """Whether it tells that alerts ended."""
        return self in (Why.RESOLVED, Why.UNWATCHED)


@dataclass(frozen=True, slots=True)
class Item:
    """An alert in a message, as it was when the message was made."""

    alert: str
    """Its id."""
    found: Finding
    started_at: float
    resolved_at: float | None = None
    told: tuple[str, ...] = ()
    """Where it is over, the receivers that were told that it stands: each hears of the end by itself."""
    unwatched: str = ""
    """Where it ended because it is no longer watched, why; nobody measured that it is over."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for one receiver that is not known to have arrived."""

    id: str
    """The same however often it is tried, also after a restart."""
    message: str
    """The same for all receivers of one message."""
    receiver: str
    label: str
    """What the operator reads of the receiver."""
    route: str
    why: Why
    items: tuple[Item, ...]
    made_at: float
    next_at: float
    """When it is tried, or tried again."""
    tries: int = 0
    began_at: float | None = None
    """When it was handed to the receiver, while nobody knows what became of it."""
    error: str = ""
    """Why it failed the last time."""
    is_repetition: bool = False
    """It may have arrived before: the console ended while it was under way."""
    session: str = ""
    """The session that its alerts are of, where it is one that this one took the place of."""
    is_taken: bool = False
    """Another receiver of the message has it."""
    has_fallen: bool = False
    """Others were told in its place."""

    @property
    def key(self) -> str:
        """What a receiver may tell a repetition by: also unique where a number was lost with the disk."""
        return f"{self.id}-{round(self.made_at * 1000):x}"


@dataclass(slots=True)
class AlertBook:
    """The alerts of a session, who waits for what, and what is to be sent."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    """Those that stand, by key."""
    resolved: list[Alert] = field(default_factory=list)
    """Those that are over, and somebody is yet to hear it."""
    flapping: dict[str, Flapping] = field(default_factory=dict)
    """What came and went a short while ago, by key."""
    silences: dict[str, Silence] = field(default_factory=dict)
    outbox: dict[str, Delivery] = field(default_factory=dict)
    """In the order in which they were made."""
    refreshed: dict[str, float] = field(default_factory=dict)
    """When receivers that keep alerts themselves were last told what stands."""
    number: int = 0
    """Of the newest message."""
    is_dry: bool = False
    """What was told here was not sent."""
    addresses: dict[str, str] = field(default_factory=dict)
    """A mark of each receiver's address, by which a change of the file is noticed."""
    changes: int = 0
    """How often anything in it changed that has to be written down."""
