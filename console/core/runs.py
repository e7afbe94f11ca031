"""How long a condition has held and since when its verdict stands: `for`, `keep_for`, and so many of the last.

`for` and `keep_for` are those of Prometheus's alerting rules (`for`, `keep_firing_for`): a condition fires when it has
held for at least `for`; a gap while it is pending starts it again; only a verdict that stands is kept.
"""

import re
from dataclasses import dataclass, replace
from math import inf

_BUDGET = re.compile(r"(?P<breaches>\d+)\s+of(?:\s+the)?(?:\s+last)?\s+(?P<last>\d+)")
MOST_LAST = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """How many of the last measurements must breach a condition before it counts."""

    breaches: int = 1
    last: int = 1

    @property
    def is_used(self) -> bool:
        """Whether one breach is not enough, or is remembered."""
        return self.last > 1

    def __str__(self) -> str:
        return f"{self.breaches} of the last {self.last}"


def parse_budget(text: str) -> Budget:
    """Return what a text such as `3 of last 5` says; raises `ValueError` for one that says something else."""
    match = _BUDGET.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError(f"expected how many of the last measurements, such as '3 of last 5', found {text!r}")
    budget = Budget(int(match.group("breaches")), int(match.group("last")))
    if not 1 <= budget.breaches <= budget.last <= MOST_LAST:
        raise ValueError(f"expected 1 of 1 up to {MOST_LAST} of {MOST_LAST}, the smaller number first, found {text!r}")
    return budget


@dataclass(frozen=True, slots=True)
class Rules:
    """What a condition needs before it counts, and for how long it counts on."""

    for_s: float = 0.0
    keep_for_s: float = 0.0
    budget: Budget = Budget()
    every_s: float = 0.0
    """Measurements that come sooner after the last one noted use up no place of the budget."""


@dataclass(frozen=True, slots=True)
class Run:
    """How long a condition has held, and since when its verdict stands."""

    since: float | None = None
    """Start of the unbroken run of true measurements; `None` while it is false."""
    fired: float | None = None
    """When the verdict began to stand; `None` while it does not."""
    cleared: float | None = None
    """First false measurement since it fired, while `keep_for` holds it."""
    recent: tuple[bool, ...] = ()
    """Whether the last measurements breached it, oldest first, where a budget is asked for."""
    noted: float | None = None
    """When the newest of them was taken."""

    def observe(self, at: float, *, is_true: bool, rules: Rules) -> "Run":
        """Return the state after one measurement at `at`."""
        run = self._note(at, is_true=is_true, rules=rules) if rules.budget.is_used else self
        if rules.budget.is_used:
            is_true = sum(run.recent) >= rules.budget.breaches
        if is_true:
            since = at if run.since is None else run.since
            fires = run.fired is not None or at - since >= rules.for_s
            fired = (at if run.fired is None else run.fired) if fires else None
            return replace(run, since=since, fired=fired, cleared=None)
        if run.fired is None:
            return run._ended()
        cleared = at if run.cleared is None else run.cleared
        if at - cleared < rules.keep_for_s:
            return replace(run, since=None, cleared=cleared)
        return replace(run, since=None, fired=None, cleared=None)

    def _note(self, at: float, *, is_true: bool, rules: Rules) -> "Run":
        """Note a measurement; within the interval only a breach counts, in the place of the one before."""
        if self.noted is not None and at - self.noted < rules.every_s:
            return replace(self, recent=(*self.recent[:-1], self.recent[-1] or is_true))
        return replace(self, recent=(*self.recent, is_true)[-rules.budget.last :], noted=at)

    def interrupted(self) -> "Run":
        """Return the state after a gap in measuring: a pending run starts again, a verdict that stands goes on."""
        return self if self.fired is not None else self._ended()

    def _ended(self) -> "Run":
        """Return the state without the run of true measurements, if there is one."""
        return self if self.since is None else replace(self, since=None)

    def shifted(self, pause_s: float, now: float = inf) -> "Run":
        """Return the state after so many seconds that do not count: what was held is held for as long as before."""
        return replace(
            self,
            since=later(self.since, pause_s, now),
            cleared=later(self.cleared, pause_s, now),
            noted=later(self.noted, pause_s, now),
        )


def later(at: float | None, pause_s: float, now: float = inf) -> float | None:
    """Return a time so much later, where there is one, and never later than `now`."""
    return None if at is None else min(now, at + pause_s)
