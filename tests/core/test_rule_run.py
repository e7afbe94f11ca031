"""A rule test judges only what it asks about, and finds there what a whole session would."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.inputs import Reading, SampleTaken, SessionOpened, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.rule_run import START, run_rule_test
from console.core.rule_tests import RuleTest
from console.core.state import State
from console.core.words import SourceState
from tests.core.shop import ANNA, METRICS, rollout_of

EVERY_S = 10
LENGTH = 18
HELD: dict[str, Any] = {"routes": [{"severity": "warning", "to": ["json://one/a"]}], "group_wait": "0s"}
SERIES = st.lists(st.sampled_from([None, 0.0, 3.0, 9.0]), min_size=LENGTH, max_size=LENGTH)


def shop() -> Rollout:
    """A shop with alerts, incidents and a budget, whose conditions must hold for a while."""
    made = rollout_of(
        HELD,
        incidents={"severities": [{"severity": 1, "about": "leaks"}]},
        slo={"few": {"metric": "errors", "objective": "99%", "period": "30d"}},
    )
    said = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name, more in zip(METRICS, ({"for": "20s"}, {"keep_for": "30s"}, {"stale_after": "15s"}), strict=True):
        said["metrics"][name] |= more
    return Rollout.model_validate(said)


SHOP = shop()


def watched(series: dict[str, list[float | None]]) -> list[dict[str, str]]:
    """What a whole session says of every metric before each measurement."""
    state = State(SHOP, START)
    found: list[dict[str, str]] = []
    for one in (SessionOpened(START, ANNA, "", None), SourceChanged(START, "db", SourceState.LIVE)):
        state.apply(one)
    for second in range(LENGTH * EVERY_S):
        if second % EVERY_S == 0:
            for name, values in series.items():
                value = values[second // EVERY_S]
                if value is not None:
                    state.apply(SampleTaken(START + second, name, (Reading("", value),), 0.0))
        if second:
            state.apply(TimePassed(START + second))
        if second % EVERY_S == EVERY_S - 1:
            verdicts = {name: state.verdict_of(name).verdict for name in series}
            found += [{"at": f"{second}s", "metric": name, "verdict": verdict} for name, verdict in verdicts.items()]
    return found


@given(st.fixed_dictionaries(dict.fromkeys(METRICS, SERIES)))
@settings(max_examples=15)
def test_what_is_expected_as_a_session_said_it_is_found_so(series: dict[str, list[float | None]]) -> None:
    said = watched(series)

    for name in METRICS:
        test = RuleTest.model_validate(
            {
                "name": name,
                "series": {one: " ".join("_" if v is None else f"{v:g}" for v in series[one]) for one in series},
                "expect": [one for one in said if one["metric"] == name],
            }
        )
        assert run_rule_test(SHOP, test) == []
