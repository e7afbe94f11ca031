"""Counts compared with what was written, after faults drawn from fixed seeds; `make soak` goes on for longer."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.files import plan_of_files
from tests.faults.plan import plan_of
from tests.faults.run import run
from tests.servers import PrivateEngine, engine_obstacle, missing

SECONDS = 4.0


@pytest.fixture(scope="module")
def live_engine() -> Iterator[PrivateEngine]:
    """An engine whose containers outlive it."""
    obstacle = engine_obstacle()
    if obstacle:
        missing(f"no private Docker engine: {obstacle}")
    server = PrivateEngine(Path(tempfile.mkdtemp(prefix="rce")), shutil.which("dockerd") or "", live_restore=True)
    try:
        server.start()
        server.load_image()
        yield server
    finally:
        server.remove()


@pytest.mark.engine
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("seed", "family"), [(180, "rotation"), (245, "removal"), (263, "live restore")])
def test_every_line_is_counted_once_or_a_gap_tells_of_it(live_engine: PrivateEngine, seed: int, family: str) -> None:
    outcome = run(plan_of(seed, SECONDS, family), live_engine)

    assert outcome.is_good, outcome.report


@pytest.mark.timeout(240)
def test_every_line_of_a_log_file_is_counted_once_over_rotations_of_every_kind() -> None:
    outcome = run(plan_of_files(20, SECONDS), None)

    assert outcome.is_good, outcome.report
