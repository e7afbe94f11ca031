"""The one state of a session: a fold over inputs, with journal records as its only effect.

`apply` is deterministic and takes its time from the inputs, so the same inputs give the same state. Nothing here
knows where inputs come from or where records go.
"""

from dataclasses import replace
from math import inf

from console.core import (
    acts,
    alarms,
    automatic,
    checklists,
    course,
    incident_course,
    incident_decisions,
    line_news,
    measuring,
    memory,
    passing,
    source_news,
)
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
from console.core.alerts import AlertBook
from console.core.attempts import Attempt
from console.core.automatic import Automatic
from console.core.budgets import BudgetState
from console.core.counts import LinesCounted
from console.core.incidents import IncidentBook
from console.core.inputs import (
    AlertAcknowledged,
    ClockStepped,
    ContainerNamed,
    DeliveryBegun,
    DeliveryEnded,
    GapSuspected,
    IncidentDecided,
    Input,
    ItemTicked,
    KpiEntered,
    NoteWritten,
    OriginEnded,
    SampleFailed,
    SampleSkipped,
    SampleTaken,
    SessionClosed,
    SessionOpened,
    SessionReplaced,
    SessionUnwritten,
    SignedOff,
    SilenceEnded,
    SilenceMade,
    SkewMeasured,
    SnapshotTaken,
    SourceChanged,
    SourceSeen,
    TimePassed,
    WayOutSeen,
)
from console.core.judging import UNJUDGED, Judged
from console.core.looking import look_between
from console.core.metrics import TRACKS, MetricState, read_events
from console.core.record import Record
from console.core.ring import RowRing
from console.core.rollout import Rollout
from console.core.rollup import Rollup
from console.core.soak import PhaseState
from console.core.standing import Standing, standing_of
from console.core.thresholds import Thresholds
from console.core.ticks import Checklists
from console.core.validation import Validation
from console.core.watched import WatchedSource
from console.core.weighing import evidence_name, parts_of_alpha, weighings
from console.core.witness import witnessed
from console.core.words import Outcome


class State:
    """Everything known of a session at a moment."""

    def __init__(self, rollout: Rollout, at: float) -> None:
        self.rollout = rollout
        self.at = at
        self.began = at
        self.away_until = -inf
        """When the console last came back from where nothing is read; what was written meanwhile comes after it."""
        self._declared_tracks = {*rollout.tracks, *(spec.track for spec in rollout.sources.values() if spec.track)}
        self.rollup = Rollup()
        self.rows = RowRing()
        self.rows_dropped = 0
        self.lines = 0
        self.unclassified = 0
        self.positions: dict[tuple[str, str, str], int] = {}
        self.ended: dict[tuple[str, str], None] = {}
        """Sources and origins that are gone for good, in the order in which they went."""
        self.named: dict[tuple[str, str], tuple[str, str]] = {}
        """Name and track of the containers that are followed, by source and origin."""
        self.origins_forgotten: list[tuple[str, str]] = []
        """Sources and origins whose positions are to be forgotten on disk too."""
        weighed, parts = weighings(rollout), parts_of_alpha(rollout)
        self.metrics = {
            name: MetricState(name, metric, Thresholds.of(metric, parts), weighing=weighed.get(name))
            for name, metric in rollout.metrics.items()
        }
        self.evidence_of = {evidence_name(name): name for name in weighed}
        self.sources = {
            name: WatchedSource(name, spec.kind, spec.gives_lines, since=at) for name, spec in rollout.sources.items()
        }
        self.phase = PhaseState().entered(rollout, 0, at)
        self.checklists = Checklists()
        self._asked_in = -1
        """The phase whose conditions are asked; another one than `phase` until the next look at it."""
        self.enter_phase(is_new=False)
        self.validation = Validation()
        self.course = course.Course()
        self.automatic = Automatic()
        self.opened = at
        """When this console took the session up, or its clock was set: nothing older proves anything of now."""
        self.budgets = {name: BudgetState() for name in rollout.slo}
        self.attempts: dict[str, Attempt] = {}
        self.settled: set[str] = set()
        """Every attempt that ended, also those that are no longer kept for the screen."""
        self.alerts = AlertBook()
        self.incidents = IncidentBook()
        self.unwritten: tuple[float, str] | None = None
        """Since when the session's file cannot be written, and why; `None` while it can."""
        # That evidence has not begun yet is written down too: what a later file asks for begins in the midst.
        self.changed: set[str] = {"phase", "session", *(f"evidence:{name}" for name in weighed)}
        """Names of the documents that `documents` has yet to write."""
        self.sampled_at = 0.0
        self.told_lines = line_news.ToldLines()
        self.told_phase, self.told_validation = self.phase, self.validation
        """As they were when the journal last spoke of them, at a tick."""

    # -- reading the state ---------------------------------------------------------------------------------------

    @property
    def tracks(self) -> tuple[str, ...]:
        """The tracks in use, canary first; the empty one only where there is no other."""
        known = self._declared_tracks | {track for track in self.rollup.tracks() if track}
        return tuple(track for track in (*TRACKS, *sorted(known.difference(TRACKS))) if track in known) or ("",)

    def verdict_of(self, metric: str) -> Judged:
        """Return the judgement that counts for a metric: the one on the track that is judged now."""
        found = self.metrics[metric]
        return found.judged.get(found.judged_track(self.phase.traffic), UNJUDGED)

    @property
    def running(self) -> Attempt | None:
        """The attempt that is under way, if any."""
        return next((one for one in self.attempts.values() if one.outcome is Outcome.RUNNING), None)

    def standing(self) -> Standing:
        """Return what the phase needs to know of the metrics."""
        return standing_of(self)

    # -- folding inputs ------------------------------------------------------------------------------------------

    def apply(self, given: Input) -> list[Record]:
        """Fold one input into the state and return what the journal has to say about it."""
        self.at = max(self.at, given.at)
        records = witnessed(self, self._fold(given))
        self.enter_phase()
        return records

    def enter_phase(self, *, is_new: bool = True) -> None:
        """Ask the conditions of the present phase; `is_new` lets go of what was held in the one before."""
        if self._asked_in == self.phase.index:
            return
        self._asked_in = self.phase.index
        for name, state in self.metrics.items():
            state.enter(self.rollout.phases[self.phase.index].name, is_new=is_new)
            if is_new:
                self.changed.add(f"metric:{name}")

    def since_phase(self, sample: SampleTaken) -> SampleTaken:
        """Return what was just measured as it is judged: where the file asks so, as its change in the phase."""
        state = self.metrics.get(sample.metric)
        if state is None:
            return sample
        return state.since_phase(sample, self.rollout.phases[self.phase.index].name)

    def _fold(self, given: Input) -> list[Record]:
        match given:
            case LinesCounted():
                self.count(given)
                return []
            case TimePassed():
                return self._pass_time(given.at)
            case ClockStepped():
                return passing.step_clock(self, given)
            case SampleTaken() | SampleFailed():
                return self._judge(given)
            case SampleSkipped():
                measuring.count_skipped(self, given)
                return []
            case SourceChanged() | SourceSeen() | OriginEnded() | ContainerNamed() | GapSuspected() | SkewMeasured():
                return source_news.hear(self, given)
            case ItemTicked() | SignedOff():
                return checklists.tick(self, given)
            case KpiEntered():
                self.changed.add("course")
                self.course, records = course.entered(self.course, given)
                return records
            case WayOutSeen():
                self.changed.add("course")
                self.course, records = course.way_seen(self.course, given)
                return records
            case ActionStarted() | ActionProgressed() | ActionEnded():
                return self._act(given)
            case LadderLeft():
                return acts.leave_ladder(self, given)
            case ActionAbandoned():
                return acts.abandon(self, given)
            case AutomaticFired() | AutomaticStopped() | AutomaticArmed():
                return automatic.told(self, given)
            case SessionOpened():
                return self._open(given)
            case AlertAcknowledged() | SilenceMade() | SilenceEnded() | DeliveryBegun() | DeliveryEnded():
                return alarms.hear(self, given)
            case IncidentDecided():
                return incident_decisions.decide(self, given)
            case SessionUnwritten():
                self.unwritten = (given.at, given.reason) if given.reason else None
                return []
            case SessionReplaced():
                return alarms.replaced(self, given)
            case SessionClosed():
                closed = Record(given.at, "session", f"{given.why} by {given.actor}", {"actor": str(given.actor)})
                return [*alarms.watch(self, given.at, is_last=True), closed]
            case NoteWritten():
                return [Record(given.at, "note", given.text, {"actor": str(given.actor)})]
            case SnapshotTaken():
                return [Record(given.at, "snapshot", given.folder, {"actor": str(given.actor)})]

    def _act(self, given: ActionStarted | ActionProgressed | ActionEnded) -> list[Record]:
        records = acts.act(self, given)
        if records and isinstance(given, ActionStarted):
            self.course = course.acted(self.course, self.rollout, given)
            self.changed |= {"course"} if course.is_kept(self.rollout) else set()
            records += incident_course.rolling_back(self, given)
        return records + alarms.watch(self, given.at) if isinstance(given, ActionEnded) else records

    def count(self, counted: LinesCounted) -> LinesCounted | None:
        """Add a stretch of lines and return it as it was counted, labels over the limit as `other`.

        `None` for a stretch that was counted before.
        """
        key = (counted.source, counted.origin, counted.stream)
        if counted.upto <= self.positions.get(key, -1):
            return None
        self.at = max(self.at, counted.at)
        self.positions[key] = counted.upto
        self.rollup.add(counted.counts, at=counted.at)
        labels = self.rollup.add_labels(counted.labels)
        self.lines += counted.lines
        self.unclassified += counted.unclassified
        self.rows.extend(counted.rows)
        self.rows_dropped += counted.rows_dropped
        if counted.source in self.sources:
            self.sources[counted.source].counted(counted)
        return replace(counted, labels=labels)

    def _pass_time(self, at: float) -> list[Record]:
        return passing.pass_time(self, at)

    def _judge(self, given: SampleTaken | SampleFailed) -> list[Record]:
        records = measuring.measure(self, given)
        if given.metric not in self.metrics:
            return records
        look_between(self, given.at)
        return records + alarms.watch(self, given.at) if records else records

    def backdate(self, since: float) -> None:
        """Let the session and its first phase begin earlier, so that older lines belong to them."""
        self.began = since
        self.phase = replace(self.phase, began=since)
        self.changed |= {"session", "phase"}

    def event_samples(self, at: float) -> list[SampleTaken | SampleFailed]:
        """Return the readings of all metrics of events, for the record."""
        return [self.read_events(name, at) for name, state in self.metrics.items() if not state.metric.is_probed]

    def read_events(self, name: str, at: float) -> SampleTaken | SampleFailed:
        """Return the reading of a metric of events."""
        metric = self.metrics[name].metric
        return read_events(name, metric, self.rollup, tracks=self.tracks, at=at, phase_began=self.phase.began)

    def _open(self, opened: SessionOpened) -> list[Record]:
        ended = automatic.interrupted(self, opened.at, "was counted down by a console that is gone")
        if opened.last_seen is None:
            text = f"begun by {opened.actor}"
        else:
            pause_s = max(0.0, opened.at - opened.last_seen)
            passing.shift(self, pause_s)
            if pause_s:
                self.away_until = opened.at
            self.sampled_at = 0.0  # a console begins with its first tick, and knows no answer but its own
            for state in self.metrics.values():
                state.forget_answer()
            self.course = course.opened(self.course)
            text = f"taken up again by {opened.actor} after {pause_s:.0f} s"
            self.told_lines = line_news.all_told(self)
        self.told_phase, self.told_validation = self.phase, self.validation
        body: dict[str, object] = {
            "version": opened.version,
            "last_seen": opened.last_seen,
            "actor": str(opened.actor),
        }
        if opened.is_dry_run:
            body["is_dry_run"] = True
        return [Record(opened.at, "session", text, body), *ended, *alarms.opened(self, opened)]

    # -- writing down and taking up again --------------------------------------------------------------------------

    def documents(self) -> dict[str, str]:
        """Return, as JSON by name, the parts of the state that changed since the last call."""
        changed, self.changed = self.changed, set()
        return {name: memory.document(self, name) for name in sorted(changed)}

    def forgotten(self) -> list[tuple[str, str]]:
        """Return the sources and origins whose positions were forgotten since the last call."""
        forgotten, self.origins_forgotten = self.origins_forgotten, []
        return forgotten
