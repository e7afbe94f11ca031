"""What a watch is asked for; light to import, because it stands before the first picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Watch:
    """Which rollout is watched, and how."""

    file: str
    env: Mapping[str, str]
    """Where the variables of the file come from."""
    state_folder: Path | None
    """Where sessions are kept; `None` for the user's own."""
    is_new: bool = False
    is_read_only: bool = False
    is_dry_run: bool = False
    """Alerts are not sent."""
    since_s: float | None = None
    """How far back the logs of a new session are read."""
    says: str = ""
    """The name that whoever watches typed beside a shared account."""


@dataclass(frozen=True, slots=True)
class Headless:
    """How long a watch without a screen goes on, and what it prints."""

    for_s: float | None = None
    until: str | None = None
    is_json: bool = False
