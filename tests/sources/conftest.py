"""Fixtures of the tests of sources."""

from collections.abc import Iterator

import pytest

from tests.servers import PrivateEngine
from tests.sources.containers import Containers


@pytest.fixture
def containers(engine: PrivateEngine) -> Iterator[Containers]:
    """Makes containers of one service, and removes every container at the end."""
    engine.start()
    made = Containers(engine)
    yield made
    engine.start()
    made.clear()
    made.client.close()
