"""`rollout-console watch`: the console, on a screen or headless."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from console.commands.common import add_file, duration, load_or_explain
from console.core.report_json import check_json
from console.core.text import visible
from console.core.verdict import Verdict
from console.effects.sessions import state_dir, this_actor
from console.engine import Engine
from console.opening import CannotOpen, Opened, open_session
from console.orders import Orders
from console.reading import Onlooker, events_of

USAGE = 4
UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Headless:
    """How long a console without a screen watches, and what it prints."""

    for_s: float | None = None
    until: str | None = None
    is_json: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    parser.add_argument("--new", action="store_true", help="begin a new session instead of resuming the open one")
    parser.add_argument("--read-only", action="store_true", help="look and never act: the keys of actions are gone")
    parser.add_argument(
        "--since", type=duration, metavar="1h", help="read the logs of a new session from this long ago"
    )
    parser.add_argument("--headless", action="store_true", help="no screen; ends by --for, --until or a signal")
    parser.add_argument("--for", dest="for_s", type=duration, metavar="30m", help="headless: watch for this long")
    parser.add_argument(
        "--until",
        choices=("verdict", "phase"),
        help="headless: watch until the overall verdict is known, or the phase may advance",
    )
    parser.add_argument("--json", action="store_true", help="headless: print JSON, the last line as `check` does")


def run(arguments: argparse.Namespace) -> int:
    """Watch until told to leave, and return the exit code."""
    headless = Headless(arguments.for_s, arguments.until, arguments.json) if arguments.headless else None
    if headless is None and (arguments.for_s or arguments.until or arguments.json):
        print("rollout-console watch: --for, --until and --json go with --headless", file=sys.stderr)
        return USAGE
    return watch(
        arguments.file,
        os.environ,
        state_folder=state_dir(),
        is_new=arguments.new,
        is_read_only=arguments.read_only,
        since_s=arguments.since,
        headless=headless,
    )


def open_console(
    file: Path,
    env: Mapping[str, str],
    *,
    state_folder: Path,
    headless_options: argparse.Namespace | None = None,
) -> int:
    """Watch a rollout for another command, with its environment and state folder, and return the exit code."""
    given = headless_options
    headless = None if given is None else Headless(given.for_s, None, given.json)
    return watch(str(file), env, state_folder=state_folder, headless=headless)


def watch(
    file: str,
    env: Mapping[str, str],
    *,
    state_folder: Path,
    is_new: bool = False,
    is_read_only: bool = False,
    since_s: float | None = None,
    headless: Headless | None = None,
) -> int:
    """Open the session and watch; every refusal is one message on stderr and an exit code."""
    if headless is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("rollout-console watch: no terminal here; --headless needs none", file=sys.stderr)
        return USAGE
    loaded = load_or_explain(file, env)
    if loaded is None:
        return USAGE

    async def watching() -> int:
        opened = await open_session(
            loaded,
            state_folder,
            this_actor(),
            is_new=is_new,
            is_read_only=is_read_only,
            since=None if since_s is None else time.time() - since_s,
        )
        if opened.notice:
            print(f"rollout-console watch: {opened.notice}", file=sys.stderr)
        if headless is None:
            return await _on_screen(opened, state_folder)
        return await _headless(opened, state_folder, headless)

    try:
        return asyncio.run(watching())
    except CannotOpen as obstacle:
        print(f"rollout-console watch: {obstacle}", file=sys.stderr)
        return UNKNOWN


async def _on_screen(opened: Opened, state_folder: Path) -> int:
    from console.app import ConsoleApp  # noqa: PLC0415 - Textual is not needed without a screen

    desk: Orders | Onlooker
    if opened.engine is not None:
        desk = Orders(opened.engine, opened.session, state_folder)
    elif opened.onlooker is not None:
        desk = opened.onlooker
    else:
        raise RuntimeError("a session is opened to be held or to be looked at")
    app = ConsoleApp(desk, is_read_only=desk.frame.session.is_read_only, on_leave=opened.leave)

    async def work() -> None:
        await app_is_painted(app.call_after_refresh, lambda: app.is_running)
        if isinstance(desk, Onlooker):
            await desk.follow()
        elif opened.engine is not None:
            await opened.engine.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(opened.engine.failed())
                group.create_task(desk.keep_house())

    def say_why(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            said = visible(f"{type(fault).__name__}: {fault}")
            app.exit(UNKNOWN, return_code=UNKNOWN, message=f"the engine stopped: {said}")

    working = asyncio.create_task(work())
    working.add_done_callback(say_why)
    try:
        code = await app.run_async()
    finally:
        working.cancel()
        await opened.leave()
    return UNKNOWN if code is None else code


async def app_is_painted(call_after_refresh: Callable[..., bool], is_running: Callable[[], bool]) -> None:
    """Wait until the first picture is on the terminal, so that nothing heavy is imported before it."""
    while not is_running():  # noqa: ASYNC110 - Textual has no event for it
        await asyncio.sleep(0.01)
    painted = asyncio.Event()
    call_after_refresh(painted.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(painted.wait(), 2.0)


async def _headless(opened: Opened, state_folder: Path, headless: Headless) -> int:
    engine = opened.engine
    if engine is None:
        print(f"rollout-console watch: {opened.held_by} holds the session; --new begins another", file=sys.stderr)
        return UNKNOWN
    orders = Orders(engine, opened.session, state_folder)
    stop: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _settle, stop, number)
    await engine.start()
    keeping = asyncio.create_task(orders.keep_house())
    failing = asyncio.create_task(engine.failed())
    try:
        await _watch_headless(engine, headless, stop, failing)
    finally:
        keeping.cancel()
        failing.cancel()
        frame = engine.frame
        events = events_of(engine.state)
        await opened.leave()
    if headless.is_json:
        print(json.dumps(check_json(frame, events), allow_nan=False), flush=True)
    else:
        print(f"{frame.verdict.glyph} {frame.verdict}  {frame.reason}", flush=True)
    ended_by = stop.result() if stop.done() and not stop.cancelled() else 0
    return 128 + ended_by if ended_by in (signal.SIGTERM, signal.SIGHUP) else frame.verdict.exit_code


def _settle(stop: "asyncio.Future[int]", number: int) -> None:
    if not stop.done():
        stop.set_result(number)


async def _watch_headless(
    engine: Engine, headless: Headless, stop: "asyncio.Future[int]", failing: "asyncio.Task[None]"
) -> None:
    """Print the journal as it grows, until it is time to end."""
    ends_at = None if headless.for_s is None else time.monotonic() + headless.for_s
    seen = engine.opened_after
    while not stop.done():
        for record in reversed(engine.journal()):
            if record.seq > seen:
                seen = record.seq
                said = {"at": record.at, "kind": record.kind, "text": record.text}
                print(json.dumps(said) if headless.is_json else f"{record.kind:9} {record.text}", flush=True)
        if failing.done():
            failing.result()
        if ends_at is not None and time.monotonic() >= ends_at:
            return
        if headless.until == "verdict" and engine.is_caught_up and engine.frame.verdict is not Verdict.UNKNOWN:
            return
        if headless.until == "phase" and engine.frame.phase.may_advance:
            return
        await asyncio.wait([stop], timeout=0.2)
