"""`rollout-console act`: run an action from a shell, with or without a console, whatever monitoring says."""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

from console.commands.arguments import add_as, add_file
from console.commands.standing import Standing, standing_of
from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.durations import parse_share
from console.core.exits import Exit
from console.core.plan import Plan, Preview
from console.core.plan_text import preview_json, preview_text
from console.core.planning import PlanRefused, plan
from console.core.redact import Redactor
from console.core.rollout import ActionKind
from console.core.text import visible
from console.core.words import Outcome
from console.effects import earlier, executor
from console.effects.attempt_files import OUTPUT
from console.effects.begin import Intent, Places, begin, places
from console.effects.claims import CannotStart
from console.effects.looking import GLANCE_S, LOOK_S, look_before
from console.effects.preview import preview
from console.effects.sessions import Session, find_latest, state_dir, this_actor
from console.patience import LeftBehind, in_time, waited_for
from console.spec.load_action import load_action
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError

T = TypeVar("T")


_TAIL_S = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    add_as(parser)
    parser.add_argument("action", metavar="ACTION", help="an action of the rollout file, such as rollback")
    parser.add_argument("--dry-run", action="store_true", help="show exactly what would be done, and do nothing")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; it is written into the journal")
    parser.add_argument("--yes", action="store_true", help="do not ask; refused if something is known to be in the way")
    parser.add_argument(
        "--traffic", type=_share, metavar="N", help="the share to go to: a rung of a ladder, or the next phase's"
    )
    parser.add_argument(
        "--set",
        dest="given",
        type=_given,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the action is for, such as tenant=acme; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON on stdout, the rest on stderr")


def run(arguments: argparse.Namespace) -> int:
    """Preview, ask, carry out, and return the exit code: 0 done, 4 nothing was done, 5 failed, unverified, unknown."""
    loaded = _loaded(arguments)
    if loaded is None:
        return Exit.USAGE
    told: TextIO = sys.stderr if arguments.json else sys.stdout
    base, actor = state_dir(), this_actor(says=arguments.says or "")
    session = _session_of(base, loaded.rollout.rollout)
    action = loaded.rollout.actions.get(arguments.action)
    needs_standing = action is None or bool(action.phases) or action.kind in (ActionKind.STEP_DOWN, ActionKind.ADVANCE)
    where = places(base, loaded.rollout.rollout, session)
    standing = standing_of(session, actor) if needs_standing else Standing(said="")
    try:
        planned = plan(
            loaded.rollout,
            arguments.action,
            phase_index=standing.phase,
            traffic=standing.traffic,
            rung=arguments.traffic,
            given=dict(arguments.given),
        )
        parameters = loaded.rollout.actions[planned.action].parameters
        if any(parameters[name].is_looked_up for name, _ in planned.given):
            _asked(_check_listed(loaded, planned))
    except PlanRefused as refusal:
        print(visible(str(refusal)), file=sys.stderr)
        return Exit.USAGE
    shown = preview(
        planned,
        loaded,
        now=standing.said,
        why=standing.why_for(planned.action),
        unmet=standing.unmet_for(planned, loaded.rollout),
        took_s=earlier.took_in_time(base, loaded.rollout.rollout, planned.action),
    )
    if planned.before:
        shown = shown.answered(_asked(_look_before(loaded, planned)))
    print(preview_text(shown), file=told, flush=True)
    if arguments.dry_run:
        if arguments.json:
            print(json.dumps(preview_json(shown), ensure_ascii=False))
        return Exit.FAILED if shown.problems or shown.not_passed else Exit.DONE
    obstacle = _obstacle(shown, arguments)
    if obstacle:
        print(f"{obstacle}; nothing was done", file=sys.stderr)
        return Exit.FAILED if arguments.yes and shown.problems else Exit.USAGE
    reason = arguments.reason.strip() or shown.why or "by hand, from a shell"
    intent = Intent(time.time(), actor, reason, shown.without)
    try:
        return carry_out(shown, loaded, intent, where, told, is_json=arguments.json)
    except (CannotStart, OSError) as failure:
        print(visible(str(failure)), file=sys.stderr)
        return Exit.FAILED


def _loaded(arguments: argparse.Namespace) -> Loaded | None:
    """Return the rollout file as far as the action needs it, or `None` after saying on stderr what is wrong with it."""
    try:
        found = load_action(arguments.file, os.environ, arguments.action)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return None
    if found is None:
        from console.commands.common import load_or_explain  # noqa: PLC0415 - checks all of the file, which weighs

        return load_or_explain(arguments.file, os.environ)
    for text in found.left_out:
        print(f"not needed for this, and wrong: {text}", file=sys.stderr)
    return found.loaded


def _session_of(base: Path, rollout: str) -> Session | None:
    """Return the latest session of a rollout, if the disk says in time whether there is one."""
    try:
        return in_time(lambda: find_latest(base, rollout))
    except OSError as error:
        print(f"{base} cannot be read: {error}; going on without the session", file=sys.stderr, flush=True)
        return None


def _asked(question: Coroutine[Any, Any, T]) -> T:
    """Return what a question finds; a name server that hangs beyond its time is left behind."""

    async def ask() -> T:
        asyncio.get_running_loop().set_default_executor(LeftBehind())
        return await question

    return asyncio.run(ask())


async def _look_before(loaded: Loaded, planned: Plan) -> list[tuple[bool | None, str]]:
    """Ask what is looked at before, all at once; a way down waits only for a moment."""
    from console.commands.verifying import asking  # noqa: PLC0415 - drivers weigh, and few actions need them

    is_way_down = planned.kind in (ActionKind.ROLLBACK, ActionKind.STEP_DOWN)
    async with asking(loaded.rollout, loaded.base_dir, loaded.queries) as ask:
        redact = Redactor(loaded.secrets).redact
        return await look_before(planned, ask, redact, GLANCE_S if is_way_down else LOOK_S)


async def _check_listed(loaded: Loaded, planned: Plan) -> None:
    """Raise `PlanRefused` for a value that is not in the list that the file asks for, if that can be had in time."""
    from console.sources.connect import Connections  # noqa: PLC0415 - drivers weigh, and few actions need them
    from console.sources.values import check_given  # noqa: PLC0415

    given = dict(planned.given)

    def tell(name: str, why: str) -> None:
        said = Redactor(loaded.secrets).redact(why)
        print(visible(f"whether there is a {name} {given[name]} cannot be looked up: {said}"), file=sys.stderr)

    connections = Connections(loaded.rollout, loaded.base_dir, loaded.queries, lambda _: None)
    try:
        await check_given(loaded.rollout.actions[planned.action].parameters, given, connections, tell)
    finally:
        await connections.close()


def _obstacle(shown: Preview, arguments: argparse.Namespace) -> str:
    """Ask for what is still missing, and return why the action is not begun; empty to begin it."""
    if shown.needs_reason and not arguments.reason.strip():
        return "something is not as it should be before this: say why with --reason"
    if arguments.yes:
        return "this cannot work as things are" if shown.problems else ""
    if not sys.stdin.isatty():
        return "nobody can be asked here: confirm with --yes"
    word = shown.type_to_confirm or "y"
    print(f"Type {word} to confirm: ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    return "" if typed == word else f"{visible(typed)!r} is not {word}"


def carry_out(shown: Preview, loaded: Loaded, intent: Intent, where: Places, told: TextIO, *, is_json: bool) -> int:
    """Carry out what was shown, tell how it goes, and return the exit code; raises `CannotStart` or `OSError`."""
    try:
        return asyncio.run(_carry_out(shown, loaded, intent, where, told, is_json=is_json))
    except KeyboardInterrupt:
        print("\nan action that was begun goes on without this terminal", file=sys.stderr)
        return Exit.INTERRUPTED


async def _carry_out(
    shown: Preview, loaded: Loaded, intent: Intent, where: Places, told: TextIO, *, is_json: bool
) -> int:
    folder, started = await begin(shown.plan, loaded, intent, where, tell=_complain)
    print(f"attempt {folder.name}, kept in {folder}", file=sys.stderr, flush=True)
    redactor = Redactor(loaded.secrets)
    is_over = asyncio.Event()
    tail = asyncio.create_task(_print_output(folder, redactor, told, is_over))
    try:
        progress, ended = await _followed(folder, told)
    finally:
        is_over.set()
        await tail
    detail = f": {ended.detail}" if ended.detail else ""
    print(visible(f"{shown.plan.title}: {ended.outcome}{detail}"), file=told, flush=True)
    if is_json:
        print(json.dumps(_outcome_json(started, progress, ended, folder)))
    return Exit.DONE if ended.outcome is Outcome.DONE else Exit.FAILED


def _complain(said: str) -> None:
    print(visible(said), file=sys.stderr, flush=True)


async def _followed(folder: Path, told: TextIO) -> tuple[list[ActionProgressed], ActionEnded]:
    """Tell how an attempt goes on, and return all of it; how it ends is unknown where the disk does not tell."""
    progress: list[ActionProgressed] = []
    try:
        async for said in executor.follow(folder):
            if isinstance(said, ActionEnded):
                return progress, said
            progress.append(said)
            detail = f": {said.detail}" if said.detail else ""
            print(visible(f"  {said.state:<10} {said.label}{detail}"), file=told, flush=True)
    except OSError as error:
        why = f"how it goes on cannot be read: {error}; it goes on all the same: verify before anything is repeated"
        return progress, ActionEnded(time.time(), folder.name, Outcome.UNKNOWN, why)
    raise AssertionError("following ends with an end")


async def _print_output(folder: Path, redactor: Redactor, told: TextIO, is_over: asyncio.Event) -> None:
    """Print what the commands print, line by line, until it is over; then print the rest."""
    offset, rest = 0, b""
    while True:
        is_last = is_over.is_set()
        with contextlib.suppress(OSError):
            chunk = await waited_for(partial(_read_from, folder / OUTPUT, offset))
            offset += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                print("    " + visible(redactor.redact(line.decode("utf-8", "replace"))), file=told)
            told.flush()
        if is_last:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), _TAIL_S)


def _read_from(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def _outcome_json(
    started: ActionStarted, progress: list[ActionProgressed], ended: ActionEnded, folder: Path
) -> dict[str, object]:
    from console.core.export import iso  # noqa: PLC0415 - only for JSON: a quick start

    last = {step.step: step for step in progress}
    return {
        "attempt": started.attempt,
        "action": started.action,
        "kind": started.kind,
        "title": started.title,
        "traffic": started.traffic,
        "phase": started.phase,
        "actor": str(started.actor),
        "reason": started.reason,
        "started": iso(started.at),
        "finished": iso(ended.at),
        "outcome": ended.outcome.value,
        "detail": ended.detail,
        "steps": [
            {"label": label, "state": last[number].state, "detail": last[number].detail}
            if number in last
            else {"label": label, "state": "not begun", "detail": ""}
            for number, label in enumerate(started.steps)
        ],
        "folder": str(folder),
    }


def _given(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE; found {visible(text, 80)}")
    return name, value


def _share(text: str) -> float:
    try:
        return parse_share(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
