from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.planning import PlanRefused, check_label, plan, step_label
from console.core.rollout import ActionKind, Check, Rollout, Step

LADDER = [75, 50, 25, 10, 0]


def rollout(**actions: Any) -> Rollout:
    return Rollout.model_validate(
        {
            "rollout": "stateless",
            "title": "t",
            "service": "app",
            "phases": [
                {"name": "Canary 10%", "traffic": "10%"},
                {"name": "Canary 25%", "traffic": "25%"},
                {"name": "Half", "traffic": "50%"},
            ],
            "actions": actions,
        }
    )


STEPS = [
    {"env_file": {"path": ".env", "set": {"CANARY_PERCENTAGE": "${traffic}"}}},
    {"run": ["deploy", "--share=${traffic}%"], "env": {"SHARE": "${traffic}"}, "timeout": "120s"},
    {"sql": {"source": "db", "statement": "update flags set share = ${traffic}"}},
    {"redis": {"source": "cache", "command": ["SET", "share", "${traffic}"]}},
    {
        "http": {
            "url": "http://h/${traffic}",
            "method": "PUT",
            "headers": {"X": "${traffic}"},
            "json": {"a": ["${traffic}", None]},
        }
    },
]
DOWN = {"title": "Step down", "kind": "step_down", "ladder": LADDER, "hold": "10m", "steps": STEPS}


def test_a_rollback_goes_to_zero_from_anywhere() -> None:
    planned = plan(
        rollout(back={"title": "Back", "kind": "rollback", "steps": STEPS}), "back", phase_index=None, traffic=None
    )

    assert (planned.traffic, planned.ladder, planned.phase) == (0, (), None)
    assert planned.kind is ActionKind.ROLLBACK
    assert planned.steps[0].env_file is not None
    assert planned.steps[0].env_file.set == {"CANARY_PERCENTAGE": "0"}


def test_the_share_is_put_into_every_string_of_every_step() -> None:
    planned = plan(rollout(down=DOWN), "down", phase_index=2, traffic=50)

    env, run, sql, redis, http = planned.steps
    assert env.env_file is not None
    assert env.env_file.set == {"CANARY_PERCENTAGE": "25"}
    assert run.run == ("deploy", "--share=25%")
    assert run.env == {"SHARE": "25"}
    assert run.timeout == 120
    assert sql.sql is not None
    assert sql.sql.statement == "update flags set share = 25"
    assert redis.redis is not None
    assert redis.redis.command == ("SET", "share", "25")
    assert http.http is not None
    assert http.http.url == "http://h/25"
    assert http.http.headers == {"X": "25"}
    assert http.http.json_ == {"a": ["25", None]}
    assert http.http.method == "PUT"


def test_the_share_is_put_into_the_verification_too() -> None:
    check = {"http": {"url": "http://h/share", "contains": "share=${traffic}"}, "within": "60s"}

    planned = plan(rollout(down={**DOWN, "verify": [check]}), "down", phase_index=2, traffic=12.5)

    assert planned.verify[0].http is not None
    assert planned.verify[0].http.contains == "share=10"
    assert planned.verify[0].within == 60


@pytest.mark.parametrize(
    ("present", "rung", "expected", "rest"),
    [
        (100, None, 75, (50, 25, 10, 0)),
        (75, None, 50, (25, 10, 0)),
        (60, None, 50, (25, 10, 0)),
        (10, None, 0, ()),
        (75, 0, 0, ()),
        (None, 25, 25, (10, 0)),
    ],
)
def test_a_step_down_takes_the_next_lower_rung_or_the_one_asked_for(
    present: float | None, rung: float | None, expected: float, rest: tuple[float, ...]
) -> None:
    planned = plan(rollout(down=DOWN), "down", phase_index=None, traffic=present, rung=rung)

    assert planned.traffic == expected
    assert planned.ladder == rest
    assert planned.hold_s == 600


@pytest.mark.parametrize(
    ("present", "rung", "why"),
    [
        (0, None, "no rung below the present 0%"),
        (50, 75, "75% is not below the present 50%"),
        (50, 50, "50% is not below the present 50%"),
        (50, 33, "33% is no rung of the ladder; it has 75%, 50%, 25%, 10%, 0%"),
        (None, None, "the present share is not known"),
    ],
)
def test_a_step_down_that_goes_nowhere_is_refused(present: float | None, rung: float | None, why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        plan(rollout(down=DOWN), "down", phase_index=None, traffic=present, rung=rung)


def test_an_advance_moves_to_the_next_phase_and_its_share() -> None:
    planned = plan(rollout(go={"title": "Go", "kind": "advance", "steps": STEPS[:1]}), "go", phase_index=0, traffic=10)

    assert (planned.phase, planned.traffic) == (1, 25)
    assert planned.steps[0].env_file is not None
    assert planned.steps[0].env_file.set == {"CANARY_PERCENTAGE": "25"}


@pytest.mark.parametrize(
    ("phase", "rung", "why"),
    [
        (2, None, "last phase"),
        (None, None, "present phase is not known"),
        (0, 50, "the next phase, Canary 25%, has 25%, not 50%"),
        (None, 33, "no phase has a share of 33%"),
    ],
)
def test_an_advance_to_nowhere_is_refused(phase: int | None, rung: float | None, why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        plan(rollout(go={"title": "Go", "kind": "advance"}), "go", phase_index=phase, traffic=None, rung=rung)


def test_without_a_phase_the_share_says_where_an_advance_goes() -> None:
    planned = plan(rollout(go={"title": "Go", "kind": "advance"}), "go", phase_index=None, traffic=None, rung=50)

    assert planned.phase == 2


def test_an_advance_does_what_belongs_to_the_phase_that_it_enters_and_nothing_of_the_others() -> None:
    steps = [{"run": ["always"]}, {"to": "Canary 25%", "run": ["quarter"]}, {"to": ["Half"], "run": ["half"]}]
    going = rollout(go={"title": "Go", "kind": "advance", "steps": steps})

    words = [
        [step.run and step.run[0] for step in plan(going, "go", phase_index=phase, traffic=10).steps]
        for phase in (0, 1)
    ]

    assert words == [["always", "quarter"], ["always", "half"]]


def test_a_parameter_is_bound_to_a_statement_that_verifies_and_never_pasted() -> None:
    task = {
        "title": "Off",
        "parameters": {"tenant": {}},
        "steps": [{"run": ["off", "${tenant}"]}],
        "verify": [{"sql": {"source": "db", "statement": "select off from t where id = ${tenant}"}}],
    }

    (check,) = plan(rollout(off=task), "off", phase_index=0, traffic=10, given={"tenant": "acme"}).verify

    assert check_label(check) == "db: select off from t where id = $1, $1 = 'acme', within 10s"


def test_a_task_changes_no_share() -> None:
    task = {"title": "Migrate", "steps": [{"run": ["./migrate"]}]}

    planned = plan(rollout(migrate=task), "migrate", phase_index=0, traffic=10)

    assert planned.traffic is None
    with pytest.raises(PlanRefused, match="changes no share"):
        plan(rollout(migrate=task), "migrate", phase_index=0, traffic=10, rung=5)


def test_a_parameter_may_stand_in_the_key_of_an_env_file() -> None:
    task = {
        "title": "Roll one back",
        "parameters": {"component": {"from": {"values": ["TOOLS", "SOCKETS"]}}},
        "steps": [{"env_file": {"path": ".env", "set": {"ENABLE_${component}": "false"}}}],
    }

    planned = plan(rollout(one=task), "one", phase_index=0, traffic=10, given={"component": "TOOLS"})

    assert planned.steps[0].env_file is not None
    assert planned.steps[0].env_file.set == {"ENABLE_TOOLS": "false"}
    assert planned.title == "Roll one back: component TOOLS"


def test_a_task_that_says_traffic_is_refused() -> None:
    with pytest.raises(PlanRefused, match="changes no share"):
        plan(rollout(x={"title": "X", "steps": STEPS}), "x", phase_index=0, traffic=10)


def test_an_unknown_action_is_refused_with_those_there_are() -> None:
    with pytest.raises(PlanRefused, match="no action 'rolback'; it has: down"):
        plan(rollout(down=DOWN), "rolback", phase_index=0, traffic=10)


def test_a_rollback_to_something_else_than_zero_is_refused() -> None:
    with pytest.raises(PlanRefused, match="goes to 0%"):
        plan(rollout(b={"title": "B", "kind": "rollback", "steps": STEPS}), "b", phase_index=0, traffic=50, rung=25)


@given(st.floats(0, 100), st.sets(st.integers(0, 100), min_size=1, max_size=6))
def test_a_step_down_only_ever_goes_down_and_ends_at_the_last_rung(present: float, rungs: set[int]) -> None:
    falling = rollout(down={**DOWN, "ladder": sorted(rungs, reverse=True)})
    share, shares = present, []

    while any(rung < share for rung in rungs):
        planned = plan(falling, "down", phase_index=None, traffic=share)
        assert planned.traffic is not None
        assert planned.ladder == tuple(sorted((rung for rung in rungs if rung < planned.traffic), reverse=True))
        share = planned.traffic
        shares.append(share)

    assert shares == sorted((rung for rung in rungs if rung < present), reverse=True)


@pytest.mark.parametrize(
    ("step", "label"),
    [
        ({"run": ["docker", "compose", "up", "-d", "a b"]}, "docker compose up -d 'a b'"),
        ({"run": ["x | y"], "shell": True, "env": {"A": "1 2"}}, "A='1 2' sh -c 'x | y'"),
        ({"env_file": {"path": ".env", "set": {"A": "1", "B": "2"}}}, ".env: A=1, B=2"),
        ({"sql": {"source": "db", "statement": "update x\n  set y = 1"}}, "db: update x set y = 1"),
        ({"redis": {"source": "cache", "command": ["SET", "a", "b c"]}}, "cache: SET a 'b c'"),
        ({"http": {"url": "http://h/", "method": "POST", "status": 204}}, "POST http://h/ is 204"),
    ],
)
def test_a_step_says_exactly_what_it_does(step: dict[str, Any], label: str) -> None:
    assert step_label(Step.model_validate(step)) == label


@pytest.mark.parametrize(
    ("check", "label"),
    [
        (
            {"http": {"url": "http://h/", "contains": "ok"}, "within": "60s"},
            "GET http://h/ is 200 and says 'ok', within 1m",
        ),
        ({"redis": "ping", "source": "cache"}, "cache: ping, within 10s"),
        ({"redis": {"persistence": True}, "source": "cache"}, "cache: it keeps its data, within 10s"),
        (
            {"redis": {"info": "hits", "over": ["hits", "misses"]}, "source": "cache"},
            "cache: info hits of hits and misses, within 10s",
        ),
        ({"query": "ready", "source": "db"}, "db: query ready, within 10s"),
        ({"container": "running", "source": "app", "for": "20s"}, "app: every container running for 20s, within 10s"),
        ({"command": ["./ok", "now"]}, "./ok now exits 0, within 10s"),
    ],
)
def test_a_verification_says_what_it_asks(check: dict[str, Any], label: str) -> None:
    assert check_label(Check.model_validate(check)) == label
