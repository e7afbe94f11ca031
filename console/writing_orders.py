"""What all orders that are written down have in common: who gives them, and that a console may only look."""

from console.core.actors import Actor
from console.core.desk import Refused
from console.core.inputs import Input
from console.engine import Engine


class WritingOrders:
    """The part of a desk that knows who sits at it, and whether this console may write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def _actor(self) -> Actor:
        return self._engine.actor

    def _check_may_write(self) -> None:
        if self._engine.frame.session.is_read_only:
            raise Refused("this console only looks")

    async def _write(self, given: Input) -> None:
        """Fold what was decided, and wait until it is on disk or cannot be."""
        self._engine.apply(given)
        await self._engine.commit(durable=True)
