"""The journal as inputs again."""

from dataclasses import replace

import pytest

from console.core.action_inputs import (
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    AutomaticArmed,
    AutomaticFired,
    AutomaticStopped,
    LadderLeft,
)
from console.core.actors import Actor
from console.core.counts import Cell, LinesCounted
from console.core.grains import Edges
from console.core.inputs import (
    ClockStepped,
    ContainerNamed,
    GapSuspected,
    Input,
    ItemTicked,
    NoteWritten,
    Reading,
    SampleTaken,
    SessionClosed,
    SessionOpened,
    SignedOff,
    SkewMeasured,
    SnapshotTaken,
    SourceChanged,
    TimePassed,
    Unread,
)
from console.core.record import Record
from console.core.recorded import STOOD_STILL_S, Recording, inputs_of, runs_of
from console.core.replay import changes_in, paired, replay, spells
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict
from console.core.words import Outcome, SourceState
from tests.recordings import ROLLOUT

ANNA = Actor("anna", "ops1.example", "pts/3")
BEN = Actor("ben", "ops2")
AT = 1_795_219_200.0
STARTED = ActionStarted(AT, "a1", "advance", "advance", "Advance", ANNA, "all is well", 100.0, 1, ("run true",), "")
ACTIONS = Rollout.model_validate(
    {
        **ROLLOUT.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "actions": {"advance": {"title": "Advance", "kind": "advance"}},
    }
)


def recording(records: list[Record], **more: object) -> Recording:
    """A recording of ten minutes with a journal."""
    return replace(Recording(ACTIONS, AT, AT + 600, records, (), (), Edges()), **more)  # type: ignore[arg-type]


def opened(at: float, last_seen: float | None = None) -> Record:
    """What the journal says when a console opens the session."""
    return State(ACTIONS, at).apply(SessionOpened(at, ANNA, "1", last_seen))[0]


@pytest.mark.parametrize(
    "given",
    [
        SessionOpened(AT, ANNA, "0.1", None),
        SessionOpened(AT, BEN, "0.1", AT - 7),
        SessionClosed(AT, ANNA, "left and saved"),
        SkewMeasured(AT, "app", 3.5),
        ClockStepped(AT, -3600.0),
        ContainerNamed(AT, "app", "c0ffee", "app-1", "canary"),
        ContainerNamed(AT, "app", "c0ffee", "app-1", "", "ended with exit code 1"),
        GapSuspected(AT, "app", "shop-1", "rotated away", AT - 9, AT - 1, 40),
        GapSuspected(AT, "app", "shop-1", "rotated away", AT - 9, AT - 1, 40, "canary"),
        SourceChanged(AT, "app", SourceState.LIVE, parts={"": 2}, unread=(Unread("shop-2", "canary", "denied"),)),
        ItemTicked(AT, "backup", is_done=True, actor=BEN, note="at: 9, by hand"),
        ItemTicked(AT, "backup", is_done=False, actor=ANNA),
        ItemTicked(AT, "backup", is_done=True, actor=None, note="Redis answers"),
        SignedOff(AT, "lead", ANNA, "fine"),
        NoteWritten(AT, BEN, "a deploy by another team"),
        SnapshotTaken(AT, ANNA, "/snapshots/by hand"),
        AutomaticFired(AT, "rollback", "errors CRITICAL: > 5%"),
        AutomaticStopped(AT, BEN),
        AutomaticStopped(AT, BEN, "another action is running"),
        AutomaticArmed(AT, ANNA, "the deploy is over"),
        SourceChanged(AT, "app", SourceState.LIVE, "through the SDK", parts={"canary": 2, "baseline": 6}),
        SourceChanged(AT, "app", SourceState.LIVE, parts={"": 1}),
        SourceChanged(AT, "app", SourceState.RETRYING, "refused · again"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_an_input_comes_back_from_what_the_journal_says_of_it(given: Input) -> None:
    state = State(ACTIONS, AT - 10)

    records = state.apply(given)

    assert [one for one in inputs_of(recording(records), AT) if type(one) is type(given)] == [given]


@pytest.mark.parametrize("override", ["", "30h of soak left"])
def test_an_action_comes_back_with_its_steps_and_the_phase_that_it_led_to(override: str) -> None:
    state = State(ACTIONS, AT)
    acts: list[Input] = [
        replace(STARTED, override=override),
        ActionProgressed(AT + 1, "a1", 0, "run: true", "running"),
        ActionProgressed(AT + 2, "a1", 0, "run: true", "failed", "exit code: 1"),
        LadderLeft(AT + 3, "a1", BEN),
        ActionEnded(AT + 4, "a1", Outcome.DONE, "took 3 s"),
    ]
    records = [record for act in acts for record in state.apply(act)]

    found = [one for one in inputs_of(recording(records), AT + 9) if not isinstance(one, TimePassed)]

    assert found == acts
    assert replay(recording(records)).state.phase.index == 1


def test_a_run_ends_where_it_was_closed_or_last_written_to() -> None:
    closed = Record(AT + 50, "session", "left by anna@ops1", {"actor": "anna@ops1"})
    records = [opened(AT), closed, opened(AT + 100, AT + 50), opened(AT + 300, AT + 250)]

    assert [(run.since - AT, run.until - AT) for run in runs_of(recording(records))] == [
        (0, 50),
        (100, 250),
        (300, 600),
    ]


def test_no_time_passes_while_nobody_watched_and_lines_of_then_are_read_at_the_next_opening() -> None:
    records = [opened(AT), opened(AT + 300, AT + 50)]
    cells = [(Cell(int(AT) + second, "canary", ""), 1) for second in (10, 200)]

    found = list(inputs_of(recording(records, cells=cells), AT + 310))

    ticks = [one.at - AT for one in found if isinstance(one, TimePassed)]
    assert [at for at in ticks if 50 <= at <= 300] == []
    assert ticks[:3] == [1.0, 2.0, 3.0]
    assert [one.at - AT for one in found if isinstance(one, LinesCounted)] == [11.0, 300.0]


def test_no_time_passes_while_the_machine_slept() -> None:
    samples = [SampleTaken(AT + at, "failures", (Reading("canary", 0.0, 10),), 0.0) for at in (1, 11, 211, 221)]

    found = list(inputs_of(recording([opened(AT)], samples=samples), AT + 230))

    ticks = [one.at - AT for one in found if isinstance(one, TimePassed)]
    assert STOOD_STILL_S < 200
    assert [at for at in ticks if 11 < at < 211] == []


def test_time_passes_up_to_the_moment_at_which_the_machine_fell_asleep() -> None:
    samples = [SampleTaken(AT + at, "failures", (Reading("canary", 0.0, 10),), 0.0) for at in (1, 207)]
    (slept,) = State(ACTIONS, AT).apply(ClockStepped(AT + 207, 200.0))

    found = list(inputs_of(recording([opened(AT), slept], samples=samples), AT + 210))

    ticks = [one.at - AT for one in found if isinstance(one, TimePassed)]
    assert ticks[:8] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 207.0, 208.0]


def test_counts_known_by_the_minute_are_read_from_the_values_that_were_written_down() -> None:
    edges = Edges(seconds=int(AT) + 3600, bin_seconds=int(AT) + 3600)
    bad = [10, 40, 40, 40, 10]
    samples = [
        SampleTaken(AT + 10 * number, "failures", (Reading("canary", float(share), 100, share),), 0.0)
        for number, share in enumerate(bad, start=1)
    ]
    told = recording([opened(AT), *State(ACTIONS, AT).apply(live())], samples=samples, edges=edges)

    found = replay(told).changes

    # `for` is 5 s and a value stands until the next: 10 % is a warning, 40 % is critical, and `keep_for` is 4 s.
    assert [(change.at - AT, change.after) for change in found if change.metric == "failures"] == [
        (10.0, Verdict.OFF_TARGET),
        (20.0, Verdict.WARNING),
        (30.0, Verdict.CRITICAL),
        (60.0, Verdict.WARNING),
    ]


def live() -> SourceChanged:
    """The log is read."""
    return SourceChanged(AT, "app", SourceState.LIVE, parts={"canary": 1})


def verdict(at: float, metric: str, before: Verdict, after: Verdict) -> Record:
    """A verdict in a journal."""
    return Record(at, "verdict", "", {"metric": metric, "from": before.value, "to": after.value, "reason": "> 0"})


def test_a_change_that_was_not_recorded_is_told_beside_the_reason() -> None:
    ok_then_critical = verdict(AT + 100, "leaks", Verdict.OK, Verdict.CRITICAL)
    critical_then_ok = verdict(AT + 130, "leaks", Verdict.CRITICAL, Verdict.OK)
    again = verdict(AT + 160, "leaks", Verdict.OK, Verdict.CRITICAL)
    told = recording([opened(AT), ok_then_critical, critical_then_ok])

    found = paired(told, list(changes_in([ok_then_critical, again])), AT + 600)

    assert [(pair.replayed is not None, pair.recorded is not None) for pair in found] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert found[0].why == ""
    assert "another one then" in found[1].why


def test_the_verdict_of_an_error_budget_is_no_change_of_its_metric() -> None:
    of_metric = verdict(AT + 1, "leaks", Verdict.OK, Verdict.WARNING)
    of_budget = verdict(AT + 2, "leaks", Verdict.OK, Verdict.CRITICAL)

    found = list(changes_in([of_metric, replace(of_budget, body={**of_budget.body, "slo": "few"})]))

    assert [change.at - AT for change in found] == [1]


def test_spells_end_where_the_verdict_changes() -> None:
    changes = list(
        changes_in(
            [
                verdict(AT + 1, "leaks", Verdict.OK, Verdict.CRITICAL),
                verdict(AT + 2, "failures", Verdict.OK, Verdict.CRITICAL),
                verdict(AT + 3, "leaks", Verdict.CRITICAL, Verdict.OK),
                verdict(AT + 5, "leaks", Verdict.OK, Verdict.CRITICAL),
            ]
        )
    )

    found = spells(changes, "leaks", Verdict.CRITICAL)

    assert [(spell.since - AT, None if spell.until is None else spell.until - AT) for spell in found] == [
        (1, 3),
        (5, None),
    ]
