"""What sources say of themselves does to the state of a session."""

from typing import TYPE_CHECKING

from console.core.gaps import bounds_text, size_text, skew_text
from console.core.inputs import ContainerNamed, GapSuspected, OriginEnded, SkewMeasured, SourceChanged, SourceSeen
from console.core.record import Record

if TYPE_CHECKING:
    from console.core.state import State

ENDED_KEPT = 500
"""Containers and commands of a source that are remembered after they ended; none of them ever comes again."""


def hear(
    state: "State",
    given: SourceChanged | SourceSeen | OriginEnded | ContainerNamed | GapSuspected | SkewMeasured,
) -> list[Record]:
    """Note what a source says, and return what the journal has to say about it."""
    match given:
        case SourceChanged():
            return _changed(state, given)
        case SourceSeen():
            if given.source in state.sources:
                state.sources[given.source].seen_at = given.at
            return []
        case OriginEnded():
            _end(state, given.source, given.origin)
            return []
        case ContainerNamed():
            return _named(state, given)
        case GapSuspected():
            return _suspect_gap(state, given)
        case SkewMeasured():
            return _compare_clocks(state, given)


def _changed(state: "State", change: SourceChanged) -> list[Record]:
    source = state.sources.get(change.source)
    state.changed.add("sources")
    if source is None or not source.changed(change):
        return []
    parts = ", ".join(f"{track or 'no track'} {count}" for track, count in change.parts.items())
    said = " · ".join(part for part in (f"{change.source}: {change.state}", parts, change.reason) if part)
    unread = [[one.name, one.track, one.reason] for one in change.unread]
    body = {"source": change.source, "state": change.state.value}
    return [Record(change.at, "source", said, body | ({"unread": unread} if unread else {}))]


def _end(state: "State", source: str, origin: str) -> None:
    """Note that an origin is gone for good, and forget the oldest of those that went before."""
    state.changed |= {"ended", "named"}
    state.ended.pop((source, origin), None)
    state.ended[source, origin] = None
    state.named.pop((source, origin), None)
    spec = state.rollout.sources.get(source)
    if spec is None or spec.kind == "file":
        return  # a file is told from what it held before it was truncated by how often it was
    for old in [one for one in state.ended if one[0] == source][:-ENDED_KEPT]:
        del state.ended[old]
        state.origins_forgotten.append(old)
        for key in [key for key in state.positions if key[:2] == old]:
            del state.positions[key]


def _named(state: "State", given: ContainerNamed) -> list[Record]:
    """Remember what a container is called, and tell what became of it."""
    key, called = (given.source, given.origin), (given.name, given.track)
    before, became = state.named.get(key), given.became
    if key not in state.ended and before != called:
        state.named[key] = called
        state.changed.add("named")
        followed = "is followed" if before is None else f"was {before[0]} ({before[1] or 'no track'})"
        became = became or followed
    if not became:
        return []
    said = f"{given.source}: {given.name} ({given.track or 'no track'}) {became}"
    body = {name: getattr(given, name) for name in ("source", "origin", "name", "track", "became")}
    return [Record(given.at, "source", said, body)]


def _suspect_gap(state: "State", gap: GapSuspected) -> list[Record]:
    if gap.source in state.sources:
        state.sources[gap.source].gaps.add(gap)
        state.changed.add("sources")
    where = f"{bounds_text(gap.since, gap.until)}, {size_text(gap.lines_at_most)}"
    said = f"{gap.source} {gap.name}: lines may be missing, {where}: {gap.reason}"
    body = {
        "source": gap.source,
        "name": gap.name,
        "reason": gap.reason,
        "since": gap.since,
        "until": gap.until,
        "lines_at_most": gap.lines_at_most,
        "track": gap.track,
    }
    return [Record(gap.at, "gap", said, body)]


def _compare_clocks(state: "State", measured: SkewMeasured) -> list[Record]:
    source = state.sources.get(measured.source)
    if source is None or not source.compared(measured):
        return []
    said = f"{source.name}: {skew_text(measured.skew_s)}"
    return [Record(measured.at, "source", said, {"source": source.name, "skew_s": measured.skew_s})]
