"""`python -m tests.screenshots`: make the pictures in `screenshots/` again, with the program itself."""

import asyncio
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from console.app import ConsoleApp
from console.core.dashboard_frame import DashboardRow, DashboardSection, DashboardView
from console.core.frame import Frame
from console.core.matrix import MatrixRow, MatrixSide, MatrixView
from console.core.plan import Plan, Preview
from console.core.planning import plan
from console.core.record import JournalRow
from console.core.verdict import Verdict
from console.core.words import Row
from console.effects.preview import build_preview
from console.engine import journal_view
from tests.frames import FakeDesk, healthy
from tests.scenes import FOLDER, frame_of, journal_of, loaded, state_of
from tests.screen_text import text_of, until


async def picture(
    frame: Frame,
    size: tuple[int, int],
    *,
    rows: tuple[Row, ...] = (),
    preview: Preview | None = None,
    journal: Sequence[JournalRow] = (),
    key: str = "",
) -> str:
    """Return the screen as SVG; with a preview, a journal or a key the dialog is open that it opens."""
    desk = FakeDesk(frame, rows)
    app = ConsoleApp(desk, clock=lambda: 0.0)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        if journal:
            desk.journal = {row.seq: row for row in journal}
            await pilot.press("J")
            await until(pilot, lambda: "reading" not in text_of(app))
            await pilot.pause()
        if preview is not None:
            desk.previews[preview.plan.action] = preview
            key = "R"
        if key:
            await pilot.press(key)
            await pilot.pause()
        return still(app.export_screenshot(title="rollout-console"))


def still(svg: str) -> str:
    """Return a picture without the number that Textual draws by chance."""
    return re.sub(r"terminal-\d+", "terminal-1", svg)


async def _preview(asked: Plan, folder: Path, why: str) -> Preview:
    """Preview an action where its env file and its command are there."""
    (folder / ".env").write_text(
        "CANARY_PERCENTAGE=10\nENABLE_STATELESS_ORCHESTRATION=true\nENABLE_SAFE_JSON_PARSER=true\n"
    )
    docker = folder / "docker"
    docker.touch(mode=0o755)
    here = replace(loaded(), base_dir=folder)
    return await build_preview(
        asked, here, now="10 % canary, phase Canary 10%", why=why, took_s=(14.0,), env={"PATH": str(folder)}
    )


def with_transitions(frame: Frame) -> Frame:
    """Return a frame with a table of pairs, as `fsm-checkpoint` has."""
    states = ("IDLE", "SERVICE_SELECTION", "SLOT_SELECTION", "CUSTOMER_DATA", "CONFIRMATION", "BOOKED")
    counts = (
        (0, 4_812, 0, 0, 0, 0),
        (61, 0, 4_702, 0, 0, 0),
        (22, 130, 0, 4_511, 0, 0),
        (14, 0, 95, 0, 4_380, 0),
        (9, 0, 0, 41, 0, 4_322),
        (4_310, 0, 0, 0, 0, 0),
    )
    rejected = {"SLOT_SELECTION": (("confirm", 12), ("cancel", 7)), "CUSTOMER_DATA": (("confirm", 3),)}
    rows = tuple(
        MatrixRow(state, pairs, sum(times for _, times in rejected.get(state, ())), rejected.get(state, ()))
        for state, pairs in zip(states, counts, strict=True)
    )
    view = MatrixView("fsm_transition", "fsm_rejected", states, (MatrixSide(None, rows, 0, 0),))
    return replace(frame, matrices=(view,))


def with_view(frame: Frame) -> Frame:
    """Return a frame with a view for those who do not read panels, as `user-context` has."""
    health = (
        DashboardRow("✓", Verdict.OK, "Sessions that end in an error", "0.444 %"),
        DashboardRow("✓", Verdict.OK, "95th percentile of the duration", "1.49 s"),
        DashboardRow("✓", Verdict.OK, "Sessions that more than one user was seen in", "0"),
    )
    course = (
        DashboardRow("▶", None, "Canary 10%", "17h 13m of 2d"),
        DashboardRow("○", None, "Rollout 25%", "to come"),
        DashboardRow("○", None, "Full 100%", "to come"),
    )
    sections = (DashboardSection("System health", health), DashboardSection("The rollout", course))
    return replace(frame, views=(DashboardView("executive", "Executive", sections),))


async def pictures() -> dict[str, str]:
    """Return every picture by the name of its file."""
    good, bad, gone = state_of(), state_of(is_failing=True), state_of(is_failing=True, is_rolled_back=True)
    rows = {id(state): tuple(state.rows.slice(0, state.rows.end)) for state in (good, bad, gone)}
    regression = frame_of(bad)
    rollback = plan(bad.rollout, "rollback", phase_index=bad.phase.index, traffic=bad.phase.traffic)
    journal = journal_of(gone)
    newest = replace(frame_of(gone), journal=(journal_view(journal[-1].seq, journal[-1].record),))
    with tempfile.TemporaryDirectory() as folder:
        preview = await _preview(rollback, Path(folder), regression.reason)
    return {
        "healthy.svg": await picture(frame_of(good), (120, 40), rows=rows[id(good)]),
        "regression.svg": await picture(regression, (120, 40), rows=rows[id(bad)]),
        "preview.svg": await picture(regression, (120, 40), rows=rows[id(bad)], preview=preview),
        "rolled-back.svg": await picture(frame_of(gone), (120, 40), rows=rows[id(gone)]),
        "journal.svg": await picture(newest, (120, 40), journal=journal),
        "journal-narrow.svg": await picture(newest, (80, 24), journal=journal),
        "incident.svg": await picture(regression, (120, 40), rows=rows[id(bad)], key="5"),
        "incident-narrow.svg": await picture(regression, (80, 24), rows=rows[id(bad)], key="5"),
        "checklist.svg": await picture(healthy(), (120, 40), key="c"),
        "view.svg": await picture(with_view(frame_of(good)), (120, 40), rows=rows[id(good)], key="l"),
        "transitions.svg": await picture(with_transitions(frame_of(good)), (120, 40), key="p"),
        "narrow.svg": await picture(regression, (80, 24), rows=rows[id(bad)]),
    }


def main() -> None:
    """Write the pictures."""
    for name, svg in asyncio.run(pictures()).items():
        (FOLDER / name).write_text(svg, "utf-8")
        print(f"screenshots/{name}")


if __name__ == "__main__":
    main()
