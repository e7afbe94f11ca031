"""Fixtures of the tests of sources."""

from collections.abc import Iterator

import pytest

from console.sources import file_logs, followed_file
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


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at many times a second."""
    monkeypatch.setattr(followed_file, "POLL_S", 0.01)
    monkeypatch.setattr(file_logs, "LOOK_S", 0.03)
    monkeypatch.setattr(file_logs, "GRACE_S", 0.3)
