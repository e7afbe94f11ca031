"""What is asked and how the answer is judged: the half of the frozen model that metrics and checks are made of."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from console.core.fields import Seconds
from console.core.kinds import METRIC_KINDS
from console.core.parts import Names, Part, names, one_of
from console.core.redis_question import RedisQuestion


class EventCount(Part):
    """A count of events, a rate of them, or the ratio of some to others."""

    of: Names
    """The events that are counted: a name, or a list of names."""
    over: Names | None = None
    """The events that they are a share of; those in `of` belong here too, if the share is of all of them."""
    per: Seconds | None = None
    """Makes the count a rate, such as `1m` for events per minute."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.over is not None and self.per is not None:
            raise ValueError("expected over or per, not both")
        return self


class QuantileOf(Part):
    """A quantile of the number that an event captures."""

    of: Names
    """The events whose `number` is taken."""
    q: Annotated[float, Field(gt=0, lt=1)]
    """0.95 for the 95th percentile."""


class HttpProbe(Part):
    """An HTTP request and the answer that is expected."""

    url: str
    """Address, with http:// or https://."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    status: Annotated[int, Field(ge=100, le=599)] = 200
    """The status that is expected."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent along; their values are never shown."""
    json_: Annotated[Any, Field(alias="json")] = None
    """Sent as the body, in JSON."""
    contains: str | None = None
    """Text that the body must contain."""


class NoData(StrEnum):
    """What an answer without a number means."""

    UNKNOWN = "unknown"
    """Nothing is known."""
    HOLD = "hold"
    """The verdict stays as it is, for `stale_after` at most; it satisfies nothing meanwhile."""
    BAD = "bad"
    """It is a breach of critical, or of warning where that is all there is."""


class Evidence(Part):
    """How the canary is compared with the baseline on counts."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How often chance alone may raise the alarm over a whole rollout; split over all metrics that ask for evidence."""
    margin: Annotated[float, Field(ge=0)] = 0.0
    """How much worse the canary may be: 0.1 means a rate one tenth higher."""
    not_worse_than: Annotated[float, Field(gt=1)] = 1.5
    """The metric satisfies a phase once the canary is sure to have less than so many times the baseline's rate."""
    worse: Literal["warning", "critical"] = "warning"
    """The verdict where the canary is sure to be worse."""
    every: Seconds = 60.0
    """How often counts are taken."""
    settle: Seconds = 30.0
    """How old the rows of a query must be before they are counted: a request that is slow, or ends in an error late,
    is in the table later than others of its time."""
    traffic: bool = False
    """The samples are the traffic: the canary's part of them is held against the share that the phase gives it."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.not_worse_than <= 1 + self.margin:
            raise ValueError(f"not_worse_than must be more than 1 + margin, {1 + self.margin:g}")
        return self


class OnVerdict(Part):
    """What a verdict does: `hold` stops the phase from advancing, an action's id offers its key beside the panel."""

    warning: str | None = None
    """`hold`, or the id of an action."""
    critical: str | None = None
    """`hold`, or the id of an action."""
    automatic_after: Seconds | None = None
    """Begins the rollback of `critical` by itself after this long of proven CRITICAL, counted down in sight; once,
    until somebody arms it again."""


IncidentSeverity = Annotated[int, Field(ge=1, le=3)]
"""Of an incident: 1 is the worst, 3 the mildest."""
CONDITIONS = ("target", "warning", "critical", "against_baseline")
ContainerStat = Literal["memory", "cpu", "restarts", "running"]


class Metric(Part):
    """A number over time and the conditions it is judged by."""

    title: str | None = None
    """What the panel says; without it, the name."""
    events: EventCount | None = None
    """Measured from the counts of events."""
    quantile: QuantileOf | None = None
    """Measured from the numbers that events capture."""
    query: str | None = None
    """A query of this rollout by name, or the path of an SQL file."""
    redis: RedisQuestion | None = None
    """A question to Redis."""
    http: HttpProbe | None = None
    """1 when the answer is as expected, else 0."""
    container: ContainerStat | None = None
    """A figure of the containers of a Docker source."""
    command: tuple[str, ...] | None = None
    """A program that prints the number; without one, or with an exit code other than 0, measuring failed."""
    source: str | None = None
    """Which source is asked; for queries and `investigate` a postgres one."""
    every: Seconds = 30.0
    """How often it is measured."""
    timeout: Seconds | None = None
    """How long one measurement may take; without it, 80 % of `every`, and at most 30 s."""
    window: Seconds | Literal["phase"] | None = None
    """How far back it looks; `phase` is since the phase began."""
    phases: Names = ()
    """The phases in which its conditions are asked; in others it is measured and shown. Without it, all of them."""
    change: Literal["phase"] | None = None
    """Judges not the value but how far it moved since the phase began, in percent of what it was then."""
    progress: bool = False
    """The panel shows how far it is on its way, how fast, and the time left: of a share of keys to all of them, of a
    count of keys to none."""
    unit: str = ""
    """`%`, `ms`, `s`, `MB`, or any word; conditions are converted to it."""
    target: str | None = None
    """What a healthy value is, such as `< 1%`; the metric is OK only where this is true."""
    warning: str | None = None
    """Such as `> 2%`."""
    critical: str | None = None
    """Such as `> 5%`."""
    against_baseline: str | None = None
    """A further condition for OK that compares with the baseline, such as `<= baseline`."""
    for_: Annotated[Seconds, Field(alias="for")] = 0.0
    """How long warning or critical must hold before it counts."""
    keep_for: Seconds = 0.0
    """How long a verdict stands on after its condition became false."""
    breaches: str | None = None
    """Such as `3 of last 5`: warning or critical counts once so many of the last measurements breach it."""
    no_data: NoData = NoData.UNKNOWN
    """What an answer without a number means: `unknown`, `hold` or `bad`."""
    broken_after: Annotated[int, Field(ge=1)] = 1
    """How many measurements in a row must fail before the metric is BROKEN."""
    min_samples: Annotated[int, Field(ge=0)] = 0
    """With fewer samples the verdict is UNKNOWN."""
    stale_after: Seconds | None = None
    """Age at which the last value no longer counts; without it, three intervals, at least 10 s."""
    evidence: Evidence | None = None
    """Compares canary and baseline on counts, validly at every look."""
    on: OnVerdict = OnVerdict()
    """What a verdict does."""
    severity: IncidentSeverity | None = None
    """Which severity the incident is of that its CRITICAL opens; without it, as `incidents` says."""
    investigate: tuple[str, ...] = ()
    """Queries that are offered from the panel."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = one_of(self, METRIC_KINDS)
        if kind in ("query", "redis", "container") and self.source is None:
            raise ValueError(f"a {kind} metric needs `source`")
        if self.change is not None and (not self.is_probed or kind == "query"):
            raise ValueError(f"a {kind} metric has no change: it belongs to one number that is asked for")
        if self.progress and (self.redis is None or not (self.redis.count or self.redis.scan)):
            raise ValueError("progress belongs to a redis metric with count or scan")
        if self.window == "phase" and kind not in ("events", "quantile"):
            raise ValueError("window: phase belongs to metrics of events")
        return self

    @property
    def kind(self) -> str:
        """Which of `METRIC_KINDS` this is."""
        return one_of(self, METRIC_KINDS)

    @property
    def judged_unit(self) -> str:
        """The unit that its conditions are in."""
        return self.unit if self.change is None else "%"

    @property
    def is_probed(self) -> bool:
        """Whether it is measured by asking something, rather than folded from log lines."""
        return self.events is None and self.quantile is None

    @property
    def timeout_s(self) -> float:
        """How long one measurement may take."""
        return self.timeout if self.timeout is not None else min(30.0, 0.8 * self.every)

    @property
    def stale_after_s(self) -> float:
        """Age at which the last value no longer counts."""
        return self.stale_after if self.stale_after is not None else max(10.0, 3 * self.every)


class EnvFileEdit(Part):
    """Keys of an env file that are set atomically; everything else in it stays."""

    path: str
    """The env file, relative to the rollout file."""
    set: dict[str, str]
    """Keys and their new values."""


class ComposeUp(Part):
    """Containers that Compose has made, and what must be true of each of them."""

    command: tuple[str, ...]
    """How Compose is called, without what it is to do: `[docker, compose, -p, shop]`."""
    services: tuple[str, ...] = ()
    """The services whose containers are looked at; without any, all."""
    gone: tuple[str, ...] = ()
    """Services that must have no container that runs, such as one that was scaled to 0."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables that must have these values wherever a container has them."""
    since: float | None = None
    """Filled in by the console: the containers must be newer, show every variable of `env`, or be made from what
    Compose would make them from now. Seconds since the epoch."""
    may_be_old: bool = False
    """Filled in by the console: containers of before will do, because no file was edited that they are made from."""


class SqlStep(Part):
    """One SQL statement on a PostgreSQL source."""

    source: str
    """The PostgreSQL source."""
    statement: str
    """The statement. A parameter of the action is written `${name}`, without quotes: it is bound, never pasted."""
    values: tuple[str, ...] = ()
    """Bound to `$1`, `$2` … of the statement; the values of the action's parameters come first."""


CHECK_KINDS = ("redis", "http", "query", "sql", "container", "compose", "env_file", "command", "alerts", "soaked")
OWN_CHECKS = ("alerts", "soaked")
"""Kinds that ask nobody outside, because the rollout file or the session knows."""


_BEFORE = re.compile(r"\s*(?P<op><=|>=|==|!=|<|>)\s*before\s*")


def _exact(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() else repr(number)


class Check(Part):
    """Something that is verified by asking; used by checklists and by the verify part of actions."""

    redis: RedisQuestion | None = None
    http: HttpProbe | None = None
    query: str | None = None
    """The SQL passes when its first value is true, or its `value` column is not 0 or NULL."""
    sql: SqlStep | None = None
    """One reading statement, which passes as a `query` does; parameters of the action are bound to it."""
    container: Literal["running"] | None = None
    """Every container of the source has been running, without a restart, for at least `for`."""
    compose: ComposeUp | None = None
    """Every container that Compose made for the services has been running, without a restart, for at least `for`, and
    has the environment that was declared. After a step that runs `compose up` this is verified by itself."""
    env_file: EnvFileEdit | None = None
    """The env file says this. After a step that edits one this is verified by itself."""
    command: tuple[str, ...] | None = None
    """Passes on exit code 0."""
    alerts: Annotated[tuple[Literal["critical", "warning", "blind"], ...] | None, BeforeValidator(names)] = None
    """Alerts of these severities have somebody to go to: a route whose address is set. For checklists."""
    soaked: Names | None = None
    """These phases have had their whole soak in this session. For checklists."""
    source: str | None = None
    """Which source is asked."""
    expect: str | None = None
    """What a number of Redis or of a query must be to pass, such as `== 0`, or `< 1h` of what was `saved`; without it,
    anything but 0. After an action also `>= before`, which compares it with what it was before the first step."""
    window: Seconds | None = None
    """How far a query looks back, instead of what its header says."""
    prints: Names = ()
    """Regular expressions, each of which must be found in a line that the command prints, beside its exit code 0."""
    within: Seconds = 10.0
    """How long to go on trying."""
    for_: Annotated[Seconds, Field(alias="for")] = 0.0
    """How long a container must have been running."""
    to: Names = ()
    """Of what an advance looks at before: the phases on the way into which this is asked; without any, all."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = one_of(self, CHECK_KINDS)
        if kind in ("redis", "query", "container") and self.source is None:
            raise ValueError(f"a {kind} check needs `source`")
        if self.expect is not None and kind not in ("redis", "query"):
            raise ValueError("expect belongs to a redis or query check")
        if self.window is not None and kind != "query":
            raise ValueError("window belongs to a query check")
        if self.prints and kind != "command":
            raise ValueError("prints belongs to a command check")
        return self

    @property
    def unit(self) -> str:
        """The unit of the number that `expect` is about; none for a plain number."""
        return self.redis.unit if self.redis is not None else ""

    @property
    def is_compared(self) -> bool:
        """Whether its number is compared with what the same question gave before the first step."""
        return self.expect is not None and _BEFORE.fullmatch(self.expect) is not None

    def compared_with(self, number: float) -> Self:
        """Return the check with the number from before in place of the word."""
        return self.model_copy(update={"expect": _BEFORE.sub(rf"\g<op> {_exact(number)}", self.expect or "")})

    @property
    def kind(self) -> str:
        """Which question it asks."""
        return one_of(self, CHECK_KINDS)
