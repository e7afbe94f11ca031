"""What the actions of the shipped rollouts promise, whatever stands around them."""

from pathlib import Path

import pytest

from console.core.planning import plan
from console.core.rollout import Action
from console.spec.load import load


def action(rollout: str, name: str) -> Action:
    return load(rollout, {}).rollout.actions[name]


def test_the_rollback_of_fsm_checkpoint_is_verified_without_redis() -> None:
    asked = [check.kind for check in action("fsm-checkpoint", "rollback").verify]

    assert asked == ["container"]


@pytest.mark.parametrize("phase", ["Migration", "Clean-up"])
def test_what_fsm_checkpoint_changes_in_redis_is_tried_before_the_phase_that_may_change_it(phase: str) -> None:
    rollout = load("fsm-checkpoint", {}).rollout
    (entered,) = [one for one in rollout.phases if one.name == phase]

    asked = [item.id for item in entered.prerequisites]
    dry_runs = [made for made in rollout.actions.values() if "--dry-run" in str(made.steps)]

    assert "dry-run" in asked
    assert all(not made.phases for made in dry_runs)
    assert any(phase in made.phases for made in rollout.actions.values())


@pytest.mark.parametrize(
    ("entered", "rolled_back", "passes"),
    [
        ("1A Agent execution core", "AGENT_EXECUTION_CORE", True),
        ("1B Workflow orchestrator", "AGENT_EXECUTION_CORE", False),
        ("1B Workflow orchestrator", "WORKFLOW_ORCHESTRATOR", True),
        ("1C Tool dispatcher", "WORKFLOW_ORCHESTRATOR", False),
        ("Validation and clean-up", "WEBSOCKET_EXECUTOR", False),
    ],
)
def test_a_component_of_user_context_that_was_rolled_back_is_seen_before_an_advance_puts_it_on_again(
    tmp_path: Path, entered: str, rolled_back: str, passes: bool
) -> None:
    env_file = tmp_path / ".env"
    components = ("AGENT_EXECUTION_CORE", "WORKFLOW_ORCHESTRATOR", "TOOL_DISPATCHER", "WEBSOCKET_EXECUTOR")
    said = {f"ENABLE_{one}_MIGRATION": "false" if one == rolled_back else "true" for one in components}
    env_file.write_text("".join(f"{key}={value}\n" for key, value in said.items()))
    rollout = load("user-context", {}).rollout
    index = [phase.name for phase in rollout.phases].index(entered)

    planned = plan(rollout, "advance", phase_index=index - 1, traffic=1)

    asked = [check.env_file.set for check in planned.before if check.env_file is not None]
    found = env_file.read_text().splitlines()
    assert all(f"{key}={value}" in found for one in asked for key, value in one.items()) is passes
