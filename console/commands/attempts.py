"""`rollout-console attempts`: what was begun, and what is to become of an action that hangs or ended unknown."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from console.commands.act import carry_out
from console.commands.arguments import add_file
from console.core.actors import Actor
from console.core.attempts import Attempt, choices, line_of
from console.core.exits import Exit
from console.core.planning import PlanRefused
from console.core.text import visible
from console.core.words import Outcome
from console.effects import executor
from console.effects.begin import places
from console.effects.claims import CannotStart
from console.effects.found import Found, attempts_in
from console.effects.preview import preview
from console.effects.sessions import find_latest, state_dir, this_actor
from console.effects.settling import intent_of_rest, rest_of
from console.effects.stopping import stop
from console.patience import READ_S, in_time
from console.spec.load_action import load_action
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError
from console.spec.written import written

SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    parser.add_argument("attempt", metavar="ATTEMPT", nargs="?", help="an attempt; without one, all are listed")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--stop", action="store_true", help="end an action that runs; its outcome is then not known")
    ways.add_argument("--verify", action="store_true", help="verify what it was to do, and change nothing")
    ways.add_argument("--resume", action="store_true", help="carry on with the first step that is not known to be done")
    ways.add_argument("--abandon", action="store_true", help="leave it as it is")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; needed to stop and to abandon")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout, the rest on stderr")


def run(arguments: argparse.Namespace) -> int:
    """List or settle, and return the exit code: 0, 3 where an outcome is not known, 4 refused, 5 an action failed."""
    try:
        rollout = _rollout_of(arguments.file)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    base = state_dir()
    try:
        found = in_time(lambda: attempts_in(places(base, rollout, find_latest(base, rollout))), READ_S)
    except OSError as error:
        print(f"what was begun cannot be read: {error}; an action that runs goes on all the same", file=sys.stderr)
        return Exit.UNKNOWN
    if arguments.attempt is None:
        return _listed(arguments, found)
    chosen = next((one for one in found if one.folder.name == arguments.attempt), None)
    if chosen is None:
        known = ", ".join(one.folder.name for one in found[-SHOWN:]) or "none"
        print(f"there is no attempt {visible(arguments.attempt)}; there are: {known}", file=sys.stderr)
        return Exit.USAGE
    return _settled(arguments, chosen, line_of({one.folder.name: one.attempt for one in found}, chosen.folder.name))


def _rollout_of(file: str) -> str:
    """Return the id of a rollout; the rest of its file may be wrong."""
    return written(file, os.environ).rollout_ids[0]


def _listed(arguments: argparse.Namespace, found: list[Found]) -> int:
    shown = [_said(arguments, one) for one in found[-SHOWN:]]
    if arguments.json:
        print(json.dumps(shown))
    else:
        for one in shown:
            can = f"  may be told to {', '.join(map(str, one['choices']))}" if one["choices"] else ""
            print(visible(f"{one['attempt']}  {one['outcome']}  {one['title']}, by {one['actor']}{can}", 500))
            if one["detail"]:
                print(visible(f"    {one['detail']}", 500))
        if not shown:
            print("no action was begun")
    newest = found[-1].attempt.outcome if found else Outcome.DONE
    return Exit.UNKNOWN if newest is Outcome.UNKNOWN else Exit.DONE


def _said(arguments: argparse.Namespace, one: Found) -> dict[str, Any]:
    started = one.attempt.started
    return {
        "attempt": started.attempt,
        "action": started.action,
        "title": started.title,
        "actor": str(started.actor),
        "reason": started.reason,
        "outcome": one.attempt.outcome.value,
        "detail": one.attempt.detail,
        "choices": list(_choices(arguments, one)),
        "folder": str(one.folder),
    }


def _choices(arguments: argparse.Namespace, one: Found) -> tuple[str, ...]:
    if one.attempt.outcome is not Outcome.RUNNING and not one.is_newest:
        return ()
    try:
        found = load_action(arguments.file, os.environ, one.attempt.started.action, takes_advance=True)
    except RolloutFileError:
        found = None
    action = None if found is None else found.loaded.rollout.actions[one.attempt.started.action]
    return choices(one.attempt, action)


def _settled(arguments: argparse.Namespace, chosen: Found, line: Sequence[Attempt]) -> int:
    asked = next((way for way in ("stop", "verify", "resume", "abandon") if getattr(arguments, way)), None)
    can = _choices(arguments, chosen)
    if asked is None or asked not in can:
        what = "say what to do" if asked is None else f"it cannot be told to {asked} now"
        ways = ", ".join(f"--{way}" for way in can) or "nothing: it is settled, or a later one was begun"
        print(f"{chosen.folder.name} ended {chosen.attempt.outcome}; {what}: {ways}", file=sys.stderr)
        return Exit.USAGE
    reason, actor = arguments.reason.strip(), this_actor()
    if asked in ("stop", "abandon"):
        if not reason:
            print("say why with --reason", file=sys.stderr)
            return Exit.USAGE
        return _told(chosen, asked, actor, reason)
    found = load_action(arguments.file, os.environ, chosen.attempt.started.action, takes_advance=True)
    if found is None:
        raise RuntimeError("an action that may be carried on is in the file")
    return _carried_on(arguments, line, found.loaded, actor, is_check=asked == "verify")


def _told(chosen: Found, asked: str, actor: Actor, reason: str) -> int:
    if asked == "abandon":
        executor.abandon(chosen.folder, actor, reason, time.time())
        print(f"{chosen.folder.name}: abandoned", file=sys.stderr)
        return Exit.DONE
    if not stop(chosen.folder, actor, reason, time.time()):
        print("nobody is at work on it any more, or not on this machine", file=sys.stderr)
        return Exit.FAILED
    print(f"{chosen.folder.name}: asked to end", file=sys.stderr)
    return Exit.DONE


def _carried_on(
    arguments: argparse.Namespace, line: Sequence[Attempt], loaded: Loaded, actor: Actor, *, is_check: bool
) -> int:
    try:
        rest = rest_of(loaded, line, is_check=is_check)
    except PlanRefused as refusal:
        print(visible(str(refusal)), file=sys.stderr)
        return Exit.USAGE
    intent = intent_of_rest(loaded, line, actor, arguments.reason, time.time(), is_check=is_check)
    base = state_dir()
    where = places(base, loaded.rollout.rollout, find_latest(base, loaded.rollout.rollout))
    told = sys.stderr if arguments.json else sys.stdout
    try:
        return carry_out(preview(rest, loaded, now=""), loaded, intent, where, told, is_json=arguments.json)
    except (CannotStart, OSError) as failure:
        print(visible(str(failure)), file=sys.stderr)
        return Exit.FAILED
