"""Where verifications are asked: the sources of a rollout, opened for as long as they are needed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from console.core.inputs import Input
from console.core.rollout import Check, Rollout
from console.effects.attempt_files import WorkOrder
from console.effects.verification import Answer, Ask
from console.sources.checks import passes
from console.sources.connect import Connections
from queries.loader import Query


@asynccontextmanager
async def asking(rollout: Rollout, base_dir: Path, queries: Mapping[str, Query]) -> AsyncIterator[Ask]:
    """Open the sources of a rollout for verifications; how they are doing beside that is of no interest here."""
    connections = Connections(rollout, base_dir, queries, _not_told)

    async def ask(check: Check) -> Answer:
        return await passes(check, connections)

    try:
        yield ask
    finally:
        await connections.close()


@asynccontextmanager
async def asking_for(order: WorkOrder) -> AsyncIterator[Ask]:
    """Open the sources that an order's verifications need."""
    queries = {name: Query(**query) for name, query in order.queries.items()}
    async with asking(Rollout.model_validate(order.rollout), Path(order.base_dir), queries) as ask:
        yield ask


def _not_told(_: Input) -> None:
    return None
