"""The folder of one attempt at an action: what the console and the runner tell each other, and the next console.

`intent.json` is written before anything is done, `started.json` when the runner lives, a line of `progress.jsonl`
whenever a step begins or ends, `ended.json` last. Whoever holds `running.lock` is at work on it.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from console.core.inputs import ActionAbandoned, ActionEnded, ActionProgressed, ActionStarted, Actor
from console.core.words import Outcome
from console.effects.files import append_private, write_private

INTENT = "intent.json"
PLAN = "plan.json"
STARTED = "started.json"
PROGRESS = "progress.jsonl"
OUTPUT = "output.log"
ENDED = "ended.json"
ABANDONED = "abandoned.json"
STOP = "stop.json"
RUNNING_LOCK = "running.lock"
COMPLAINTS = "runner.log"
"""What Python itself has to say when the runner cannot even start."""

_RESERVE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """Everything the runner needs; it travels through a pipe, because it holds secrets."""

    attempt: str
    folder: str
    base_dir: str
    """Where commands run and what relative paths are relative to."""
    env: Mapping[str, str]
    """The whole environment of commands, but for what a step adds."""
    labels: tuple[str, ...]
    """Each step and then each verification, as the operator was shown it."""
    steps: tuple[Mapping[str, Any], ...]
    verify: tuple[Mapping[str, Any], ...]
    addresses: Mapping[str, str]
    """Connection strings of the database and Redis sources, by name."""
    rollout: Mapping[str, Any]
    """The rollout file as it was read, for the verifications."""
    queries: Mapping[str, Any]
    secrets: tuple[str, ...]
    grace_s: float
    """How long a command has to end by itself after it was asked to, before it is killed."""
    locks: Mapping[str, int] = field(default_factory=dict)
    """Inherited handles of the locks that are held while the runner lives, by path."""
    holder: Mapping[str, Any] = field(default_factory=dict)
    """What the locks say about who holds them."""

    @classmethod
    def from_json(cls, text: str) -> "WorkOrder":
        """Return the order that a text says; raises `ValueError` or `TypeError` if it was cut short."""
        said = json.loads(text)
        for name in ("labels", "steps", "verify", "secrets"):
            said[name] = tuple(said[name])
        return cls(**said)


def intent_text(started: ActionStarted) -> str:
    """Return the intent as it is written."""
    body = {name: getattr(started, name) for name in ActionStarted.__slots__ if name != "actor"}
    actor = {name: getattr(started.actor, name) for name in Actor.__slots__}
    return json.dumps({**body, "actor": actor}, indent=2) + "\n"


def read_intent(folder: Path) -> ActionStarted | None:
    """Return what was to be done, or `None` if it was never written down."""
    said = _read(folder / INTENT)
    try:
        return (
            ActionStarted(**{**said, "actor": Actor(**said["actor"]), "steps": tuple(said["steps"])}) if said else None
        )
    except (TypeError, KeyError):
        return None


def read_started(folder: Path) -> Mapping[str, Any] | None:
    """Return what the runner said of itself when it began."""
    return _read(folder / STARTED)


def read_progress(folder: Path) -> tuple[ActionProgressed, ...]:
    """Return every step or verification that began or ended, in order; a line half written is not there yet."""
    try:
        raw = (folder / PROGRESS).read_bytes()
    except FileNotFoundError:
        return ()
    said = []
    for line in raw[: raw.rfind(b"\n") + 1].splitlines():
        try:
            said.append(ActionProgressed(attempt=folder.name, **json.loads(line)))
        except (ValueError, TypeError):
            continue  # torn by a power cut; the lines after it count
    return tuple(said)


def read_ended(folder: Path) -> ActionEnded | None:
    """Return how the attempt ended, or `None` if nobody wrote that down."""
    said = _read(folder / ENDED)
    try:
        return ActionEnded(said["at"], folder.name, Outcome(said["outcome"]), said["detail"]) if said else None
    except (TypeError, KeyError, ValueError):
        return None


def write_word(path: Path, at: float, actor: Actor, reason: str) -> None:
    """Write down who said something about an attempt, and why. Raises `OSError`."""
    write_private(path, json.dumps({"at": at, "actor": asdict(actor), "reason": reason}) + "\n")


def read_abandoned(folder: Path) -> ActionAbandoned | None:
    """Return who decided that the attempt stays as it is, or `None` if nobody did."""
    said = _read(folder / ABANDONED)
    try:
        return ActionAbandoned(said["at"], folder.name, Actor(**said["actor"]), said["reason"]) if said else None
    except (TypeError, KeyError):
        return None


def read_stop(folder: Path) -> str:
    """Return who asked the attempt to end, and why, in words; empty if nobody said so."""
    said = _read(folder / STOP)
    try:
        return f"{Actor(**said['actor'])}: {said['reason']}" if said else ""
    except (TypeError, KeyError):
        return ""


class Diary:
    """The runner's notes.

    A disk that fills up must not stop a rollback, so what cannot be written is left out; a little room is kept from the
    beginning, so that the notes that matter still fit.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reserve: IO[bytes] | None = None
        """A file without a name, which is gone with this process however it ends."""

    def started(self) -> None:
        """Note that the runner lives."""
        process = {"pid": os.getpid(), "start_ticks": start_ticks(os.getpid()), "boot_id": boot_id(), "at": time.time()}
        text = json.dumps(process) + "\n"
        self._try(lambda: write_private(self._folder / STARTED, text))
        with suppress(OSError):
            self._reserve = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - kept for as long as it runs
            self._reserve.write(b"x" * _RESERVE_BYTES)
            self._reserve.flush()

    def progressed(self, step: int, label: str, state: str, detail: str = "") -> None:
        """Note that a step or verification began or ended."""
        line = json.dumps({"at": time.time(), "step": step, "label": label, "state": state, "detail": detail})
        self._try(lambda: append_private(self._folder / PROGRESS, line + "\n"))

    def ended(self, outcome: Outcome, detail: str) -> None:
        """Note how it all ended."""
        text = json.dumps({"at": time.time(), "outcome": outcome.value, "detail": detail}) + "\n"
        self._try(lambda: write_private(self._folder / ENDED, text))
        self._free()

    def _try(self, write: Callable[[], None]) -> None:
        with suppress(OSError):
            try:
                write()
            except OSError:
                self._free()
                write()

    def _free(self) -> None:
        if self._reserve is not None:
            with suppress(OSError):
                self._reserve.close()
            self._reserve = None


def start_ticks(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the machine did (Linux, proc(5)); `None` where unknown."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def boot_id() -> str:
    """Return what names this run of the machine, empty where unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _read(path: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
