"""What the rollout file and the session know themselves: who is told, and how long phases soaked."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from console.core.own_checks import has_soaked, leads_to_people
from console.core.rollout import Rollout
from console.core.soak import PhaseState

HEAD = {"rollout": "r", "title": "R", "service": "app"}
ROLLOUT = Rollout.model_validate(
    HEAD
    | {
        "phases": [
            {"name": "Canary", "traffic": "5%", "soak": "7d"},
            {"name": "Full", "traffic": "100%", "soak": "24h"},
            {"name": "After", "traffic": "100%"},
        ]
    }
)
DAY_S = 86_400.0


def routes(*given: dict[str, object]) -> Rollout:
    severities = [{"severity": 1, "respond_within": "5m", "about": [], "advice": "A", "escalate_to": ["json://boss"]}]
    return Rollout.model_validate(HEAD | {"alerts": {"routes": given}, "incidents": {"severities": severities}})


@pytest.mark.parametrize(
    ("given", "ok", "said"),
    [
        ((), False, "critical: nobody; warning: nobody"),
        (({"severity": "critical", "to": [""]},), False, "critical: nobody; warning: nobody"),
        (
            ({"severity": "critical", "to": ["pagerduty://k"]}, {"severity": "warning", "to": [""]}),
            False,
            "critical: pagerduty, routes[0].to[0]; warning: nobody",
        ),
        (
            ({"severity": "critical", "to": [], "escalate_after": "5m", "escalate_to": ["pagerduty://k"]},),
            False,
            "critical: nobody; warning: nobody",
        ),
        (
            ({"severity": "critical", "to": ["", "pagerduty://k"]}, {"severity": "warning", "to": ["slack://a/b/c"]}),
            True,
            "critical: pagerduty, routes[0].to[1]; warning: slack, routes[1].to[0]",
        ),
    ],
)
def test_alerts_lead_to_people_where_each_severity_has_an_address_that_is_told_first(
    given: tuple[dict[str, object], ...], ok: bool, said: str
) -> None:
    assert leads_to_people(routes(*given), ("critical", "warning")) == (ok, said)


def test_a_phase_has_soaked_when_its_whole_soak_is_over_and_goes_on_to_have_when_it_was_left() -> None:
    canary = PhaseState().entered(ROLLOUT, 0, 0.0)
    nearly = replace(canary, soaked_s=7 * DAY_S - 1)
    whole = replace(canary, soaked_s=7 * DAY_S)

    full = replace(whole.entered(ROLLOUT, 1, 7 * DAY_S), soaked_s=DAY_S / 2)
    after = full.entered(ROLLOUT, 2, 8 * DAY_S)

    assert not has_soaked(ROLLOUT, nearly, ["Canary"])[0]
    assert has_soaked(ROLLOUT, whole, ["Canary"]) == (True, "Canary soaked 7d of 7d")
    assert has_soaked(ROLLOUT, full, ["Canary", "Full"]) == (
        False,
        "Canary soaked 7d of 7d; Full soaked 12h of 1d",
    )
    assert has_soaked(ROLLOUT, after, ["Canary", "Full"])[1] == "Canary soaked 7d of 7d; Full soaked 12h of 1d"


def test_a_phase_that_was_left_before_its_soak_was_over_has_not_soaked_however_long_ago() -> None:
    early = replace(PhaseState().entered(ROLLOUT, 0, 0.0), soaked_s=3 * DAY_S)

    later = replace(early.entered(ROLLOUT, 1, 3 * DAY_S), soaked_s=30 * DAY_S)

    assert has_soaked(ROLLOUT, later, ["Canary"]) == (False, "Canary soaked 3d of 7d")


def test_a_phase_that_was_never_entered_has_not_soaked() -> None:
    assert has_soaked(ROLLOUT, PhaseState(), ["Full"]) == (False, "Full soaked 0s of 1d")


def test_what_phases_soaked_outlives_the_console() -> None:
    kept = TypeAdapter(PhaseState)
    left = replace(PhaseState(), soaked_s=7 * DAY_S).entered(ROLLOUT, 1, 7 * DAY_S)

    restored = kept.validate_json(kept.dump_json(left))

    assert has_soaked(ROLLOUT, restored, ["Canary"])[0]
