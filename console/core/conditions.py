"""Conditions as people write them: `< 1%`, `<= 1 per 1000`, `500..2000ms`, `< baseline + 10ms`."""

import math
import operator
import re
from dataclasses import dataclass
from enum import StrEnum

_UNITS = {
    "%": ("share", 0.01),
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "m": ("time", 60.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "d": ("time", 86400.0),
    "B": ("size", 1.0),
    "KB": ("size", 1e3),
    "MB": ("size", 1e6),
    "GB": ("size", 1e9),
    "TB": ("size", 1e12),
    "KiB": ("size", 2.0**10),
    "MiB": ("size", 2.0**20),
    "GiB": ("size", 2.0**30),
    "$": ("money", 1.0),
}
_PER = re.compile(r"per\s+0*([1-9]\d*)")


def _number(name: str = "") -> str:
    """Return the pattern of a number with its unit, whose groups begin with `name`."""
    return (
        rf"(?P<{name}money>\$)?\s*(?P<{name}number>[+-]?(?:\d{{1,3}}(?:,\d{{3}})+|\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*"
        rf"(?P<{name}unit>per\s+0*[1-9]\d*|[%$]|(?!(?:to|and)\b)[A-Za-z]+)?"
    )


_NUMBER = _number()
_COMPARISON = re.compile(rf"(?P<op><=|>=|==|!=|<|>|=)\s*{_NUMBER}")
_RELATIVE = re.compile(
    r"(?P<op><=|>=|==|!=|<|>)\s*(?:(?P<factor>\d+(?:\.\d+)?)\s*[*x×]?\s*)?baseline(?:\s*(?P<sign>[+-])\s*(?P<offset>.+))?"
)
_RANGE = re.compile(
    rf"(?:(?P<outside>outside|not between)|between|inside)?\s*{_number('low_')}\s*(?:\.\.|…|–|to\b|and\b)\s*{_NUMBER}"
)
_WITHIN = re.compile(rf"within\s+{_NUMBER}\s+of\s+baseline")


class ConditionError(ValueError):
    """A condition that cannot be understood; the text says what was expected."""


class Op(StrEnum):
    """How a value is compared with a bound."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "=="
    NE = "!="
    WITHIN = "within"
    """No further from the baseline than the bound."""
    INSIDE = "inside"
    """From one bound to another, both included."""
    OUTSIDE = "outside"
    """Below one bound or above another."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a metric with a number, or with the baseline's value, in the metric's unit."""

    text: str
    """As the file says it."""
    op: Op
    bound: float
    """The number compared with, the lower one of a range; for a relative condition the offset added to the
    baseline's share."""
    factor: float = 0.0
    """How much of the baseline's value is part of the bound; 0 for a fixed bound."""
    upper: float = math.inf
    """The upper bound of a range."""

    @property
    def needs_baseline(self) -> bool:
        """Whether it cannot be judged without a baseline."""
        return self.op is Op.WITHIN or self.factor != 0.0

    def limit(self, baseline: float | None = None) -> float | None:
        """Return the number the value is compared with, in the metric's unit; `None` without the baseline it needs."""
        if not self.needs_baseline:
            return self.bound
        if baseline is None:
            return None
        if self.op is Op.WITHIN:
            return self.bound + self.factor * abs(baseline)
        return self.factor * baseline + self.bound

    def holds(self, value: float | None, baseline: float | None = None) -> bool | None:
        """Return whether it is true of `value`; `None` when that cannot be known."""
        limit = self.limit(baseline)
        if value is None or limit is None or math.isnan(value) or math.isnan(limit):
            return None
        if self.op is Op.WITHIN:
            return baseline is not None and abs(value - baseline) <= limit
        if self.op in (Op.INSIDE, Op.OUTSIDE):
            return (limit <= value <= self.upper) is (self.op is Op.INSIDE)
        return bool(_COMPARE[self.op](value, limit))

    def holds_within(self, low: float, high: float) -> bool | None:
        """Return whether it is true of every number from `low` to `high`; `None` when it is true of a part of them.

        For a condition on the number alone.
        """
        if self.op in (Op.EQ, Op.NE):
            return None if low <= self.bound <= high and low != high else self.holds(low)
        if self.op in (Op.INSIDE, Op.OUTSIDE):
            is_apart = high < self.bound or low > self.upper
            is_inside = self.bound <= low and high <= self.upper
            return None if not is_apart and not is_inside else is_inside is (self.op is Op.INSIDE)
        at_low, at_high = self.holds(low), self.holds(high)
        return at_low if at_low is at_high else None

    def __str__(self) -> str:
        return self.text


_COMPARE = {
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
}


def unit_scale(unit: str) -> tuple[str, float]:
    """Return the dimension of a unit and its size in that dimension's base unit.

    A unit nobody knows is a dimension of its own; an empty one is a plain number. Shares are in fractions, times in
    seconds, sizes in bytes (KB, MB, GB are powers of 1000; KiB, MiB, GiB of 1024).
    """
    per = _PER.fullmatch(unit)
    if per is not None:
        return "share", 1.0 / int(per.group(1))
    return _UNITS.get(unit, (f"unit {unit}" if unit else "number", 1.0))


def in_unit(value: float, dimension: str, unit: str) -> float:
    """Return a time in seconds or a size in bytes in a unit; where that is no unit of the dimension, as it is."""
    found, scale = unit_scale(unit)
    return value / scale if found == dimension else value


def share_scale(unit: str) -> float:
    """Return what a fraction is multiplied by to be in `unit`: 100 for `%`, 1000 for `per 1000`, 1 otherwise."""
    dimension, scale = unit_scale(unit)
    return 1.0 / scale if dimension == "share" else 1.0


def read_in(text: str, unit: str) -> tuple[str, float]:
    """Return the unit in which a value in `unit` is read beside a condition, and what it is multiplied by for that.

    It is the value's own, but a plain number beside a share such as `> 99.5%` is read as that share: 0.998 as 99.8 %.
    """
    said = " ".join(text.split())
    match = _COMPARISON.fullmatch(said) or _WITHIN.fullmatch(said) or _RANGE.fullmatch(said)
    written = "" if match is None else re.sub(r"\s+", " ", _written_unit(match))
    if unit or unit_scale(written)[0] != "share":
        return unit, 1.0
    return written, share_scale(written)


def _in_unit(match: re.Match[str], unit: str, name: str = "", default: str = "") -> float:
    """Return the number of the groups that begin with `name` in `unit`; `default` is its unit if none is written."""
    number = float(match.group(f"{name}number").replace(",", "").replace("_", ""))
    written = _written_unit(match, name) or default
    written = re.sub(r"\s+", " ", written)
    if not written or written == unit:
        return number
    dimension, scale = unit_scale(written)
    metric_dimension, metric_scale = unit_scale(unit)
    if {dimension, metric_dimension} <= {"share", "number"} and dimension != metric_dimension:
        return number * scale / metric_scale
    if dimension != metric_dimension:
        raise ConditionError(f"{written} cannot be compared with a metric in {unit or 'plain numbers'}")
    return number * scale / metric_scale


def _written_unit(match: re.Match[str], name: str = "") -> str:
    return match.group(f"{name}unit") or match.group(f"{name}money") or ""


def parse_condition(text: str, unit: str = "") -> Condition:
    """Return the condition that `text` says about a metric in `unit`; numbers are converted to that unit.

    Raises `ConditionError` when the text is no condition or compares units that do not convert.
    """
    said = " ".join(str(text).split())
    comparison = _COMPARISON.fullmatch(said)
    if comparison is not None:
        op = comparison.group("op")
        return Condition(said, Op("==" if op == "=" else op), _in_unit(comparison, unit))
    within = _WITHIN.fullmatch(said)
    if within is not None:
        if within.group("unit") == "%":
            return Condition(said, Op.WITHIN, 0.0, float(within.group("number")) / 100)
        return Condition(said, Op.WITHIN, _in_unit(within, unit), 0.0)
    between = _RANGE.fullmatch(said)
    if between is not None:
        return _parse_range(said, between, unit)
    relative = _RELATIVE.fullmatch(said)
    if relative is not None:
        return _parse_relative(said, relative, unit)
    raise ConditionError(
        f"expected a condition such as '< 1%', '>= 3s', '== 0', '<= 1 per 1000', '500..2000ms',"
        f" '< baseline + 10ms' or 'within 10% of baseline', found {said!r}"
    )


def _parse_range(said: str, match: re.Match[str], unit: str) -> Condition:
    """Return a range; where only one of its numbers has a unit, the other one has it too."""
    low = _in_unit(match, unit, "low_", default=_written_unit(match))
    high = _in_unit(match, unit, default=_written_unit(match, "low_"))
    if low > high:
        raise ConditionError(f"expected the smaller number first, found {said!r}")
    return Condition(said, Op.OUTSIDE if match.group("outside") else Op.INSIDE, low, upper=high)


def _parse_relative(said: str, match: re.Match[str], unit: str) -> Condition:
    factor = float(match.group("factor") or 1.0)
    if factor == 0:
        raise ConditionError(f"a factor of 0 leaves nothing of the baseline in {said!r}")
    offset = 0.0
    if match.group("offset") is not None:
        number = re.fullmatch(_NUMBER, match.group("offset").strip())
        if number is None:
            raise ConditionError(f"expected a number after baseline {match.group('sign')}, found {said!r}")
        offset = _in_unit(number, unit) * (-1 if match.group("sign") == "-" else 1)
    return Condition(said, Op(match.group("op")), offset, factor)


_PAUSE = re.compile(r"(?P<metric>[A-Za-z_][A-Za-z0-9_-]*)\s+(?P<condition>.+)")


def split_pause(text: str) -> tuple[str, str]:
    """Return the metric and the condition of a pause criterion such as `error_rate > 2%`; raises `ConditionError`."""
    match = _PAUSE.fullmatch(text.strip())
    if match is None:
        raise ConditionError(f"expected a metric and a condition such as 'error_rate > 2%', found {text!r}")
    return match.group("metric"), match.group("condition")


def are_disjoint(good: Condition, bad: Condition) -> bool:
    """Return whether no value satisfies both of two conditions; `True` where that cannot be told.

    A target that overlaps a warning is a contradiction: the same number would be on target and a warning. Conditions
    that take the same part of the baseline compare as fixed ones do.
    """
    if not _are_comparable(good, bad):
        return True
    return not any(_meet(one, other) for one in _regions(good) for other in _regions(bad))


def is_part_of(inner: Condition, outer: Condition) -> bool:
    """Return whether every value that satisfies `inner` satisfies `outer` too; `False` where that cannot be told."""
    if not _are_comparable(inner, outer):
        return False
    return all(any(_holds_in(one, other) for other in _regions(outer)) for one in _regions(inner))


Edge = tuple[float, int]
"""A number, and whether a region begins or ends a hair below it (-1), at it (0) or above it (1)."""


def _are_comparable(one: Condition, other: Condition) -> bool:
    return Op.WITHIN not in (one.op, other.op) and one.factor == other.factor


def _regions(condition: Condition) -> list[tuple[Edge, Edge]]:
    """Return the values that satisfy a condition as regions, each from its least to its greatest value."""
    bound, upper = condition.bound, condition.upper
    least, greatest = (-math.inf, 0), (math.inf, 0)
    below, above = (least, (bound, -1)), ((bound, 1), greatest)
    return {
        Op.LT: [below],
        Op.LE: [(least, (bound, 0))],
        Op.GT: [above],
        Op.GE: [((bound, 0), greatest)],
        Op.EQ: [((bound, 0), (bound, 0))],
        Op.NE: [below, above],
        Op.INSIDE: [((bound, 0), (upper, 0))],
        Op.OUTSIDE: [below, ((upper, 1), greatest)],
    }[condition.op]


def _meet(one: tuple[Edge, Edge], other: tuple[Edge, Edge]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _holds_in(inner: tuple[Edge, Edge], outer: tuple[Edge, Edge]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
