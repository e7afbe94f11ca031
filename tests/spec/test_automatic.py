"""What a rollout file may say of a rollback that begins by itself."""

import pytest

from tests.spec.conftest import Write, loads, problems_of

BASE = """\
metrics:
  up: {http: {url: 'http://h/'}, critical: '== 0', on: {critical: back, automatic_after: 60s}}
phases: [{name: Canary, traffic: 10%}]
actions:
  back: {title: Back, kind: rollback, steps: [{run: ['true']}]}
  down: {title: Down, kind: step_down, ladder: [5, 0], steps: [{run: ['true']}]}
"""


def test_a_threshold_may_begin_a_rollback_by_itself(write: Write) -> None:
    rollout = loads(write(BASE)).rollout

    assert rollout.metrics["up"].on.automatic_after == 60


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("automatic_after: 60s", "automatic_after: 5s", "found '5s'; expected at least 10s, so that it can be stopped"),
        ("critical: back", "critical: down", "only a rollback begins by itself"),
        ("critical: back", "critical: hold", "only a rollback begins by itself"),
        ("critical: back", "warning: back", "name an action of kind rollback in `critical`"),
        ("critical: '== 0'", "warning: '== 0'", "the metric is never CRITICAL"),
    ],
)
def test_what_cannot_be_meant_is_refused(write: Write, before: str, after: str, expected: str) -> None:
    problems = problems_of(write(BASE.replace(before, after)))

    (problem,) = [found for found in problems if "metrics.up.on.automatic_after" in found]
    assert expected in problem
