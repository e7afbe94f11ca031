"""The desk over a running engine: previews, carries out and follows what the operator asks for."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from console.alert_orders import AlertOrders
from console.core.desk import Order, Refused
from console.core.export import Export
from console.core.frame import Frame
from console.core.inputs import (
    ActionEnded,
    ActionStarted,
    Actor,
    ItemTicked,
    LadderLeft,
    NoteWritten,
    SignedOff,
    SnapshotTaken,
)
from console.core.journal import Found, RecordFilter, found_in
from console.core.phases import can_sign
from console.core.plan import Plan, Preview
from console.core.planning import PlanRefused, plan
from console.core.record import JournalRow
from console.core.ring import RowRing
from console.core.rollout import ActionKind, ChecklistItem, Metric
from console.core.validation import begun, item_of
from console.core.words import Outcome, Table
from console.effects import executor
from console.effects.preview import build_preview, labels
from console.effects.sessions import EXPORTS, Session, fresh_attempt, loose_attempts
from console.engine import Engine, journal_view
from console.filed import FiledJournal
from console.reading import EXPORTED_RECORDS, events_of, versions
from console.sources.base import ProbeFailed

ADOPT_EVERY_S = 1.0
VERIFY_EVERY_S = 60.0


class Orders(AlertOrders):
    """A desk that gives the engine its orders; every one of them is refused with its reason or written down."""

    def __init__(self, engine: Engine, session: Session, state_dir: Path) -> None:
        super().__init__(engine)
        self._session = session
        self._state_dir = state_dir
        self._filed = FiledJournal(session.folder, state_dir / EXPORTS)
        self._followed: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_starting = False

    # -- what the screen draws -----------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The newest picture."""
        return self._engine.frame

    @property
    def rows(self) -> RowRing:
        """The newest log rows."""
        return self._engine.rows

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which journal records pass a filter: those in the file, and those that are still to be written."""
        found = await self._filed.look_through(wanted, first, last)
        after = max(first - 1, found.last)
        newest = self._engine.newest_records(after, last)
        return found + found_in(newest, wanted, after + 1, after + len(newest)) if newest else found

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some journal records by their numbers, in order."""
        found = await self._filed.records(numbers)
        missing = set(numbers) - {row.seq for row in found}
        if not missing:
            return found
        newest = self._engine.newest_records(min(missing) - 1, max(missing))
        return (*found, *(row for row in newest if row.seq in missing))

    async def export_journal(self, wanted: RecordFilter) -> Path:
        """Write the records that pass a filter into a new file."""
        await self._engine.commit()
        return await self._filed.export(wanted)

    def output(self, attempt: str) -> tuple[str, ...]:
        """Return the newest lines that an attempt printed, safe to draw."""
        return executor.output(self._folder_of(attempt), self._engine.redactor)

    # -- actions -------------------------------------------------------------------------------------------------

    async def preview(self, action: str, *, traffic: float | None = None) -> Preview:
        """Return exactly what an action would do now; nothing is changed."""
        self._check_available(action)
        return await self._preview(self._plan(action, traffic))

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        """Carry a previewed action out and return the id of the attempt."""
        asked, unmet = preview.plan, preview.unmet
        if is_dry_run:
            self._engine.apply(NoteWritten(time.time(), self._actor, f"dry run of {asked.title}: nothing was done"))
            return ""
        self._check_available(asked.action)
        if preview.type_to_confirm and typed.strip() != preview.type_to_confirm:
            raise Refused(f"type {preview.type_to_confirm} to confirm; {typed.strip()!r} is not it")
        if preview.needs_reason and not reason.strip():
            raise Refused("say why: clauses of this phase are not met")
        rung = asked.traffic if asked.kind is ActionKind.STEP_DOWN else None
        if self._plan(asked.action, rung) != asked:
            raise Refused("the rollout has moved on since this preview; look at it again")
        if asked.kind is ActionKind.ADVANCE:
            unmet = self._unmet()
            if unmet and not preview.unmet:
                raise Refused("clauses that were met when this was shown are not any more; look at it again")
        return await self._start(asked, reason.strip() or preview.why or asked.title, unmet)

    async def steer(self, attempt: str, order: Order) -> None:
        """Give an order to a ladder that is being held."""
        held = next((one for one in self.frame.attempts if one.attempt == attempt), None)
        if held is None or held.next_rung is None:
            raise Refused("no ladder is being held")
        if order == "stop":
            self._engine.apply(LadderLeft(time.time(), attempt, self._actor))
            await self._engine.commit(durable=True)
            return
        self._check_available(held.action)
        lowest = self._engine.loaded.rollout.actions[held.action].ladder[-1]
        rung = held.next_rung if order == "continue" else lowest
        said = "next rung" if order == "continue" else "straight to the lowest rung"
        await self._start(self._plan(held.action, rung), f"{said}, after {held.reason}", ())

    def _check_available(self, action: str) -> None:
        found = next((one for one in self._engine.fresh_frame().actions if one.action == action), None)
        if found is None:
            raise Refused(f"this rollout has no action {action}")
        if not found.is_available:
            raise Refused(f"{found.title}: {found.why_not}")

    def _plan(self, action: str, traffic: float | None) -> Plan:
        phase = self._engine.state.phase
        try:
            return plan(
                self._engine.loaded.rollout, action, phase_index=phase.index, traffic=phase.traffic, rung=traffic
            )
        except PlanRefused as refusal:
            raise Refused(str(refusal)) from refusal

    async def _preview(self, asked: Plan) -> Preview:
        frame = self._engine.fresh_frame()
        unmet = self._unmet() if asked.kind is ActionKind.ADVANCE else ()
        blamed = [
            panel for panel in frame.panels if any(key.action == asked.action and key.is_lit for key in panel.keys)
        ]
        return await build_preview(
            asked,
            self._engine.loaded,
            now=f"{frame.phase.traffic:g} % canary, phase {frame.phase.name}",
            why="; ".join(f"{panel.metric} {panel.verdict}: {panel.reason}" for panel in blamed),
            unmet=unmet,
            last_took_s=self._last_took(asked.action),
        )

    def _unmet(self) -> tuple[str, ...]:
        """Return the clauses of the present phase that are not met at this moment."""
        return tuple(clause.text for clause in self._engine.fresh_frame().phase.clauses if not clause.is_met)

    def _last_took(self, action: str) -> float | None:
        return next(
            (
                attempt.ended - attempt.started.at
                for attempt in reversed(self._engine.state.attempts.values())
                if attempt.started.action == action and attempt.outcome is Outcome.DONE and attempt.ended is not None
            ),
            None,
        )

    async def _start(self, asked: Plan, reason: str, unmet: tuple[str, ...]) -> str:
        if self._is_starting:
            raise Refused("an action is being started")
        self._is_starting = True
        try:
            return await self._begin(asked, reason, unmet)
        except executor.CannotStart as obstacle:
            raise Refused(str(obstacle)) from obstacle
        finally:
            self._is_starting = False

    async def _begin(self, asked: Plan, reason: str, unmet: tuple[str, ...]) -> str:
        at = time.time()
        try:
            folder = await asyncio.to_thread(fresh_attempt, self._session.attempts, asked.action, at)
        except OSError:  # the session's disk must not stand in the way out
            loose = loose_attempts(self._state_dir, self._engine.loaded.rollout.rollout)
            folder = await asyncio.to_thread(fresh_attempt, loose, asked.action, at)
        started = ActionStarted(
            at=at,
            attempt=folder.name,
            action=asked.action,
            kind=asked.kind.value,
            title=asked.title,
            actor=self._actor,
            reason=self._engine.redactor.redact(reason),
            traffic=asked.traffic,
            phase=asked.phase,
            steps=labels(asked, self._engine.redactor),
            override="; ".join(unmet),
        )
        self._followed.add(folder.name)  # before it can be found in the folder
        try:
            await executor.start(asked, folder, self._engine.loaded, started, locks_dir=self._state_dir)
        except executor.CannotStart:
            self._followed.discard(folder.name)
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if nothing was written into it
            raise
        self._engine.apply(started)
        self._spawn(self._follow(folder))
        await self._engine.commit(durable=True)
        return folder.name

    async def _follow(self, folder: Path) -> None:
        """Report an attempt to the engine until it ended."""
        self._followed.add(folder.name)
        known = self._engine.state.attempts.get(folder.name)
        async for said in executor.follow(folder, seen=0 if known is None else known.reports):
            self._engine.apply(said)
            if isinstance(said, ActionEnded):
                await self._engine.commit(durable=True)

    def _folder_of(self, attempt: str) -> Path:
        kept = self._session.attempts / attempt
        return kept if kept.exists() else loose_attempts(self._state_dir, self._engine.loaded.rollout.rollout) / attempt

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what goes on by itself ----------------------------------------------------------------------------------

    async def keep_house(self) -> None:
        """Adopt attempts that another console or command began, and verify checklist items, for ever."""
        try:
            await asyncio.gather(self._keep_adopting(), self._keep_verifying())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_adopting(self) -> None:
        while True:
            await self._adopt()
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _keep_verifying(self) -> None:
        """Verify the items of the present phase, one after the other, at once when a phase begins."""
        verified: tuple[int, float] = (-1, 0.0)
        while True:
            phase, now = self._engine.state.phase.index, time.monotonic()
            if phase != verified[0] or now - verified[1] >= VERIFY_EVERY_S:
                verified = (phase, now)
                await self._verify_phase()
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _adopt(self) -> None:
        """Take up attempts that others began, in the order in which they were begun, and those left running."""
        state = self._engine.state
        for name, attempt in list(state.attempts.items()):
            if attempt.outcome is Outcome.RUNNING and name not in self._followed:
                await self._take_up(self._folder_of(name))
        folders = await asyncio.to_thread(lambda: list(self._session.attempts.glob("*")))
        fresh = [folder for folder in folders if folder.name not in state.settled | self._followed]
        found = [
            (one.started.at, folder)
            for folder in fresh
            if (one := await asyncio.to_thread(executor.adopt, folder, time.time())) is not None
        ]
        for _, folder in sorted(found):
            if folder.name not in self._followed:
                await self._take_up(folder)

    async def _take_up(self, folder: Path) -> None:
        """Fold an attempt; one that is over at once, so that a later one cannot overtake it."""
        self._followed.add(folder.name)
        found = await asyncio.to_thread(executor.adopt, folder, time.time())
        if found is None:
            said = "its folder is gone, so nobody knows how it ended; verify before anything is repeated"
            self._engine.apply(ActionEnded(time.time(), folder.name, Outcome.UNKNOWN, said))
            return
        self._engine.apply(found.started)
        if found.ended is None:
            self._spawn(self._follow(folder))
        else:
            await self._follow(folder)

    async def _verify_phase(self) -> None:
        rollout = self._engine.loaded.rollout
        windows = begun(self._engine.state.validation, rollout.validation, time.time())
        phase = rollout.phases[self._engine.state.phase.index]
        for item in (*phase.checklist, *(item for window in windows for item in window.checklist)):
            if item.verify is not None:
                await self._verify(item)

    async def _verify(self, item: ChecklistItem) -> None:
        phase = self._engine.state.phase.index
        if item.verify is None:
            return
        result = await self._engine.check(item.verify)
        state = self._engine.state
        found = item_of(state.rollout.validation, item.id)
        if found is None and state.phase.index != phase:
            return  # the phase went on meanwhile, and may have an item of the same name
        ticks = state.phase.ticks if found is None else state.validation.window(found[0].name).ticks
        before = ticks.get(item.id)
        if before is None or before.is_done != result.ok or before.note != result.detail:
            self._engine.apply(ItemTicked(time.time(), item.id, result.ok, None, result.detail))

    # -- checklist, journal, export ------------------------------------------------------------------------------

    @property
    def _actor(self) -> Actor:
        return self._engine.actor

    def _check_may_write(self) -> None:
        if self.frame.session.is_read_only:
            raise Refused("this console only looks")

    async def tick(self, item: str, *, is_done: bool, note: str = "") -> None:
        """Tick or untick a checklist item; one that the console verifies is verified now instead."""
        self._check_may_write()
        state = self._engine.state
        phase = state.rollout.phases[state.phase.index]
        windows = begun(state.validation, state.rollout.validation, time.time())
        items = (*phase.checklist, *(one for window in windows for one in window.checklist))
        found = next((one for one in items if one.id == item), None)
        if found is None:
            raise Refused(f"the present phase has no checklist item {item}")
        if found.verify is not None:
            await self._verify(found)
            return
        self._engine.apply(ItemTicked(time.time(), item, is_done, self._actor, self._engine.redactor.redact(note)))
        await self._engine.commit(durable=True)

    async def sign_off(self, role: str, *, note: str = "") -> None:
        """Sign the present phase off in a role."""
        self._check_may_write()
        state = self._engine.state
        obstacle = can_sign(state.phase, state.rollout.phases[state.phase.index], role)
        if obstacle:
            raise Refused(obstacle)
        self._engine.apply(SignedOff(time.time(), role, self._actor, self._engine.redactor.redact(note)))
        await self._engine.commit(durable=True)

    async def note(self, text: str) -> None:
        """Write a note into the journal."""
        self._check_may_write()
        if not text.strip():
            raise Refused("an empty note says nothing")
        self._engine.apply(NoteWritten(time.time(), self._actor, self._engine.redactor.redact(text.strip())))
        await self._engine.commit(durable=True)

    async def snapshot(self, screen_svg: str) -> Path:
        """Export the session with this picture of the screen and return the folder."""
        from console.effects.export import write_snapshot  # noqa: PLC0415 - only when it is needed: a quick start

        engine = self._engine
        self._check_may_write()
        await engine.commit(durable=True)
        rows = await engine.store.newest_records(EXPORTED_RECORDS)
        export = Export(
            frame=engine.fresh_frame(),
            events=events_of(engine.state),
            history=await engine.store.history(),
            journal=tuple(journal_view(row.seq, row.record) for row in rows),
            journal_head=(await engine.store.journal_end()).hash,
            file_sha256=engine.loaded.text_sha256,
            versions=versions(),
            taken_at=time.time(),
            screen_svg=screen_svg,
            session_folder=str(self._session.folder),
        )
        parent = self._session.folder / "snapshots"
        try:
            folder = await asyncio.to_thread(write_snapshot, parent, export, engine.redactor.redact)
        except OSError as error:
            raise Refused(f"the snapshot cannot be written to {parent}: {error.strerror or error}") from error
        engine.apply(SnapshotTaken(time.time(), self._actor, str(folder)))
        return folder

    # -- asking --------------------------------------------------------------------------------------------------

    async def ask_now(self, metric: str) -> None:
        """Measure a metric now instead of at its next time."""
        self._engine.nudge(metric)

    async def investigate(self, query: str) -> Table:
        """Run an investigation query and return its rows."""
        loaded = self._engine.loaded
        asked_by = next((one for one in loaded.rollout.metrics.values() if query in one.investigate), None)
        found = loaded.queries.get(query)
        if asked_by is None or found is None:
            raise Refused(f"this rollout has no investigation {query}")
        source = asked_by.source
        if source is None or loaded.rollout.sources[source].kind != "postgres":
            source = next(name for name, spec in loaded.rollout.sources.items() if spec.kind == "postgres")
        metric = Metric.model_validate({"query": query, "source": source, "timeout": "15s", "every": "60s"})
        try:
            answer = await self._engine.connections.asker_for(metric).ask(metric, found)
        except ProbeFailed as failure:
            raise Refused(self._engine.redactor.redact(f"{query}: {failure}")) from failure
        return self._engine.safe_table(answer.table or Table(("answer",), ()))
