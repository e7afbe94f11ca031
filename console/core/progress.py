"""Parts of a frame: when the soak stood still, the windows after full rollout, the error budgets."""

from dataclasses import dataclass

from console.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class StopView:
    """A stretch of time that was no soak."""

    kind: str
    """`gap`, `unmeasured`, `breach`, `share`."""
    text: str
    since: float
    until: float | None
    """`None` while it lasts."""
    lost_s: float
    thrown_away_s: float
    """The soak that had to begin again because of it."""


@dataclass(frozen=True, slots=True)
class WindowView:
    """A validation window after full rollout."""

    name: str
    from_s: float
    until_s: float
    begins: float | None
    """`None` while the canary does not have all of the traffic."""
    ends: float | None
    outcome: str
    """`waiting`, `running`, `open` (its checklist is not done), `passed`, `failed`, `not known`."""
    reason: str
    decided: float | None
    """When the outcome was known for good."""
    metrics: tuple[str, ...]
    known_share: float | None
    """For how much of the time so far every metric was known, 0 to 1."""
    items_done: int
    items: int
    is_past: bool = False
    """It is of an earlier time, which ended in a step back."""


@dataclass(frozen=True, slots=True)
class BudgetView:
    """An error budget: how fast it burns, and what the phase spends of it."""

    name: str
    metric: str
    objective: float
    """Percent."""
    period_s: float
    verdict: Verdict
    reason: str
    since: float | None
    burn: float | None
    """How many times faster than allowed it burns, over the long window of the first rule that can be asked."""
    rules: tuple[tuple[str, str], ...]
    """Each rule that can be asked: `firing`, `quiet` or `unknown`, and its numbers in words."""
    spent: float | None
    """What the phase has spent of the period's budget so far, 1 for all of it; `None` if that is not known."""
    will_spend: float | None
    """What it will have spent at the end of its soak, at the present rate."""
    rate: float | None
    """The present share of bad requests, 0 to 1."""
    text: str
    """What the phase spends, in one line."""
