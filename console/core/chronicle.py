"""What happened in a stretch of time: phases, how verdicts turned, what people did, where nobody watched."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.core.verdict import Verdict

_CALM = (Verdict.OK, Verdict.OFF_TARGET, Verdict.NOT_JUDGED)


@dataclass(frozen=True, slots=True)
class Turn:
    """A verdict became another one."""

    at: float
    metric: str
    """Metric, or name of an error budget."""
    before: str
    after: str
    reason: str

    @property
    def found_it_well(self) -> bool:
        """Nothing was known before, and what became known was no trouble; the first of these is no news."""
        return self.before in ("", Verdict.UNKNOWN) and self.after in _CALM


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the journal says in one line."""

    at: float
    kind: str
    text: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """How a metric stood when somebody decided something."""

    metric: str
    verdict: str
    value: str
    """With its unit; empty where there was none."""
    samples: int | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Somebody went on to another phase."""

    at: float
    """When it was begun."""
    actor: str
    reason: str
    without: str
    """What was not met; empty for an advance that needed no override."""
    evidence: tuple[Measured, ...]
    """Every metric at that moment."""


@dataclass(frozen=True, slots=True)
class Span:
    """A phase from its beginning to its end."""

    name: str
    since: float
    until: float | None = None
    """`None` for the present one."""
    advance: Advance | None = None
    """How it was entered; `None` for the first phase, and where the journal does not say."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """What happened, oldest first in every part of it."""

    spans: tuple[Span, ...] = ()
    turns: tuple[Turn, ...] = ()
    deeds: tuple[Told, ...] = ()
    """What people did, and what began by itself."""
    alerts: tuple[Told, ...] = ()
    """Alerts that were raised, resolved, acknowledged or silenced."""
    undelivered: tuple[Told, ...] = ()
    """Messages that nobody took."""
    incidents: tuple[Told, ...] = ()
    gaps: tuple[Told, ...] = ()
    """Where lines may be missing, where nobody watched, and steps of the clock."""
    sources: tuple[Told, ...] = ()
    """What became of the sources."""
    phase: tuple[Told, ...] = ()
    """What the soak clock, the share and the validation windows did."""


def since(found: Chronicle, at: float) -> Chronicle:
    """Return what happened from a moment on; phases are kept that lasted into it, first measurements left out."""
    first = {one.metric: one for one in reversed(found.turns)}
    return Chronicle(
        spans=tuple(span for span in found.spans if span.until is None or span.until >= at),
        turns=tuple(
            one for one in found.turns if one.at >= at and not (one is first[one.metric] and one.found_it_well)
        ),
        deeds=_from(found.deeds, at),
        alerts=_from(found.alerts, at),
        undelivered=_from(found.undelivered, at),
        incidents=_from(found.incidents, at),
        gaps=_from(found.gaps, at),
        sources=_from(found.sources, at),
        phase=_from(found.phase, at),
    )


def _from(told: Iterable[Told], at: float) -> tuple[Told, ...]:
    return tuple(one for one in told if one.at >= at)
