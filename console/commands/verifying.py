"""How the runner of an attempt asks its verifications."""

from pathlib import Path

from console.core.inputs import Input
from console.core.probes import Check
from console.core.rollout import Rollout
from console.effects.attempt_files import WorkOrder
from console.sources.checks import CheckResult, passes
from console.sources.connect import Connections
from queries.loader import Query


async def ask_for(check: Check, order: WorkOrder) -> CheckResult:
    """Try a verification once, with connections of its own."""
    queries = {name: Query(**said) for name, said in order.queries.items()}
    connections = Connections(Rollout.model_validate(order.rollout), Path(order.base_dir), queries, _forget)
    try:
        return await passes(check, connections)
    finally:
        await connections.close()


def _forget(_: Input) -> None:
    """The runner watches nothing: what sources say of themselves goes nowhere."""
