"""`rollout-console alerts test`: a test message to every address of the alert routes, to see that each arrives."""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace

from console.commands.arguments import add_file
from console.core.alert_values import example
from console.core.alerts import Delivery, Why
from console.core.exits import Exit
from console.core.receivers import Receiver, Route, routes_of
from console.core.redact import Redactor
from console.core.rollout import Rollout
from console.effects.notifier import Notifier
from console.spec.load import load
from console.spec.problems import RolloutFileError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("what", choices=("test",), help="`test` sends a test message to every address")
    add_file(parser)
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Send the messages and return 0, 3 when one was not taken, 4 for a bad file or one without routes."""
    try:
        loaded = load(arguments.file, os.environ)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    if not routes_of(loaded.rollout):
        print(f"rollout-console alerts: {arguments.file} has no alerts.routes: nobody is told", file=sys.stderr)
        return Exit.USAGE
    sending = Notifier(loaded.rollout, "test", Redactor(loaded.secrets), is_dry_run=arguments.dry_run)
    return asyncio.run(_test(loaded.rollout, sending, is_dry_run=arguments.dry_run))


async def _test(rollout: Rollout, sending: Notifier, *, is_dry_run: bool) -> int:
    at, failed = time.time(), 0
    for route in routes_of(rollout):
        for receiver in (*route.to, *route.escalate_to):
            delivery = _delivery(rollout, route, receiver, at)
            if is_dry_run:
                composed = sending.compose(delivery, at)
                print(f"{receiver.label} ({route.severity}) would be told:\n{composed.title}\n{composed.text}\n")
                continue
            error, said = (await sending.send(delivery, at)).error, "taken"
            if not error and sending.keeps_incidents(receiver.ref):
                error, said = (await sending.send(_over(delivery, at), at)).error, "taken, and closed again"
                error = error and f"taken, and NOT closed again, so close it there: {error}"
            failed += bool(error)
            print(f"{receiver.label} ({route.severity}): {error or said}")
    return Exit.UNKNOWN if failed else Exit.DONE


def _over(delivery: Delivery, at: float) -> Delivery:
    """Return the message that the alerts of another are over."""
    items = tuple(replace(item, resolved_at=at) for item in delivery.items)
    return replace(delivery, why=Why.RESOLVED, items=items)


def _delivery(rollout: Rollout, route: Route, receiver: Receiver, at: float) -> Delivery:
    """Return a message that says that it is a test; an Alertmanager takes it as over at once."""
    about = next(iter(rollout.metrics), "error_rate")
    item = example(rollout, about, route.severity)
    found = replace(item.found, text=f"TEST of {rollout.rollout}, this is no alert: {item.found.text}")
    item = replace(item, found=found, started_at=at - 250, resolved_at=at if receiver.keeps_alerts else None)
    return Delivery(
        id=f"test.{receiver.ref}",
        message="test",
        receiver=receiver.ref,
        label=receiver.label,
        route=route.ref,
        why=Why.FIRING,
        items=(item,),
        made_at=at,
        next_at=at,
    )
