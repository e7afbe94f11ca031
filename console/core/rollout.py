"""What a rollout is: the frozen model of the rollout file, free of I/O."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from console.core.durations import Seconds, Share

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


class Part(BaseModel):
    """A part of the rollout file: frozen, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


def _one_of(part: BaseModel, names: tuple[str, ...]) -> str:
    """Return the single key among `names` that is set; raises `ValueError` for none or several."""
    found = [name for name in names if getattr(part, name) is not None]
    if len(found) != 1:
        said = ", ".join(found) if found else "none of them"
        raise ValueError(f"expected exactly one of {', '.join(names)}; found {said}")
    return found[0]


class TrackMatch(Part):
    """How a container belongs to a track."""

    label: str | None = None
    """`key=value`, or `key` alone."""
    image: str | None = None
    """A shell pattern of the image name."""
    name: str | None = None
    """A shell pattern of the container name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        _one_of(self, ("label", "image", "name"))
        return self


class DockerSelector(Part):
    """Which containers a Docker source follows, now and later; every key given must match."""

    project: str | None = None
    """Compose project."""
    service: str | None = None
    """Compose service."""
    name: str | None = None
    """A shell pattern of the container name."""
    label: str | None = None
    """`key=value`, or `key` alone."""
    image: str | None = None
    """A shell pattern of the image name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not any((self.project, self.service, self.name, self.label, self.image)):
            raise ValueError("expected at least one of project, service, name, label, image")
        return self


SOURCE_KINDS = ("docker", "file", "command", "postgres", "redis")


class SourceSpec(Part):
    """Where lines or samples come from."""

    docker: DockerSelector | None = None
    host: str | None = None
    """Engine address of a Docker source; without it the environment decides, as for the docker command."""
    file: str | None = None
    """A shell pattern of log files, relative to the rollout file."""
    command: tuple[str, ...] | None = None
    """A command whose output lines are read; it is started again when it ends."""
    postgres: str | None = None
    """A connection string."""
    redis: str | None = None
    """A Redis or Valkey address."""
    track: str | None = None
    """The track of every line of a file or command."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _one_of(self, SOURCE_KINDS)
        if self.host is not None and kind != "docker":
            raise ValueError("host belongs to a docker source")
        if self.track is not None and kind not in ("file", "command"):
            raise ValueError("track belongs to a file or command source; containers are told apart by `tracks`")
        return self

    @property
    def kind(self) -> str:
        """Which of `SOURCE_KINDS` this is."""
        return _one_of(self, SOURCE_KINDS)

    @property
    def gives_lines(self) -> bool:
        """Whether this is a log source."""
        return self.kind in ("docker", "file", "command")


class EventRule(Part):
    """A class of log line."""

    kind: str = "event"
    match: str
    """A Python regular expression, searched in the line; named groups are labels."""
    number: str | None = None
    """The named group that is a number, for quantiles."""
    sample: tuple[str, ...] = ()
    """Lines that must match; checked at load."""
    not_: Annotated[tuple[str, ...], Field(alias="not")] = ()
    """Lines that must not match; checked at load."""


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class EventCount(Part):
    """A count of events, a rate of them, or the ratio of some to others."""

    of: Names
    over: Names | None = None
    per: Seconds | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.over is not None and self.per is not None:
            raise ValueError("expected over or per, not both")
        return self


class QuantileOf(Part):
    """A quantile of the number that an event captures."""

    of: Names
    q: Annotated[float, Field(gt=0, lt=1)]


class RedisProbe(Part):
    """A question to Redis; SCAN is used for patterns, never KEYS."""

    ping: bool | None = None
    scan: str | None = None
    """A key pattern; with `has_field` the share of those hashes or JSON documents that have the field."""
    has_field: str | None = None
    count: str | None = None
    """A key pattern whose keys are counted."""
    info: str | None = None
    """A field of INFO."""
    llen: str | None = None
    """A list whose length is taken."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _one_of(self, ("ping", "scan", "count", "info", "llen"))
        if (kind == "scan") != (self.has_field is not None):
            raise ValueError("scan and has_field go together; to count keys use count")
        return self


def _redis(value: Any) -> Any:
    return {"ping": True} if value == "ping" else value


RedisQuestion = Annotated[RedisProbe, BeforeValidator(_redis)]


class HttpProbe(Part):
    """An HTTP request and the answer that is expected."""

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    json_: Annotated[Any, Field(alias="json")] = None
    contains: str | None = None
    """Text that the body must contain."""


class Evidence(Part):
    """How the canary is compared with the baseline on counts."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    margin: Annotated[float, Field(ge=0)] = 0.0


class OnVerdict(Part):
    """What a verdict does: `hold` stops the phase from advancing, an action's id offers its key beside the panel."""

    warning: str | None = None
    critical: str | None = None


METRIC_KINDS = ("events", "quantile", "query", "redis", "http", "container", "command")
CONDITIONS = ("target", "warning", "critical", "against_baseline")
ContainerStat = Literal["memory", "cpu", "restarts", "running"]


class Metric(Part):
    """A number over time and the conditions it is judged by."""

    title: str | None = None
    events: EventCount | None = None
    quantile: QuantileOf | None = None
    query: str | None = None
    """A query of this rollout by name, or the path of an SQL file."""
    redis: RedisQuestion | None = None
    http: HttpProbe | None = None
    container: ContainerStat | None = None
    command: tuple[str, ...] | None = None
    source: str | None = None
    every: Seconds = 30.0
    timeout: Seconds | None = None
    """How long one measurement may take; without it, 80 % of `every`, and at most 30 s."""
    window: Seconds | Literal["phase"] | None = None
    unit: str = ""
    target: str | None = None
    warning: str | None = None
    critical: str | None = None
    against_baseline: str | None = None
    for_: Annotated[Seconds, Field(alias="for")] = 0.0
    keep_for: Seconds = 0.0
    min_samples: Annotated[int, Field(ge=0)] = 0
    stale_after: Seconds | None = None
    """Age at which the last value no longer counts; without it, three intervals, at least 10 s."""
    evidence: Evidence | None = None
    on: OnVerdict = OnVerdict()
    investigate: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _one_of(self, METRIC_KINDS)
        if kind in ("query", "redis", "container") and self.source is None:
            raise ValueError(f"a {kind} metric needs `source`")
        if self.window == "phase" and kind not in ("events", "quantile"):
            raise ValueError("window: phase belongs to metrics of events")
        return self

    @property
    def kind(self) -> str:
        """Which of `METRIC_KINDS` this is."""
        return _one_of(self, METRIC_KINDS)

    @property
    def is_probed(self) -> bool:
        """Whether it is measured by asking something, rather than folded from log lines."""
        return self.kind not in ("events", "quantile")

    @property
    def timeout_s(self) -> float:
        """How long one measurement may take."""
        return self.timeout if self.timeout is not None else min(30.0, 0.8 * self.every)

    @property
    def stale_after_s(self) -> float:
        """Age at which the last value no longer counts."""
        return self.stale_after if self.stale_after is not None else max(10.0, 3 * self.every)


class Check(Part):
    """Something that is verified by asking; used by checklists and by the verify part of actions."""

    redis: RedisQuestion | None = None
    http: HttpProbe | None = None
    query: str | None = None
    """The SQL passes when its first value is true, or its `value` column is not 0 or NULL."""
    container: Literal["running"] | None = None
    """Every container of the source has been running, without a restart, for at least `for`."""
    command: tuple[str, ...] | None = None
    """Passes on exit code 0."""
    source: str | None = None
    within: Seconds = 10.0
    """How long to go on trying."""
    for_: Annotated[Seconds, Field(alias="for")] = 0.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _one_of(self, ("redis", "http", "query", "container", "command"))
        if kind in ("redis", "query", "container") and self.source is None:
            raise ValueError(f"a {kind} check needs `source`")
        return self

    @property
    def kind(self) -> str:
        """Which question it asks."""
        return _one_of(self, ("redis", "http", "query", "container", "command"))


class ChecklistItem(Part):
    """A prerequisite: ticked by a person, or by the console when it has `verify`."""

    id: Id
    text: str
    verify: Check | None = None


class Phase(Part):
    """A step of the rollout."""

    name: str
    traffic: Share
    soak: Seconds = 0.0
    advance: tuple[str, ...] = ()
    """Metrics that must all be OK."""
    pause: tuple[str, ...] = ()
    """Conditions such as `error_rate > 2%` that stop the phase from advancing while they hold."""
    checklist: tuple[ChecklistItem, ...] = ()
    sign_off: tuple[str, ...] = ()


class EnvFileEdit(Part):
    """Keys of an env file that are set atomically; everything else in it stays."""

    path: str
    set: dict[str, str]


class SqlStep(Part):
    """One SQL statement on a PostgreSQL source."""

    source: str
    statement: str


class RedisStep(Part):
    """One Redis command on a Redis source."""

    source: str
    command: tuple[str, ...]


STEP_KINDS = ("run", "env_file", "sql", "redis", "http")


class Step(Part):
    """One change that an action makes. `${traffic}` is the share being applied."""

    run: tuple[str, ...] | None = None
    shell: bool = False
    """Give the single string of `run` to a shell; only when asked."""
    env: dict[str, str] = {}
    """Variables for `run`, on top of a minimal environment."""
    env_file: EnvFileEdit | None = None
    sql: SqlStep | None = None
    redis: RedisStep | None = None
    http: HttpProbe | None = None
    timeout: Seconds = 60.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _one_of(self, STEP_KINDS)
        if self.run is not None and not self.run:
            raise ValueError("run needs a command")
        if self.shell and (kind != "run" or self.run is None or len(self.run) != 1):
            raise ValueError("shell goes with a run of exactly one string")
        return self

    @property
    def kind(self) -> str:
        """Which of `STEP_KINDS` this is."""
        return _one_of(self, STEP_KINDS)


class ActionKind(StrEnum):
    """What an action does to the rollout."""

    ROLLBACK = "rollback"
    STEP_DOWN = "step_down"
    ADVANCE = "advance"
    TASK = "task"


class Action(Part):
    """Something the operator can do."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9]$")] | None = None
    title: str
    kind: ActionKind = ActionKind.TASK
    steps: tuple[Step, ...] = ()
    verify: tuple[Check, ...] = ()
    ladder: tuple[Share, ...] = ()
    """The shares of a step down, from high to low."""
    hold: Seconds = 0.0
    """How long each rung is held before the next is offered."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.steps and self.kind is not ActionKind.ADVANCE:
            raise ValueError("expected at least one step")
        if (self.kind is ActionKind.STEP_DOWN) != bool(self.ladder):
            raise ValueError("a step_down needs a ladder, and only a step_down has one")
        if list(self.ladder) != sorted(set(self.ladder), reverse=True):
            raise ValueError("expected a ladder that falls from rung to rung, such as [50, 25, 0]")
        return self


class AlertRoute(Part):
    """Where alerts of a severity go."""

    severity: Literal["critical", "warning"]
    to: tuple[str, ...]
    escalate_after: Seconds | None = None
    escalate_to: tuple[str, ...] = ()


class Alerts(Part):
    """Who is told."""

    routes: tuple[AlertRoute, ...] = ()


class Rollout(Part):
    """One rollout: what the rollout file says, checked."""

    rollout: Id
    title: str
    service: str
    """The name that destructive actions ask the operator to type."""
    extends: str | None = None
    """A shipped rollout, or a file, that this one changes; mappings merge, everything else replaces."""
    tracks: dict[str, TrackMatch] = {}
    """`canary` and `baseline`, in the order in which they are tried."""
    sources: dict[Name, SourceSpec] = {}
    events: dict[Name, EventRule] = {}
    metrics: dict[Name, Metric] = {}
    phases: tuple[Phase, ...] = ()
    actions: dict[Name, Action] = {}
    alerts: Alerts = Alerts()
