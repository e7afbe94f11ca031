"""`rollout-console check`: measure everything once and judge."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from console.commands.arguments import add_file, duration
from console.commands.common import load_or_explain
from console.core.exits import Exit
from console.core.plain import plain_screen
from console.core.report_json import check_json
from console.effects.sessions import this_actor
from console.engine import Engine
from console.opening import CannotOpen, open_session
from console.reading import events_of
from console.spec.loaded import Loaded

WIDTH = 120
SETTLED_S = 1.5
"""Lines have stopped coming for this long: what was in the logs has been read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--since", type=duration, default=3600.0, metavar="1h", help="how far back logs are read (default: 1h)"
    )
    parser.add_argument(
        "--within", type=duration, default=30.0, metavar="30s", help="how long to wait for answers (default: 30s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the judgement, and return the exit code of the verdict."""
    loaded = load_or_explain(arguments.file, os.environ)
    if loaded is None:
        return Exit.USAGE
    try:
        return asyncio.run(_check(_at_once(loaded), arguments))
    except CannotOpen as obstacle:
        print(f"rollout-console check: {obstacle}", file=sys.stderr)
        return Exit.UNKNOWN


def _at_once(loaded: Loaded) -> Loaded:
    """Return the file without `for`: measured once, a condition that holds counts as held. It opens no incident."""
    metrics = {name: metric.model_copy(update={"for_": 0.0}) for name, metric in loaded.rollout.metrics.items()}
    return replace(loaded, rollout=loaded.rollout.model_copy(update={"metrics": metrics, "incidents": None}))


async def _check(loaded: Loaded, arguments: argparse.Namespace) -> int:
    """Watch in a session that is thrown away, until everything has answered or the time is over."""
    with tempfile.TemporaryDirectory(prefix="rollout-console-") as folder:
        opened = await open_session(
            loaded, Path(folder), this_actor(), is_read_only=True, since=time.time() - arguments.since
        )
        engine = opened.engine
        if engine is None:
            raise RuntimeError("a new session is held by whoever made it")
        try:
            await engine.start()
            await _settled(engine, arguments.within)
            engine.tick()
            frame, events = engine.fresh_frame(), events_of(engine.state)
        finally:
            await opened.leave()
    if arguments.json:
        print(json.dumps(check_json(frame, events), allow_nan=False))
    else:
        print("\n".join(plain_screen(frame, WIDTH)))
    return frame.verdict.exit_code


async def _settled(engine: Engine, within_s: float) -> None:
    """Wait until every probe has answered and the logs have been read to their present end."""
    deadline = time.monotonic() + within_s
    lines, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        engine.drain()
        if engine.state.lines != lines:
            lines, since = engine.state.lines, time.monotonic()
        if engine.is_caught_up and time.monotonic() - since >= SETTLED_S:
            return
        await asyncio.sleep(0.05)
