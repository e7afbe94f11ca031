"""The part of the frozen model that says when it may go on: phases, the windows after the last one, and the budget."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from console.core.fields import Seconds, Share
from console.core.parts import Part
from console.core.probes import Check

FULL_SHARE = 100.0
"""Percent of the traffic: all of it."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]

AfterStop = Literal["pause", "restart"]
"""What the soak clock does when it was stopped: go on from where it stood, or begin again from nothing."""


def _second(value: object) -> object:
    words: dict[object, object] = {True: True, False: False, "true": True, "false": False, "named": "named"}
    if not isinstance(value, bool | str) or value not in words:
        raise ValueError(f"expected true, false or named; found {value!r}")
    return words[value]


SecondPerson = Annotated[bool | Literal["named"], BeforeValidator(_second)]
"""Whether another person is asked for: by account, or `named`: a name typed on a shared account is believed too."""


class ChecklistItem(Part):
    """Something that must be done: ticked by a person, or by the console when it has `verify`."""

    id: Id
    text: str
    verify: Check | None = None
    """How the console finds out by itself."""
    every: Seconds = 60.0
    """How often it does, beside when the phase begins and when somebody asks: tests that weigh, seldom."""
    group: str = ""
    """The heading under which it stands."""
    second_person: SecondPerson = False
    """Whether a second person must confirm what the first one ticked; `named` believes names on a shared account."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.second_person and self.verify is not None:
            raise ValueError("the console verifies this item by itself, so second_person has nobody to confirm it")
        if "every" in self.model_fields_set and self.verify is None:
            raise ValueError("every says how often the console verifies this item, and it has no verify")
        return self


class SignOff(Part):
    """A role that must agree; in the file also only its name."""

    role: str
    second_person: SecondPerson = False
    """Whether who signs must be another person than those who ticked, signed in another role, or go on; `named`
    believes names on a shared account."""


def _role(value: object) -> object:
    return {"role": value} if isinstance(value, str) else value


SignOffAsked = Annotated[SignOff, BeforeValidator(_role)]


class Phase(Part):
    """A step of the rollout."""

    name: str
    traffic: Share
    """The share of the traffic that the canary gets."""
    soak: Seconds = 0.0
    """How long it is watched at least, while everything it names is judged and healthy."""
    on_gap: AfterStop = "pause"
    """What a gap in watching does to the soak: `pause` leaves it out, `restart` begins the soak again."""
    on_breach: AfterStop = "pause"
    """What a breach of a metric or of a pause condition does to the soak: `pause`, or `restart`."""
    advance: tuple[str, ...] = ()
    """Metrics that must all be OK."""
    pause: tuple[str, ...] = ()
    """Conditions such as `error_rate > 2%` that stop the phase from advancing while they hold."""
    prerequisites: tuple[ChecklistItem, ...] = ()
    """What must be done before this phase may begin; the soak of the first phase waits for its own."""
    checklist: tuple[ChecklistItem, ...] = ()
    """What must be done before the next phase."""
    sign_off: tuple[SignOffAsked, ...] = ()
    """Roles that must agree; `{role: dba, second_person: true}` asks for another person than those who did the work."""


class ValidationWindow(Part):
    """A stretch of time after full rollout that is judged by itself, and whose outcome is kept."""

    name: str
    from_: Annotated[Seconds, Field(alias="from")] = 0.0
    """When it begins, counted from when the canary got all of the traffic."""
    until: Seconds
    """When it ends, counted from the same moment."""
    metrics: tuple[str, ...] = ()
    """Metrics that must not breach in it, and must be OK at its end."""
    checklist: tuple[ChecklistItem, ...] = ()
    """What people, or the console, must have done by then."""
    watched: Share = 95.0
    """For how much of it every metric must have been known; with less the outcome is not known."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.until <= self.from_:
            raise ValueError("expected a window that ends after it begins: until is not later than from")
        if not self.metrics and not self.checklist:
            raise ValueError("expected metrics or a checklist; a window with neither proves nothing")
        return self


class Slo(Part):
    """A service level objective, whose error budget the rollout may spend."""

    metric: str
    """A ratio of events, or a query with `total` and `bad`."""
    objective: Share
    """How much of everything must be good, such as `99.9%`."""
    period: Seconds = 30 * 86_400.0
    """The time that the budget is for."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 0 < self.objective < 100:
            raise ValueError("expected an objective between 0% and 100%, such as 99.9%")
        if self.period <= 0:
            raise ValueError("expected a period such as 30d")
        return self
