"""The part of the frozen model that looks at the rollout as a whole: views of one session, and its goals."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from console.core.parts import Names, Part
from console.core.probes import Metric


class Shown(StrEnum):
    """What a section of a view shows beside metrics and events."""

    VERDICT = "verdict"
    """How it stands as a whole."""
    EVIDENCE = "evidence"
    """The comparisons with the baseline."""
    PHASES = "phases"
    """Every phase with its share: behind, present, to come."""
    ADVANCE = "advance"
    """The soak, and what is missing to go on."""
    VALIDATION = "validation"
    """The windows after full rollout."""
    ALERTS = "alerts"
    """What stands now."""
    ALERT_HISTORY = "alert_history"
    """What alarmed since the session began, and how often."""
    INCIDENTS = "incidents"
    """Open and resolved incidents, with their clocks."""
    WAYS_OUT = "ways_out"
    """Every action that takes traffic or a component back: its key, whether it may be begun, how it went last."""
    HISTORY = "history"
    """What was done, newest first."""
    KPIS = "kpis"
    """The goals of the whole rollout."""


class AtRisk(Part):
    """An estimate of what fails: an amount, times the share of the traffic, times the share of it that fails."""

    amount: str
    """A plain number, as from the environment; empty where nobody says, and then nothing is estimated."""
    unit: str
    """What it is, such as `USD a year`."""
    metric: str
    """A rate in percent, of what fails or of what succeeds; its conditions say which."""

    @property
    def number(self) -> float | None:
        """The amount; `None` where nobody says."""
        return None if not self.amount.strip() else float(self.amount.replace(",", "").replace("_", ""))

    @field_validator("amount")
    @classmethod
    def _plain(cls, amount: str) -> str:
        if amount.strip() and re.fullmatch(r"\d[\d,_]*(\.\d+)?", amount.strip()) is None:
            raise ValueError(f"expected a plain number such as 500000, found {amount!r}")
        return amount


class ViewSection(Part):
    """A part of a view, under a heading."""

    title: str
    """The heading."""
    metrics: tuple[str, ...] = ()
    """Metrics and error budgets, in this order."""
    events: tuple[str, ...] = ()
    """Events, with how often they happened."""
    shows: tuple[Shown, ...] = ()
    """What else stands here."""
    at_risk: AtRisk | None = None
    """What may be lost, as an estimate; left out while the amount is not given."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.metrics or self.events or self.shows or self.at_risk):
            raise ValueError("expected metrics, events, shows or at_risk; a section with none of them shows nothing")
        return self

    @property
    def has_content(self) -> bool:
        """Whether there is something to show: an estimate of an amount that nobody gave is nothing."""
        is_estimated = self.at_risk is not None and self.at_risk.number is not None
        return bool(self.metrics or self.events or self.shows) or is_estimated


class View(Part):
    """One way to look at the session, for those who ask the same questions."""

    title: str
    """What the header calls it."""
    sections: tuple[ViewSection, ...]
    """From top to bottom."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.sections:
            raise ValueError("expected at least one section; found none")
        return self


KPI_KINDS = ("mean", "highest", "count", "kept", "entered")


class Kpi(Part):
    """A goal of the whole rollout: judged from what was seen of it, or from a figure that a person enters."""

    title: str | None = None
    """What it is about; without it, the name."""
    mean: str | None = None
    """The mean of a metric over the time in which the canary had traffic and the metric was known."""
    highest: str | None = None
    """The highest value of a metric in that time."""
    both_tracks: bool = False
    """Of canary and baseline together, each weighed by its share of the traffic; without it, of the canary."""
    count: Names = ()
    """How often these actions were begun."""
    kept: dict[str, str] = Field(default_factory=dict)
    """The share of components, in percent, whose phase was entered and that nothing in `by` took back; each with its
    phase."""
    by: Names = ()
    """The actions that take a component back: all of them, or the one that a parameter of the action names."""
    entered: bool = False
    """A person enters the figure."""
    unit: str = ""
    """Of a figure that is entered; a metric has its own."""
    target: str
    """The goal, such as `> 99.5%`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = [kind for kind in KPI_KINDS if getattr(self, kind)]
        if len(said) != 1:
            raise ValueError(f"expected exactly one of {', '.join(KPI_KINDS)}; found {', '.join(said) or 'none'}")
        if bool(self.by) != bool(self.kept):
            raise ValueError("kept and by go together")
        if self.both_tracks and not self.metric:
            raise ValueError("both_tracks belongs to mean or highest")
        if self.unit and not self.entered:
            raise ValueError("unit belongs to a figure that is entered")
        return self

    @property
    def kind(self) -> str:
        """Which of `KPI_KINDS` this is."""
        return next(kind for kind in KPI_KINDS if getattr(self, kind))

    @property
    def metric(self) -> str:
        """The metric it is about; empty for none."""
        return self.mean or self.highest or ""

    @property
    def measure(self) -> str:
        """What is looked at, as the course remembers it: a metric, or a metric of both tracks together."""
        return f"{self.kind} {self.metric} of both tracks" if self.both_tracks else self.metric

    def figure_unit(self, metrics: Mapping[str, Metric]) -> str:
        """Return the unit of the figure: that of the metric, percent of components, or its own."""
        if self.metric:
            return metrics[self.metric].unit if self.metric in metrics else ""
        return "%" if self.kept else self.unit
