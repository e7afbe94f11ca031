"""The evidence in the whole program: a canary that is worse, found in a real terminal and kept over a kill."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import PROGRAM, Terminal

FILE = """\
rollout: shop
title: The new shop
service: shop
sources:
  new: {file: "canary.log", track: canary}
  old: {file: "baseline.log", track: baseline}
events:
  failed: {kind: request, match: 'failed'}
  served: {kind: request, match: 'served'}
metrics:
  failures:
    events: {of: failed, over: [failed, served]}
    window: 10m
    unit: "%"
    evidence: {every: 1s, worse: critical}
phases:
  - {name: Canary 10%, traffic: 10%, soak: 1h, advance: [failures]}
  - {name: Half, traffic: 50%}
actions:
  rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: [touch, rolled-back]}]}
  advance: {key: A, title: Advance, kind: advance}
"""
PER_SECOND = {"canary": 200, "baseline": 1800}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A rollout file with empty logs of both tracks."""
    for track in PER_SECOND:
        (tmp_path / f"{track}.log").touch()
    file = tmp_path / "shop.yaml"
    file.write_text(FILE)
    return file


def pour(shop: Path, rng: random.Random, rates: Mapping[str, float]) -> None:
    """Write a second of requests."""
    for track, rate in rates.items():
        words = ("failed" if rng.random() < rate else "served" for _ in range(PER_SECOND[track]))
        with (shop.parent / f"{track}.log").open("a") as log:
            log.write("".join(f"{word}\n" for word in words))


def failures(shop: Path) -> dict[str, Any]:
    """Return the panel of a snapshot of the session as it is."""
    folder = shop.parent / "out"
    subprocess.run(
        [*PROGRAM, "snapshot", "shop", "--to", str(folder)],
        env={**os.environ, **env_of(shop)},
        check=True,
        capture_output=True,
    )
    (file,) = folder.rglob("snapshot.json")
    (panel,) = [one for one in json.loads(file.read_text())["thresholds"] if one["name"] == "failures"]
    found: dict[str, Any] = panel["evidence"]
    return found


def env_of(shop: Path) -> dict[str, str]:
    return {"ROLLOUT_CONSOLE_STATE": str(shop.parent / "state")}


def watched(shop: Path, rng: random.Random, rates: Mapping[str, float], *, until: str, within_s: float) -> str:
    """Watch in a terminal while requests come, until the screen says something; kill the console and return it."""
    with Terminal([*PROGRAM, "watch", str(shop)], env=env_of(shop), columns=160) as terminal:
        terminal.wait("The new shop")
        ends_at = time.monotonic() + within_s
        while until not in terminal.text and time.monotonic() < ends_at:
            pour(shop, rng, rates)
            second = time.monotonic() + 1.0
            while time.monotonic() < second:
                terminal.read()
        text = terminal.text
        terminal.signal(signal.SIGKILL)
        terminal.wait_end()
    return text


def test_a_canary_that_is_worse_is_found_and_stays_found_after_a_kill(shop: Path) -> None:
    rng = random.Random(1)

    text = watched(shop, rng, {"canary": 0.06, "baseline": 0.01}, until="CRITICAL", within_s=60)
    before = failures(shop)
    again = watched(shop, rng, {"canary": 0.06, "baseline": 0.01}, until="CRITICAL", within_s=20)

    assert "the baseline's rate, sure" in text
    assert "the baseline's rate, sure" in again
    assert before["is_worse"] is True
    assert before["ratio"] == pytest.approx(6, rel=0.5)
    assert before["interval"][0] < 6


def test_a_phase_waits_for_the_proof_that_the_canary_is_no_worse(shop: Path) -> None:
    rng = random.Random(2)

    early = watched(shop, rng, {"canary": 0.02, "baseline": 0.02}, until="more to be sure", within_s=20)
    late = watched(shop, rng, {"canary": 0.02, "baseline": 0.02}, until="baseline, sure", within_s=120)

    assert "more to be sure it is not 1.5x worse" in early
    assert "not worse than 1.5x the baseline, sure" in late
    assert failures(shop)["is_not_worse"] is True
