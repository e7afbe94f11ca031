"""What an action would do, shown before it is done: exact commands, changed keys, and what stands in the way."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.core.env_text import EnvFileProblem
from console.core.plan import Plan, Preview, StepPreview
from console.core.planning import check_label, format_share, step_label
from console.core.redact import REDACTED, Redactor, is_secret_name
from console.core.rollout import ActionKind, Check, Step
from console.core.text import visible
from console.effects.env_file import changes, without_file, write_problem
from console.spec.loaded import Loaded

LABEL_LIMIT = 500

_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR")
"""What a command needs to find programs, its user's files, and keys; everything else would change what it does."""

_PASSED_ON_PREFIX = "DOCKER_"


def command_env(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment that commands of an action get, but for what a step adds.

    It is small on purpose: for Compose a variable of the shell beats the env file that an action has just edited.
    """
    return {name: value for name, value in env.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIX)}


def labels(plan: Plan, redactor: Redactor) -> tuple[str, ...]:
    """Return each step and then each verification as one line that is safe to draw and holds no secret."""
    return tuple(
        visible(redactor.redact(text), LABEL_LIMIT)
        for text in (
            *(step_label(_masked(step)) for step in plan.steps),
            *(check_label(_masked_check(check)) for check in plan.verify),
        )
    )


async def build_preview(
    plan: Plan,
    loaded: Loaded,
    *,
    now: str,
    why: str = "",
    unmet: Sequence[str] = (),
    took_s: Sequence[float] = (),
    env: Mapping[str, str] = os.environ,
) -> Preview:
    """Return everything the operator sees before confirming; nothing is changed.

    `now` says in words where the rollout stands, `why` which verdict calls for the action, `unmet` which clauses an
    advance leaves unmet, `took_s` how long earlier runs took. Files and the PATH are looked at; what the action wants
    looked at before is for the caller to ask.
    """
    return await asyncio.to_thread(preview, plan, loaded, now=now, why=why, unmet=unmet, took_s=took_s, env=env)


def preview(
    plan: Plan,
    loaded: Loaded,
    *,
    now: str,
    why: str = "",
    unmet: Sequence[str] = (),
    took_s: Sequence[float] = (),
    env: Mapping[str, str] = os.environ,
) -> Preview:
    """Do the same as `build_preview`, waiting for the disk."""
    redactor = Redactor(loaded.secrets)
    said = labels(plan, redactor)
    path = command_env(env).get("PATH")
    first_run = next((number for number, step in enumerate(plan.steps) if step.run is not None), len(plan.steps))
    steps = [
        _step(step, label, loaded.base_dir, path, redactor, may_be_made=number > first_run)
        for number, (step, label) in enumerate(zip(plan.steps, said, strict=False))
    ]
    checks = [_check(check, label) for check, label in zip(plan.verify, said[len(plan.steps) :], strict=True)]
    return Preview(
        plan=plan,
        why=why,
        now=now,
        after=_after(plan, loaded),
        steps=tuple(steps),
        verify=tuple(checks),
        type_to_confirm=_word(plan, unmet),
        needs_reason=bool(unmet),
        unmet=tuple(unmet),
        took_s=tuple(took_s),
        before=tuple(_look(check, redactor) for check in plan.before),
    )


def _after(plan: Plan, loaded: Loaded) -> str:
    if plan.traffic is None:
        return "the share stays as it is"
    share = f"{format_share(plan.traffic)} % canary"
    return share if plan.phase is None else f"{share}, phase {loaded.rollout.phases[plan.phase].name}"


def _word(plan: Plan, unmet: Sequence[str]) -> str:
    """Return what has to be typed: nothing for one rung down or an advance that is due, the service for the rest."""
    is_gentle = plan.kind is ActionKind.STEP_DOWN or (plan.kind is ActionKind.ADVANCE and not unmet)
    return "" if is_gentle else plan.service


def _step(
    step: Step, label: str, base_dir: Path, path: str | None, redactor: Redactor, *, may_be_made: bool
) -> StepPreview:
    """Return a step as it is shown; what is not there yet may be made by a command before it."""
    try:
        return _looked_at(step, label, base_dir, path, redactor, may_be_made=may_be_made)
    except OSError as error:  # a folder that may not be entered, a disk that breaks, a name that is too long
        problem = visible(redactor.redact(f"it cannot be looked at: {error}"), LABEL_LIMIT)
        return StepPreview(label, step.kind, step.timeout, problem=problem)


def _looked_at(
    step: Step, label: str, base_dir: Path, path: str | None, redactor: Redactor, *, may_be_made: bool
) -> StepPreview:
    if step.env_file is None:
        command = "" if step.run is None else "/bin/sh" if step.shell else step.run[0]
        is_to_come = may_be_made and "/" in command and not (base_dir / command).exists()
        problem = "" if not command or is_to_come else _command_problem(command, base_dir, path)
        return StepPreview(label, step.kind, step.timeout, problem=visible(redactor.redact(problem), LABEL_LIMIT))
    target = base_dir / step.env_file.path
    if may_be_made and not target.exists():
        made = without_file(step.env_file.set, step.env_file.path, redactor)
        return StepPreview(label, step.kind, step.timeout, made)
    problem = write_problem(target)
    try:
        found = () if problem else changes(target, step.env_file.set, step.env_file.path, redactor)
    except EnvFileProblem as error:
        found, problem = (), str(error)
    return StepPreview(label, step.kind, step.timeout, found, visible(redactor.redact(problem), LABEL_LIMIT))


def _look(check: Check, redactor: Redactor) -> StepPreview:
    label = visible(redactor.redact(check_label(_masked_check(check))), LABEL_LIMIT)
    return StepPreview(label, "before", check.within)


def _check(check: Check, label: str) -> StepPreview:
    return StepPreview(label, "verify", check.within)


def _command_problem(command: str, base_dir: Path, path: str | None) -> str:
    if "/" in command:
        program = base_dir / command
        if not program.exists():
            return f"{command}: not found"
        return "" if os.access(program, os.X_OK) else f"{command}: cannot be executed"
    return "" if shutil.which(command, path=path) else f"{command}: command not found"


def _masked(step: Step) -> Step:
    """Return the step with values under the name of a secret masked, for showing."""
    if step.env_file is not None:
        shown = step.env_file.model_copy(update={"set": _without_secrets(step.env_file.set)})
        return step.model_copy(update={"env_file": shown})
    return step.model_copy(update={"env": _without_secrets(step.env)})


def _masked_check(check: Check) -> Check:
    if check.env_file is None:
        return check
    shown = check.env_file.model_copy(update={"set": _without_secrets(check.env_file.set)})
    return check.model_copy(update={"env_file": shown})


def _without_secrets(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: REDACTED if value and is_secret_name(name) else value for name, value in settings.items()}
