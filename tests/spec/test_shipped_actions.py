"""What the actions of the shipped rollouts promise, whatever stands around them."""

from console.core.rollout import Action
from console.spec.load import load


def action(rollout: str, name: str) -> Action:
    return load(rollout, {}).rollout.actions[name]


def test_the_rollback_of_fsm_checkpoint_is_verified_without_redis() -> None:
    asked = [check.kind for check in action("fsm-checkpoint", "rollback").verify]

    assert asked == ["container"]
