"""Error budgets in the state of a session: how they burn, and that nobody calls one healthy who did not look."""

import pytest

from console.core.inputs import SessionOpened, SourceChanged, TimePassed, Unread
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict
from console.core.words import SourceState
from tests.core.phased import ANNA, START, again, begun, counted, frame_of, rollout, run

SLO = {"availability": {"metric": "failures", "objective": "99.9%", "period": "30d"}}


def burned(share: float, hours: float, of: Rollout | None = None) -> State:
    """A rollout in which a share of the canary's requests failed for hours, looked at every ten seconds."""
    state = begun(of or rollout(slo=SLO))
    for second in range(10, int(hours * 3600) + 1, 10):
        bad = round(1000 * share)
        state.apply(counted(START + second - 1, bad, 1000 - bad))
        state.apply(counted(START + second - 1, 9, 8991, "baseline"))
        state.apply(TimePassed(START + second))
    return state


def test_a_budget_that_burns_is_a_critical_line_among_the_panels_and_an_alert() -> None:
    state = burned(0.3, 1)

    frame = frame_of(state, 3600)

    panel = next(one for one in frame.panels if one.metric == "availability")
    assert panel.verdict is Verdict.CRITICAL
    assert panel.values[0].text == "30.9x"
    assert panel.reason == "30.9x over 1h and 30.9x over 5m, page above 14.4x"
    assert frame.verdict is Verdict.CRITICAL
    assert ("availability", "critical") in [(alert.name, alert.severity) for alert in frame.alerts]


def test_a_budget_of_which_little_was_seen_is_unknown_and_neither_healthy_nor_burning() -> None:
    frame = frame_of(burned(0.01, 0.05), 180)

    panel = next(one for one in frame.panels if one.metric == "availability")
    assert panel.verdict is Verdict.UNKNOWN
    assert "availability" not in [alert.name for alert in frame.alerts]


def test_what_the_phase_spends_is_its_share_times_its_rate_times_its_time() -> None:
    state = burned(0.02, 1)

    (budget,) = frame_of(state, 3600).budgets

    assert budget.spent == pytest.approx(0.10 * 20 * 3600 / (30 * 86_400))
    assert budget.rate == pytest.approx(0.02)
    assert budget.will_spend is not None
    left_s = 3600 - state.phase.soaked_s
    assert budget.will_spend == pytest.approx(0.10 * 20 * (3600 + left_s) / (30 * 86_400))
    assert budget.text.startswith("this phase spent 0.278 % of the 30d error budget, ")


def budget_of(state: State, at: float) -> tuple[Verdict, str]:
    panel = next(one for one in frame_of(state, at).panels if one.metric == "availability")
    return panel.verdict, panel.reason


UNREADABLE = SourceChanged(START + 3601, "app", SourceState.UNREADABLE, "no permission")
UNREAD = SourceChanged(
    START + 3601,
    "app",
    SourceState.LIVE,
    parts={"canary": 2, "baseline": 6},
    unread=(Unread("shop-2", "canary", "its log driver is none"),),
)
SILENT = SourceChanged(START + 3601, "app", SourceState.LIVE, parts={"baseline": 6})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (UNREADABLE, "failures is BROKEN: app unreadable: no permission"),
        (UNREAD, "shop-2 cannot be read: its log driver is none"),
        (SILENT, "nothing was read from canary for more than 1m 30s, and none of its containers runs"),
    ],
)
def test_a_budget_is_not_ok_while_something_of_what_it_counts_is_not_read(change: SourceChanged, why: str) -> None:
    state = burned(0.001, 1)
    assert budget_of(state, 3600)[0] is Verdict.OK

    state.apply(change)
    for second in range(3601, 3720):
        if change is not UNREADABLE:
            state.apply(counted(START + second - 1, 0, 900, "baseline"))
        state.apply(TimePassed(START + second))

    assert budget_of(state, 3720) == (Verdict.UNKNOWN, why)
    (budget,) = frame_of(state, 3720).budgets
    assert "quiet" not in [said for said, _ in budget.rules]
    assert state.budgets["availability"].since is not None


@pytest.mark.parametrize("change", [UNREADABLE, UNREAD])
def test_a_budget_that_burns_goes_on_to_stand_until_it_is_known_that_it_does_not(change: SourceChanged) -> None:
    state = burned(0.3, 1)
    since = state.budgets["availability"].since

    state.apply(change)
    for second in range(3601, 4000):
        if change is UNREAD:
            state.apply(counted(START + second - 1, 0, 1000, "baseline"))
        state.apply(TimePassed(START + second))
    blind = budget_of(state, 4000)
    state.apply(SourceChanged(START + 4000, "app", SourceState.LIVE, parts={"canary": 2, "baseline": 6}))
    for second in range(4010, 6500, 10):
        state.apply(counted(START + second - 1, 0, 1000))
        state.apply(TimePassed(START + second))

    assert blind[0] is Verdict.CRITICAL
    assert blind[1].count("; was ") == 1
    assert blind[1].endswith("over 5m, page above 14.4x")
    assert since is not None
    assert budget_of(state, 6490)[0] is not Verdict.CRITICAL


def test_a_budget_of_a_query_is_not_ok_while_its_answers_are_too_old() -> None:
    state = begun(rollout(slo={"availability": {"metric": "errors", "objective": "99%"}}))
    run(state, 0, 4000, share=0.1, step=10)
    assert budget_of(state, 4000)[0] is Verdict.OK

    for second in range(4001, 4100):
        state.apply(TimePassed(START + second))

    assert budget_of(state, 4100) == (Verdict.UNKNOWN, "errors is UNKNOWN: no answer for more than 30s")


def test_a_budget_can_be_of_a_query_whose_answers_are_added_up_where_they_do_not_overlap() -> None:
    state = begun(rollout(slo={"availability": {"metric": "errors", "objective": "99.9%"}}))
    run(state, 0, 4000, share=4.0, step=10)

    panel = next(one for one in frame_of(state, 4000).panels if one.metric == "availability")

    assert panel.verdict is Verdict.CRITICAL
    assert panel.values[0].value == pytest.approx(1000 * (200 + 5) / 10_000, rel=0.02)


def test_a_budget_is_the_same_after_a_restart() -> None:
    state = burned(0.3, 1)

    other = again(state, START + 3600)
    other.apply(SessionOpened(START + 3600, ANNA, "1", START + 3600))
    for one in (state, other):
        one.apply(TimePassed(START + 3605))

    assert frame_of(other, 3605).budgets == frame_of(state, 3605).budgets
