"""The way out: shown exactly, confirmed on purpose, started once."""

import asyncio
from dataclasses import replace

import pytest
from textual import events

from console.core.frame import Frame
from console.core.plan import StepPreview
from console.core.words import Outcome, Rung
from console.screens import action as action_module
from console.screens.action import ActionScreen, rung_below, rungs_of
from console.screens.attempt import AttemptScreen
from console.screens.soak import SoakScreen
from console.screens.steering import SteeringScreen
from tests import frames
from tests.frames import Given
from tests.previews import preview
from tests.screen_text import Shown, console
from widgets.entry import Entry


@pytest.fixture(autouse=True)
def armed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time a preview must have been in sight is tested by itself."""
    monkeypatch.setattr(action_module, "ARMED_AFTER_S", 0.001)


async def opened(shown: Shown, key: str = "R") -> ActionScreen:
    """Press the key of an action and wait until it can be answered."""
    await shown.press(key)
    await shown.until(lambda: "up to 2m" in shown.text)
    screen = shown.app.screen
    assert isinstance(screen, ActionScreen)
    await shown.until(lambda: screen._is_armed)
    return screen


def focused(shown: Shown) -> str:
    widget = shown.app.focused
    return "" if widget is None or widget.id is None else widget.id


async def test_the_dialog_shows_why_what_changes_and_how_it_is_verified_before_anything_is_done() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        for words in (
            "Why      error_rate CRITICAL for 4m 10s: 5.42 %, 8.9x the baseline",
            "CANARY_PERCENTAGE  10 → 0",
            "docker compose --project-name valuecanvas up -d --no-deps app",
            "GET http://127.0.0.1:8080/health is 200",
            "Type  app  to confirm:",
            "Cancel",
            "Dry run",
        ):
            assert words in shown.text
        assert shown.desk.orders == []


async def test_the_cursor_begins_on_cancel_and_enter_cancels() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)
        assert focused(shown) == "cancel"

        await shown.press("enter")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []


async def test_the_cursor_goes_from_cancel_to_the_word_and_on_to_the_buttons() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        order = [focused(shown)]
        for _ in range(3):
            await shown.press("tab")
            order.append(focused(shown))

        assert order == ["cancel", "word", "dry-run", "cancel"]


async def test_a_name_with_a_dash_goes_into_its_field_when_it_is_typed_at_once() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        await shown.press("minus", "a", "minus", "p")

        assert screen.query_one("#word", Entry).value == "-a-p"


def hit(shown: Shown, keys: str) -> None:
    """Hand all keys to the application before it has seen to the first, as a burst from a terminal does."""
    names = {"-": "minus", "\r": "enter", "\t": "tab", "\x15": "ctrl+u"}
    for key in keys:
        shown.app.post_message(events.Key(names.get(key, key), key))


async def test_a_name_that_comes_as_one_burst_goes_into_its_field_whole_and_in_order() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        hit(shown, "ai-jack")

        await shown.until(lambda: len(screen.query_one("#word", Entry).value) == len("ai-jack"))
        assert screen.query_one("#word", Entry).value == "ai-jack"


@pytest.mark.parametrize("keys", ["\x15app", "\tapp", "xy\x15app"], ids=["emptied first", "after Tab", "typed anew"])
async def test_keys_before_the_name_in_one_burst_act_before_it_and_not_on_it(keys: str) -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        hit(shown, keys)
        await shown.until(lambda: not screen._confirm.disabled)

        assert screen.query_one("#word", Entry).value == "app"
        assert focused(shown) == "word"
        assert shown.desk.orders == []


async def test_enter_before_the_name_in_one_burst_cancels_and_starts_nothing() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        hit(shown, "\rapp")
        await shown.until(lambda: isinstance(shown.app.screen, SoakScreen))
        await shown.pilot.pause()

        assert shown.desk.orders == []


@pytest.mark.parametrize("is_slow", [False, True], ids=["preview at once", "preview after the name"])
async def test_a_name_that_comes_in_one_burst_with_the_key_waits_for_its_field(is_slow: bool) -> None:
    async with console(frames.regression()) as shown:
        shown.desk.gate = asyncio.Event()
        if not is_slow:
            shown.desk.gate.set()

        hit(shown, "Rapp")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))
        await shown.pilot.pause()
        shown.desk.gate.set()
        await shown.until(lambda: "to confirm" in shown.text)

        assert shown.app.screen.query_one("#word", Entry).value == "app"
        assert focused(shown) == "word"
        assert shown.desk.orders == []


@pytest.mark.parametrize("keys", ["RR", "Ryes", "RapX"])
async def test_what_is_hit_behind_the_key_and_does_not_begin_the_name_is_dropped(keys: str) -> None:
    async with console(frames.regression()) as shown:
        hit(shown, keys)
        await shown.until(lambda: "to confirm" in shown.text)

        assert shown.app.screen.query_one("#word", Entry).value == ""
        assert focused(shown) == "cancel"
        assert len(shown.app.screen_stack) == 2
        assert shown.desk.orders == []


async def test_the_right_word_and_enter_start_the_rollback_once() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "a", "p", "p", "enter", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert [given for given in shown.desk.given if given.order == "start"] == [
            Given("start", ("rollback", "", "app", False))
        ]
        assert isinstance(shown.app.screen, AttemptScreen)


async def test_the_button_works_exactly_while_the_word_is_right() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)
        await shown.press("tab", "a", "p")
        assert screen._confirm.disabled

        await shown.press("p")
        assert not screen._confirm.disabled

        await shown.press("p")
        assert screen._confirm.disabled


@pytest.mark.parametrize("word", ["App", "ap", "apps", "rollback", "y", "[/]"])
async def test_the_wrong_word_starts_nothing(word: str) -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)
        screen.query_one("#word", Entry).value = word

        await shown.press("tab", "enter")
        screen.action_yes()
        await shown.pilot.pause()

        assert shown.desk.orders == []
        assert isinstance(shown.app.screen, ActionScreen)


async def test_hitting_the_key_again_and_again_opens_one_dialog_and_starts_nothing() -> None:
    async with console(frames.regression()) as shown:
        for _ in range(5):
            shown.app.simulate_key("R")
        shown.app.simulate_key("enter")
        await shown.press("R", "R", "R")
        await shown.pilot.pause()

        assert len(shown.app.screen_stack) <= 2
        assert shown.desk.orders == []


@pytest.mark.parametrize("keys", [["y"], ["enter", "y"], ["y", "y", "enter"], ["tab", "y", "enter"], ["space"]])
async def test_keys_in_the_wrong_order_start_no_rollback(keys: list[str]) -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press(*keys)

        assert "start" not in shown.desk.orders


async def test_a_key_hit_in_a_hurry_does_not_confirm_a_preview_nobody_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_module, "ARMED_AFTER_S", 3_600.0)
    async with console(frames.regression()) as shown:
        await shown.press("G")
        await shown.until(lambda: "up to 2m" in shown.text)

        await shown.press("y", "y")

        assert shown.desk.orders == []


async def test_escape_cancels_even_while_the_word_is_being_typed() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "a", "p", "escape")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []


async def test_a_dry_run_needs_no_word_and_says_that_it_is_one() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "tab", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("rollback", "", "", True))


async def test_a_step_down_takes_one_more_key() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown, "G")
        assert "Step down to 5 % (y)" in shown.text

        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("step_down", "", "", False))


async def test_a_step_down_goes_to_the_next_rung_below_the_present_share_and_another_can_be_chosen() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 10.0, 5.0, 2.0, 0.0))

        await opened(shown, "G")
        await shown.until(lambda: "10 % → 5 %" in shown.text)

        await shown.press("right")
        await shown.until(lambda: "10 % → 2 %" in shown.text)
        assert [given.args[1] for given in shown.desk.given] == [None, 5.0, 2.0]


async def test_a_rung_that_is_chosen_cannot_be_confirmed_before_its_preview_is_in_sight() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 10.0, 5.0, 2.0, 0.0))
        screen = await opened(shown, "G")
        await shown.until(lambda: "10 % → 5 %" in shown.text and screen._is_armed)
        shown.desk.gate = asyncio.Event()

        await shown.press("right", "y", "right", "y")
        assert shown.desk.orders == []

        shown.desk.gate.set()
        await shown.until(lambda: "10 % → 0 %" in shown.text and screen._is_armed)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)
        assert [started.plan.traffic for started in shown.desk.started] == [0.0]


async def test_a_rung_whose_preview_is_refused_leaves_nothing_to_confirm_and_another_can_be_chosen() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=5.0, ladder=(2.0, 0.0))
        screen = await opened(shown, "G")
        shown.desk.refusal = "the rollout file has changed"

        await shown.press("right")
        await shown.until(lambda: "the rollout file has changed" in shown.text)
        shown.desk.refusal = ""
        await shown.press("y")
        assert shown.desk.orders == []

        await shown.press("left")
        await shown.until(lambda: "10 % → 5 %" in shown.text and screen._is_armed)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)


def test_the_rung_below_is_the_highest_one_lower_than_the_present_share() -> None:
    known = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 0.0))

    assert rungs_of(known) == (75.0, 50.0, 25.0, 0.0)
    assert rung_below(known, 75.0) == 50.0
    assert rung_below(known, 60.0) == 50.0
    assert rung_below(known, 0.0) is None


async def test_an_advance_that_is_not_due_needs_a_reason() -> None:
    async with console(frames.healthy()) as shown:
        await opened(shown, "A")
        assert "✗ 30h 18m of soak left" in shown.text

        await shown.press("y")
        assert shown.desk.orders == []

        await shown.press("tab")
        assert focused(shown) == "reason"
        await shown.press("enter", *"because", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("advance", "because", "", False))


async def test_what_is_refused_is_said_and_can_be_tried_again() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)
        shown.desk.refusal = "another rollback is under way [/]"

        await shown.press("tab", "a", "p", "p", "enter")
        await shown.until(lambda: "another rollback is under way [/]" in shown.text)
        shown.desk.refusal = ""
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, AttemptScreen))

        assert shown.desk.orders == ["start", "start"]


async def test_a_preview_that_is_refused_says_why_and_offers_nothing() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.refusal = "the rollout file has changed; restart the console"

        await shown.press("R")
        await shown.until(lambda: "the rollout file has changed" in shown.text)

        screen = shown.app.screen
        assert isinstance(screen, ActionScreen)
        assert screen._confirm.disabled
        assert screen._dry_run.disabled


async def test_a_preview_that_fails_says_so_and_can_be_left() -> None:
    async with console(frames.regression()) as shown:
        del shown.desk.previews["rollback"]

        await shown.press("R")
        await shown.until(lambda: "it cannot be shown what this would do" in shown.text)
        await shown.press("escape")

        assert isinstance(shown.app.screen, SoakScreen)


async def test_leaving_the_dialog_while_it_starts_does_not_stop_the_action() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)
        shown.desk.gate = asyncio.Event()
        finished: list[bool] = []
        shown.desk.on_start = lambda: finished.append(True)

        await shown.press("tab", "a", "p", "p", "enter", "escape")
        assert isinstance(shown.app.screen, SoakScreen)
        shown.desk.gate.set()

        await shown.until(lambda: finished)
        assert isinstance(shown.app.screen, SoakScreen)


async def test_a_running_action_streams_its_steps_its_output_and_its_outcome() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.on_start = lambda: setattr(shown.desk, "frame", frames.rolling_back())
        await opened(shown)
        await shown.press("tab", "a", "p", "p", "enter")
        await shown.until(lambda: "► 2  docker compose up -d" in shown.text)

        shown.desk.printed = ("Container app-1  Recreated",)
        await shown.show(frames.rolling_back())
        await shown.until(lambda: "Container app-1  Recreated" in shown.text)

        await shown.show(replace(frames.regression(), attempts=(frames.attempt(Outcome.DONE, detail="verified"),)))
        await shown.until(lambda: "✓ Roll back to 0%  DONE" in shown.text)
        assert "Esc close" in shown.text


async def test_closing_a_running_action_leaves_it_running_and_a_key_opens_it_again() -> None:
    async with console(frames.rolling_back()) as shown:
        await shown.press("o")
        assert "close; the action goes on" in shown.text

        await shown.press("escape")
        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []
        assert "► Roll back to 0%  RUNNING" in shown.text


@pytest.mark.parametrize("is_open", [False, True])
async def test_the_next_rung_is_shown_first_and_takes_one_more_key_from_both_places(*, is_open: bool) -> None:
    async with console(frames.holding()) as shown:
        if is_open:
            await shown.press("o")

        await shown.press("n")
        screen = shown.app.screen
        assert isinstance(screen, ActionScreen)
        await shown.until(lambda: "5 % → 2 %" in shown.text and screen._is_armed)
        assert shown.desk.orders == []

        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)
        assert [started.plan.traffic for started in shown.desk.started] == [2.0]


@pytest.mark.parametrize(("key", "order", "said"), [("z", "zero", "0 %"), ("x", "stop", "stays at 5 %")])
async def test_a_ladder_is_told_what_to_do_with_one_more_key_where_it_is_not_in_full_sight(
    key: str, order: str, said: str
) -> None:
    async with console(frames.holding()) as shown:
        await shown.press(key)
        await shown.until(lambda: isinstance(shown.app.screen, SteeringScreen) and said in shown.text)
        await shown.press(key, "enter", "escape")
        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []

        await shown.press(key, "y", "y")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("steer", ("a2", order))]
        assert isinstance(shown.app.screen, SoakScreen)


async def test_a_rung_that_is_being_applied_can_be_left_for_zero_and_that_it_is_ended_first_is_said() -> None:
    applying = frames.attempt(Outcome.RUNNING, attempt="a2", rung=Rung.APPLYING, orders=("zero",))
    async with console(replace(frames.holding(), attempts=(applying,))) as shown:
        await shown.press("z")
        await shown.until(lambda: "is ended first" in shown.text)

        await shown.press("y")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("steer", ("a2", "zero"))]


@pytest.mark.parametrize(("key", "order"), [("z", "zero"), ("x", "stop")])
async def test_a_held_ladder_takes_its_orders_at_once_and_once_in_its_own_dialog(key: str, order: str) -> None:
    async with console(frames.holding()) as shown:
        await shown.press("o")

        await shown.press(key, key)

        assert shown.desk.given == [Given("steer", ("a2", order))]


async def test_an_order_to_a_ladder_that_was_refused_can_be_given_again() -> None:
    async with console(frames.holding()) as shown:
        shown.desk.refusal = "the database answers too slowly"
        await shown.press("o", "z")
        await shown.until(lambda: "the database answers too slowly" in shown.text)

        await shown.press("z")

        assert shown.desk.orders == ["steer", "steer"]


async def test_without_a_held_ladder_its_keys_do_nothing() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("n", "z", "x")

        assert shown.desk.given == []


async def test_the_way_out_works_from_the_dialog_of_a_ladder() -> None:
    async with console(frames.holding()) as shown:
        await shown.press("o")

        await opened(shown)

        assert "Type  app  to confirm:" in shown.text


def open_attempt(outcome: Outcome, *choices: str) -> Frame:
    left = frames.attempt(outcome, choices=choices, next_step=1, detail="the runner is gone")
    return replace(frames.regression(), attempts=(left,))


async def test_an_outcome_that_is_not_known_names_its_choices_and_verifying_shows_what_follows() -> None:
    async with console(open_attempt(Outcome.UNKNOWN, "verify", "resume", "abandon")) as shown:
        await shown.press("o")
        assert all(said in shown.text for said in ("v Verify", "r Resume", "b Abandon"))
        assert "X End it" not in shown.text

        await shown.press("v")

        assert shown.desk.given == [Given("settle", ("a1", "verify", ""))]
        await shown.until(lambda: getattr(shown.app.screen, "attempt", "") == "a2")


@pytest.mark.parametrize(
    ("outcome", "key", "choice"),
    [(Outcome.UNKNOWN, "r", "resume"), (Outcome.UNKNOWN, "b", "abandon"), (Outcome.RUNNING, "X", "stop")],
)
async def test_what_cannot_be_taken_back_needs_a_reason(outcome: Outcome, key: str, choice: str) -> None:
    async with console(open_attempt(outcome, choice)) as shown:
        await shown.press("o")

        await shown.press(key, "enter")
        assert shown.desk.orders == []
        await shown.press("i", "t", "space", "h", "u", "n", "g", "enter")

        assert shown.desk.given == [Given("settle", ("a1", choice, "it hung"))]


async def test_escape_takes_the_field_for_a_reason_away_and_decides_nothing() -> None:
    async with console(open_attempt(Outcome.RUNNING, "stop")) as shown:
        await shown.press("o", "X", "n", "o", "escape")

        assert "End it" in shown.text
        assert "End it, Esc" not in shown.text
        assert shown.desk.orders == []


async def test_keys_of_an_attempt_do_nothing_without_a_choice_and_outside_its_dialog() -> None:
    async with console(open_attempt(Outcome.UNKNOWN, "verify")) as shown:
        await shown.press("v", "X", "b")
        assert shown.desk.orders == []

        await shown.press("o", "X", "b", "r")

        assert shown.desk.orders == []


async def test_an_action_that_is_not_possible_now_says_why() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("M")

        await shown.until(lambda: "the phase is not at 100 %" in shown.text)
        assert isinstance(shown.app.screen, SoakScreen)


async def test_an_action_of_another_phase_is_not_in_the_footer_and_its_key_shows_it() -> None:
    why = "this belongs to Migration, and this is Canary"
    frame = frames.healthy()
    actions = (*frame.actions[:-1], replace(frame.actions[-1], is_available=True, why_not="", out_of_place=why))
    async with console(replace(frame, actions=actions)) as shown:
        await shown.until(lambda: "R Roll back" in shown.text)
        footer = shown.text.splitlines()[-1]
        await shown.press("question_mark")
        await shown.until(lambda: why in " ".join(shown.text.split()))
        await shown.press("escape", "M")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))

        assert "Migrate" not in footer


async def test_the_file_wins_where_it_names_a_key_of_the_console() -> None:
    frame = frames.regression()
    actions = (replace(frame.actions[0], key="S"), *frame.actions[1:])
    async with console(replace(frame, actions=actions)) as shown:
        await opened(shown, "S")

        assert shown.desk.orders == []


@pytest.mark.parametrize("by", ["option", "session"])
async def test_a_console_that_only_looks_has_no_key_that_acts(by: str) -> None:
    frame = frames.holding() if by == "option" else frames.read_only(frames.holding())
    async with console(frame, is_read_only=by == "option") as shown:
        await shown.press("R", "G", "A", "n", "z", "x", "M")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.given == []
        assert "Roll back to 0%" not in shown.text
        assert "READ-ONLY" in shown.text


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (40, 10)])
async def test_the_dialog_can_be_answered_on_a_small_terminal(size: tuple[int, int]) -> None:
    async with console(frames.regression(), size) as shown:
        await shown.press("R")
        await shown.until(lambda: "to confirm" in shown.text)

        await shown.press("tab", "a", "p", "p", "enter")

        await shown.until(lambda: "start" in shown.desk.orders)


ROOM = StepPreview("GET http://balancer/room is 200", "before", 5.0)


@pytest.mark.parametrize(
    ("kind", "key", "is_asked"), [("rollback", "R", False), ("step_down", "G", True)], ids=["rollback", "step down"]
)
async def test_a_side_without_room_is_shown_and_only_a_rollback_needs_no_reason(
    kind: str, key: str, is_asked: bool
) -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews[kind] = preview(kind, before=(ROOM,))
        shown.desk.answers = {ROOM.label: (False, "status 503: 2 of 6 have room")}

        screen = await opened(shown, key)
        await shown.until(lambda: "status 503: 2 of 6 have room" in shown.text)

        assert "✗ status 503" in shown.text
        assert screen.query_one("#reason", Entry).display is is_asked


@pytest.mark.parametrize("answer", [(True, "status 200"), (None, "")], ids=["passed", "nothing known"])
async def test_an_advance_cannot_be_confirmed_before_its_look_is_answered(answer: tuple[bool | None, str]) -> None:
    async with console(frames.healthy()) as shown:
        shown.desk.previews["advance"] = preview("advance", before=(ROOM,), needs_reason=False, unmet=())
        shown.desk.look_gate = asyncio.Event()
        shown.desk.answers = {ROOM.label: answer}
        await opened(shown, "A")

        await shown.press("y")
        assert shown.desk.orders == []
        assert "waiting for what is looked at before" in shown.text

        shown.desk.look_gate.set()
        await shown.until(lambda: "waiting for" not in shown.text)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)


async def test_a_look_that_is_refused_does_not_stand_in_the_way_of_an_advance() -> None:
    async with console(frames.healthy()) as shown:
        shown.desk.previews["advance"] = preview("advance", before=(ROOM,), needs_reason=False, unmet=())
        shown.desk.look_gate = asyncio.Event()
        await opened(shown, "A")
        shown.desk.refusal = "the balancer is not asked"

        shown.desk.look_gate.set()
        await shown.until(lambda: "the balancer is not asked" in shown.text)
        shown.desk.refusal = ""
        await shown.press("y")

        await shown.until(lambda: "start" in shown.desk.orders)


async def test_a_rollback_does_not_wait_for_its_look() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["rollback"] = preview("rollback", before=(ROOM,))
        shown.desk.look_gate = asyncio.Event()
        await opened(shown)

        await shown.press("tab", "a", "p", "p", "enter")

        await shown.until(lambda: "start" in shown.desk.orders)
