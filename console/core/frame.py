"""One immutable picture of everything the screen, the snapshot and `--json` show.

Numbers stay numbers here; widgets only format. Text from outside is already safe to draw (`core.text`).
Times are seconds since the epoch, UTC; ages and durations are seconds.
"""

from dataclasses import dataclass

from console.core.action_frame import ActionView, AttemptView, AutomaticView, KeyHint
from console.core.approach import Approach
from console.core.checklist_frame import ChecklistView, SignOffView, StageView
from console.core.dashboard_frame import DashboardView, KpiView
from console.core.gaps import Gap, Short
from console.core.incident_frame import IncidentView
from console.core.matrix import MatrixView
from console.core.progress import BudgetView, StopView, WindowView
from console.core.proportions import ShareSeen
from console.core.verdict import Verdict
from console.core.words import SourceState, Table


@dataclass(frozen=True, slots=True)
class TrackValue:
    """A metric on one track."""

    track: str
    """`canary`, `baseline`, or empty where the metric has no track."""
    value: float | None
    samples: int | None
    bad: int | None
    verdict: Verdict
    reason: str
    since: float | None
    """When the verdict began; `None` before the first judgement."""
    text: str
    """The value as shown: `5.42 %`, `12/100 samples`, `0 of 18,204 (< 0.017 %)`, `no data`."""
    counts_lines: bool = False
    """Its samples are log lines, of which it is a count and no share."""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """The comparison of canary and baseline, valid however often one looks."""

    line: str
    """What is known, for people: `2.1x the baseline's rate, sure (1 in 400,000 by chance)`."""
    brief: str
    """The same in a few words: `2.1x worse, sure`."""
    explanation: tuple[str, ...]
    """The numbers, and what each of them means."""
    is_worse: bool
    """The canary is sure to be worse than allowed."""
    is_not_worse: bool
    """The canary is sure not to be `not_worse_than` times as bad."""
    log_e_worse: float
    """Log of the evidence that the canary is worse, which is sure at `needed`."""
    log_e_not_worse: float
    """Log of the evidence that it is not worse than `not_worse_than` times the baseline, which is sure at `needed`."""
    needed: float
    ratio: float | None
    """The canary's rate over the baseline's; `None` before anything bad was seen on the baseline."""
    interval: tuple[float, float | None] | None
    """What the ratio may be, valid at any time; the upper end is `None` where there is none."""
    not_worse_than: float
    samples: tuple[int, int]
    """Samples of canary and baseline."""
    bad: tuple[int, int]
    phi: float
    """Dispersion of the baseline's bad events: 1 where they come one by one, more where they come in bursts."""
    wait_s: float | None
    """How long until it is sure not to be worse at the present traffic; `None` if never."""
    share_seen: ShareSeen | None
    """What is known of the canary's share of the traffic; `None` where it is not asked, or there is none."""
    share_line: str
    """The same for people: `the canary gets 4.8–5.3 % of the traffic: 5 %, as planned`."""

    @property
    def worse_share(self) -> float:
        """How much of the evidence needed for an alarm there is, 0 to 1."""
        return min(1.0, max(0.0, self.log_e_worse / self.needed))

    @property
    def not_worse_share(self) -> float:
        """How much of the evidence needed for an advance there is, 0 to 1."""
        return min(1.0, max(0.0, self.log_e_not_worse / self.needed))


@dataclass(frozen=True, slots=True)
class Panel:
    """A threshold panel: one metric, judged."""

    metric: str
    title: str
    unit: str
    source: str
    verdict: Verdict
    reason: str
    """In words: `> 5% since 13:58`, `no answer for 41s`."""
    since: float | None
    judged: str
    """The track the verdict is about: the canary, or the baseline while the canary has no traffic."""
    values: tuple[TrackValue, ...]
    conditions: tuple[tuple[str, str], ...]
    """Pairs such as (`target`, `< 1%`), (`critical`, `> 5%`), as the file says them."""
    pending: Verdict | None
    """A worse verdict whose condition holds, but not yet for as long as `for` asks."""
    held_s: float
    """How long that condition has held."""
    needed_s: float
    """How long it must hold: `for`."""
    min_samples: int
    spark: tuple[float | None, ...]
    """The judged value over time, oldest first; `None` where there was none."""
    age_s: float | None
    """Age of the last measurement."""
    is_stale: bool
    keys: tuple[KeyHint, ...]
    investigate: tuple[str, ...]
    evidence: EvidenceView | None = None
    """The comparison with the baseline, where the file asks for it."""
    approach: Approach | None = None
    """How far it is on its way, where the file asks for it."""


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How often an event happened on one track."""

    track: str
    total: int
    last_minute: int
    last_hour: int
    per_second: float
    """Mean rate over the last ten seconds."""


@dataclass(frozen=True, slots=True)
class EventView:
    """One event, over its tracks."""

    event: str
    kind: str
    tracks: tuple[EventCounts, ...]
    spark: tuple[float, ...]
    """Events per interval over the last minutes, all tracks, oldest first."""
    labels: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    """Per named group its values with their counts, most frequent first."""
    given_up: int = 0
    """On how many lines the search of its rule was given up; its counts may be short by as many."""
    given_up_last_hour: int = 0
    given_up_last_minute: int = 0


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source in the strip."""

    name: str
    kind: str
    state: SourceState
    reason: str
    age_s: float | None
    """Since it last answered; of one in trouble, since the trouble began."""
    retry_in_s: float | None
    parts: tuple[tuple[str, int], ...]
    """How many containers or files it follows, by track."""
    lag_s: float | None
    """How far behind its newest line is, for log sources; where something is not read, since when it is not."""
    gaps: int
    """How often lines may have been lost."""
    newest_gaps: tuple[Gap, ...] = ()
    """The newest of them, latest first."""
    skew_s: float | None = None
    """How far the clock that stamps its lines is ahead of this machine's; `None` while they agree to the second."""
    is_lag_least: bool = False
    """The lag may be longer, because something is not read."""
    unread: tuple[tuple[str, str], ...] = ()
    """The containers or files that cannot be read while others can, each with the reason."""
    gap_lines: int = 0
    """How many lines all gaps together may be at most, without those of which nobody can tell."""
    unsized_gaps: int = 0
    """Of how many gaps nobody can tell how many lines they may be."""


@dataclass(frozen=True, slots=True)
class QueryView:
    """A monitoring query with its last rows."""

    metric: str
    title: str
    every_s: float
    next_in_s: float | None
    took_s: float | None
    is_running: bool
    skipped: int
    """Ticks skipped because the one before was still running."""
    age_s: float | None
    error: str
    table: Table | None
    running_s: float | None = None
    """For how long it has been running now; `None` while it is not, or where nobody knows."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing the phase needs before it may advance."""

    text: str
    is_met: bool
    kind: str
    """`soak`, `metric`, `evidence`, `pause`, `prerequisite`, `checklist`, `sign-off`, `validation`, `action`."""
    ref: str = ""
    """The metric, item, role or window it is about."""
    expected_s: float | None = None
    """In how many seconds it is met at the soonest, if all stays well; `None` where nobody can know, or it is met."""
    waits_for: str = ""
    """Who has to do something; empty where it is only a matter of time and numbers."""


@dataclass(frozen=True, slots=True)
class PhaseView:
    """Where the rollout stands."""

    index: int
    count: int
    name: str
    traffic: float
    """The share now applied, percent; after a rollback not the phase's own."""
    planned_traffic: float
    soaked_s: float
    soak_s: float
    began: float
    clauses: tuple[Clause, ...]
    may_advance: bool
    is_last: bool
    checklist: tuple[ChecklistView, ...]
    """What somebody may see to now: its own items, those of the validation windows that have begun, and the
    prerequisites of the next phase."""
    sign_off: tuple[SignOffView, ...]
    holds: tuple[str, ...]
    """Why the soak clock stands still, if it does."""
    stops: tuple[StopView, ...] = ()
    """When it stood, latest first; the newest may still last."""
    lost_s: float = 0.0
    """All time in the phase that was no soak."""
    thrown_away_s: float = 0.0
    """All soak that had to begin again."""
    again: tuple[float, str] | None = None
    """When the soak began again, and after what; `None` if it never did."""
    earliest: float | None = None
    """When the last clause may be met at the soonest, as far as that can be known."""
    outlook: str = ""
    """When one may go on, in one line: `earliest 14:03, waiting for error_rate`."""

    @property
    def soak_share(self) -> float:
        """How much of the soak is over, 0 to 1."""
        return min(1.0, self.soaked_s / self.soak_s) if self.soak_s > 0 else 1.0

    @property
    def is_complete(self) -> bool:
        """Whether the rollout is done: nothing is missing in its last phase."""
        return self.is_last and bool(self.clauses) and all(clause.is_met for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class JournalView:
    """A journal record as a line."""

    seq: int
    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """A metric, or the monitoring itself, that calls for attention."""

    name: str
    severity: str
    text: str
    since: float
    key: str = ""
    """What it is acknowledged by; empty while it is only shown, and nobody is told of it yet."""
    status: str = ""
    """`firing`, `acknowledged`, `silenced`, `muted`, or empty while nobody is told of it yet."""
    why: str = ""
    """Who acknowledged or silenced it with which reason, or what mutes it."""
    told: str = ""
    """Who was told and who cannot be reached: `smtp FAILS: refused, 2 attempts; told slack 14:03`."""
    is_failing: bool = False
    """A receiver does not take it."""


@dataclass(frozen=True, slots=True)
class SilenceView:
    """A time in which nobody is told of some alerts."""

    silence: str
    about: str
    severity: str
    until: float
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """The watch itself."""

    id: str
    started: float
    is_read_only: bool
    held_by: str
    """Who holds the session while this console only looks."""
    replayed: str = ""
    """How a recorded session is being played, such as `60x`; empty for one that is watched."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How reading is going."""

    lines: int
    lines_per_s: float
    """Mean rate over the last three seconds."""
    unclassified: int
    rows_dropped: int
    """Display rows dropped; counts never are."""
    lag_s: float | None
    """How far the reading is behind what is written; `None` for nobody knows."""
    is_lag_least: bool = False
    """It may be longer, because something is not read."""
    lines_cut: int = 0
    """Lines longer than the limit: only their beginning was classified."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything there is to see at one moment."""

    at: float
    rollout: str
    title: str
    service: str
    verdict: Verdict
    reason: str
    since: float | None
    phase: PhaseView
    sources: tuple[SourceView, ...]
    panels: tuple[Panel, ...]
    """In the order of the file."""
    events: tuple[EventView, ...]
    queries: tuple[QueryView, ...]
    actions: tuple[ActionView, ...]
    attempts: tuple[AttemptView, ...]
    """Latest first."""
    alerts: tuple[AlertView, ...]
    """What calls for attention, metrics first."""
    journal: tuple[JournalView, ...]
    """The newest records, latest first."""
    flow: Flow
    session: SessionView
    tracks: tuple[str, ...]
    """The tracks in use, canary first."""
    short: tuple[Short, ...] = ()
    """The tracks of which counts may be short, because lines may have been lost."""
    validation: tuple[WindowView, ...] = ()
    """The windows after full rollout, those of earlier times first."""
    budgets: tuple[BudgetView, ...] = ()
    automatic: AutomaticView | None = None
    """`None` where nothing is ever begun by itself, and in a console that only looks."""
    silences: tuple[SilenceView, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    """Newest first; at most one is open."""
    stages: tuple[StageView, ...] = ()
    """Every phase and then every validation window, with what people must see to."""
    has_incidents: bool = False
    """A critical alert opens an incident: the file says so."""
    matrices: tuple[MatrixView, ...] = ()
    """One for each event whose pairs are counted."""
    kpis: tuple[KpiView, ...] = ()
    """The goals of the whole rollout."""
    views: tuple[DashboardView, ...] = ()
    """Other ways to look at the session, as the file says."""


def worst_first(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """Return the panels from worst to best; those alike keep the order of the file."""
    return tuple(sorted(panels, key=lambda panel: -panel.verdict.rank))
