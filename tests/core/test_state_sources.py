"""Sources in the state of a session: lost, named, recreated, cut, and each said once."""

from dataclasses import replace

from console.core.counts import Cell
from console.core.inputs import ContainerNamed, OriginEnded, SourceChanged, TimePassed
from console.core.source_news import ENDED_KEPT
from console.core.state import State
from console.core.tally import CUT
from console.core.words import SourceState
from tests.core.folded import ROLLOUT, START, frame_of, lines
from tests.core.taken_up import taken_up


def test_a_source_that_is_lost_is_one_line_in_the_journal_however_often_it_is_tried_again() -> None:
    state = State(ROLLOUT, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))

    told = [
        record.text
        for attempt in range(5)
        for record in state.apply(
            SourceChanged(START + attempt, "app", SourceState.RETRYING, "no engine", START + attempt + 1)
        )
    ]

    assert told == ["app: retrying · no engine"]
    assert len(state.apply(SourceChanged(START + 9, "app", SourceState.LIVE, parts={"canary": 1}))) == 1


def test_the_journal_names_a_container_and_says_what_became_of_it_once() -> None:
    state = State(ROLLOUT, START)
    said = [
        ("app-1", ""),
        ("app-1", ""),
        ("app-1", "ended with exit code 1"),
        ("app-old", ""),
        ("app-old", "was removed"),
    ]

    told = [
        record.text
        for name, became in said
        for record in state.apply(ContainerNamed(START, "app", "c1", name, "canary", became))
    ]

    assert told == [
        "app: app-1 (canary) is followed",
        "app: app-1 (canary) ended with exit code 1",
        "app: app-old (canary) was app-1 (canary)",
        "app: app-old (canary) was removed",
    ]


def test_names_of_containers_are_known_after_a_restart_until_they_are_gone() -> None:
    state = State(ROLLOUT, START)
    for origin in ("c1", "c2"):
        state.apply(ContainerNamed(START, "app", origin, f"app-{origin}", "canary"))
    state.apply(OriginEnded(START, "app", "c1"))
    state.apply(ContainerNamed(START, "app", "c1", "app-c1", "canary", "was removed"))

    again = taken_up(state, START)

    assert again.named == {("app", "c2"): ("app-c2", "canary")}
    assert again.apply(ContainerNamed(START + 1, "app", "c2", "app-c2", "canary")) == []


def test_thousands_of_recreated_containers_take_no_more_room_than_hundreds() -> None:
    state = State(ROLLOUT, START)
    for number in range(3 * ENDED_KEPT):
        state.apply(replace(lines(START + number, "canary", ["served home"], after=-1), origin=f"c{number}"))
        state.apply(OriginEnded(START + number, "app", f"c{number}"))

    assert len(state.positions) == len(state.ended) == ENDED_KEPT
    assert state.rollup.total("canary", "served") == 3 * ENDED_KEPT
    assert state.forgotten() == [("app", f"c{number}") for number in range(2 * ENDED_KEPT)]
    assert state.forgotten() == []
    again = taken_up(state, START)
    assert list(again.ended) == list(state.ended)


def test_lines_that_were_cut_are_in_the_flow_and_once_in_the_journal() -> None:
    state = State(ROLLOUT, START)
    counted = lines(START + 1, "canary", ["served home"])
    state.apply(replace(counted, counts=dict(counted.counts) | {Cell(int(START + 1), "canary", CUT): 1}))

    records = state.apply(TimePassed(START + 3)) + state.apply(TimePassed(START + 4))

    assert frame_of(state, START + 4).flow.lines_cut == 1
    assert [record.text for record in records if record.kind == "rule"] == [
        "1 line was cut at 256 KiB and classified by what stands before; the source strip counts them"
    ]
