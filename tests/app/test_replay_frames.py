"""A session that an engine recorded, folded again from its file, gives the pictures that were on the screen."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.frame import Frame, SessionView
from console.core.incidents import Decision, Step
from console.core.inputs import (
    ClockStepped,
    GapSuspected,
    IncidentDecided,
    Input,
    ItemTicked,
    NoteWritten,
    SampleFailed,
    SignedOff,
    SourceChanged,
    SourceSeen,
    TimePassed,
    Unread,
)
from console.core.recorded import inputs_of
from console.core.replay import begin
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import CheckRun, Outcome, SourceState
from console.reading import read_recording
from tests.recordings import ANNA, START, WEIGHED, answer, lines, live, record

ROLLOUT = Rollout.model_validate(
    WEIGHED.model_dump(mode="json", by_alias=True, exclude_unset=True)
    | {
        "slo": {"availability": {"metric": "failures", "objective": "99%", "period": "30d"}},
        "phases": [
            {
                "name": "Canary 10%",
                "traffic": "10%",
                "soak": "1m",
                "on_breach": "restart",
                "advance": ["failures", "leaks"],
                "pause": ["failures > 3%"],
                "prerequisites": [{"id": "backup", "text": "Backed up"}],
                "checklist": [{"id": "read", "text": "The tickets were read", "second_person": True}],
                "sign_off": ["lead", {"role": "dba", "second_person": True}],
            },
            {
                "name": "All",
                "traffic": "100%",
                "advance": ["failures"],
                "prerequisites": [{"id": "redis", "text": "Redis answers", "verify": {"command": ["true"]}}],
            },
        ],
        "validation": [
            {"name": "first", "until": "30s", "metrics": ["failures", "leaks"]},
            {"name": "second", "from": "30s", "until": "2m", "checklist": [{"id": "asked", "text": "They were asked"}]},
        ],
        "incidents": {"severities": [{"severity": 2, "about": "failures", "respond_within": "20s"}], "well_for": "10s"},
        "actions": {
            name: {"key": key, "title": title, "kind": kind, "steps": [{"run": ["true"]}]}
            for name, key, title, kind in (
                ("back", "R", "Route everything back", "rollback"),
                ("on", "A", "Advance to the next phase", "advance"),
            )
        },
    }
)

HAPPENINGS = (
    "nothing",
    "lost",
    "unread",
    "gap",
    "ticked",
    "confirmed",
    "verified",
    "signed",
    "noted",
    "rolled back",
    "advanced",
    "not known",
    "escalated",
    "responded",
    "resolved",
    "slept",
)

SLEPT_S = 40
"""For how long the machine sleeps."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some seconds that are alike, after something happened."""

    happens: str
    lasts_s: int
    failed: int
    served: int
    baseline: int
    leaks: float | str | None
    """What the query answers; `failed` and `silent` if it does not."""


stretches = st.builds(
    Stretch,
    happens=st.sampled_from(HAPPENINGS),
    lasts_s=st.integers(3, 30),
    failed=st.sampled_from([0, 0, 0, 1, 5]),
    served=st.sampled_from([0, 5, 20]),
    baseline=st.integers(0, 3),
    leaks=st.sampled_from([0.0, 0.0, 1.0, None, "failed", "silent"]),
)
watches = st.lists(
    st.tuples(st.sampled_from([1, 20, 400]), st.lists(stretches, min_size=1, max_size=5)), min_size=1, max_size=3
)
"""How long nobody watched before each, and what happened then."""


def happened(what: str, at: float) -> list[Input]:
    """What is told of something that happened."""
    attempt = f"a{at:.0f}"

    def action(name: str, kind: str, share: float, phase: int | None, outcome: Outcome) -> list[Input]:
        title = ROLLOUT.actions[name].title
        return [
            ActionStarted(at, attempt, name, kind, title, ANNA, "it is time", share, phase, ("run true",)),
            ActionProgressed(at + 0.1, attempt, 0, "run true", "running"),
            ActionProgressed(at + 1.1, attempt, 0, "run true", "done", "exit code 0"),
            ActionEnded(at + 1.2, attempt, outcome),
        ]

    match what:
        case "gap":
            return [GapSuspected(at, "app", "shop-canary", "it was rotated", at - 20, at - 5, 12, "canary")]
        case "ticked":
            items = ("backup", "read", "asked")
            return [ItemTicked(at, item, is_done=True, actor=ANNA, note="all well") for item in items]
        case "confirmed":
            return [ItemTicked(at, "read", is_done=True, actor=Actor("ben", "ops2", says="Ben"))]
        case "verified":
            runs = [CheckRun(0.25, True, 0, ("PONG",)), CheckRun(5.0, is_known=False), CheckRun(0.1, True, 0)]
            asked_by = (None, None, ANNA)
            return [
                ItemTicked(at + step, "redis", run.is_known, by, "it answers", "All", run)
                for step, (run, by) in enumerate(zip(runs, asked_by, strict=True))
            ]
        case "signed":
            return [SignedOff(at, role, ANNA, "looked at it") for role in ("lead", "dba")]
        case "noted":
            return [NoteWritten(at, ANNA, "what was that?")]
        case "rolled back":
            return action("back", "rollback", 0.0, None, Outcome.DONE)
        case "advanced":
            return action("on", "advance", 100.0, 1, Outcome.DONE)
        case "not known":
            return action("back", "rollback", 0.0, None, Outcome.UNKNOWN)
        case "escalated":
            decided = [Decision(Step.OPEN, severity=3, text="a call"), Decision(Step.ESCALATE, 1, text="another")]
            return [IncidentDecided(at, one, ANNA) for one in decided]
        case "responded":
            decided = [Decision(step, number) for number in (1, 2, 3) for step in (Step.TAKE, Step.ROOM)]
            decided.append(Decision(Step.ITEM, 1, subject="assess", text="one shard"))
            return [IncidentDecided(at, one, ANNA) for one in decided]
        case "resolved":
            decided = [Decision(Step.RESOLVE, number, text="rolled back") for number in (1, 2, 3)]
            return [IncidentDecided(at, one, ANNA) for one in decided]
        case _:
            return []


def spoken(stretch: Stretch, second: int) -> Iterator[Input]:
    """What is read and measured in one second of a stretch."""
    if stretch.happens != "lost" and stretch.failed + stretch.served:
        yield lines(second, failed=stretch.failed, served=stretch.served)
    if stretch.happens != "lost" and stretch.baseline:
        yield lines(second, failed=0, served=stretch.baseline, track="baseline")
    if second % 5 == 0 and stretch.leaks == "failed":
        yield SampleFailed(second + 0.6, "leaks", "the database did not answer", 0.1)
    elif second % 5 == 0 and stretch.leaks != "silent":
        yield answer(second + 0.6, stretch.leaks if isinstance(stretch.leaks, float) else None)


def inputs(watch: Sequence[Stretch], since: float) -> tuple[int, list[Input]]:
    """For how many seconds one watch goes on, and what a console hears in it."""
    second, slept_s, heard = int(since) + 1, 0, live(since + 0.4)
    for stretch in watch:
        heard += happened(stretch.happens, second + 0.7)
        if stretch.happens == "lost":
            heard += [
                SourceSeen(second + 0.4, "app"),
                SourceChanged(second + 0.5, "app", SourceState.RETRYING, "connection refused"),
            ]
        elif stretch.happens == "unread":
            one = Unread("shop-canary-2", "canary", "its log driver")
            heard.append(SourceChanged(second + 0.5, "app", SourceState.LIVE, parts={"canary": 2}, unread=(one,)))
        elif stretch.happens == "slept":
            heard.append(ClockStepped(second + 0.1, float(SLEPT_S)))
            second, slept_s = second + SLEPT_S, slept_s + SLEPT_S
        for now in range(second, second + stretch.lasts_s):
            heard += spoken(stretch, now)
        second += stretch.lasts_s
        if stretch.happens in ("lost", "unread"):
            heard.append(SourceChanged(second + 0.3, "app", SourceState.LIVE, parts={"canary": 2}))
    return second - int(since) + 3 - slept_s, sorted(heard, key=lambda one: one.at)


def picture(state: State) -> Frame:
    """What the screen shows of a state, without what only the one who watches has: his session and his journal.

    What no file holds is in no input here: the text and the labels of lines, how often a query was skipped, and when
    a source is tried again. So everything else is in the comparison.
    """
    return build_frame(state, state.at, session=SessionView("s", START, is_read_only=False, held_by=""))


def without_small_plots(frame: Frame) -> Frame:
    """A picture without the small plots of metrics of events.

    A console that takes a session up draws in them what was written down every 10 s, and the one before it had drawn
    a value every 5 s.
    """
    panels = (replace(panel, spark=()) if panel.metric == "failures" else panel for panel in frame.panels)
    return replace(frame, panels=tuple(panels))


@given(watches)
@settings(max_examples=10)
def test_replay_of_a_journal_gives_equal_frames(planned: list[tuple[int, list[Stretch]]]) -> None:
    runs: list[tuple[float, int, list[Input]]] = []
    until = START - 1
    for pause, watch in planned:
        runs.append((until + pause, *inputs(watch, until + pause)))
        slept_s = sum(one.by_s for one in runs[-1][2] if isinstance(one, ClockStepped))
        until += pause + runs[-1][1] + slept_s
    shown: list[Frame] = []

    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder) / "s", *runs, rollout=ROLLOUT, look=lambda state: shown.append(picture(state)))
        recording = read_recording(Path(folder) / "s")
    state = begin(recording, recording.rollout)
    replayed: list[Frame] = []
    for one in inputs_of(recording, recording.until):
        state.apply(one)
        if isinstance(one, TimePassed):
            replayed.append(picture(state))

    first = runs[0][1]
    assert [frame.at for frame in replayed] == [frame.at for frame in shown]
    assert replayed[:first] == shown[:first]
    assert list(map(without_small_plots, replayed[first:])) == list(map(without_small_plots, shown[first:]))
