"""The rollout fsm-checkpoint against real servers, from the canary to the clean-up, and where it goes wrong.

What the console says is held against what this test finds by itself: in the log with its own patterns, and in Valkey
key by key.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from console.core.actors import Actor
from console.core.frame import Frame, Panel
from console.core.verdict import Verdict
from console.core.words import Outcome
from console.demo import launch
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY, OLD_CONVERSATIONS
from console.engine import Engine
from console.opening import open_session
from console.orders import Orders
from console.spec.load import load

ANNA = Actor("anna", "ops1", "pts/3")
SPEED = 6.0
WITHIN_S = 90.0


@dataclass
class Watch:
    """A console over a demo."""

    engine: Engine
    desk: Orders
    folder: Path
    server: redis.Redis

    @property
    def frame(self) -> Frame:
        return self.desk.frame

    def panel(self, metric: str) -> Panel:
        return next(panel for panel in self.frame.panels if panel.metric == metric)

    async def until(self, holds: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
        end = time.monotonic() + within_s
        while not holds():
            clauses = [clause.text for clause in self.frame.phase.clauses if not clause.is_met]
            verdicts = [(p.metric, p.verdict.value, p.reason) for p in self.frame.panels if p.verdict is not Verdict.OK]
            assert time.monotonic() < end, f"not in time: {what}\n{clauses}\n{verdicts}\n{self.frame.attempts[:1]}"
            await asyncio.sleep(0.1)

    async def do(self, action: str, outcome: Outcome = Outcome.DONE, **given: str) -> None:
        """Carry an action out and wait for its end."""
        preview = await self.desk.look_before(await self.desk.preview(action, given=given))
        attempt = await self.desk.start(preview, reason="the test", typed=preview.type_to_confirm)
        ended = (Outcome.DONE, Outcome.FAILED, Outcome.UNVERIFIED, Outcome.UNKNOWN)

        def is_over() -> bool:
            return any(one.attempt == attempt and one.outcome in ended for one in self.frame.attempts)

        await self.until(is_over, f"{action} ends")
        (found,) = [one for one in self.frame.attempts if one.attempt == attempt]
        assert found.outcome is outcome, (found, self.desk.output(attempt))

    async def tick_all(self) -> None:
        """Tick what people must see to in this phase, and before the next one."""
        for stage in self.frame.stages:
            for item in stage.items:
                if item.is_open and not item.is_done and not item.is_verified and not stage.is_window:
                    await self.desk.tick(item.item, is_done=True, stage=stage.name)

    async def verify_all(self) -> None:
        """Let the console verify what it can."""
        for stage in self.frame.stages:
            for item in stage.items:
                if item.is_open and not item.is_done and item.is_verified and not stage.is_window:
                    await self.desk.tick(item.item, is_done=True, stage=stage.name)

    async def go_on(self, phase: str) -> None:
        """Do what the present phase asks, and enter the next one, without an override."""
        await self.verify_all()
        await self.tick_all()
        await self.until(lambda: "checklist" not in self.unmet_kinds(), "all is ticked")
        await self.desk.sign_off("engineering-lead")
        # Some of what comes before the next phase is that this one has had its whole soak.
        await self.until(lambda: self.unmet_kinds() <= {"prerequisite"}, "all but the prerequisites is met")
        await self.verify_all()
        await self.until(lambda: self.frame.phase.may_advance, f"{self.frame.phase.name} is done")
        await self.do("advance")
        await self.until(lambda: self.frame.phase.name == phase, f"{phase} begins")

    def unmet_kinds(self) -> set[str]:
        return {clause.kind for clause in self.frame.phase.clauses if not clause.is_met}

    def seen_in_log(self, track: str, pattern: str) -> int:
        """Count lines by a pattern of the test's own, in all that a service logged."""
        logs = sorted((self.folder / "logs").glob(f"{track}.log*"))
        return sum(len(re.findall(pattern, log.read_text())) for log in logs)

    def counted(self, event: str, track: str) -> int:
        (view,) = [one for one in self.frame.events if one.event == event]
        return next((counts.total for counts in view.tracks if counts.track == track), 0)

    def without_state(self) -> int:
        """Count the checkpoints without a state, one after the other."""
        keys = list(self.server.scan_iter(f"{CHECKPOINT}*", count=1000))
        pipe = self.server.pipeline(transaction=False)
        for key in keys:
            pipe.hexists(key, "fsm_state")
        return len(keys) - sum(pipe.execute())

    def old_keys(self) -> int:
        return sum(1 for _ in self.server.scan_iter(f"{LEGACY}*", count=1000))


@asynccontextmanager
async def watching(scenario: str, tmp_path: Path) -> AsyncIterator[Watch]:
    options = ("--rollout", "fsm-checkpoint", "--scenario", scenario, "--speed", str(SPEED), "--rate", "40")
    with contextlib.ExitStack() as stack:
        demo = await asyncio.to_thread(stack.enter_context, launch.running(*options))
        loaded = load(demo.file, dict(demo.env))
        opened = await open_session(loaded, tmp_path / "state", ANNA)
        assert opened.engine is not None
        await opened.engine.start()
        server = stack.enter_context(redis.Redis.from_url(demo.env["REDIS_URL"]))
        try:
            yield Watch(opened.engine, Orders(opened.engine, opened.session, tmp_path / "state"), demo.folder, server)
        finally:
            await opened.leave()


@pytest.mark.timeout(480)
async def test_a_healthy_rollout_goes_from_the_canary_to_the_clean_up_and_says_what_is_true(tmp_path: Path) -> None:
    async with watching("healthy", tmp_path) as watch:
        for event, pattern in (("fsm_transition", r"FSM transition: "), ("validation_coherent", ": COHERENT")):
            least = max(1, watch.seen_in_log("canary", pattern))
            await watch.until(lambda e=event, n=least: watch.counted(e, "canary") >= n, f"{event} are counted")
            assert watch.counted(event, "canary") <= watch.seen_in_log("canary", pattern)
        await watch.until(
            lambda: watch.panel("checkpoint_coverage").reason == "judged in Migration and Clean-up",
            "the canary is spared",
        )
        await watch.go_on("Full 100%")
        await watch.go_on("Migration")

        await watch.until(
            lambda: watch.panel("checkpoint_coverage").verdict is Verdict.OFF_TARGET, "the migration is not done yet"
        )
        missing = watch.without_state()
        assert missing > OLD_CONVERSATIONS * 0.9
        await watch.do("migrate_dry_run")
        assert watch.without_state() > OLD_CONVERSATIONS * 0.9
        assert not watch.frame.phase.may_advance
        await watch.do("migrate")
        assert watch.without_state() == 0
        await watch.until(lambda: watch.panel("checkpoint_coverage").verdict is Verdict.OK, "the coverage is seen")
        found = watch.panel("checkpoint_coverage").approach
        assert found is not None
        assert found.done == found.total >= OLD_CONVERSATIONS

        before_bytes = int(watch.server.info("memory")["used_memory"])
        await watch.go_on("Clean-up")
        await watch.until(lambda: watch.panel("fsm_keys_left").verdict is Verdict.OFF_TARGET, "old keys are there")
        assert watch.old_keys() > OLD_CONVERSATIONS * 0.9
        await watch.do("cleanup_dry_run")
        await watch.do("cleanup_by_age", keep_days="7")
        assert watch.old_keys() > OLD_CONVERSATIONS * 0.9
        await watch.do("cleanup")
        assert watch.old_keys() == 0
        await watch.until(lambda: watch.panel("fsm_keys_left").verdict is Verdict.OK, "no old key is left")
        await watch.until(lambda: watch.panel("memory_change").verdict is Verdict.OK, "memory went down by a fifth")
        after_bytes = int(watch.server.info("memory")["used_memory"])
        (value,) = watch.panel("memory_change").values
        assert value.value is not None
        assert abs(value.value - 100 * (after_bytes - before_bytes) / before_bytes) < 4
        assert "when Clean-up began" in watch.panel("memory_change").reason
        for metric in ("checkpoint_size", "redis_read_p99", "redis_write_p99"):
            await watch.until(lambda m=metric: watch.panel(m).verdict is Verdict.OK, f"{metric} is within its target")
        (matrix,) = watch.frame.matrices
        both = matrix.sides[0]
        total = sum(row.done for row in both.rows) + both.unnamed
        assert total == sum(watch.counted("fsm_transition", track) for track in ("canary", "baseline"))


@pytest.mark.timeout(480)
async def test_a_migration_with_errors_fails_and_nothing_goes_on_to_the_clean_up(tmp_path: Path) -> None:
    async with watching("migration-errors", tmp_path) as watch:
        await watch.go_on("Full 100%")
        await watch.go_on("Migration")

        await watch.do("migrate", Outcome.FAILED)

        missing = watch.without_state()
        assert 0 < missing < OLD_CONVERSATIONS
        assert any(
            attempt.action == "migrate" and "exit code 1" in str(attempt.steps) for attempt in watch.frame.attempts
        )
        await watch.tick_all()
        await watch.verify_all()
        panel = watch.panel("checkpoint_coverage")
        assert panel.verdict is Verdict.OFF_TARGET
        assert panel.approach is not None
        await watch.until(
            lambda: (
                (found := watch.panel("checkpoint_coverage").approach) is not None
                and found.total - found.done == watch.without_state()
            ),
            "the console counts what is missing as the test does",
        )
        unmet = [clause.ref for clause in watch.frame.phase.clauses if not clause.is_met]
        assert {"checkpoint_coverage", "verified"} <= set(unmet)
        assert not watch.frame.phase.may_advance

        await watch.do("rollback")

        assert watch.frame.phase.traffic == 0
        assert "CANARY_PERCENTAGE=0" in (watch.folder / ".env").read_text()
