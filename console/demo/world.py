"""The shape of what is simulated for one rollout. `console/demo/worlds/__init__.py` says how to write one.

Only the standard library: the services also run in a bare Python container.
"""

import json
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

TRACKS = ("canary", "baseline")
ONSET_S = 15.0
"""When a scenario begins to show, in scenario seconds."""
OUTAGE_S = 30.0
OUTAGE_ERROR = "Model provider answered 503"
_OFF = frozenset({"false", "0", "off", "no", ""})

T = TypeVar("T")
Numbers = Mapping[str, float]
Value = str | int | float | bool | None | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the world that its requests write rows to."""

    name: str
    age: str | None = None
    """Column of type timestamptz by which old rows are deleted, so that a long demo stays small; `None` keeps all."""
    key: str | None = None
    """Unique column: a later row of the same value replaces the columns it names. `None` only adds rows."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens in a demo; what is not named stays as usual."""

    what: str
    """One line for the help, in small letters."""
    canary: Numbers = field(default_factory=dict)
    """Numbers of the canary's mood that become others at the onset."""
    baseline: Numbers = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    """What failing requests say then; empty leaves the usual words."""
    onset_s: float = ONSET_S
    lasts_s: float | None = None
    """Scenario seconds after which it begins to pass; `None` stays."""
    critical: tuple[str, ...] = ()
    """Metrics that the console must call CRITICAL."""
    warning: tuple[str, ...] = ()
    """Metrics that the console must call WARNING, where nothing is CRITICAL."""
    is_whole: bool = False
    """Whether the demo begins before the deployment, with the phases that give the canary no traffic."""
    sql: str = ""
    """What is done to the database before the demo begins, after the schema: an index dropped, a column missing."""
    env_file: Mapping[str, str] = field(default_factory=dict)
    """What the env file begins with instead of the world's own values."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How one track behaves at one moment."""

    numbers: Numbers
    errors: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        """Return one number of the world's `usual`; raises `KeyError` for a name that is not there."""
        return self.numbers[name]


@dataclass(slots=True)
class Session:
    """A conversation or a user's session; it stays on its track until the shares change."""

    id: str
    user: str
    number: int
    stage: int = 0
    """Where it is; the world counts."""


@dataclass(slots=True)
class Batch:
    """What a stretch of time brought."""

    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, dict[str, Value]]] = field(default_factory=list)
    """Table, and value by column."""
    writes: list[tuple[str | int | float, ...]] = field(default_factory=list)
    """Commands of Redis."""
    requests: int = 0

    def row(self, table: str, **values: Value) -> None:
        """Add a row. Moments are seconds since the epoch, JSON is lists and dictionaries; the column's type decides."""
        self.rows.append((table, values))

    def redis(self, command: str, *words: str | int | float) -> None:
        """Add a command of Redis, such as `redis("HSET", key, "state", "BOOKED")`; it may be executed twice."""
        self.writes.append((command, *words))

    def message(self) -> dict[str, Any]:
        """Return the batch as the recorder takes it."""
        return {"rows": self.rows, "writes": self.writes}


class Call:
    """One request, turn, run or tool call, which ends at `at`."""

    __slots__ = ("at", "batch", "began", "env", "mood", "random", "session", "sessions", "took_ms", "track")

    def __init__(
        self,
        batch: Batch,
        at: float,
        *,
        track: str,
        mood: Mood,
        sessions: Sequence[Session],
        env: Mapping[str, str],
        source: random.Random,
    ) -> None:
        """Pick one of the track's sessions, and a duration by the mood's `median_ms` and `spread`."""
        self.batch = batch
        self.at = at
        self.track = track
        self.mood = mood
        self.sessions = sessions
        self.env = env
        """The service's env file as it was at its last start."""
        self.random = source
        self.session = source.choice(sessions)
        self.took_ms = self.duration_ms(mood["median_ms"], mood["spread"])
        self.began = at - self.took_ms / 1000

    def duration_ms(self, median: float, spread: float) -> int:
        """Return a duration; `spread` is the standard deviation of its logarithm."""
        return max(1, round(self.random.lognormvariate(math.log(median), spread)))

    def happens(self, name: str) -> bool:
        """Return whether what the mood gives a share by this name (0 to 1) happens now."""
        share = self.mood[name]
        return share > 0 and self.random.random() < share

    def error(self) -> str | None:
        """Return the words of an error where the mood's `failed` lets this call fail."""
        return self.random.choice(self.mood.errors) if self.happens("failed") else None

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return self.random.choice(choices)

    def is_on(self, switch: str) -> bool:
        """Return whether a variable of the env file is set and not off."""
        return self.env.get(switch, "").lower() not in _OFF

    def log(self, text: str, *, before_ms: float = 0) -> None:
        """Log a line, `before_ms` before the end; the moment is put in front."""
        self.batch.lines.append(f"{stamp(self.at - before_ms / 1000)} {text}")

    def row(self, table: str, **values: Value) -> None:
        """Add a row, see `Batch.row`."""
        self.batch.row(table, **values)

    def redis(self, command: str, *words: str | int | float) -> None:
        """Add a command of Redis, see `Batch.redis`."""
        self.batch.redis(command, *words)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came to a service by HTTP."""

    method: str
    path: str
    """Without what follows a question mark."""
    body: bytes
    headers: Mapping[str, str]
    track: str
    share: float
    """Of the traffic that the service has, in percent."""
    mood: Mood
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers: text as it is, anything else as JSON."""

    said: Value
    status: int = 200
    after_s: float = 0.0

    def encoded(self) -> tuple[str, bytes]:
        """Return the type of the content and its bytes."""
        if isinstance(self.said, str):
            return "text/plain; charset=utf-8", self.said.encode()
        return "application/json", json.dumps(self.said).encode()


class World(ABC):
    """What is simulated for one rollout; one object for each track, which may remember things."""

    rollout: ClassVar[str]
    scenarios: ClassVar[Mapping[str, Scenario]]
    """Its own failures; `healthy`, `outage` and `flaky-db` are added to every world."""
    usual: ClassVar[Mapping[str, Numbers]]
    """Numbers by track: `median_ms`, `spread`, `failed` and the world's own, shares being 0 to 1."""
    errors: ClassVar[tuple[str, ...]] = ("Model provider timed out", "Rate limit of the model provider")
    in_outage: ClassVar[Numbers] = {}
    """Numbers of both tracks in an outage, beside those that fail and are slow anyhow."""
    requests_per_s: ClassVar[float] = 120.0
    """Of both tracks together, at speed 1."""
    session_count: ClassVar[int] = 1234
    schema: ClassVar[str] = ""
    """SQL that makes the tables, views and indexes, and may fill them; the console's role may read all of them."""
    tables: ClassVar[tuple[Table, ...]] = ()
    """The tables that get rows, parents before children."""
    env: ClassVar[Mapping[str, str]] = {}
    """Variables of the shipped rollout file, beside the five that every demo sets."""
    switches: ClassVar[tuple[str, ...]] = ()
    """Variables of the env file without which the canary gets no traffic."""
    env_file: ClassVar[Mapping[str, str]] = {}
    """What else the env file begins with."""

    @abstractmethod
    def request(self, call: Call) -> None:
        """Log, and write what one call leaves behind."""

    def stock(self, batch: Batch, now: float) -> None:  # noqa: B027 (most worlds begin empty)
        """Add the rows and keys that are there before the demo begins."""

    def answer(self, asked: Asked) -> Answer | None:
        """Answer a request by HTTP; `None` is what every service says: itself at /health, 404 elsewhere."""
        return None

    def canary_share(self, env: Mapping[str, str]) -> float:
        """Return the canary's share of the traffic in percent, from the variables of the env file.

        Raises `ValueError` when CANARY_PERCENTAGE is not a number from 0 to 100.
        """
        share = float(env.get("CANARY_PERCENTAGE", "0"))
        if not 0 <= share <= 100:
            raise ValueError(f"expected CANARY_PERCENTAGE from 0 to 100, found {share:g}")
        return 0.0 if any(env.get(name, "true").lower() in _OFF for name in self.switches) else share

    @classmethod
    def all_scenarios(cls) -> Mapping[str, Scenario]:
        """Return its own scenarios and those of every world."""
        failing = {
            track: {"median_ms": 3.8 * numbers["median_ms"], "failed": 0.22, **cls.in_outage}
            for track, numbers in cls.usual.items()
        }
        return {
            "healthy": Scenario("the canary does well"),
            **cls.scenarios,
            "outage": Scenario(
                "what both tracks depend on fails for half a minute",
                canary=failing["canary"],
                baseline=failing["baseline"],
                errors=(OUTAGE_ERROR,),
                lasts_s=OUTAGE_S,
            ),
            "flaky-db": Scenario("the database crashes every 20 seconds"),
        }


def stamp(at: float) -> str:
    """Return a moment as log lines begin with it: UTC, milliseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"
