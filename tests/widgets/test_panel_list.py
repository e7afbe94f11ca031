"""The order of the panels: worst first, but never moving under a hand."""

from dataclasses import replace

from textual.app import App, ComposeResult

from console.core.frame import Panel
from console.core.verdict import Verdict
from tests import frames
from widgets.panel_list import PanelList, ordered


def names(panels: tuple[Panel, ...]) -> list[str]:
    return [panel.metric for panel in panels]


def turned(panels: tuple[Panel, ...], metric: str, verdict: Verdict) -> tuple[Panel, ...]:
    return tuple(replace(panel, verdict=verdict) if panel.metric == metric else panel for panel in panels)


def test_the_worst_comes_first_and_those_alike_keep_the_order_of_the_file() -> None:
    panels = ordered(frames.regression().panels, (), may_move=True)

    assert names(panels) == ["error_rate", "p95_latency", "coherence", "rejection_rate", "isolation", "health"]


def test_while_a_hand_is_on_the_keys_nothing_moves() -> None:
    before = frames.healthy().panels
    order = tuple(names(before))

    panels = ordered(turned(before, "health", Verdict.CRITICAL), order, may_move=False)

    assert tuple(names(panels)) == order


def test_a_new_panel_comes_last_while_nothing_may_move() -> None:
    panels = frames.healthy().panels

    assert names(ordered(panels, tuple(names(panels[1:])), may_move=False))[-1] == panels[0].metric


class ListApp(App[None]):
    def compose(self) -> ComposeResult:
        yield PanelList(id="panels")


async def test_the_cursor_stays_on_its_panel_when_the_order_changes() -> None:
    panels = frames.healthy().panels
    async with ListApp().run_test(size=(120, 20)) as pilot:
        listed = pilot.app.query_one(PanelList)
        listed.update(panels, may_move=True, has_keys=True)
        listed.select("health")

        listed.update(turned(panels, "health", Verdict.CRITICAL), may_move=True, has_keys=True)

        assert listed.order[0] == "health"
        assert listed.selected is not None
        assert listed.selected.metric == "health"


async def test_the_selected_panel_stays_on_its_line_of_a_list_that_scrolls() -> None:
    panels = frames.healthy().panels
    many = tuple(replace(panel, metric=f"{panel.metric}_{copy}") for copy in range(6) for panel in panels)
    async with ListApp().run_test(size=(120, 15)) as pilot:
        listed = pilot.app.query_one(PanelList)
        listed.update(many, may_move=True, has_keys=True)
        chosen = listed.order[12]
        listed.select(chosen)
        line = listed.order.index(chosen) * 2 - listed.top

        listed.update(turned(many, listed.order[30], Verdict.CRITICAL), may_move=True, has_keys=True)

        assert listed.order.index(chosen) * 2 - listed.top == line


async def test_moving_scrolls_so_that_the_cursor_is_in_sight() -> None:
    panels = frames.healthy().panels
    async with ListApp().run_test(size=(120, 7)) as pilot:
        listed = pilot.app.query_one(PanelList)
        listed.update(panels, may_move=True, has_keys=True)
        await pilot.pause()

        for _ in range(6):
            listed.move(1)

        assert listed.selected is not None
        assert listed.selected.metric == listed.order[-1]
        assert listed.top + listed.page == len(listed.lines) - 1


async def test_a_click_on_the_key_of_a_panel_asks_for_its_action() -> None:
    asked: list[str] = []

    class Clicked(ListApp):
        def on_panel_list_key_clicked(self, message: PanelList.KeyClicked) -> None:
            asked.append(message.action)

    async with Clicked().run_test(size=(120, 20)) as pilot:
        listed = pilot.app.query_one(PanelList)
        listed.update(frames.regression().panels, may_move=True, has_keys=True)
        await pilot.pause()
        line = next(row for row, line in enumerate(listed.lines) if "Roll back" in line.text)

        await pilot.click(PanelList, offset=(listed.lines[line].text.index("Roll back"), line))
        await pilot.click(PanelList, offset=(20, line))

        assert asked == ["rollback"]
        assert listed.selected is not None
