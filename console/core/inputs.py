"""What enters the engine: facts with their own time, in the past tense.

`apply(state, input)` folds them; replaying the same inputs gives the same state. Times are seconds since the
epoch, UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.core.action_inputs import (
    ActionAbandoned,
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    AutomaticArmed,
    AutomaticFired,
    AutomaticStopped,
    LadderLeft,
)
from console.core.actors import Actor
from console.core.alerts import Alert
from console.core.counts import LinesCounted
from console.core.incidents import Decision
from console.core.words import CheckRun, SourceState, Table


@dataclass(frozen=True, slots=True)
class Unread:
    """A container or file that cannot be read, while its source is in touch with others."""

    name: str
    track: str | None
    """`None` if it may be any."""
    reason: str


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """A source went from one state to another, or has a new reason."""

    at: float
    source: str
    state: SourceState
    reason: str = ""
    retry_at: float | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    """How many containers or files it follows, by track."""
    unread: tuple[Unread, ...] = ()
    """Those of them that cannot be read."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source answered; it need not have said anything new."""

    at: float
    source: str


@dataclass(frozen=True, slots=True)
class OriginEnded:
    """A container or file that was read is gone for good, and read to its end."""

    at: float
    source: str
    origin: str


@dataclass(frozen=True, slots=True)
class ContainerNamed:
    """A container that a source follows has this name and track, and something may have become of it."""

    at: float
    source: str
    origin: str
    name: str
    track: str
    became: str = ""
    """As `started` or `ended with exit code 1`; empty if it is only named."""


@dataclass(frozen=True, slots=True)
class GapSuspected:
    """Lines between two moments may be missing from the counts."""

    at: float
    source: str
    name: str
    reason: str
    since: float | None = None
    """Time of the last line before, which was counted, by the clock that stamps the lines; `None` if nobody knows."""
    until: float | None = None
    """Time of the first line after, by the same clock."""
    lines_at_most: int | None = None
    """How many it may be, if they were written as fast as the fastest that was seen; `None` if nobody can tell."""
    track: str | None = None
    """The track of what lost them; `None` where that is not known."""


@dataclass(frozen=True, slots=True)
class SkewMeasured:
    """The clock that stamps the lines of a source was compared with the clock of this machine."""

    at: float
    source: str
    skew_s: float
    """The clock of the source minus that of this machine."""
    shift_s: float = 0.0
    """By how much the times of its lines are put right, whole seconds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number measured, with the counts behind it."""

    track: str
    value: float | None
    samples: int | None = None
    bad: int | None = None
    unread: str = ""
    """Why what is written now may not be read; empty while all of it is."""
    short: str = ""
    """Which lines may be missing in the window; empty for none."""
    at_most: float | None = None
    """The most that the value of a count may be with the lines that may be missing; `None` for other values."""
    base: float | None = None
    """What it was when the phase began, where `value` is its change since then in percent."""
    base_phase: str = ""


@dataclass(frozen=True, slots=True)
class SampleTaken:
    """A probe answered."""

    at: float
    metric: str
    readings: tuple[Reading, ...]
    took_s: float
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class SampleFailed:
    """A probe did not answer, or what it answered is no measurement."""

    at: float
    metric: str
    reason: str
    took_s: float


@dataclass(frozen=True, slots=True)
class SampleSkipped:
    """The time of a probe came, perhaps more than once, while the measurement before was still under way."""

    at: float
    metric: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The engine's tick: windows move, ages grow."""

    at: float


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """This machine's clock was set, or the machine slept: time that nobody measured in, and that counts for nothing."""

    at: float
    """The time after the step."""
    by_s: float
    """How far it went beyond the time that passed; negative for a clock that was set back."""


@dataclass(frozen=True, slots=True)
class ItemTicked:
    """A person ticked or unticked a checklist item, or a verification answered."""

    at: float
    item: str
    is_done: bool
    actor: Actor | None
    """`None` when the console verified it by itself."""
    note: str = ""
    stage: str = ""
    """The phase that the item is of; empty for the present one, and for items of validation windows."""
    run: CheckRun | None = None
    """What the verification said; `None` where a person ticked it."""


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A role signed the present phase off."""

    at: float
    role: str
    actor: Actor
    note: str = ""


@dataclass(frozen=True, slots=True)
class KpiEntered:
    """Somebody entered the figure of a goal that the console cannot judge by itself."""

    at: float
    kpi: str
    value: float
    actor: Actor
    note: str = ""


@dataclass(frozen=True, slots=True)
class WayOutSeen:
    """The console looked at an action that takes traffic or a component back, as its preview does; nothing was done."""

    at: float
    action: str
    obstacles: tuple[str, ...] = ()
    """What stands in its way, in words."""
    unknown: tuple[str, ...] = ()
    """What could not be looked at, in words."""


@dataclass(frozen=True, slots=True)
class NoteWritten:
    """Somebody wrote a note into the journal."""

    at: float
    actor: Actor
    text: str


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """The session was exported."""

    at: float
    actor: Actor
    folder: str


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """Somebody takes care of an alert: nobody else is told of it again, except that it is over."""

    at: float
    alert: str
    """Key of the alert."""
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class SilenceMade:
    """Somebody asked not to be told of some alerts for a time."""

    at: float
    silence: str
    """Its id, unique in the session."""
    about: str
    """A shell pattern of metrics, sources, budgets and actions."""
    severity: str
    """`critical`, `warning`, `blind`, or empty for any."""
    until: float
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class SilenceEnded:
    """Somebody ended a silence before its time."""

    at: float
    silence: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class DeliveryBegun:
    """A message is being handed to a receiver: from now on it may have arrived."""

    at: float
    delivery: str


@dataclass(frozen=True, slots=True)
class DeliveryEnded:
    """A receiver took a message, or did not."""

    at: float
    delivery: str
    error: str
    """Why it was not taken; empty if it was."""
    title: str = ""
    """What the message said, in one line."""
    tries: int = 0
    """How often it was tried at least, where not every try was told."""
    took: tuple[str, ...] = ()
    """Where a part of it was taken and the rest was not, the ids of that part's alerts."""


@dataclass(frozen=True, slots=True)
class IncidentDecided:
    """Somebody opened an incident, or did something about one."""

    at: float
    decision: Decision
    actor: Actor


@dataclass(frozen=True, slots=True)
class SessionReplaced:
    """This session took the place of another, whose alerts nobody watches any more."""

    at: float
    session: str
    """The other session."""
    alerts: tuple[Alert, ...]
    """What somebody was told of and not that it is over."""


@dataclass(frozen=True, slots=True)
class SessionUnwritten:
    """The session's file cannot be written, or can be again."""

    at: float
    reason: str
    """Empty when it can be."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A console took the session up: the first time, or again after a pause."""

    at: float
    actor: Actor
    version: str
    last_seen: float | None
    """When the session was last written to by the console before; `None` for a new one."""
    is_dry_run: bool = False
    """Alerts are not sent: the journal says what would have been."""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The console that held the session let it go."""

    at: float
    actor: Actor
    why: str


Input = (
    LinesCounted
    | SourceChanged
    | SourceSeen
    | OriginEnded
    | ContainerNamed
    | GapSuspected
    | SkewMeasured
    | SampleTaken
    | SampleFailed
    | SampleSkipped
    | TimePassed
    | ClockStepped
    | ItemTicked
    | SignedOff
    | KpiEntered
    | WayOutSeen
    | NoteWritten
    | SnapshotTaken
    | ActionStarted
    | ActionProgressed
    | ActionEnded
    | LadderLeft
    | ActionAbandoned
    | AutomaticFired
    | AutomaticStopped
    | AutomaticArmed
    | AlertAcknowledged
    | SilenceMade
    | SilenceEnded
    | DeliveryBegun
    | DeliveryEnded
    | IncidentDecided
    | SessionUnwritten
    | SessionReplaced
    | SessionOpened
    | SessionClosed
)
"""Everything that can change the state."""
