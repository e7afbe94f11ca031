"""The one owner of a session's state: drains the inbox, folds, commits, publishes frames.

It needs no screen: `watch --headless` and the console run the same engine. Reading, probing and acting go on when
the session's file cannot be written; what was not written is kept and tried again.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from console.core.actors import Actor
from console.core.alert_findings import SESSION, unsaved
from console.core.classify import Classifier
from console.core.cleaned import cleaned_lines, cleaned_table
from console.core.counts import LinesCounted
from console.core.frame import AlertView, Frame, JournalView, SessionView
from console.core.inputs import (
    ClockStepped,
    GapSuspected,
    Input,
    SampleFailed,
    SampleTaken,
    SessionClosed,
    SessionOpened,
    SessionUnwritten,
    SourceChanged,
    TimePassed,
)
from console.core.own_checks import has_soaked
from console.core.probes import Check
from console.core.receivers import routes_of
from console.core.record import Record
from console.core.redact import Redactor
from console.core.ring import RowRing
from console.core.state import State
from console.core.text import visible
from console.core.view import build_frame
from console.core.weighing import evidence_name
from console.core.words import SourceState, Table
from console.effects.notifier import Notifier
from console.effects.store import Store
from console.filing import JOURNAL_KEPT, Filing
from console.inbox import Counter, Inbox
from console.probing import Probe, Prober, Settled
from console.sources.base import Attached
from console.sources.checks import CheckResult, passes
from console.sources.connect import Connections
from console.spec.loaded import Loaded
from console.taking_up import take_up
from console.telling import Teller

DRAIN_S = 0.1
TICK_S = 1.0
OUTPUT_CHARS = 200
"""How much is kept of a line that a verification printed."""
FRAME_S = 0.2
RECORD_EVENTS_S = 10.0
CLOCK_STEP_S = 2.0
"""A clock that goes faster or slower than a steady one is followed; one that jumps by more than this was set."""
LAST_WORDS_S = 5.0
"""How long leaving waits for alerts that are on their way; what is not told then is told at the next start."""


class Engine:
    """Watches one rollout in one session. Everything here runs in one event loop; threads reach only the inbox."""

    def __init__(
        self,
        loaded: Loaded,
        store: Store,
        session: SessionView,
        actor: Actor,
        version: str,
        *,
        since: float | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
        is_dry_run: bool = False,
    ) -> None:
        """Take what to watch; `clock` is the time of day, `steady` a clock that nobody sets, without it that one.

        With `is_dry_run` alerts are written down and not sent.
        """
        self.loaded = loaded
        self.store = store
        self.actor = actor
        self.redactor = Redactor(loaded.secrets)
        self.inbox = Inbox()
        self.clock = clock
        self._steady = steady or clock
        self._behind_s = clock() - self._steady()
        """How far the steady clock was behind the time of day when last looked at."""
        self.state = State(loaded.rollout, clock())
        self._session = session
        self._version = version
        self._since = since
        self._attached = Attached()
        self.filing = Filing(store, clock, self._collect, self._refused)
        """What is folded, on its way to the disk."""
        self._connections: Connections | None = None
        self._counter: Counter | None = None
        self._prober: Prober | None = None
        self._is_dry_run = is_dry_run
        self._teller: Teller | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._frame: Frame | None = None
        self._recorded_at = 0.0

    # -- opening and closing -------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the session up where it was left, or begin it."""
        at = self.clock()
        stored = await self.store.load(at=at)
        self._attached = _attached(stored.last_seen, self._since, at)
        if stored.last_seen is None:
            if self._since is not None:
                self.state.backdate(self._since)
        else:
            # Nobody else has the state yet, and the screen answers meanwhile.
            await asyncio.to_thread(take_up, self.state, stored, stored.samples)
        for source in self.state.sources.values():
            source.recall(SourceState.STARTING, "", at)
        self._session = replace(self._session, started=self.state.began)
        await self.filing.take_up(stored.seq)
        self.filing.batch.docs["rollout"] = json.dumps(
            {
                "rollout": self.loaded.rollout.model_dump(mode="json", by_alias=True, exclude_unset=True),
                "sha256": self.loaded.text_sha256,
            }
        )
        self.apply(SessionOpened(at, self.actor, self._version, stored.last_seen, self._is_dry_run))
        self._frame = self._make_frame()

    async def start(self) -> None:
        """Begin to read, to probe and to tick."""
        classifier = Classifier(self.loaded.rollout.events)
        self._counter = counter = Counter(
            classifier, self.state.positions, self.state.ended, self.inbox.post, self.clock, named=self.state.named
        )
        loaded = self.loaded
        connections = Connections(loaded.rollout, loaded.base_dir, loaded.queries, self.inbox.post)
        self._connections = connections
        probes = await asyncio.to_thread(self._probes, connections)  # brings drivers in, which takes its time
        self._prober = Prober(probes, self.inbox.post, self.clock, self._steady)
        loops = {
            "drain": self._every(DRAIN_S, self.drain),
            "tick": self._every(TICK_S, self.tick),
            "frame": self._every(FRAME_S, self._publish),
            "commit": self.filing.keep_writing(),
            "probes": self._prober.run(),
            "sources": connections.run(counter, self.state.phase.began, self._attached),
        }
        self._teller = teller = self._make_teller()
        if teller is not None:
            loops["alerts"] = teller.run()
        self._tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]

    def _make_teller(self) -> Teller | None:
        """Return what tells of alerts; nobody is told by a console that only looks, or where the file has no routes."""
        if self._session.is_read_only or not routes_of(self.loaded.rollout):
            return None
        notifier = Notifier(self.loaded.rollout, self._session.id, self.redactor, is_dry_run=self._is_dry_run)
        return Teller(notifier, lambda: self.state.alerts, self.apply, lambda: self.commit(durable=True), self.clock)

    def _probes(self, connections: Connections) -> Mapping[str, Probe]:
        probes: dict[str, Probe] = {}
        for name, metric in self.loaded.rollout.metrics.items():
            if not metric.is_probed:
                continue
            asker, query = connections.asker_for(metric), self.loaded.queries.get(metric.query or "")
            probes[name] = Probe(name, metric, asker, query)
            if metric.evidence is not None:
                every, settled = metric.evidence.every, Settled(asker, metric.evidence.settle)
                counting = metric.model_copy(update={"window": every, "every": every})
                probes[evidence_name(name)] = Probe(evidence_name(name), counting, settled, query)
        return probes

    async def failed(self) -> None:
        """Return when a loop of the engine ends by itself, raising what ended it; it should never return."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def close(self, why: str) -> str:
        """Stop reading, write everything down, let the session go, and return what could not be saved, if anything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            self.drain()
            self.apply(SessionClosed(self.clock(), self.actor, why))
            if self._teller is not None:
                await self._teller.finish(LAST_WORDS_S)
            is_saved = await self.commit(durable=True)
            if self._connections is not None:
                await self._connections.close()
        finally:
            await self.store.close()
        return "" if is_saved else f"what came last could not be saved: {self.filing.trouble}"

    # -- folding -------------------------------------------------------------------------------------------------

    def apply(self, given: Input) -> None:
        """Fold one input into the state and keep what has to be written."""
        if isinstance(given, LinesCounted):
            counted = self.state.count(given)
            if counted is not None:
                self.filing.batch.add(counted)
            return
        if isinstance(given, SampleTaken):
            given = self.state.since_phase(given)
        records = self.state.apply(given)
        if isinstance(given, SampleTaken | SampleFailed):
            self.filing.batch.add_samples((given,))
        self.filing.note(records)

    def drain(self) -> None:
        """Fold everything that waits in the inbox."""
        for given in self.inbox.drain():
            self.apply(self._safe(given))

    def _safe(self, given: Input) -> Input:
        """Return an input that holds no secret in any text that is shown."""
        redact = self.redactor.redact
        if isinstance(given, SourceChanged) and given.unread:
            unread = tuple(replace(one, reason=visible(redact(one.reason), 500)) for one in given.unread)
            given = replace(given, unread=unread)
        if isinstance(given, SourceChanged | SampleFailed | GapSuspected):
            return replace(given, reason=visible(redact(given.reason), 500)) if given.reason else given
        if isinstance(given, LinesCounted):
            return cleaned_lines(given, self.redactor)
        if isinstance(given, SampleTaken) and given.table is not None:
            return replace(given, table=self.safe_table(given.table))
        return given

    def safe_table(self, table: Table) -> Table:
        """Return rows without secrets."""
        return cleaned_table(table, self.redactor)

    def tick(self) -> None:
        """Let time pass: windows move, ages grow, the soak clock goes on."""
        at = self.clock()
        behind_s = at - self._steady()
        if abs(behind_s - self._behind_s) > CLOCK_STEP_S:
            self.apply(ClockStepped(at, behind_s - self._behind_s))
            self._recorded_at = min(self._recorded_at, at)
        self._behind_s = behind_s
        unwritten = self.filing.unwritten(at)
        if bool(unwritten) != (self.state.unwritten is not None):
            self.apply(SessionUnwritten(at, unwritten))
        self.apply(TimePassed(at))
        if at - self._recorded_at >= RECORD_EVENTS_S:
            self._recorded_at = at
            self.filing.batch.add_samples(self.state.event_samples(at))

    async def _every(self, pause_s: float, work: Callable[[], None]) -> None:
        while True:
            work()
            await asyncio.sleep(pause_s)

    # -- writing down --------------------------------------------------------------------------------------------

    async def commit(self, *, durable: bool = False) -> bool:
        """Write what was folded since the last time; return whether it is on disk. What failed is tried again."""
        return await self.filing.commit(durable=durable)

    def _collect(self) -> None:
        """Add what changed since the last commit, and let go of containers that ended long ago: here and on disk."""
        self.filing.batch.docs |= self.state.documents()
        gone = self.state.forgotten()
        if gone and self._counter is not None:
            self._counter.forget(gone)
        self.filing.batch.gone += gone

    def _refused(self, reason: str) -> None:
        self.apply(GapSuspected(self.clock(), "session", "counts", reason))

    # -- showing -------------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The newest picture."""
        if self._frame is None:
            self._frame = self._make_frame()
        return self._frame

    def fresh_frame(self) -> Frame:
        """Return a picture of this very moment."""
        self._publish()
        return self.frame

    @property
    def rows(self) -> RowRing:
        """The newest log rows."""
        return self.state.rows

    def journal(self, limit: int = JOURNAL_KEPT) -> tuple[JournalView, ...]:
        """Return the newest journal records, latest first."""
        return tuple(journal_view(row.seq, row.record) for row in self.filing.newest(limit))

    def _publish(self) -> None:
        self._frame = self._make_frame()

    def _make_frame(self) -> Frame:
        at = self.clock()
        frame = build_frame(
            self.state,
            at,
            session=self._session,
            journal=self.journal(20),
            schedules=None if self._prober is None else self._prober.schedules,
        )
        reason = self.filing.unwritten(at)
        if not reason:
            return frame
        known = next((alert for alert in frame.alerts if alert.name == SESSION), AlertView(SESSION, "blind", "", at))
        trouble = replace(known, text=unsaved(reason))
        return replace(frame, alerts=(trouble, *(alert for alert in frame.alerts if alert.name != SESSION)))

    # -- for orders ----------------------------------------------------------------------------------------------

    @property
    def connections(self) -> Connections:
        """The connections to sources; raises `RuntimeError` before `start`."""
        if self._connections is None:
            raise RuntimeError("the engine was not started")
        return self._connections

    async def check(self, check: Check) -> CheckResult:
        """Try a verification once."""
        if check.soaked is not None:
            ok, said = has_soaked(self.state.rollout, self.state.phase, check.soaked)
            return CheckResult(ok, said)
        result = await passes(check, self.connections)
        redact = self.redactor.redact
        # A secret is found whole only before a line is cut to what is kept of it.
        output = tuple(visible(redact(line), OUTPUT_CHARS) for line in result.output)
        return replace(result, detail=redact(result.detail), output=output)

    def nudge(self, metric: str) -> None:
        """Measure a metric now."""
        if self._prober is not None:
            self._prober.nudge(metric)

    @property
    def is_caught_up(self) -> bool:
        """Whether every probe has answered and no log source is still starting."""
        answered = all(state.answered_at is not None for state in self.state.metrics.values() if state.metric.is_probed)
        started = all(source.state is not SourceState.STARTING for source in self.state.sources.values())
        return answered and started


def _attached(last_seen: float | None, since: float | None, at: float) -> Attached:
    """Return from when on lines are asked for, by a new watch from now on, unless it is asked for more."""
    if last_seen is not None:
        return Attached(looked_at=last_seen)
    return Attached(at, inf) if since is None else Attached(since, since)


def journal_view(seq: int, record: Record) -> JournalView:
    """Return a record as a line for the screen."""
    return JournalView(seq, record.at, record.kind, visible(record.text))
