"""A gradual rollback with a real session and a real runner: rung by rung, and out of it at any moment."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console import adoption
from console.core.action_frame import AttemptView
from console.core.desk import Refused
from console.core.words import Outcome, Rung
from tests.effects.acting import write_rollout
from tests.effects.test_automatic import Soak, acted_elsewhere, soaking
from tests.waiting import DEADLINE_S

STEPS = [
    {"env_file": {"path": ".env", "set": {"SHARE": "${traffic}"}}},
    {"run": ["test ${traffic} != 25 || until test -e go; do sleep 0.05; done"], "shell": True},
]


def written(folder: Path, ladder: list[int], *, verify: list[dict[str, Any]] | None = None) -> Path:
    (folder / ".env").write_text("SHARE=90\n")
    down = {
        "title": "Step down",
        "kind": "step_down",
        "ladder": ladder,
        "hold": "10m",
        "steps": STEPS,
        "verify": verify or [],
    }
    back = {"title": "Roll back", "kind": "rollback", "steps": [{"env_file": {"path": ".env", "set": {"SHARE": "0"}}}]}
    return write_rollout(
        folder,
        {"steps": [{"run": ["true"]}]},
        phases=[{"name": "Most", "traffic": "90%"}],
        actions={"down": down, "back": back},
    )


async def until(soak: Soak, holds: Callable[[AttemptView], bool]) -> AttemptView:
    """Wait until the newest attempt is as asked."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = soak.engine.fresh_frame().attempts
        if found and holds(found[0]):
            return found[0]
        assert time.monotonic() < deadline, found[:1]
        await asyncio.sleep(0.02)


async def step(soak: Soak) -> str:
    shown = await soak.desk.preview("down")
    return await soak.desk.start(shown, reason="slow", typed="")


def share(soak: Soak) -> str:
    return (soak.folder / ".env").read_text().strip()


async def test_rung_after_rung_is_applied_verified_and_held_also_over_a_restart(tmp_path: Path) -> None:
    file = written(tmp_path, [50, 10, 0])
    async with soaking(file) as soak:
        await step(soak)
        held = await until(soak, lambda view: view.rung is Rung.HELD)
        assert (held.next_rung, share(soak)) == (10.0, "SHARE=50")

    async with soaking(file, ahead_s=601) as soak:
        due = await until(soak, lambda view: view.rung is Rung.DUE)
        assert due.next_rung == 10.0
        await step(soak)
        # Steps end by the clock of this machine, which the test does not move.
        held = await until(soak, lambda view: view.rung in (Rung.HELD, Rung.DUE) and view.traffic == 10)
        assert share(soak) == "SHARE=10"

        await soak.desk.steer(held.attempt, "stop")
        left = await until(soak, lambda view: view.rung is None)
        assert left.outcome is Outcome.DONE
        with pytest.raises(Refused, match="no ladder"):
            await soak.desk.steer(held.attempt, "zero")


async def test_from_a_rung_that_is_being_applied_one_jumps_to_zero(tmp_path: Path) -> None:
    async with soaking(written(tmp_path, [25, 0])) as soak:
        applying = await step(soak)
        await until(soak, lambda view: view.rung is Rung.APPLYING and any(one.state == "done" for one in view.steps))

        await soak.desk.steer(applying, "zero")

        await until(soak, lambda view: view.traffic == 0 and view.outcome is Outcome.DONE)
        frame = soak.engine.fresh_frame()
        assert share(soak) == "SHARE=0"
        assert frame.phase.traffic == 0
        assert "ended by" in frame.attempts[1].detail
        assert "jump to zero" in frame.attempts[1].detail


async def test_a_ladder_that_does_not_reach_zero_jumps_there_by_the_rollback(tmp_path: Path) -> None:
    async with soaking(written(tmp_path, [50, 10])) as soak:
        held = await step(soak)
        await until(soak, lambda view: view.rung is Rung.HELD)

        await soak.desk.steer(held, "zero")

        done = await until(soak, lambda view: view.traffic == 0 and view.outcome is Outcome.DONE)
        assert (done.action, share(soak)) == ("back", "SHARE=0")


async def test_a_rung_that_failed_is_a_state_with_its_choices_and_zero_is_one_of_them(tmp_path: Path) -> None:
    check = {"command": ["sh", "-c", "grep -q SHARE=0 .env || exit 1"], "within": "0s"}
    file = written(tmp_path, [50, 0], verify=[check])
    async with soaking(file) as soak:
        failed = await step(soak)
        view = await until(soak, lambda view: view.rung is Rung.FAILED)
        assert (view.outcome, view.orders) == (Outcome.UNVERIFIED, ("zero",))
        assert view.choices == ("verify", "abandon")

    async with soaking(file) as soak:
        view = await until(soak, lambda view: view.rung is Rung.FAILED)
        with pytest.raises(Refused, match="no ladder"):
            await soak.desk.steer(failed, "stop")
        await soak.desk.steer(failed, "zero")

        await until(soak, lambda view: view.traffic == 0 and view.outcome is Outcome.DONE)
        assert share(soak) == "SHARE=0"


async def test_a_share_that_somebody_else_changed_a_moment_before_is_known_before_a_rung_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "ADOPT_EVERY_S", 3600)  # nothing is taken up while the test goes on
    async with soaking(written(tmp_path, [50, 10, 0])) as soak:
        await soak.go_on(1)
        await acted_elsewhere(soak, "back")

        with pytest.raises(Refused, match=r"Roll back was begun by ana.* meanwhile; look again"):
            await step(soak)
        assert share(soak) == "SHARE=0"

        (soak.folder / ".env").write_text("SHARE=50\n")
        await soak.desk.start(await soak.desk.preview("back"), reason="", typed="app")
        await until(soak, lambda view: view.outcome is Outcome.DONE)
        assert share(soak) == "SHARE=0"
