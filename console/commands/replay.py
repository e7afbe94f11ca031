"""`rollout-console replay`: a recorded session folded again, by its own conditions or by others."""

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from console.commands.common import load_or_explain
from console.commands.exporting import add_session, found_or_explain
from console.core.durations import parse_moment
from console.core.exits import Exit
from console.core.recorded import Recording
from console.core.replay import replay
from console.core.replay_report import Replay, replay_json, replay_text
from console.core.rollout import Rollout
from console.core.text import visible
from console.spec.changes import changed
from console.spec.problems import RolloutFileError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_session(parser)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="METRIC.KEY=VALUE",
        help="judge a metric otherwise, such as error_rate.critical='> 3%%'; may be given again",
    )
    parser.add_argument("--file", metavar="OTHER", help="judge by this rollout file instead of the recorded one")
    moments = "a time, such as '2026-07-13 14:03' (UTC), or 1h for that long before the session's last input"
    parser.add_argument("--since", metavar="TIME", help=f"show what happened from then on: {moments}")
    parser.add_argument("--until", metavar="TIME", help="replay up to then; written the same way")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--screen", action="store_true", help="play it on the soak screen: Space stops it, ← → step")
    parser.add_argument(
        "--speed", type=_speed, default=60.0, metavar="60", help="with --screen: times as fast as it was (default: 60)"
    )


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 100_000:
        raise argparse.ArgumentTypeError(f"expected a number from 0.1 to 100000, found {text!r}")
    return speed


@dataclass(frozen=True, slots=True)
class _Wrong(Exception):
    """What was asked cannot be done; the text says why and what to do."""

    said: str


def run(arguments: argparse.Namespace) -> int:
    """Print what the replay found and return 0, or 4 when it cannot be replayed as asked; nothing is acted on."""
    from console.reading import read_recording  # noqa: PLC0415 - brings the engine along, which usage errors do not need

    if arguments.screen and (arguments.json or not (sys.stdin.isatty() and sys.stdout.isatty())):
        said = "--json goes without --screen" if arguments.json else "no terminal here; without --screen none is needed"
        print(f"rollout-console replay: {said}", file=sys.stderr)
        return Exit.USAGE
    found = found_or_explain(arguments.session, read_recording)
    if found is None:
        return Exit.USAGE
    session, recording = found
    try:
        rollout = _rollout(recording, arguments)
        since = _moment(arguments.since, recording, "--since", recording.began)
        until = _moment(arguments.until, recording, "--until", recording.until)
    except _Wrong as wrong:
        print(f"rollout-console replay: {wrong.said}", file=sys.stderr)
        return Exit.USAGE
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    if arguments.screen:
        from console.replay_screen import play  # noqa: PLC0415 - text needs no screen

        return play(replace(recording, until=until), rollout, session, arguments.speed)
    settings = (*([arguments.file] if arguments.file else []), *arguments.set)
    made = Replay(session, recording, rollout, replay(recording, rollout, until), since, until, settings)
    if arguments.json:
        print(json.dumps(replay_json(made), indent=2, allow_nan=False))
    else:
        print("\n".join(replay_text(made)))
    return Exit.DONE


def _rollout(recording: Recording, arguments: argparse.Namespace) -> Rollout:
    """Return what the session is judged by; raises `_Wrong` and `RolloutFileError`."""
    rollout = recording.rollout
    if arguments.file:
        loaded = load_or_explain(arguments.file, os.environ)
        if loaded is None:
            raise _Wrong(f"{visible(arguments.file)} cannot be used: correct it, or leave --file out")
        rollout = loaded.rollout
        _check_phases(recording, rollout, arguments.file)
    return changed(rollout, arguments.set) if arguments.set else rollout


def _check_phases(recording: Recording, other: Rollout, file: str) -> None:
    """Refuse a file in which the phases that the session went through are not in their places."""
    entered = {
        0,
        *(
            int(record.body["phase"])
            for record in recording.records
            if "name" in record.body and record.kind == "phase"
        ),
    }
    for index in sorted(entered):
        name = recording.rollout.phases[index].name
        there = other.phases[index].name if index < len(other.phases) else "nothing"
        if there != name:
            raise _Wrong(
                f"--file {visible(file)}: phase {index + 1} of the session is {visible(name)}, in this file it is"
                f" {visible(there)}; give a file with the same phases, or change single keys by --set"
            )


def _moment(said: str | None, recording: Recording, option: str, default: float) -> float:
    """Return a time that was asked for, in seconds since the epoch; raises `_Wrong`."""
    if said is None:
        return default
    try:
        at = parse_moment(said, recording.until)
    except ValueError:
        raise _Wrong(
            f"{option}: {visible(said)!r} is no time; write one such as '2026-07-13 14:03:27' (UTC), or 1h for"
            " an hour before the session's last input"
        ) from None
    if not recording.began <= at <= recording.until:
        raise _Wrong(
            f"{option}: {visible(said)!r} is outside the session, which is from {_utc(recording.began)} to"
            f" {_utc(recording.until)}"
        )
    return at


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
