"""Views and goals on the soak screen: their keys, what they do to a session, and that they are kept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.core.actors import Actor
from console.core.dashboard_frame import DashboardRow, DashboardSection, DashboardView, KpiOutcome, KpiView
from console.core.desk import Refused
from console.core.export import Export
from console.core.frame import Frame
from console.core.replay import replay
from console.core.report import report_of
from console.core.report_json import snapshot_json
from console.core.report_md import report_md
from console.core.verdict import Verdict
from console.opening import Opened, open_session
from console.orders import Orders
from console.reading import Onlooker, read_export, read_recording
from console.spec.load import load
from tests import frames
from tests.frames import Given
from tests.screen_text import console, text_of

ANNA = Actor("anna", "ops1", "pts/3")
SIZES = [(80, 24), (120, 40), (200, 60)]


def with_views(frame: Frame) -> Frame:
    row = DashboardRow("✓", Verdict.OK, "Golden path", "97 %")
    views = tuple(
        DashboardView(name, name.title(), (DashboardSection(f"{name} section", (row,)),))
        for name in ("executive", "operations")
    )
    kpis = (
        KpiView("uptime", "Uptime", "1", "> 99.5%", KpiOutcome.MET, "mean health", is_entered=False),
        KpiView("tickets", "Tickets", "–", "< 10%", KpiOutcome.UNKNOWN, "to be entered", is_entered=True),
    )
    return replace(frame, views=views, kpis=kpis)


@pytest.mark.parametrize("size", SIZES)
async def test_a_key_goes_from_view_to_view_and_back_to_everything(size: tuple[int, int]) -> None:
    async with console(with_views(frames.regression()), size=size) as shown:
        seen = []
        for _ in range(3):
            await shown.pilot.press("l")
            await shown.pilot.pause()
            seen.append(text_of(shown.app))

    assert shown.desk.view == ""
    assert "executive section" in seen[0]
    assert "operations section" in seen[1]
    assert "section" not in seen[2]
    assert all("R Roll back" in text for text in seen), "the way out is in every view"


async def test_in_a_view_the_ways_out_work_and_the_keys_of_its_panels_do_not() -> None:
    async with console(with_views(frames.regression()), size=(120, 40)) as shown:
        await shown.pilot.press("l", "i", "w", "m", "e", "slash")
        await shown.pilot.pause()
        without = text_of(shown.app)
        await shown.pilot.press("R")
        await shown.pilot.pause()

    assert "executive section" in without
    assert [given.order for given in shown.desk.given] == ["choose_view", "preview"]


async def test_without_views_and_goals_their_keys_do_nothing() -> None:
    async with console(frames.regression(), size=(120, 40)) as shown:
        await shown.pilot.press("l", "g")
        await shown.pilot.pause()

        assert len(shown.app.screen_stack) == 1
    assert shown.desk.given == []


async def test_a_figure_is_entered_with_a_note_and_one_that_the_console_judges_is_not() -> None:
    async with console(with_views(frames.healthy()), size=(120, 40)) as shown:
        await shown.pilot.press("g", "enter")
        await shown.pilot.pause()
        assert shown.desk.given == []
        await shown.pilot.press("down", "enter")
        await shown.pilot.press(*"4 support desk".replace(" ", "_"))
        await shown.pilot.press("enter")
        await shown.pilot.pause()
        said = text_of(shown.app)

    assert "Goals of the rollout so far: 1 of 2 met, 0 missed" in said
    assert shown.desk.given == [Given("enter_kpi", ("tickets", "4_support_desk", ""))]


async def test_a_console_that_only_looks_enters_nothing() -> None:
    async with console(with_views(frames.healthy()), size=(120, 40), is_read_only=True) as shown:
        await shown.pilot.press("g", "down", "enter", "4", "enter")
        await shown.pilot.pause()

    assert shown.desk.given == []


# -- with a session --------------------------------------------------------------------------------------------------

FILE = """\
rollout: shop
title: The new shop
service: shop
metrics:
  up: {command: [echo, "1"], every: 1h, target: "== 1"}
phases:
  - {name: Canary, traffic: 10%}
kpis:
  tickets: {title: Tickets, entered: true, unit: "%", target: "< 10%"}
  uptime: {mean: up, target: "> 99.5%"}
views:
  one: {title: One, sections: [{title: Goals, shows: [kpis]}]}
"""


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    (tmp_path / "shop.yaml").write_text(FILE)
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    yield held
    await held.leave()


def desk_of(opened: Opened, base: Path) -> Orders:
    assert opened.engine is not None
    return Orders(opened.engine, opened.session, base / "state")


async def test_the_chosen_view_is_kept_over_a_restart(opened: Opened, tmp_path: Path) -> None:
    await desk_of(opened, tmp_path).choose_view("one")

    again = desk_of(opened, tmp_path)

    assert again.view == "one"
    assert (opened.session.folder / "view").stat().st_mode & 0o777 == 0o600


async def test_a_disk_that_cannot_be_written_shows_the_view_and_says_that_it_is_not_kept(
    opened: Opened, tmp_path: Path
) -> None:
    desk = desk_of(opened, tmp_path)
    (opened.session.folder / "view").mkdir()

    with pytest.raises(Refused, match="cannot be kept"):
        await desk.choose_view("one")

    assert desk.view == "one"


@pytest.mark.parametrize(
    ("kpi", "figure", "why"),
    [
        ("uptime", "1", "no goal uptime whose figure a person enters"),
        ("ticket", "1", "no goal ticket whose"),
        ("tickets", "few", "'few' is no number"),
        ("tickets", "nan", "'nan' is no number"),
        ("tickets", "", "'' is no number"),
    ],
)
async def test_what_is_no_figure_is_refused(opened: Opened, tmp_path: Path, kpi: str, figure: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await desk_of(opened, tmp_path).enter_kpi(kpi, figure)


async def test_a_figure_is_in_the_frame_the_report_the_snapshot_and_a_replay(opened: Opened, tmp_path: Path) -> None:
    desk = desk_of(opened, tmp_path)

    await desk.enter_kpi("tickets", "4%", note="support desk")

    assert opened.engine is not None
    await opened.engine.commit(durable=True)
    (frame_kpi, _) = opened.engine.fresh_frame().kpis
    onlooker = Onlooker(opened.session.folder, opened.session.id, "anna")
    export = read_export(opened.session.folder, opened.session.id, "anna")
    recording = read_recording(opened.session.folder)
    replayed = replay(recording, recording.rollout, recording.until)
    assert (frame_kpi.text, frame_kpi.outcome, frame_kpi.note) == ("4 %", KpiOutcome.MET, "support desk")
    assert onlooker.frame.kpis[0] == frame_kpi
    assert replayed.state.course.figures == opened.engine.state.course.figures
    assert _json_of(export)["kpis"][0] == {
        "name": "tickets",
        "title": "Tickets",
        "outcome": "met",
        "is_settled": True,
        "figure": "4 %",
        "target": "< 10%",
        "reason": "entered by anna@ops1 (pts/3): support desk",
        "by": "anna@ops1 (pts/3)",
        "at": _json_of(export)["kpis"][0]["at"],
        "note": "support desk",
    }
    assert "Goals of the whole rollout" in report_md(report_of(export))
    onlooker.close()


def _json_of(export: Export) -> dict[str, list[dict[str, object]]]:
    said: dict[str, list[dict[str, object]]] = snapshot_json(export)
    return said
