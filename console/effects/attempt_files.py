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

from console.core.action_inputs import ActionAbandoned, ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.words import Outcome
from console.effects.files import append_private, show_private, synchronise_folder, write_private
from console.effects.spares import spares

INTENT = "intent.json"
PLAN = "plan.json"
STARTED = "started.json"
BEFORE = "before.json"
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
    since: float | None = None
    """When the first of the attempts that this one goes on from began; `None` for one of its own."""
    unproven: str = ""
    """The steps that no verification stands for, in words; then it is not done whatever passes."""
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
    said = _read_file(folder / INTENT)
    try:
        return (
            ActionStarted(**{**said, "actor": Actor(**said["actor"]), "steps": tuple(said["steps"])}) if said else None
        )
    except (TypeError, KeyError):
        return None


def read_started(folder: Path) -> Mapping[str, Any] | None:
    """Return what the runner said of itself when it began."""
    return _read(folder, STARTED)


def read_before(folder: Path) -> Mapping[str, tuple[float, float]]:
    """Return what the first of the attempts that this one goes on from found before its first step."""
    intent = read_intent(folder)
    while intent is not None and intent.continues:
        folder = folder.parent / intent.continues
        intent = read_intent(folder)
    said = _read(folder, BEFORE) or {}
    return {label: (number, at) for label, (number, at) in said.items()}


def read_progress(folder: Path) -> tuple[ActionProgressed, ...]:
    """Return every step or verification that began or ended, in order; a line half written is not there yet."""
    # What is aside is all of it; the attempt's own file may hold a line twice, or half of one that did not fit.
    places = (*spares(folder), folder)
    return next((said for place in places if (said := _progress_in(place / PROGRESS, folder.name))), ())


def _progress_in(path: Path, attempt: str) -> tuple[ActionProgressed, ...]:
    try:
        raw = path.read_bytes()
    except OSError:
        return ()
    said = []
    for line in raw[: raw.rfind(b"\n") + 1].splitlines():
        try:
            said.append(ActionProgressed(attempt=attempt, **json.loads(line)))
        except (ValueError, TypeError):
            continue  # torn by a power cut; the lines after it count
    return tuple(said)


def read_ended(folder: Path) -> ActionEnded | None:
    """Return how the attempt ended, or `None` if nobody wrote that down."""
    said = _read(folder, ENDED)
    try:
        return ActionEnded(said["at"], folder.name, Outcome(said["outcome"]), said["detail"]) if said else None
    except (TypeError, KeyError, ValueError):
        return None


def write_word(folder: Path, name: str, at: float, actor: Actor, reason: str) -> None:
    """Write down who said something about an attempt, and why. Raises `OSError`."""
    _write(folder, name, json.dumps({"at": at, "actor": asdict(actor), "reason": reason}) + "\n")


def read_abandoned(folder: Path) -> ActionAbandoned | None:
    """Return who decided that the attempt stays as it is, or `None` if nobody did."""
    said = _read(folder, ABANDONED)
    try:
        return ActionAbandoned(said["at"], folder.name, Actor(**said["actor"]), said["reason"]) if said else None
    except (TypeError, KeyError):
        return None


def read_stop(folder: Path) -> str:
    """Return who asked the attempt to end, and why, in words; empty if nobody said so."""
    said = _read(folder, STOP)
    try:
        return f"{Actor(**said['actor'])}: {said['reason']}" if said else ""
    except (TypeError, KeyError):
        return ""


class Diary:
    """The runner's notes.

    A disk that fills up or breaks must not stop a rollback, so what cannot be written anywhere is left out. A little
    room is kept from the beginning, and what does not fit any more is written aside: what was done must be known
    before anything is repeated.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reserve: IO[bytes] | None = None
        """A file without a name, which is gone with this process however it ends."""
        self._progress = ""
        self._is_aside = False

    def started(self) -> None:
        """Note that the runner lives."""
        process = {"pid": os.getpid(), "start_ticks": start_ticks(os.getpid()), "boot_id": boot_id(), "at": time.time()}
        text = json.dumps(process) + "\n"
        with suppress(OSError):
            _write(self._folder, STARTED, text)
        with suppress(OSError):
            self._reserve = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - kept for as long as it runs
            self._reserve.write(b"x" * _RESERVE_BYTES)
            self._reserve.flush()

    def asked_before(self, found: Mapping[str, tuple[float, float]]) -> None:
        """Note what verifications are compared with: by label the number before the first step, and when it was."""
        with suppress(OSError):
            _write(self._folder, BEFORE, json.dumps(found) + "\n")

    def progressed(self, step: int, label: str, state: str, detail: str = "") -> None:
        """Note that a step or verification began or ended."""
        said = {"at": time.time(), "step": step, "label": label, "state": state, "detail": detail}
        line = json.dumps(said) + "\n"
        self._progress += line
        self._is_aside = self._is_aside or not self._is_appended(line)
        if self._is_aside:  # all of it, and from now on: what is read must have no hole
            with suppress(OSError):
                _write_aside(self._folder, PROGRESS, self._progress)

    def ended(self, outcome: Outcome, detail: str, *, shown: Callable[[], None] = lambda: None) -> None:
        """Note how it all ended; `shown` is called once others can read that, before a slow disk keeps its name."""
        text = json.dumps({"at": time.time(), "outcome": outcome.value, "detail": detail}) + "\n"
        self._free()
        place = None
        with suppress(OSError):
            place = _write(self._folder, ENDED, text, show_private)
        shown()
        if place is not None:
            with suppress(OSError):
                synchronise_folder(place)

    def _is_appended(self, line: str) -> bool:
        """Add a line to the attempt's own file, at need in the room that was kept; return whether it is there."""
        for _ in range(2):
            with suppress(OSError):
                append_private(self._folder / PROGRESS, line)
                return True
            self._free()
        return False

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


def _write(folder: Path, name: str, text: str, write: Callable[[Path, str], None] = write_private) -> Path:
    """Write a note into the folder of an attempt, or aside where that cannot be written, and return where it is.

    Raises `OSError` where it is nowhere.
    """
    try:
        write(folder / name, text)
    except OSError:
        return _write_aside(folder, name, text, write)
    return folder


def _write_aside(folder: Path, name: str, text: str, write: Callable[[Path, str], None] = write_private) -> Path:
    problem = OSError(f"there is no place for {name}")
    for place in spares(folder):
        try:
            if not place.exists():
                place.mkdir(mode=0o700)
            write(place / name, text)
        except OSError as error:
            problem = error
        else:
            return place
    raise problem


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    places = (folder, *spares(folder))
    return next((said for place in places if (said := _read_file(place / name)) is not None), None)


def _read_file(path: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
