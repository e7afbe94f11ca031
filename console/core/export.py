"""What a snapshot or a report is made of, free of secrets before anything is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar, cast

from console.core.chronicle import Chronicle
from console.core.frame import EventView, Frame, JournalView

Redact = Callable[[str], str]
"""Takes the secrets out of a text."""

Points = Sequence[tuple[float, float | None]]
"""A metric over time: seconds since the epoch and the value, `None` where there was none."""

History = Mapping[tuple[str, str], Points]
"""Points by metric and track."""


@dataclass(frozen=True, slots=True)
class EventTotal:
    """How often an event happened on one track since the session began."""

    count: int
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Per named group its values with their counts."""


Events = Mapping[str, Mapping[str, EventTotal]]
"""Totals by track and event; the empty track is that of lines that belong to none."""


@dataclass(frozen=True, slots=True)
class Export:
    """A session at an instant: everything a snapshot shows."""

    frame: Frame
    events: Events
    history: History
    journal: Sequence[JournalView]
    """The newest records, in any order."""
    journal_head: str
    """Hash of the newest record; with it the whole journal can be checked."""
    file_sha256: str
    """Hash of the rollout file's text."""
    versions: Mapping[str, str]
    """Program or library and its version."""
    taken_at: float
    chronicle: Chronicle = field(default_factory=Chronicle)
    """What the whole journal tells."""
    screen_svg: str = ""
    """Picture of the screen as Textual exports it; empty when there is no screen."""
    session_folder: str = ""
    """Where the session is kept; its snapshots go into `snapshots` there."""


def iso(at: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC with a Z, to the millisecond; `None` for no time or one beyond year 9999."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def clock(at: float | None) -> str:
    """Return a time in UTC as an operator reads it, `2026-07-13 14:03:27`; a dash for no time."""
    said = iso(at)
    return "–" if said is None else said[:19].replace("T", " ")


def without_secrets(export: Export, redact: Redact) -> Export:
    """Return the export with every text redacted; the picture of the screen and the numbers stay as they are.

    Texts are redacted before they are laid out, because escaping for JSON, Markdown, HTML or SVG would hide a
    secret from whoever looks for it.
    """
    return replace(
        export,
        frame=cleaned(export.frame, redact),
        events=_clean_events(export.events, redact),
        history={(redact(metric), redact(track)): points for (metric, track), points in export.history.items()},
        journal=cleaned(tuple(export.journal), redact),
        chronicle=cleaned(export.chronicle, redact),
        versions={redact(name): redact(version) for name, version in export.versions.items()},
    )


_T = TypeVar("_T")


def cleaned(value: _T, redact: Redact) -> _T:
    """Return a value of frozen dataclasses and tuples with every text in it redacted; words of an enum stay."""
    made: Any = value
    if isinstance(value, str) and not isinstance(value, Enum):
        made = redact(value)
    elif isinstance(value, tuple):
        made = tuple(cleaned(item, redact) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{part.name: cleaned(getattr(value, part.name), redact) for part in fields(value)})
        if isinstance(value, EventView):
            made = replace(made, labels=_clean_labels(value, redact))
    return cast(_T, made)


def _clean_labels(view: EventView, redact: Redact) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """Return labels whose values were redacted beside their names: `token` gives its value away, `k3j9` does not."""
    return tuple((redact(label), tuple(_pooled(label, values, redact).items())) for label, values in view.labels)


def _clean_events(events: Events, redact: Redact) -> Events:
    clean: dict[str, dict[str, EventTotal]] = {}
    for track, by_event in events.items():
        into = clean.setdefault(redact(track), {})
        for event, total in by_event.items():
            labels = {redact(label): _pooled(label, values.items(), redact) for label, values in total.labels.items()}
            before = into.get(redact(event), EventTotal(0))
            into[redact(event)] = EventTotal(before.count + total.count, {**before.labels, **labels})
    return clean


def _pooled(label: str, values: Iterable[tuple[str, int]], redact: Redact) -> dict[str, int]:
    """Return counts by redacted value; values that became alike are added up, so that counts are conserved."""
    pooled: dict[str, int] = {}
    for value, count in values:
        name = redact(f"{label}={redact(value)}").removeprefix(f"{label}=")
        pooled[name] = pooled.get(name, 0) + count
    return pooled
