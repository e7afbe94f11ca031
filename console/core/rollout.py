"""What a rollout is: the frozen model of the rollout file, free of I/O.

Rules for log lines are in `core.event_rules`, the parts that ask and judge in `core.probes`, those that say when it may
go on in `core.stages`; all of the model is to be had from here.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from console.core.dashboards import AtRisk, Kpi, View, ViewSection
from console.core.event_rules import EventRule, Matrix
from console.core.fields import Seconds, Share
from console.core.incident_rules import Incidents, ProcedureItem, SeverityRule, WarRoom
from console.core.kinds import METRIC_KINDS, SOURCE_KINDS
from console.core.parts import Names, Part, one_of
from console.core.probes import (
    CONDITIONS,
    Check,
    ComposeUp,
    ContainerStat,
    EnvFileEdit,
    EventCount,
    Evidence,
    HttpProbe,
    Metric,
    NoData,
    OnVerdict,
    QuantileOf,
    SqlStep,
)
from console.core.redis_question import RedisProbe, RedisQuestion
from console.core.stages import AfterStop, ChecklistItem, Id, Phase, SignOff, Slo, ValidationWindow

__all__ = [
    "CONDITIONS",
    "METRIC_KINDS",
    "SOURCE_KINDS",
    "STEP_KINDS",
    "Action",
    "ActionKind",
    "AfterStop",
    "AlertRoute",
    "AlertTemplate",
    "Alerts",
    "AtRisk",
    "Check",
    "ChecklistItem",
    "ComposeUp",
    "ContainerStat",
    "DockerSelector",
    "EnvFileEdit",
    "EventCount",
    "EventRule",
    "Evidence",
    "HttpProbe",
    "Id",
    "Incidents",
    "Kpi",
    "Matrix",
    "Metric",
    "Name",
    "Names",
    "NoData",
    "OnVerdict",
    "Parameter",
    "Part",
    "Phase",
    "ProcedureItem",
    "QuantileOf",
    "RedisProbe",
    "RedisQuestion",
    "RedisStep",
    "Rollout",
    "SeverityRule",
    "SignOff",
    "Slo",
    "SourceSpec",
    "SqlStep",
    "Step",
    "TrackMatch",
    "ValidationWindow",
    "ValuesFrom",
    "View",
    "ViewSection",
    "WarRoom",
]

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


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
        one_of(self, ("label", "image", "name"))
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


class SourceSpec(Part):
    """Where lines or samples come from."""

    docker: DockerSelector | None = None
    """The containers whose logs are read."""
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
        kind = one_of(self, SOURCE_KINDS)
        if self.host is not None and kind != "docker":
            raise ValueError("host belongs to a docker source")
        if self.track is not None and kind not in ("file", "command"):
            raise ValueError("track belongs to a file or command source; containers are told apart by `tracks`")
        return self

    @property
    def kind(self) -> str:
        """Which of `SOURCE_KINDS` this is."""
        return one_of(self, SOURCE_KINDS)

    @property
    def gives_lines(self) -> bool:
        """Whether this is a log source."""
        return self.kind in ("docker", "file", "command")


class RedisStep(Part):
    """One Redis command on a Redis source."""

    source: str
    command: tuple[str, ...]


STEP_KINDS = ("run", "env_file", "sql", "redis", "http")


class Step(Part):
    """One change that an action makes. `${traffic}` is the share being applied."""

    run: tuple[str, ...] | None = None
    """The words of a command; no shell sees them."""
    shell: bool = False
    """Give the single string of `run` to a shell; only when asked."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables for `run`, on top of a minimal environment."""
    login: str | None = None
    """Of `run`: a PostgreSQL source, whose address its programs find in `PGHOST`, `PGPASSWORD` and their like."""
    to: Names = ()
    """Of an advance: the phases on the way into which this is done; without any, all."""
    env_file: EnvFileEdit | None = None
    sql: SqlStep | None = None
    redis: RedisStep | None = None
    http: HttpProbe | None = None
    timeout: Seconds = 60.0
    """After this long nobody knows whether the step took effect."""
    prints: Names = ()
    """Regular expressions, each of which must be found in a line that `run` prints; without one the step has failed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = one_of(self, STEP_KINDS)
        if self.prints and kind != "run":
            raise ValueError("prints belongs to a run step")
        if self.run is not None and not self.run:
            raise ValueError("run needs a command")
        if self.shell and (kind != "run" or self.run is None or len(self.run) != 1):
            raise ValueError("shell goes with a run of exactly one string")
        return self

    @property
    def kind(self) -> str:
        """Which of `STEP_KINDS` this is."""
        return one_of(self, STEP_KINDS)


class ActionKind(StrEnum):
    """What an action does to the rollout."""

    ROLLBACK = "rollback"
    STEP_DOWN = "step_down"
    ADVANCE = "advance"
    TASK = "task"


class ValuesFrom(Part):
    """Where the values of a parameter come from."""

    values: tuple[str, ...] | None = None
    """These."""
    query: str | None = None
    """The first column of a query."""
    command: tuple[str, ...] | None = None
    """The lines that a program prints."""
    source: str | None = None
    """The PostgreSQL source of the query."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = one_of(self, ("values", "query", "command"))
        if (kind == "query") != (self.source is not None):
            raise ValueError("a query needs `source`, and only a query has one")
        return self


class Parameter(Part):
    """What the operator chooses before an action; `${name}` in its steps and verifications."""

    title: str | None = None
    """What is asked for; without it, the name."""
    from_: Annotated[ValuesFrom | None, Field(alias="from")] = None
    """The values to choose from. What is in none of them is refused; while they cannot be had, `pattern` decides."""
    pattern: str = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}"
    """A regular expression that the whole value matches."""

    @field_validator("pattern")
    @classmethod
    def _expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"expected a regular expression; found one that is none: {error}") from None
        return pattern

    @property
    def is_looked_up(self) -> bool:
        """Whether its values are had from a query or a command, and not from the file."""
        return self.from_ is not None and self.from_.values is None


class Action(Part):
    """Something the operator can do."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9]$")] | None = None
    """The key that starts it."""
    title: str
    kind: ActionKind = ActionKind.TASK
    """What it does to the share of traffic: to 0, one rung down, to the next phase, or nothing."""
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    """What is chosen before, such as a tenant, by name."""
    way_back: bool = False
    """Whether a task takes something back, such as one tenant: incidents and views count it as a rollback."""
    phases: Names = ()
    """The phases a task belongs to; in others it is begun only with a reason. Without any, all."""
    before: tuple[Check, ...] = ()
    """What is looked at before it is confirmed, such as the capacity of the side that takes the traffic."""
    steps: tuple[Step, ...] = ()
    """What is done, one after the other."""
    verify: tuple[Check, ...] = ()
    """What must be true afterwards."""
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

    severity: Literal["critical", "warning", "blind"]
    """`blind` is for "monitoring blind" and sources that do not answer; without such a route it goes with `warning`."""
    to: tuple[str, ...]
    """Addresses, all of which are told; they are kept secret."""
    escalate_after: Seconds | None = None
    """How long nobody may acknowledge an alert before others are told."""
    escalate_to: tuple[str, ...] = ()
    """The others; they are also told at once when nobody in `to` can be reached."""


class AlertTemplate(Part):
    """What a message says of some alerts. Every text is a Jinja template."""

    about: Names = ()
    """The metrics, sources, budgets or actions it is for; without any, all."""
    severity: Literal["critical", "warning", "blind"] | None = None
    """The severity it is for; without one, all."""
    with_: Annotated[dict[Name, str], Field(alias="with")] = Field(default_factory=dict)
    """Names of its own, each a Jinja expression such as `row.users`."""
    title: str
    """One line."""
    message: str
    resolved: str | None = None
    """What is said instead of `message` when the alert is over."""


class Alerts(Part):
    """Who is told."""

    routes: tuple[AlertRoute, ...] = ()
    group_wait: Seconds = 10.0
    """For how long alerts are gathered into one message."""
    repeat: Seconds = 14_400.0
    """After how long an alert that stands, and that nobody acknowledged, is told again."""
    templates: dict[Name, AlertTemplate] = Field(default_factory=dict)
    """What messages say, by a name of your choice; the first that fits an alert is taken."""


class Rollout(Part):
    """One rollout: what the rollout file says, checked."""

    rollout: Id
    """The id of the rollout: small letters, digits and dashes."""
    title: str
    """What is released, in a few words."""
    service: str
    """The name that destructive actions ask the operator to type."""
    extends: str | None = None
    """A shipped rollout, or a file, that this one changes; mappings merge, everything else replaces."""
    tracks: dict[str, TrackMatch] = Field(default_factory=dict)
    """`canary` and `baseline`, in the order in which they are tried."""
    sources: dict[Name, SourceSpec] = Field(default_factory=dict)
    """Where lines and samples come from, by name."""
    events: dict[Name, EventRule] = Field(default_factory=dict)
    """Classes of log lines, by name; the first rule that matches a line names it."""
    metrics: dict[Name, Metric] = Field(default_factory=dict)
    """What is measured and judged, by name; panels stand in this order."""
    phases: tuple[Phase, ...] = ()
    """The steps of the rollout; without any it is watched as one phase."""
    validation: tuple[ValidationWindow, ...] = ()
    """Windows after full rollout, each judged in its time."""
    slo: dict[Name, Slo] = Field(default_factory=dict)
    """Error budgets, by name: what the rollout spends of them, and how fast they burn."""
    actions: dict[Name, Action] = Field(default_factory=dict)
    """What the operator can do, by id."""
    alerts: Alerts = Alerts()
    """Who is told of a verdict."""
    kpis: dict[Name, Kpi] = Field(default_factory=dict)
    """The goals of the whole rollout, by name."""
    views: dict[Name, View] = Field(default_factory=dict)
    """Other ways to look at the session, by name; a key of the soak screen goes from one to the next."""
    incidents: Incidents | None = None
    """What a critical alert opens: an incident with a response clock; without this, only people open one."""

    @property
    def incident_rules(self) -> Incidents:
        """What incidents ask for; where the file does not say, what the documents do."""
        return self.incidents or Incidents()
