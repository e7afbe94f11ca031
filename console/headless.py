"""A watch without a screen: the same engine, its journal on stdout."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable

from console import session
from console.core.desk import Desk, Refused
from console.core.exits import Exit
from console.core.report_incidents import incident_line
from console.core.report_json import check_json
from console.core.verdict import Verdict
from console.engine import Engine
from console.opening import CannotOpen
from console.reading import Onlooker, events_of
from console.spec.load import load
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError
from console.watching import Headless, Watch

LOOK_S = 0.2
WRITE_S = 2.0
"""How long the end of a watch waits for the disk, before it tells what came last."""


def watch_headless(asked: Watch, headless: Headless) -> int:
    """Watch until it is time to end, print the judgement last, and return its exit code."""
    try:
        loaded = load(asked.file, asked.env)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    try:
        return asyncio.run(_watch(loaded, asked, headless))
    except CannotOpen as obstacle:
        print(f"rollout-console watch: {obstacle}", file=sys.stderr)
        return Exit.UNKNOWN


async def _watch(loaded: Loaded, asked: Watch, headless: Headless) -> int:
    opened = await session.opened_for(loaded, asked)
    engine, desk = opened.engine, session.desk_of(opened, asked)
    if engine is None or isinstance(desk, Onlooker):
        print(f"rollout-console watch: {opened.held_by} holds the session; --new begins another", file=sys.stderr)
        return Exit.UNKNOWN
    if opened.notice:
        print(f"rollout-console watch: {opened.notice}", file=sys.stderr)
    stop: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _settle, stop, number)
    keeping = asyncio.create_task(session.keep_going(opened, desk))
    halts: set[asyncio.Task[None]] = set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: halts.add(asyncio.create_task(_halt(desk))))
    try:
        await _until_it_ends(engine, headless, stop, keeping)
        frame, events = engine.fresh_frame(), events_of(engine.state)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, *halts, return_exceptions=True)
        await opened.leave()
    with contextlib.suppress(OSError):  # whoever began it may have closed the terminal
        for said in opened.farewell.splitlines():
            print(f"rollout-console watch: {said}", file=sys.stderr, flush=True)
    if headless.is_json:
        print(json.dumps(check_json(frame, events), allow_nan=False), flush=True)
    else:
        for found in frame.incidents:
            if not found.is_settled:
                print(incident_line(found), flush=True)
        print(f"{frame.verdict.glyph} {frame.verdict}  {frame.reason}", flush=True)
    ended_by = stop.result() if stop.done() else 0
    return 128 + ended_by if ended_by in (signal.SIGTERM, signal.SIGHUP) else frame.verdict.exit_code


async def _halt(desk: Desk) -> None:
    """Halt the rollback that is about to begin by itself, as the key does on the screen."""
    try:
        await desk.halt()
    except Refused as refused:
        print(f"rollout-console watch: {refused}", file=sys.stderr, flush=True)


def _settle(stop: "asyncio.Future[int]", number: int) -> None:
    if not stop.done():
        stop.set_result(number)


async def _until_it_ends(
    engine: Engine, headless: Headless, stop: "asyncio.Future[int]", keeping: "asyncio.Task[None]"
) -> None:
    """Print the journal as it grows, until it is time to end; raises what stopped the engine."""
    ends_at = None if headless.for_s is None else time.monotonic() + headless.for_s
    is_over = _condition(engine, headless.until)
    seen = engine.filing.opened_after
    while not stop.done():
        seen = _told_new(engine, seen, is_json=headless.is_json)
        if keeping.done():
            keeping.result()
        if is_over() or (ends_at is not None and time.monotonic() >= ends_at):
            break
        await asyncio.wait([stop], timeout=LOOK_S)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(engine.commit(), WRITE_S)
    _told_new(engine, seen, is_json=headless.is_json)


def _told_new(engine: Engine, seen: int, *, is_json: bool) -> int:
    """Print the records after one, as far as they may be told, and return the number of the last."""
    until = engine.filing.told_until
    for record in reversed(engine.journal()):
        if seen < record.seq <= until:
            said = {"at": record.at, "kind": record.kind, "text": record.text}
            print(json.dumps(said) if is_json else f"{record.kind:9} {record.text}", flush=True)
    return max(seen, until)


def _condition(engine: Engine, until: str | None) -> Callable[[], bool]:
    """Return what ends a watch besides its time."""
    if until == "verdict":
        return lambda: engine.is_caught_up and engine.frame.verdict is not Verdict.UNKNOWN
    if until == "phase":
        return lambda: engine.frame.phase.may_advance or engine.frame.phase.is_complete
    return lambda: False
