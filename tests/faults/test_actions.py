"""Actions under faults drawn from fixed seeds; `make soak ARGS="--family actions"` goes on for longer."""

from collections import Counter
from collections.abc import Iterator

import pytest

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
from tests.faults.actions import run_case
from tests.faults.acts_compose import COMPOSE
from tests.faults.acts_plan import POINTS, STEP_FAULTS, TURN, Scene, case_of
from tests.faults.acts_servers import Servers
from tests.servers import PrivateEngine, missing


@pytest.fixture(scope="module")
def servers(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Iterator[Servers]:
    """PostgreSQL, Valkey and an HTTP server behind networks that break."""
    made = Servers(postgres, valkey)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("seed", "scene"),
    [
        (6, Scene.RUNNER),
        (85, Scene.STEP),
        (14, Scene.ACT),
        (10, Scene.RUNNER_DISK),
        (17, Scene.RIVALS),
        (1, Scene.COUNTDOWN),
        (2, Scene.JUMP),
    ],
)
def test_no_step_takes_effect_twice_and_none_is_half_done_without_a_word(
    servers: Servers, seed: int, scene: Scene
) -> None:
    outcome = run_case(case_of(seed, scene), servers)

    assert outcome.is_good, outcome.report
    assert outcome.has_met_fault, outcome.report


@pytest.mark.engine
def test_an_action_of_compose_is_settled_after_its_runner_was_killed(servers: Servers, engine: PrivateEngine) -> None:
    if not COMPOSE:
        missing("there is no docker-compose")

    outcome = run_case(case_of(86, Scene.COMPOSE), servers, engine)

    assert outcome.is_good, outcome.report


def test_seed_after_seed_every_point_and_every_fault_of_a_step_is_met() -> None:
    points = [case_of(seed, Scene.RUNNER).at for seed in range(POINTS[Scene.RUNNER])]
    faults = [case_of(seed, Scene.STEP) for seed in range(len(STEP_FAULTS))]

    assert Counter(points) == Counter(range(1, POINTS[Scene.RUNNER] + 1))
    assert {(case.faulty, case.way) for case in faults} == set(STEP_FAULTS)
    assert {case_of(seed).scene for seed in range(TURN)} == set(Scene)
