"""Parts of a frame that look at the rollout as a whole: the views of the file, and its goals."""

from dataclasses import dataclass
from enum import StrEnum

from console.core.verdict import Verdict


class KpiOutcome(StrEnum):
    """How a goal stands."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class KpiView:
    """A goal as screen and report show it."""

    kpi: str
    title: str
    text: str
    """The figure with its unit; `–` for none."""
    target: str
    outcome: KpiOutcome
    reason: str
    """What the figure is, and what is missing where the outcome is not known."""
    is_entered: bool
    """A person enters the figure."""
    by: str = ""
    """Who entered it; empty for nobody."""
    at: float | None = None
    note: str = ""
    is_settled: bool = True
    """Nothing to come can change the outcome: the rollout is complete, or what is missed stays missed."""

    @property
    def said(self) -> str:
        """The outcome in words: `met so far` until nothing to come can change it."""
        if self.is_settled or self.outcome is KpiOutcome.UNKNOWN:
            return self.outcome.value
        return f"{self.outcome} so far"


@dataclass(frozen=True, slots=True)
class DashboardRow:
    """A line of a view."""

    mark: str
    """A glyph; empty for none."""
    tone: Verdict | None
    """How good or bad it is; `None` for what is neither."""
    name: str
    text: str = ""
    """The value, or how it stands."""
    more: str = ""
    """Why, since when, by whom."""
    spark: tuple[float | None, ...] = ()
    """The value over time, oldest first."""
    key: str = ""
    """The key of the action that it is about."""


@dataclass(frozen=True, slots=True)
class DashboardSection:
    """A heading of a view with its lines."""

    title: str
    rows: tuple[DashboardRow, ...]


@dataclass(frozen=True, slots=True)
class DashboardView:
    """One way to look at the session."""

    view: str
    """Its name in the file."""
    title: str
    sections: tuple[DashboardSection, ...]
