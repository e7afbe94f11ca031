"""Durations and shares as people write them."""

import re
from datetime import UTC, datetime
from typing import Any

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%?")


def parse_duration(text: Any) -> float:
    """Return the seconds of a duration such as `500ms`, `30s`, `1h30m` or `7d`.

    Raises `ValueError` for anything else; a bare number is refused because its unit is a guess.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a duration such as 500ms, 30s, 5m, 48h or 7d, found {text!r}")
    compact = text.replace(" ", "")
    parts = _DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"expected a duration such as 500ms, 30s, 5m, 48h or 7d, found {text!r}")
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """Return a duration in at most two units, the way an operator says it: `17h 42m`, `4m 10s`, `0.2s`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 10:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + "s"
    whole = round(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    named = [(days, "d"), (hours, "h"), (minutes, "m"), (secs, "s")]
    first = next((i for i, (count, _) in enumerate(named) if count), 3)
    said = [f"{count}{unit}" for count, unit in named[first : first + 2] if count]
    return " ".join(said) or "0s"


def parse_moment(text: str, until: float) -> float:
    """Return the time that `2026-07-13 14:03` (UTC) names, or the one `1h` before `until`; raises `ValueError`."""
    try:
        return until - parse_duration(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_share(value: Any) -> float:
    """Return a traffic share in percent from `10%` or `10`; raises `ValueError` outside 0 to 100."""
    match = _SHARE.fullmatch(str(value).strip())
    if match is None or not 0 <= float(match.group(1)) <= 100:
        raise ValueError(f"expected a traffic share from 0% to 100%, found {value!r}")
    return float(match.group(1))
