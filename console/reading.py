"""Sessions read without being held: for exports, and for a console that only looks."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from console.core import automatic, chronicle
from console.core.action_inputs import ActionStarted
from console.core.attempts import is_way_back
from console.core.chronicle import Chronicle
from console.core.export import EventTotal, Export
from console.core.frame import Frame, JournalView, SessionView
from console.core.handover import Handover, handover_of
from console.core.incident_decisions import taking
from console.core.inputs import SampleFailed, SampleTaken, TimePassed
from console.core.journal import Found, RecordFilter
from console.core.record import JournalRow, Record
from console.core.recorded import Recording
from console.core.retold import chronicle_of
from console.core.ring import RowRing
from console.core.rollout import Rollout
from console.core.rollup import Rollup
from console.core.state import State
from console.core.view import build_frame
from console.effects.attempt_files import read_abandoned
from console.effects.begin import places
from console.effects.found import kept_here, left_since, told_by
from console.effects.lock import SESSION_LOCK, holder_of
from console.effects.session_reader import SAMPLES_S, Known, SessionReader, Stored
from console.effects.sessions import EXPORTS, state_dir
from console.engine import journal_view
from console.filed import FiledJournal
from console.looking import OnlyLooking
from console.taking_up import take_up

JOURNAL_SHOWN = 20
NOBODY = "nobody: nothing is being read or measured"
EXPORTED_RECORDS = 10_000
_STARTED = TypeAdapter(ActionStarted)


def restored(
    rollout: Rollout,
    stored: Stored,
    at: float,
    *,
    rollup: Rollup | None = None,
    samples: Iterable[SampleTaken | SampleFailed] = (),
) -> State:
    """Return the state that a session's file holds; `rollup` has the counts from before those in `stored`."""
    state = State(rollout, at)
    state.rollup = rollup or state.rollup
    take_up(state, stored, samples)
    return state


def rollout_of(stored: Stored) -> Rollout:
    """Return the rollout a session watches, as it was when the session was last opened; secrets are masked."""
    return Rollout.model_validate(json.loads(stored.docs["rollout"])["rollout"])


def events_of(state: State) -> dict[str, dict[str, EventTotal]]:
    """Return what was counted since the session began, by track and event."""
    found: dict[str, dict[str, EventTotal]] = {}
    for (track, event), count in state.rollup.totals().items():
        if event in state.rollout.events:
            labels = state.rollup.labels(track, event)
            found.setdefault(track, {})[event] = EventTotal(count, labels)
    return found


def versions() -> Mapping[str, str]:
    """Return the versions that a report names."""
    return {name: version(name) for name in ("rollout-console", "textual")}


def read_export(folder: Path, session_id: str, holder: str) -> Export:
    """Return everything a snapshot of a session shows, read from its file; raises `SessionUnreadable`."""
    file = SessionReader.open_read_only(folder)
    try:
        stored, history = file.load(), file.history()
        rows = file.records()
    finally:
        file.close()
    state = restored(rollout_of(stored), stored, stored.last_seen or time.time())
    since = done_since(folder, state)
    journal = tuple(journal_view(row.seq, row.record) for row in rows[-EXPORTED_RECORDS:])
    frame = build_frame(
        state,
        state.at,
        session=SessionView(session_id, state.began, is_read_only=True, held_by=holder),
        journal=journal[-20:],
    )
    return Export(
        frame=frame,
        events=events_of(state),
        history=history,
        journal=journal,
        journal_head=stored.head,
        file_sha256=str(json.loads(stored.docs["rollout"])["sha256"]),
        versions=versions(),
        taken_at=time.time(),
        chronicle=told_of(state.rollout, [*(row.record for row in rows), *since]),
        session_folder=str(folder),
    )


def read_handover(folder: Path, session_id: str, holder: str, *, since_s: float, at: float) -> Handover:
    """Return the summary of a session's last seconds before `at`, read from its file; raises `SessionUnreadable`."""
    file = SessionReader.open_read_only(folder)
    try:
        stored = file.load()
        records = [row.record for row in file.records()]
    finally:
        file.close()
    state = restored(rollout_of(stored), stored, stored.last_seen or at)
    records += done_since(folder, state)
    session = SessionView(session_id, state.began, is_read_only=True, held_by=holder)
    frame = build_frame(state, state.at, session=session)
    happened = chronicle.since(told_of(state.rollout, records), at - since_s)
    return handover_of(frame, happened, since=at - since_s, at=at, holder=holder)


def done_since(folder: Path, state: State) -> list[Record]:
    """Fold what was done from a shell while nobody held the session, and return what its journal is going to say of it.

    It is written down by the next console that takes the session up. Of a session that was moved elsewhere nothing is
    known but its file.
    """
    session = kept_here(folder)
    if session is None:
        return []
    where = places(state_dir(), session.rollout, session)
    records: list[Record] = []
    for one in left_since(where, session, state.settled):
        for given in told_by(where, one):
            records += state.apply(given)
        begun = one.started
        if is_way_back(state.rollout, begun.action, begun.kind) and begun.actor.user != automatic.NOBODY:
            said = taking(state, begun.actor, begun.title, begun.at)
            records += [] if said is None else state.apply(said)
    for name in tuple(state.attempts):  # also of those that the session knew to be over
        left = read_abandoned(where.folder_of(name))
        records += [] if left is None else state.apply(left)
    return records


def told_of(rollout: Rollout, records: Sequence[Record]) -> Chronicle:
    """Return what the whole journal of a session tells."""
    units = {name: metric.unit for name, metric in rollout.metrics.items()}
    return chronicle_of(records, rollout.phases[0].name, units)


def read_recording(folder: Path) -> Recording:
    """Return what a session's file keeps, to be folded again; whoever holds the session goes on.

    Raises `SessionUnreadable`, and `KeyError` or `ValueError` for a session to which nothing was written yet.
    """
    file = SessionReader.open_read_only(folder)
    try:
        stored, samples = file.load(), file.samples()
        records = [row.record for row in file.records()]
    finally:
        file.close()
    if stored.last_seen is None:
        raise KeyError("no input was written to it yet")
    until = stored.last_seen
    rollup = Rollup()
    rollup.restore(stored.counts, stored.totals, at=until)
    attempts = json.loads(stored.docs.get("attempts", '{"kept": []}'))["kept"]
    return Recording(
        rollout=rollout_of(stored),
        began=float(json.loads(stored.docs["session"])["began"]),
        until=until,
        records=[record for record in records if record.at <= until],
        samples=[sample for sample in samples if sample.at <= until],
        cells=list(rollup.cells(0)),
        edges=rollup.packed().edges,
        attempts={one.attempt: one for one in map(_started, attempts)},
    )


def _started(attempt: Mapping[str, Any]) -> ActionStarted:
    return _STARTED.validate_python(attempt["started"])


class Onlooker(OnlyLooking):
    """A desk over a session that another console holds: it draws what the file says, and refuses every order."""

    def __init__(self, folder: Path, session_id: str, holder: str) -> None:
        self._folder = folder
        self._id = session_id
        self._holder = holder
        self._filed = FiledJournal(folder, state_dir() / EXPORTS)
        self._file = SessionReader.open_read_only(folder)
        self._rows = RowRing()
        self._state: State | None = None
        self._rollup = Rollup()
        self._known: Known | None = None
        self._samples: list[SampleTaken | SampleFailed] = []
        self._journal: tuple[JournalView, ...] = ()
        self._seen: object = None
        self._frame: Frame | None = None
        self._refresh()

    def _refresh(self) -> None:
        """Read what was written to the session since the last time, and let time pass in it."""
        self._holder = str(holder_of(self._folder / SESSION_LOCK) or NOBODY)
        moment = self._file.moment()
        if self._state is None or moment != self._seen:
            self._read()
            self._seen = moment
        self._frame = None
        if self._state is not None:
            known = self._state.automatic
            self._state.apply(TimePassed(time.time()))
            self._state.automatic = known  # what begins by itself is for the console that holds the session to say

    def _read(self) -> None:
        stored = self._file.load(self._known)
        last = stored.last_seen or time.time()
        if stored.is_whole:
            self._rollup, self._samples = Rollup(), []
        self._samples = [one for one in self._samples if one.at >= last - SAMPLES_S] + list(stored.samples)
        self._known = None  # until it is all taken up, so that a fault in between makes it all be read again
        rows = self._file.newest_records(JOURNAL_SHOWN)
        self._state = restored(rollout_of(stored), stored, last, rollup=self._rollup, samples=self._samples)
        self._journal = tuple(journal_view(row.seq, row.record) for row in reversed(rows))
        self._known = stored.known

    async def follow(self) -> None:
        """Read the session again every second, for ever; what cannot be read now is tried again."""
        while True:
            await asyncio.sleep(1.0)
            with contextlib.suppress(sqlite3.Error):
                self._refresh()

    @property
    def frame(self) -> Frame:
        """The session as its file said at the last look, a second ago at most."""
        if self._frame is None:
            if self._state is None:
                raise RuntimeError("an onlooker reads its session when it is made")
            session = SessionView(self._id, self._state.began, is_read_only=True, held_by=self._holder)
            self._frame = build_frame(self._state, time.time(), session=session, journal=self._journal)
        return self._frame

    def take_up_left(self) -> None:
        """Fold what was done from a shell while nobody held the session, as the console that holds it next is going to.

        For one look: the next thing that is read from the file takes the place of all of it.
        """
        if self._state is not None:
            done_since(self._folder, self._state)
            self._frame = None

    @property
    def doubt(self) -> str:
        """Why the session does not know which share is applied; empty where it does."""
        return "" if self._state is None else self._state.phase.doubt

    @property
    def rows(self) -> RowRing:
        """Log lines stay with the console that reads them."""
        return self._rows

    def why_not(self) -> str:
        """Say who holds the session."""
        return f"this console only looks; {self._holder} holds the session"

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which journal records pass a filter."""
        return await self._filed.look_through(wanted, first, last)

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some journal records by their numbers, in order."""
        return await self._filed.records(numbers)

    async def export_journal(self, wanted: RecordFilter) -> Path:
        """Write the records that pass a filter into a file of whoever looks."""
        return await self._filed.export(wanted)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
