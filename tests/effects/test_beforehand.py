"""What verifications are compared with is asked before the first step, and never keeps that step from being begun."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from console.core.rollout import Check
from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects.attempt_files import WorkOrder
from console.effects.runner import run_attempt
from console.effects.verification import Ask, Asking, Verified

ROWS = {"query": "rows", "source": "db", "expect": ">= before", "within": "0s"}


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """The runner, which has a process of its own otherwise, takes SIGTERM for itself."""
    known = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, known)


def order_in(folder: Path) -> WorkOrder:
    """An order that touches a file, and then compares a number with what it was."""
    return WorkOrder(
        attempt=folder.name,
        folder=str(folder),
        base_dir=str(folder),
        env={"PATH": "/usr/bin:/bin"},
        labels=("touch done", "the rows are there"),
        steps=({"run": ["touch", "done"]},),
        verify=(ROWS,),
        addresses={},
        rollout={},
        queries={},
        secrets=("s3cr3t-word",),
        grace_s=1.0,
    )


def asking(found: Verified | Exception, *, opens: Exception | None = None, closes: Exception | None = None) -> Asking:
    """Sources that answer one thing, or cannot be opened or closed before the first step."""
    opened = 0

    @asynccontextmanager
    async def open_sources(_order: WorkOrder) -> AsyncIterator[Ask]:
        nonlocal opened
        opened += 1

        async def ask(_check: Check) -> Verified:
            if isinstance(found, Exception):
                raise found
            return found

        if opens is not None and opened == 1:
            raise opens
        yield ask
        if closes is not None and opened == 1:
            raise closes

    return open_sources


def ended_in(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / files.ENDED).read_text())
    return said


SEEN = Verified(ok=True, detail="7", is_known=True, number=7.0)


@pytest.mark.parametrize(
    "trouble",
    [
        {"opens": OSError(24, "Too many open files")},
        {"opens": ImportError("cannot import name 'PostgresAsker'")},
        {"opens": RuntimeError("a fault of the console: s3cr3t-word")},
        {"closes": ConnectionResetError("the server went away")},
    ],
    ids=["no file handle", "a driver that is gone", "a fault", "a source that does not close"],
)
def test_whatever_sources_are_broken_by_the_step_is_done_and_the_verification_says_why_it_knows_nothing(
    tmp_path: Path, trouble: dict[str, Exception]
) -> None:
    (error,) = trouble.values()

    outcome = run_attempt(order_in(tmp_path), asking(SEEN, **trouble))

    said = ended_in(tmp_path)["detail"]
    assert outcome is Outcome.UNVERIFIED
    assert (tmp_path / "done").exists()
    assert f"nobody knows what it was before the first step: {type(error).__name__}: " in said
    assert str(error).partition("s3cr3t")[0] in said
    assert "s3cr3t" not in said + "".join(path.read_text() for path in tmp_path.glob("*.json*"))


def test_a_number_that_a_source_could_not_give_is_missed_with_what_the_source_said(tmp_path: Path) -> None:
    refused = Verified(ok=False, detail="permission denied for table rows", is_known=False)

    outcome = run_attempt(order_in(tmp_path), asking(refused))

    said = ended_in(tmp_path)["detail"]
    assert outcome is Outcome.UNVERIFIED
    assert "nobody knows what it was before the first step: permission denied for table rows" in said
    assert files.read_before(tmp_path) == {}


def test_a_number_that_was_given_is_what_the_verification_is_compared_with(tmp_path: Path) -> None:
    outcome = run_attempt(order_in(tmp_path), asking(SEEN))

    assert outcome is Outcome.DONE
    assert [number for number, _ in files.read_before(tmp_path).values()] == [7.0]
