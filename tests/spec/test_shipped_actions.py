"""What the actions of the shipped rollouts promise, whatever stands around them."""

import os
import subprocess
from pathlib import Path

import pytest

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor
from console.core.checklists import can_sign
from console.core.inputs import SignedOff
from console.core.planning import plan
from console.core.rollout import Action
from console.core.state import State
from console.core.words import Outcome
from console.spec.load import load

ANNA = Actor("anna", "ops1")


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
    ("rollout", "name", "severity", "item"),
    [
        ("user-context", "rollback", 1, "respond"),
        ("user-context", "rollback_component", 2, "respond"),
        ("user-context", "step_down", 2, "respond"),
        ("ai-agent", "disable_tenant", 2, "execute"),
        ("ai-agent", "database_rollback", 2, "execute"),
        ("ai-agent", "step_down", 2, "execute"),
    ],
)
def test_whatever_takes_something_back_opens_the_war_room_and_is_the_rollback_of_the_procedure(
    rollout: str, name: str, severity: int, item: str
) -> None:
    state = State(load(rollout, {}).rollout, 0.0)
    asked = action(rollout, name)

    state.apply(ActionStarted(1.0, "a1", name, asked.kind, asked.title, ANNA, "it fails", None, None, ("x",)))
    found = state.incidents.open
    state.apply(ActionEnded(2.0, "a1", Outcome.DONE))

    assert found is not None
    assert found.room is not None
    assert (found.severity, found.room.why) == (severity, f"{asked.title} begun by anna@ops1: it fails")
    assert state.incidents.incidents[1].ticks[item].text == f"{asked.title} done"


@pytest.mark.parametrize(
    ("rollout", "phase"), [("user-context", "Before deployment"), ("ai-agent", "Testing"), ("ai-agent", "Full 100%")]
)
def test_one_account_cannot_sign_for_all_whom_a_plan_asks(rollout: str, phase: str) -> None:
    state = State(load(rollout, {}).rollout, 0.0)
    index = [one.name for one in state.rollout.phases].index(phase)
    state.phase = state.phase.entered(state.rollout, index, 1.0, str(ANNA))
    first, *others = (asked.role for asked in state.rollout.phases[index].sign_off)

    mine = can_sign(state, first, ANNA)
    state.apply(SignedOff(2.0, first, ANNA))

    assert mine == ""
    assert others
    for number, role in enumerate(others):
        assert f"{role} must be another person than anna@ops1" in can_sign(state, role, Actor("anna", "laptop"))
        state.apply(SignedOff(3.0, role, Actor(f"other{number}", "ops1")))
        assert role not in missing_roles(state)
    assert missing_roles(state) == []


def missing_roles(state: State) -> list[str]:
    phase = state.rollout.phases[state.phase.index]
    return [asked.role for asked in phase.sign_off if asked.role not in state.checklists.of(phase.name).signed]


@pytest.mark.parametrize(
    ("says", "passes"),
    [
        ("echo Remote database is up to date.", True),
        ("echo Remote database is up to date. >&2", True),
        ("echo Would push these migrations: >&2; echo 20260101000000_sessions.sql >&2", False),
        ("echo failed to connect to postgres >&2; exit 1", False),
    ],
)
def test_the_migration_of_stateless_orchestration_is_applied_when_supabase_has_none_left(
    tmp_path: Path, says: str, passes: bool
) -> None:
    (tmp_path / "supabase").write_text(f'#!/bin/sh\ntest "$*" = "db push --dry-run" || exit 2\n{says}\n')
    (tmp_path / "supabase").chmod(0o755)
    found = load("stateless-orchestration", {}).rollout
    (item,) = (one for one in found.phases[0].prerequisites if one.id == "migration-applied")
    assert item.verify is not None

    path = f"{tmp_path}:{os.environ['PATH']}"
    ran = subprocess.run(item.verify.command or (), env={"PATH": path}, capture_output=True, text=True, check=False)

    assert (ran.returncode == 0) is passes
    assert ran.stdout.splitlines()[0] == says.split(";", maxsplit=1)[0].removeprefix("echo ").removesuffix(" >&2")
    assert item.verify in found.actions["migrate"].verify


def test_what_goes_on_or_is_only_tried_opens_no_war_room() -> None:
    state = State(load("ai-agent", {}).rollout, 0.0)

    for name in ("advance", "enable_tenant", "backup", "plan_migrations", "migrate"):
        asked = action("ai-agent", name)
        state.apply(ActionStarted(1.0, name, name, asked.kind, asked.title, ANNA, "on we go", None, None, ("x",)))

    assert state.incidents.open is None


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
