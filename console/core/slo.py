"""Error budgets: what a phase spends of one, and how fast it burns.

Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs" (multiwindow, multi-burn-rate alerts). With an
objective of 99.9 % one request in a thousand may be bad: that is the budget of a period. The burn rate is the share
of bad requests over that allowance; at 1 the budget lasts exactly for the period. A rule fires when the rate over a
long window and over a short one, which shows that it still goes on, are both above its factor.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from console.core.durations import format_duration
from console.core.values import bare_number
from console.core.verdict import Verdict

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
COVERED = 0.9
"""A window of which less was seen says that nothing burns only if the whole of it could not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How much of the budget may be spent in a long window before somebody is told."""

    spends: float
    """Share of the budget of the period."""
    long_s: float
    short_s: float
    verdict: Verdict

    def factor(self, period_s: float) -> float:
        """Return the burn rate that spends it: 14.4 for 2 % in an hour of 30 days; `spends * period / long window`."""
        return self.spends * period_s / self.long_s


RULES = (
    Rule(0.02, HOUR_S, 5 * MINUTE_S, Verdict.CRITICAL),
    Rule(0.05, 6 * HOUR_S, 30 * MINUTE_S, Verdict.CRITICAL),
    Rule(0.10, DAY_S, 2 * HOUR_S, Verdict.WARNING),
    Rule(0.10, 3 * DAY_S, 6 * HOUR_S, Verdict.WARNING),
)
"""Two that page and two that make a ticket; over 30 days their factors are 14.4, 6, 3 and 1."""
WINDOWS_S = tuple(sorted({window for rule in RULES for window in (rule.short_s, rule.long_s)}))


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted in a window."""

    bad: float
    total: float
    covered_s: float
    """How much of the window it was counted over."""


NOTHING = Seen(0.0, 0.0, 0.0)


def allowance(objective: float) -> float:
    """Return the share of bad requests that an objective in percent allows: 0.001 for 99.9 %."""
    return 1.0 - objective / 100.0


def burn_rate(seen: Seen, objective: float) -> float | None:
    """Return how many times faster than allowed the budget burns: `(bad / total) / (1 - objective)`.

    `None` where nothing was counted.
    """
    if seen.total <= 0:
        return None
    return seen.bad / seen.total / allowance(objective)


def is_over(seen: Seen, window_s: float, objective: float, factor: float, *, least: int = 0) -> bool | None:
    """Return whether a window burns at more than `factor`; `None` if that cannot be known.

    A window that was seen in part burns for certain if it would even with no error in the rest, at the same traffic.
    Fewer than `least` samples say nothing.
    """
    burn = burn_rate(seen, objective)
    if burn is None or seen.total < least:
        return None
    covered = min(1.0, seen.covered_s / window_s)
    if covered >= COVERED:
        return burn > factor
    return True if burn * covered > factor else None


def spent(share: float, rate: float, seconds: float, objective: float, period_s: float) -> float:
    """Return the part of a period's budget that a share of the traffic spends: 1 is all of it.

    `share * rate / (1 - objective) * seconds / period`: `share` is of all traffic, `rate` is bad of total in it, both
    0 to 1; traffic is taken to be even over the period.
    """
    return share * rate / allowance(objective) * seconds / period_s


@dataclass(frozen=True, slots=True)
class Burning:
    """One rule, asked."""

    rule: Rule
    factor: float
    long: float | None
    """Burn rate over the long window, as far as it was seen."""
    short: float | None
    is_firing: bool | None
    """`None` if that cannot be known."""

    @property
    def text(self) -> str:
        """The rule and both rates: `15.2x over 1h and 18x over 5m, page above 14.4x`."""
        word = "page" if self.rule.verdict is Verdict.CRITICAL else "ticket"
        long, short = (_times(rate) for rate in (self.long, self.short))
        windows = f"{long} over {_window(self.rule.long_s)} and {short} over {_window(self.rule.short_s)}"
        return f"{windows}, {word} above {bare_number(self.factor)}x"


def _times(rate: float | None) -> str:
    return "unknown" if rate is None else f"{bare_number(rate)}x"


def _window(seconds: float) -> str:
    return format_duration(seconds)


def burning(
    seen: Mapping[float, Seen], objective: float, period_s: float, *, least: int = 0, least_window_s: float = 0.0
) -> tuple[Burning, ...]:
    """Return every rule that can be asked: none with a window shorter than `least_window_s`, over which counts come.

    `seen` is by length of the window in seconds. Long and short must both be over; one that is known not to be is
    enough for the rule not to fire.
    """
    found = []
    for rule in RULES:
        if rule.short_s < least_window_s:
            continue
        factor = rule.factor(period_s)
        sides = [seen.get(window, NOTHING) for window in (rule.long_s, rule.short_s)]
        over = [
            is_over(side, window, objective, factor, least=least if window == rule.long_s else 0)
            for side, window in zip(sides, (rule.long_s, rule.short_s), strict=True)
        ]
        is_firing = False if False in over else None if None in over else True
        long, short = (burn_rate(side, objective) for side in sides)
        found.append(Burning(rule, factor, long, short, is_firing))
    return tuple(found)


def judged(found: tuple[Burning, ...]) -> tuple[Verdict, str]:
    """Return the verdict on a budget: the worst rule that fires, UNKNOWN while the fastest one cannot be asked.

    The slower rules are known later, and which are not known yet is said in the reason.
    """
    if not found:
        return Verdict.UNKNOWN, "no rule can be asked of these counts"
    firing = [one for one in found if one.is_firing]
    if firing:
        worst = max(firing, key=lambda one: one.rule.verdict.rank)
        return worst.rule.verdict, worst.text
    fastest = found[0]
    if fastest.is_firing is None:
        return Verdict.UNKNOWN, f"not enough was seen: {fastest.text}"
    later = ", ".join(f"{bare_number(one.factor)}x" for one in found if one.is_firing is None)
    said = f"burns {_times(fastest.long)} over {_window(fastest.rule.long_s)}"
    return Verdict.OK, said + (f"; not yet known: {later}" if later else "")


SLOT_S = 60
OVERLAP = 0.1
"""How much of its window an answer may share with the one before: none is quite punctual."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Counts of a query, minute by minute, for as long as the longest window.

    A query counts over its own window each time it runs. Two answers are added up only where their windows do not
    overlap, and each is spread evenly over its own window; so sums over windows that are as long or longer are right
    to within one such window, and shorter ones cannot be had.
    """

    counts: Mapping[int, tuple[float, float, float]] = field(default_factory=dict)
    """Bad, total and seconds covered, by the minute since the epoch."""
    until: float | None = None
    """Up to when counts were taken; `None` before the first."""

    def taken(self, at: float, window_s: float, bad: float, total: float) -> "Slots":
        """Return the counts with another answer, which covers `window_s` up to `at`; one that overlaps is left out."""
        since = at - window_s
        if window_s <= 0 or (self.until is not None and since + OVERLAP * window_s < self.until <= at):
            return self
        oldest = int((at - WINDOWS_S[-1]) // SLOT_S)
        counts = {slot: counted for slot, counted in self.counts.items() if slot >= oldest}
        for slot in range(int(since // SLOT_S), math.ceil(at / SLOT_S)):
            part_s = min(at, (slot + 1) * SLOT_S) - max(since, slot * SLOT_S)
            if part_s <= 0 or slot < oldest:
                continue
            before = counts.get(slot, (0.0, 0.0, 0.0))
            share = part_s / window_s
            counts[slot] = (before[0] + bad * share, before[1] + total * share, before[2] + part_s)
        return Slots(counts, at)

    def seen(self, window_s: float, at: float, lag_s: float) -> Seen:
        """Return what was counted in the window that ends where counting does; nothing if that is `lag_s` ago."""
        if self.until is None or at - self.until > lag_s:
            return NOTHING
        first = int((self.until - window_s) // SLOT_S)
        inside = [counted for slot, counted in self.counts.items() if slot >= first]
        bad, total, covered_s = (sum(each) for each in zip(*inside, strict=True))
        return Seen(bad, total, min(window_s, covered_s))
