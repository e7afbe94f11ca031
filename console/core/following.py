"""What following its sources does to the state of a session, and what the journal says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.core.gaps import bounds_text, size_text, skew_text
from console.core.inputs import ContainerNamed, GapSuspected, OriginEnded, SkewMeasured, SourceChanged
from console.core.lines import cut_text
from console.core.record import Record
from console.core.tally import CUT, GIVEN_UP
from console.core.words import count_of

if TYPE_CHECKING:
    from console.core.state import State

ENDED_KEPT = 500
"""Containers and commands of a source that are remembered after they ended; none of them ever comes again."""


def change_source(state: "State", change: SourceChanged) -> list[Record]:
    """Note that a source went from one state to another."""
    source = state.sources.get(change.source)
    state.changed.add("sources")
    if source is None or not source.changed(change):
        return []
    parts = ", ".join(f"{track or 'no track'} {count}" for track, count in change.parts.items())
    said = " · ".join(part for part in (f"{change.source}: {change.state}", parts, change.reason) if part)
    unread = [[one.name, one.track, one.reason] for one in change.unread]
    body = {"source": change.source, "state": change.state.value}
    return [Record(change.at, "source", said, body | ({"unread": unread} if unread else {}))]


def end(state: "State", gone: OriginEnded) -> None:
    """Note that an origin is gone for good, and forget the oldest of those that went before."""
    source, origin = gone.source, gone.origin
    state.changed |= {"ended", "named"}
    state.ended.pop((source, origin), None)
    state.ended[source, origin] = None
    state.named.pop((source, origin), None)
    spec = state.rollout.sources.get(source)
    if spec is None or spec.kind == "file":
        return  # a file is told from what it held before it was truncated by how often it was
    for old in [one for one in state.ended if one[0] == source][:-ENDED_KEPT]:
        del state.ended[old]
        state.let_go.append(old)
        for key in [key for key in state.positions if key[:2] == old]:
            del state.positions[key]


def name(state: "State", given: ContainerNamed) -> list[Record]:
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


def suspect_gap(state: "State", gap: GapSuspected) -> list[Record]:
    """Note that lines may be missing."""
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


def compare_clocks(state: "State", measured: SkewMeasured) -> list[Record]:
    """Note how far the clock of a source is from this machine's."""
    source = state.sources.get(measured.source)
    if source is None or not source.compared(measured):
        return []
    said = f"{source.name}: {skew_text(measured.skew_s)}"
    return [Record(measured.at, "source", said, {"source": source.name, "skew_s": measured.skew_s})]


@dataclass(frozen=True, slots=True)
class ToldLines:
    """What the journal was told of lines that were not read as they should be."""

    given_up: Mapping[str, int] = field(default_factory=dict)
    """Lines that each rule had been given up on when it was last said."""
    has_cut: bool = False
    """It was said that a line was longer than the limit."""


def all_told(state: "State") -> ToldLines:
    """Return what a session that is taken up again has already been told."""
    given_up = {event: state.rollup.total(None, GIVEN_UP + event) for event in state.rollout.events}
    return ToldLines(given_up, has_cut=state.rollup.total(None, CUT) > 0)


def told_lines(state: "State", told: ToldLines, at: float) -> tuple[ToldLines, list[Record]]:
    """Say which rules were given up on lines, each time that their number has doubled, and once that one was cut."""
    records, given_up = [], dict(told.given_up)
    for event in state.rollout.events:
        lines = state.rollup.total(None, GIVEN_UP + event)
        if lines < max(1, 2 * given_up.get(event, 0)):
            continue
        given_up[event] = lines
        said = (
            f"the search of rule {event} was given up on {count_of(lines, 'line')} so far, as its expression"
            " backtracks: its counts are short"
        )
        records.append(Record(at, "rule", said, {"event": event, "lines": lines}))
    cut = 0 if told.has_cut else state.rollup.total(None, CUT)
    if cut:
        records.append(Record(at, "rule", f"{cut_text(cut)}; the source strip counts them", {"lines": cut}))
    return ToldLines(given_up, told.has_cut or cut > 0), records
