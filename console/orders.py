"""The desk over a running engine: previews, carries out and follows what the operator asks for."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from console.adoption import Adoption
from console.alert_orders import AlertOrders
from console.checklist import Checklist
from console.checklist_orders import ChecklistOrders
from console.core.action_inputs import ActionAbandoned, LadderLeft
from console.core.actors import Actor
from console.core.attempts import is_way_back, line_of
from console.core.desk import Choice, Order, Refused
from console.core.frame import Frame
from console.core.inputs import NoteWritten
from console.core.plan import Plan, Preview
from console.core.planning import PlanRefused, plan
from console.core.ring import RowRing
from console.core.rollout import ActionKind, Metric
from console.core.words import Outcome, Table
from console.effects import executor
from console.effects.begin import Intent, begin, places
from console.effects.claims import Busy, CannotStart
from console.effects.sessions import EXPORTS, Session
from console.effects.settling import intent_of_rest, rest_of
from console.effects.stopping import stop
from console.engine import Engine
from console.filed import FiledJournal
from console.incident_orders import IncidentOrders, responded
from console.journal_orders import JournalOrders
from console.patience import waited_for
from console.previewing import Previewing
from console.printed import Printed
from console.readiness import Readiness
from console.sources.base import ProbeFailed
from console.unattended import Unattended
from console.view_orders import ChosenView, ViewOrders

COMMIT_WAIT_S = 1.0
LEAVE_S = 2.0
END_S = 5.0
"""How long the runner may take to leave, beyond the time that its command has."""


class Orders(AlertOrders, IncidentOrders, ViewOrders, ChecklistOrders, JournalOrders):
    """A desk that gives the engine its orders; every one of them is refused with its reason or written down."""

    def __init__(self, engine: Engine, session: Session, state_dir: Path) -> None:
        super().__init__(engine)
        self._view = ChosenView(session.folder)
        self._session = session
        self._filed = FiledJournal(session.folder, state_dir / EXPORTS)
        self._places = places(state_dir, engine.loaded.rollout.rollout, session)
        self._attempts = Adoption(engine, session, self._places)
        redactor = engine.redactor
        self._printed = Printed(lambda attempt: executor.output(self._places.folder_of(attempt), redactor))
        self._is_starting = False
        self._previewing = Previewing(engine, state_dir)
        self._checklist = Checklist(engine)
        self._readiness = Readiness(engine, self)
        self._unattended = Unattended(engine, session, self._places, self._start_by_itself)

    # -- what the screen draws -----------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The newest picture."""
        return self._engine.frame

    @property
    def rows(self) -> RowRing:
        """The newest log rows."""
        return self._engine.rows

    def output(self, attempt: str) -> tuple[str, ...]:
        """Return the newest lines that an attempt printed, safe to draw."""
        return self._printed.of(attempt)

    # -- actions -------------------------------------------------------------------------------------------------

    async def preview(
        self, action: str, *, traffic: float | None = None, given: Mapping[str, str] | None = None
    ) -> Preview:
        """Return exactly what an action would do now; nothing is changed."""
        self._check_available(action)
        if given:
            await self._previewing.check_listed(action, given)
        return await self._previewing.preview(self._plan(action, traffic, given))

    async def values(self, action: str, parameter: str) -> tuple[str, ...]:
        """Return the values to choose from for a parameter of an action; none where anything may be typed."""
        self._check_available(action)
        return await self._previewing.values(action, parameter)

    async def look_before(self, preview: Preview) -> Preview:
        """Ask what a preview wants looked at before, and return it with the answers."""
        return await self._previewing.look_before(preview)

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        """Carry a previewed action out and return the id of the attempt."""
        asked = preview.plan
        if is_dry_run:
            self._engine.apply(NoteWritten(time.time(), self._actor, f"dry run of {asked.title}: nothing was done"))
            return ""
        self._check_available(asked.action)
        if preview.type_to_confirm and typed.strip() != preview.type_to_confirm:
            raise Refused(f"type {preview.type_to_confirm} to confirm; {typed.strip()!r} is not it")
        if preview.is_waiting:
            raise Refused("what is looked at before this has not been answered yet; wait a moment")
        if preview.needs_reason and not reason.strip():
            raise Refused("say why: something is not as it should be before this")
        rung = asked.traffic if asked.kind is ActionKind.STEP_DOWN else None
        if self._plan(asked.action, rung, dict(asked.given)) != asked:
            raise Refused("the rollout has moved on since this preview; look at it again")
        unmet = self._previewing.unmet_for(asked)
        if unmet and not preview.unmet:
            raise Refused("clauses that were met when this was shown are not any more; look at it again")
        why = reason.strip() or preview.why or asked.title
        without = replace(preview, unmet=unmet).without
        return await self._start_by_hand(asked, Intent(time.time(), self._actor, why, without))

    async def steer(self, attempt: str, order: Order) -> None:
        """Give an order to a ladder; to jump to zero ends a rung that is being applied."""
        self._check_may_write()
        held = next((one for one in self._engine.fresh_frame().attempts if one.attempt == attempt), None)
        if held is None or order not in held.orders:
            raise Refused("there is no ladder that can be told so now")
        if order == "stop":
            await self._write(LadderLeft(time.time(), attempt, self._actor))
            return
        if held.outcome is Outcome.RUNNING:
            await self._end_rung(attempt)
        action, rung = self._way_to_zero(held.action)
        self._check_available(action)
        intent = Intent(time.time(), self._actor, f"straight to zero, after {held.reason}")
        await self._start_by_hand(self._plan(action, rung), intent)

    def _way_to_zero(self, step_down: str) -> tuple[str, float | None]:
        """Return the action that takes all traffic away, and its rung: the ladder's own, or else a rollback."""
        actions = self._engine.loaded.rollout.actions
        lowest = actions[step_down].ladder[-1]
        rollback = next((name for name, action in actions.items() if action.kind is ActionKind.ROLLBACK), None)
        return (step_down, lowest) if lowest == 0 or rollback is None else (rollback, None)

    async def _end_rung(self, attempt: str) -> None:
        """End a rung that is being applied, and wait until it is over."""
        await self._ended(attempt, "jump to zero")
        deadline = time.monotonic() + executor.GRACE_S + END_S
        while self._engine.state.running is not None or await self._is_running(attempt):
            if time.monotonic() > deadline:
                raise Refused("the rung that is being applied does not end; end it (X), then jump to zero")
            await asyncio.sleep(executor.FOLLOW_S)

    async def _ended(self, attempt: str, why: str) -> bool:
        """Ask whoever is at work on an attempt to end it, and return whether there was somebody."""
        ending = partial(self._stop, attempt, why)
        try:
            return await waited_for(ending, 2 * executor.GRACE_S + END_S)
        except TimeoutError as error:
            raise Refused(f"who is at work on it cannot be read: {error}") from None

    def _stop(self, attempt: str, why: str) -> bool:
        return stop(self._places.folder_of(attempt), self._actor, why, time.time())

    async def _is_running(self, attempt: str) -> bool:
        """Return whether somebody is at work on an attempt, for all that the disk tells in time."""
        try:
            return await waited_for(lambda: executor.is_running(self._places.folder_of(attempt)))
        except TimeoutError:
            return True

    async def settle(self, attempt: str, choice: Choice, *, reason: str) -> str:
        """Decide about an attempt, and return the id of the one that verifies it or carries it on, if any."""
        self._check_may_write()
        found = next((one for one in self._engine.fresh_frame().attempts if one.attempt == attempt), None)
        if found is None or choice not in found.choices:
            raise Refused(f"this attempt cannot be told to {choice} now")
        if choice in ("stop", "abandon") and not reason.strip():
            raise Refused("say why")
        said = self._engine.redactor.redact(reason.strip())
        if choice == "stop":
            if not await self._ended(attempt, said):
                raise Refused("nobody is at work on it any more, or not on this machine")
            return ""
        if choice == "abandon":
            try:
                await waited_for(partial(self._abandon, attempt, said))
            except OSError:  # the engine knows it all the same
                self._engine.apply(ActionAbandoned(time.time(), attempt, self._actor, said))
            await self._attempts.take_abandoned()
            return ""
        is_check = choice == "verify"
        loaded, line = self._engine.loaded, line_of(self._engine.state.attempts, attempt)
        try:
            rest = rest_of(loaded, line, is_check=is_check)
        except PlanRefused as refusal:
            raise Refused(str(refusal)) from refusal
        intent = intent_of_rest(loaded, line, self._actor, reason, time.time(), is_check=is_check)
        return await self._start_by_hand(rest, intent)

    def _abandon(self, attempt: str, why: str) -> None:
        executor.abandon(self._places.folder_of(attempt), self._actor, why, time.time())

    async def halt(self) -> None:
        """Stop the rollback that is counted down."""
        self._check_may_write()
        await self._unattended.halt(self._actor)

    async def arm(self, reason: str) -> None:
        """Let the rollback begin by itself again."""
        self._check_may_write()
        await self._unattended.arm(self._actor, reason)

    async def _start_by_hand(self, asked: Plan, intent: Intent) -> str:
        """Begin what a person asked for: who takes something back, carries it on or verifies it has responded."""
        attempt = await self._start(asked, intent)
        if is_way_back(self._engine.state.rollout, asked.action, asked.kind):
            responded(self._engine, self._actor, asked.title)
        return attempt

    async def _start_by_itself(self, action: str, actor: Actor, reason: str) -> str:
        self._check_available(action)
        return await self._start(self._plan(action, None), Intent(time.time(), actor, reason), is_by_itself=True)

    def _check_available(self, action: str) -> None:
        found = next((one for one in self._engine.fresh_frame().actions if one.action == action), None)
        if found is None:
            raise Refused(f"this rollout has no action {action}")
        if not found.is_available:
            raise Refused(f"{found.title}: {found.why_not}")

    def _plan(self, action: str, traffic: float | None, given: Mapping[str, str] | None = None) -> Plan:
        phase, rollout = self._engine.state.phase, self._engine.loaded.rollout
        try:
            return plan(rollout, action, phase_index=phase.index, traffic=phase.traffic, rung=traffic, given=given)
        except PlanRefused as refusal:
            raise Refused(str(refusal)) from refusal

    async def _start(self, asked: Plan, intent: Intent, *, is_by_itself: bool = False) -> str:
        if self._is_starting:
            raise Refused("an action is being started")
        self._is_starting = True
        try:
            if is_by_itself:  # whoever acts just now is at it: nothing waits to begin on top of that
                return await self._begin(asked, intent, is_by_itself=True)
            return await self._begin_after_last(asked, intent)
        except CannotStart as obstacle:
            raise Refused(str(obstacle)) from obstacle
        finally:
            self._is_starting = False

    async def _begin_after_last(self, asked: Plan, intent: Intent) -> str:
        """Begin a plan; a runner that has told its end holds its lock for as long as it takes to leave."""
        deadline = time.monotonic() + LEAVE_S
        while True:
            try:
                return await self._begin(asked, intent)
            except Busy:
                if self._engine.state.running is not None or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(executor.FOLLOW_S)

    async def _begin(self, asked: Plan, intent: Intent, *, is_by_itself: bool = False) -> str:
        # What somebody confirmed takes all traffic away from whatever share it is; all else must know the share.
        is_way_out = asked.traffic == 0 and not (is_by_itself or intent.is_check)
        look_again = (lambda: None) if is_way_out else self._attempts.check_all_folded
        try:
            folder, started = await begin(
                asked,
                self._engine.loaded,
                intent,
                self._places,
                tell=self._told,
                taken=self._attempts.taken,
                look_again=look_again,
            )
        except CannotStart:
            await self._attempts.give_back()
            raise
        self._engine.apply(started)
        self._attempts.begin_to_follow(folder)
        with contextlib.suppress(TimeoutError):  # it is begun, and on disk in its own folder: nobody waits for more
            await asyncio.wait_for(self._engine.commit(durable=True), COMMIT_WAIT_S)
        return folder.name

    def _told(self, said: str) -> None:
        self._engine.apply(NoteWritten(time.time(), self._actor, self._engine.redactor.redact(said)))

    # -- what goes on by itself ----------------------------------------------------------------------------------

    async def keep_house(self) -> None:
        """Adopt attempts of others, verify items, look at the ways out, and begin what begins by itself, for ever."""
        try:
            await asyncio.gather(
                self._attempts.keep_adopting(),
                self._checklist.keep_verifying(),
                self._readiness.keep_looking(),
                self._unattended.keep(),
            )
        finally:
            await self._attempts.let_go()

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
