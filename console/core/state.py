"""The one state of a session: a fold over inputs, with journal records as its only effect.

`apply` is deterministic and takes its time from the inputs, so the same inputs give the same state. Nothing here
knows where inputs come from or where records go.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import isfinite

from console.core import attempts as acting
from console.core import memory, phases
from console.core.attempts import Attempt
from console.core.counts import LinesCounted
from console.core.evidence_words import sentence
from console.core.gaps import bounds_text, size_text, skew_text
from console.core.inputs import (
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    GapSuspected,
    Input,
    ItemTicked,
    LadderLeft,
    NoteWritten,
    OriginEnded,
    SampleFailed,
    SampleSkipped,
    SampleTaken,
    SessionClosed,
    SessionOpened,
    SignedOff,
    SkewMeasured,
    SnapshotTaken,
    SourceChanged,
    SourceSeen,
    TimePassed,
)
from console.core.judging import Judged, shifted
from console.core.lines import cut_text
from console.core.metrics import TRACKS, MetricState, read_events
from console.core.phases import PhaseState, Standing
from console.core.record import Record
from console.core.ring import RowRing
from console.core.rollout import ActionKind, Rollout
from console.core.rollup import Rollup
from console.core.tally import CUT, GIVEN_UP
from console.core.thresholds import Thresholds
from console.core.verdict import Verdict
from console.core.watched import WatchedSource
from console.core.weighing import Weighing, counts_of, evidence_name, is_more_better, take_events, weighings
from console.core.words import Outcome, SourceState, count_of

LOST_AFTER_S = 10.0
"""A log source that has not answered for so long leaves the metrics of events without data."""
EVENT_SAMPLE_S = 5.0
"""How often the value of a metric of events is kept for plots."""
ENDED_KEPT = 500
"""Containers and commands of a source that are remembered after they ended; none of them ever comes again."""


class State:
    """Everything known of a session at a moment."""

    def __init__(self, rollout: Rollout, at: float) -> None:
        self.rollout = rollout
        self.at = at
        self.began = at
        self.rollup = Rollup()
        self.rows = RowRing()
        self.rows_dropped = 0
        self.lines = 0
        self.unclassified = 0
        self.positions: dict[tuple[str, str, str], int] = {}
        self.ended: dict[tuple[str, str], None] = {}
        """Sources and origins that are gone for good, in the order in which they went."""
        self._forgotten: list[tuple[str, str]] = []
        weighed = weighings(rollout)
        self.metrics = {
            name: MetricState(name, metric, Thresholds.of(metric), weighing=weighed.get(name))
            for name, metric in rollout.metrics.items()
        }
        self._evidence = {evidence_name(name): name for name in weighed}
        self.sources = {
            name: WatchedSource(name, spec.kind, spec.gives_lines) for name, spec in rollout.sources.items()
        }
        self.phase = PhaseState().entered(rollout, 0, at)
        self.attempts: dict[str, Attempt] = {}
        self.settled: set[str] = set()
        """Every attempt that ended, also those that are no longer kept for the screen."""
        self.changed: set[str] = {"phase", "session"}
        """Names of the documents that `documents` has yet to write."""
        self._sampled_at = 0.0
        self._told_given_up: dict[str, int] = {}
        self._has_told_cut = False
        self._units = {name: metric.unit for name, metric in rollout.metrics.items()}

    # -- reading the state ---------------------------------------------------------------------------------------

    @property
    def tracks(self) -> tuple[str, ...]:
        """The tracks in use, canary first; the empty one only where there is no other."""
        declared = set(self.rollout.tracks) | {spec.track for spec in self.rollout.sources.values() if spec.track}
        known = declared | {track for track in self.rollup.tracks() if track}
        return tuple(track for track in (*TRACKS, *sorted(known - set(TRACKS))) if track in known) or ("",)

    def verdict_of(self, metric: str) -> Judged:
        """Return the judgement that counts for a metric: the one on the track that is judged now."""
        found = self.metrics[metric]
        return found.judged.get(found.judged_track(self.phase.traffic), Judged())

    @property
    def running(self) -> Attempt | None:
        """The attempt that is under way, if any."""
        return next((one for one in self.attempts.values() if one.outcome is Outcome.RUNNING), None)

    def standing(self) -> Standing:
        """Return what the phase needs to know of the metrics."""
        judged = {name: self.verdict_of(name) for name in self.metrics}
        return Standing(
            verdicts={name: one.verdict for name, one in judged.items()},
            values={
                name: (
                    one.value if self._is_known(name, one) else None,
                    self.metrics[name].judged.get("baseline", Judged()).value,
                )
                for name, one in judged.items()
            },
            units=self._units,
            blind=frozenset(name for name, one in judged.items() if one.verdict is Verdict.UNKNOWN and not one.samples),
            holding=tuple(name for name, one in judged.items() if self._holds(name, one.verdict)),
        )

    def _is_known(self, metric: str, judged: Judged) -> bool:
        """Whether the last value still counts: measured without a fault, on enough samples, and not too long ago."""
        if judged.error or judged.at is None or judged.held_since is not None:
            return False
        if judged.verdict in (Verdict.UNKNOWN, Verdict.BROKEN):
            return False
        return self.at - judged.at <= self.metrics[metric].thresholds.stale_after_s

    def _holds(self, metric: str, verdict: Verdict) -> bool:
        on = self.rollout.metrics[metric].on
        return (verdict is Verdict.WARNING and on.warning == "hold") or (
            verdict is Verdict.CRITICAL and "hold" in (on.warning, on.critical)
        )

    # -- folding inputs ------------------------------------------------------------------------------------------

    def apply(self, given: Input) -> list[Record]:
        """Fold one input into the state and return what the journal has to say about it."""
        self.at = max(self.at, given.at)
        match given:
            case LinesCounted():
                self.count(given)
                return []
            case TimePassed():
                return self._pass_time(given.at)
            case SampleTaken() | SampleFailed():
                return self._judge(given)
            case SampleSkipped():
                self.metrics[given.metric].skipped += given.times
                return []
            case SourceChanged():
                return self._change_source(given)
            case SourceSeen():
                if given.source in self.sources:
                    self.sources[given.source].seen_at = given.at
                return []
            case OriginEnded():
                self._end(given.source, given.origin)
                return []
            case GapSuspected():
                return self._suspect_gap(given)
            case SkewMeasured():
                return self._compare_clocks(given)
            case ItemTicked() | SignedOff():
                return self._tick(given)
            case ActionStarted() | ActionProgressed() | ActionEnded():
                return self._act(given)
            case LadderLeft():
                return self._leave_ladder(given)
            case SessionOpened():
                return self._open(given)
            case SessionClosed():
                return [Record(given.at, "session", f"{given.why} by {given.actor}", {"actor": str(given.actor)})]
            case NoteWritten():
                return [Record(given.at, "note", given.text, {"actor": str(given.actor)})]
            case SnapshotTaken():
                return [Record(given.at, "snapshot", given.folder, {"actor": str(given.actor)})]

    def count(self, counted: LinesCounted) -> LinesCounted | None:
        """Add a stretch of lines and return it as it was counted, labels over the limit as `other`.

        `None` for a stretch that was counted before.
        """
        key = (counted.source, counted.origin, counted.stream)
        if counted.upto <= self.positions.get(key, -1):
            return None
        self.at = max(self.at, counted.at)
        self.positions[key] = counted.upto
        self.rollup.add(counted.counts)
        labels = self.rollup.add_labels(counted.labels)
        self.lines += counted.lines
        self.unclassified += counted.unclassified
        self.rows.extend(counted.rows)
        self.rows_dropped += counted.rows_dropped
        if counted.source in self.sources:
            self.sources[counted.source].counted(counted)
        return replace(counted, labels=labels)

    def _pass_time(self, at: float) -> list[Record]:
        keeps = at - self._sampled_at >= EVENT_SAMPLE_S
        blind = self._blind_reading(at)
        records = self._weigh_events(at) if blind is None else []
        for name, state in self.metrics.items():
            if state.metric.is_probed:
                records += self._judging(name, at, partial(state.grow_old, at))
            elif blind is not None:
                if blind:
                    records += self._judging(name, at, partial(state.fail, SampleFailed(at, name, blind, 0.0)))
            else:
                sample = self._read_events(name, at)
                if isinstance(sample, SampleFailed):
                    records += self._judging(name, at, partial(state.fail, sample))
                else:
                    records += self._judging(name, at, partial(state.take, sample, self.phase.traffic, keeps=keeps))
        records += self._tell_given_up(at) + self._tell_cut(at)
        if keeps:
            self._sampled_at = at
            self.rollup.prune(at)
        before = self.phase.holds
        self.phase = phases.watched(self.phase, self.rollout.phases[self.phase.index], self.standing(), at)
        self.changed.add("phase")
        if self.phase.holds != before:
            said = "soak clock stands: " + "; ".join(self.phase.holds) if self.phase.holds else "soak clock goes on"
            records.append(Record(at, "phase", said, {"holds": list(self.phase.holds)}))
        return records

    def _weigh_events(self, at: float) -> list[Record]:
        """Take the counts of the evidence that comes from events, where it is time."""
        records: list[Record] = []
        for name, state in self.metrics.items():
            weighing, asked = state.weighing, state.metric.evidence
            if weighing is None or asked is None or state.metric.is_probed:
                continue
            if weighing.at is None or at - weighing.at >= asked.every:
                taken = take_events(
                    weighing, state.metric, self.rollup, at, more_is_better=is_more_better(state.thresholds)
                )
                records += self._weighed(name, taken, at)
        return records

    def _weigh_sample(self, name: str, given: SampleTaken | SampleFailed) -> list[Record]:
        """Take the counts that a query gave for the evidence of a metric; one that failed leaves an interval out."""
        state = self.metrics[name]
        if state.weighing is None or isinstance(given, SampleFailed):
            return []
        counts = counts_of(given.readings, more_is_better=is_more_better(state.thresholds))
        return [] if counts is None else self._weighed(name, state.weighing.take(given.at, counts), given.at)

    def _weighed(self, name: str, after: Weighing, at: float) -> list[Record]:
        """Keep the evidence of a metric, and say in the journal what is proven now."""
        state = self.metrics[name]
        before, state.weighing = state.weighing, after
        self.changed.add(f"evidence:{name}")
        if before is None:
            return []
        was = before.stands_since is not None, before.comparison.is_not_worse
        now = after.stands_since is not None, after.comparison.is_not_worse
        if was == now:
            return []
        compared = after.comparison
        body = {
            "metric": name,
            "is_worse": now[0],
            "is_not_worse": now[1],
            "ratio": compared.ratio if compared.ratio is None or isfinite(compared.ratio) else None,
            "log_e_worse": compared.log_e_worse,
            "log_e_not_worse": compared.log_e_not_worse,
            "needed": compared.needed,
            "samples": [compared.total_canary, compared.total_baseline],
            "bad": [compared.bad_canary, compared.bad_baseline],
            "phi": compared.phi,
        }
        return [Record(at, "evidence", f"{name}: {sentence(compared)}", body)]

    def _blind_reading(self, at: float) -> str | None:
        """Return why the counts of events say nothing now, empty while reading only begins, `None` while it goes on."""
        logs = [source for source in self.sources.values() if source.gives_lines]
        for source in logs:
            is_lost = source.state in (SourceState.RETRYING, SourceState.UNREADABLE, SourceState.STALE)
            if is_lost and (source.seen_at is None or at - source.seen_at > LOST_AFTER_S):
                return f"{source.name} {source.state}: {source.reason}"
        return "" if any(source.state is SourceState.STARTING for source in logs) else None

    def backdate(self, since: float) -> None:
        """Let the session and its first phase begin earlier, so that older lines belong to them."""
        self.began = since
        self.phase = replace(self.phase, began=since)
        self.changed |= {"session", "phase"}

    def event_samples(self, at: float) -> list[SampleTaken | SampleFailed]:
        """Return the readings of all metrics of events, for the record."""
        return [self._read_events(name, at) for name, state in self.metrics.items() if not state.metric.is_probed]

    def _read_events(self, name: str, at: float) -> SampleTaken | SampleFailed:
        metric = self.metrics[name].metric
        return read_events(name, metric, self.rollup, tracks=self.tracks, at=at, phase_began=self.phase.began)

    def _tell_given_up(self, at: float) -> list[Record]:
        """Say which rules were given up on lines, each time that their number has doubled."""
        records = []
        for event in self.rollout.events:
            lines = self.rollup.total(None, GIVEN_UP + event)
            if lines < max(1, 2 * self._told_given_up.get(event, 0)):
                continue
            self._told_given_up[event] = lines
            said = (
                f"the search of rule {event} was given up on {count_of(lines, 'line')} so far, as its expression"
                " backtracks: its counts are short"
            )
            records.append(Record(at, "rule", said, {"event": event, "lines": lines}))
        return records

    def _tell_cut(self, at: float) -> list[Record]:
        """Say once that a line was longer than the limit."""
        lines = 0 if self._has_told_cut else self.rollup.total(None, CUT)
        if not lines:
            return []
        self._has_told_cut = True
        return [Record(at, "rule", f"{cut_text(lines)}; the source strip counts them", {"lines": lines})]

    def _judge(self, given: SampleTaken | SampleFailed) -> list[Record]:
        if given.metric in self._evidence:
            return self._weigh_sample(self._evidence[given.metric], given)
        state = self.metrics.get(given.metric)
        if state is None:
            return []
        if isinstance(given, SampleTaken):
            return self._judging(given.metric, given.at, lambda: state.take(given, self.phase.traffic))
        return self._judging(given.metric, given.at, lambda: state.fail(given))

    def _judging(self, name: str, at: float, judge: Callable[[], None]) -> list[Record]:
        """Run a judgement and say in the journal if the verdict that counts is another one now."""
        before = self.verdict_of(name)
        judge()
        after = self.verdict_of(name)
        if after is not before:
            self.changed.add(f"metric:{name}")
        if after.verdict is before.verdict:
            return []
        state = self.metrics[name]
        body = {
            "metric": name,
            "track": state.judged_track(self.phase.traffic),
            "from": before.verdict.value,
            "to": after.verdict.value,
            "reason": after.reason,
            "value": after.value,
            "samples": after.samples,
            "bad": after.bad,
        }
        return [Record(at, "verdict", f"{name}: {after.verdict}, was {before.verdict}: {after.reason}", body)]

    def _change_source(self, change: SourceChanged) -> list[Record]:
        source = self.sources.get(change.source)
        self.changed.add("sources")
        if source is None or not source.changed(change):
            return []
        parts = ", ".join(f"{track or 'no track'} {count}" for track, count in change.parts.items())
        said = " · ".join(part for part in (f"{change.source}: {change.state}", parts, change.reason) if part)
        return [Record(change.at, "source", said, {"source": change.source, "state": change.state.value})]

    def _end(self, source: str, origin: str) -> None:
        """Note that an origin is gone for good, and forget the oldest of those that went before."""
        self.changed.add("ended")
        self.ended.pop((source, origin), None)
        self.ended[source, origin] = None
        spec = self.rollout.sources.get(source)
        if spec is None or spec.kind == "file":
            return  # a file is told from what it held before it was truncated by how often it was
        for old in [one for one in self.ended if one[0] == source][:-ENDED_KEPT]:
            del self.ended[old]
            self._forgotten.append(old)
            for key in [key for key in self.positions if key[:2] == old]:
                del self.positions[key]

    def _suspect_gap(self, gap: GapSuspected) -> list[Record]:
        if gap.source in self.sources:
            self.sources[gap.source].gaps.add(gap)
            self.changed.add("sources")
        where = f"{bounds_text(gap.since, gap.until)}, {size_text(gap.lines_at_most)}"
        said = f"{gap.source} {gap.name}: lines may be missing, {where}: {gap.reason}"
        body = {
            "source": gap.source,
            "name": gap.name,
            "reason": gap.reason,
            "since": gap.since,
            "until": gap.until,
            "lines_at_most": gap.lines_at_most,
        }
        return [Record(gap.at, "gap", said, body)]

    def _compare_clocks(self, measured: SkewMeasured) -> list[Record]:
        source = self.sources.get(measured.source)
        if source is None or not source.compared(measured):
            return []
        said = f"{source.name}: {skew_text(measured.skew_s)}"
        return [Record(measured.at, "source", said, {"source": source.name, "skew_s": measured.skew_s})]

    def _tick(self, given: ItemTicked | SignedOff) -> list[Record]:
        self.changed.add("phase")
        if isinstance(given, SignedOff):
            self.phase = self.phase.signed_off(given)
            body = {"role": given.role, "actor": str(given.actor), "note": given.note}
            return [Record(given.at, "sign-off", f"{given.role} signed off by {given.actor}", body)]
        before = self.phase.ticks.get(given.item)
        self.phase = self.phase.ticked(given)
        if before is not None and before.is_done == given.is_done and given.actor is None:
            return []
        who = "verified" if given.actor is None else f"by {given.actor}"
        said = f"{given.item}: {'done' if given.is_done else 'not done'}, {who}"
        marked: dict[str, object] = {"item": given.item, "is_done": given.is_done, "note": given.note}
        return [Record(given.at, "checklist", f"{said}: {given.note}" if given.note else said, marked)]

    # -- actions -------------------------------------------------------------------------------------------------

    def _act(self, given: ActionStarted | ActionProgressed | ActionEnded) -> list[Record]:
        self.changed.add("attempts")
        if isinstance(given, ActionStarted):
            if given.attempt in self.attempts or given.attempt in self.settled:
                return []
            self.attempts[given.attempt] = Attempt(given, {})
            for old in list(self.attempts)[: -acting.KEPT]:
                del self.attempts[old]
            return [self._started(given)]
        attempt = self.attempts.get(given.attempt)
        if attempt is None:
            return []
        if isinstance(given, ActionProgressed):
            if attempt.steps.get(given.step) is not None and attempt.steps[given.step].state == given.state:
                return []
            self.attempts[given.attempt] = attempt.progressed(given)
            said = f"{attempt.started.title}: {given.label}: {given.state}"
            body = {"attempt": given.attempt, "step": given.step, "state": given.state, "detail": given.detail}
            return [Record(given.at, "step", f"{said}: {given.detail}" if given.detail else said, body)]
        if attempt.ended is not None:
            return []
        self.attempts[given.attempt] = attempt = attempt.finished(given)
        self.settled.add(given.attempt)
        return [*self._ended(attempt, given)]

    def _started(self, given: ActionStarted) -> Record:
        standing = self.standing()
        body = {
            "attempt": given.attempt,
            "action": given.action,
            "kind": given.kind,
            "actor": str(given.actor),
            "reason": given.reason,
            "traffic": given.traffic,
            "steps": list(given.steps),
            "override": given.override,
            "verdicts": {name: verdict.value for name, verdict in standing.verdicts.items()},
            "values": {name: value for name, (value, _) in standing.values.items()},
        }
        loud = f"WITHOUT {given.override}: " if given.override else ""
        return Record(given.at, "action", f"{loud}{given.title} begun by {given.actor}: {given.reason}", body)

    def _ended(self, attempt: Attempt, given: ActionEnded) -> Iterable[Record]:
        started = attempt.started
        said = f"{started.title}: {given.outcome}"
        body = {"attempt": given.attempt, "outcome": given.outcome.value, "detail": given.detail}
        yield Record(given.at, "outcome", f"{said}: {given.detail}" if given.detail else said, body)
        if not acting.changes_share(attempt) or started.traffic is None:
            if started.traffic is not None:
                self.changed.add("phase")
                self.phase = phases.doubted(
                    self.phase, f"the share may be {started.traffic:g} %: {started.title} ended {given.outcome}"
                )
            return
        self.changed.add("phase")
        if started.kind == ActionKind.ADVANCE and started.phase is not None:
            self._reshare(self.rollout.phases[started.phase].traffic)
            self.phase = self.phase.entered(self.rollout, started.phase, given.at)
            name = self.rollout.phases[started.phase].name
            yield Record(given.at, "phase", f"entered {name}", {"phase": started.phase, "name": name})
        else:
            before = self.phase.traffic
            self._reshare(started.traffic)
            self.phase = phases.with_traffic(self.phase, started.traffic)
            said = f"share {before:g} % → {started.traffic:g} %"
            yield Record(given.at, "phase", said, {"from": before, "to": started.traffic})

    def _reshare(self, traffic: float) -> None:
        """Note that the canary has another share from now on; one that had none is another canary."""
        before = self.phase.traffic
        for name, state in self.metrics.items():
            if state.weighing is not None and traffic != before:
                state.weighing = state.weighing.begun_anew() if before == 0 else state.weighing.reshared()
                self.changed.add(f"evidence:{name}")

    def _leave_ladder(self, left: LadderLeft) -> list[Record]:
        attempt = self.attempts.get(left.attempt)
        if attempt is None or attempt.is_left:
            return []
        self.changed.add("attempts")
        self.attempts[left.attempt] = replace(attempt, is_left=True)
        said = f"the ladder stays at {self.phase.traffic:g} %, decided by {left.actor}"
        return [Record(left.at, "action", said, {"attempt": left.attempt, "actor": str(left.actor)})]

    def _open(self, opened: SessionOpened) -> list[Record]:
        if opened.last_seen is None:
            text = f"begun by {opened.actor}"
        else:
            pause_s = max(0.0, opened.at - opened.last_seen)
            for state in self.metrics.values():
                state.judged = {track: shifted(judged, pause_s) for track, judged in state.judged.items()}
            text = f"taken up again by {opened.actor} after {pause_s:.0f} s"
            self._told_given_up = {event: self.rollup.total(None, GIVEN_UP + event) for event in self.rollout.events}
            self._has_told_cut = self.rollup.total(None, CUT) > 0
        self.phase = phases.unwatched(self.phase)
        return [Record(opened.at, "session", text, {"version": opened.version, "last_seen": opened.last_seen})]

    # -- writing down and taking up again --------------------------------------------------------------------------

    def documents(self) -> dict[str, str]:
        """Return, as JSON by name, the parts of the state that changed since the last call."""
        changed, self.changed = self.changed, set()
        return {name: memory.document(self, name) for name in sorted(changed)}

    def forgotten(self) -> list[tuple[str, str]]:
        """Return the sources and origins whose positions were forgotten since the last call."""
        forgotten, self._forgotten = self._forgotten, []
        return forgotten
