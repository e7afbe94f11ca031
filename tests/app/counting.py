"""What the tests of `rollout-console count` share: a rollout with rules, logs, and counts as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.core.classify import Classifier
from console.core.rollout import EventRule

RULES = {
    "fsm_transition": EventRule(kind="fsm", match=r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)"),
    "llm_call": EventRule(kind="latency", match=r"completed in (?P<ms>\d+)ms", number="ms"),
    "denied": EventRule(match=r"DENIED|refused"),
}
CLASSIFIER = Classifier(RULES)
ROLLOUT = r"""
rollout: counted
title: Counted
service: app
events:
  fsm_transition:
    kind: fsm
    match: 'FSM transition: (?P<from>\w+) -> (?P<to>\w+)'
  llm_call:
    kind: latency
    match: 'completed in (?P<ms>\d+)ms'
    number: ms
  denied: {match: 'DENIED|refused'}
"""


def written(folder: Path, name: str, data: bytes) -> str:
    """Write a log and return its path as a command takes it."""
    file = folder / name
    file.write_bytes(data)
    return str(file)


def counts(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what `--json` printed."""
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed
