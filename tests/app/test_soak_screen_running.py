"""An action that is refused, that runs and that ended: what its dialog says, and which keys it has."""

import asyncio
from dataclasses import replace

import pytest

from console.core.frame import Frame
from console.core.words import Outcome
from console.screens.action import ActionScreen
from console.screens.attempt import AttemptScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.app.dialogs import opened
from tests.frames import Given
from tests.screen_text import console

pytestmark = pytest.mark.usefixtures("armed_at_once")


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
