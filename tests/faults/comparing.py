"""Counts of a session beside what was written: what is missing, what is double, and what a reported gap explains."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import floor, inf

from console.core.classify import OTHER
from console.core.counts import Cell, LabelCell
from console.core.quantiles import bin_of
from console.core.record import Record
from console.core.rollup import Rollup
from console.core.tally import CUT, LINES
from console.effects.session_reader import Stored
from tests.faults.rules import IN_PARTS, SOURCE
from tests.faults.truth import Box, Line, RunStream

EDGE_S = 0.001
"""How inexact a moment is that was rounded into a float."""
SHOWN = 25

Cells = Sequence[tuple[Cell, int]]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a session has counted of the source."""

    lines: int
    unclassified: int
    totals: Mapping[tuple[str, str], int]
    """By track and event."""
    labels: Mapping[LabelCell, int]
    cells: Sequence[tuple[Cell, int]]
    """By the second, newest hours."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap that the console reported."""

    name: str
    """Of a container, or the beginning of its id."""
    since: float
    until: float
    """As the engine's clock has it; infinite where the console does not know."""
    lines_at_most: int | None
    reason: str
    at: float = inf
    """When it was reported."""

    def may_hold(self, line: Line) -> bool:
        """Return whether a line may have been logged in it."""
        return line.since <= self.until + EDGE_S and line.until >= self.since - EDGE_S

    def touches(self, second: int) -> bool:
        """Return whether any of a second is in it."""
        return self.since - EDGE_S < second + 1 and self.until + EDGE_S >= second


@dataclass(slots=True)
class Comparison:
    """What came of it."""

    written: int = 0
    kept: int = 0
    """Lines that the engine still had."""
    counted: int = 0
    lost: int = 0
    """Lines missing that the engine still had, or that no gap tells of."""
    double: int = 0
    excused: int = 0
    """Lines missing that the engine lost itself, inside reported gaps."""
    gaps: Sequence[Gap] = ()
    problems: list[str] = field(default_factory=list)
    """Each thing that is wrong, in words; empty for a run that went well."""

    def loses(self, count: int, what: str) -> None:
        """Note that lines are missing; the same lines may be missed in several ways."""
        self.lost = max(self.lost, count)
        self.note(what)

    def doubles(self, count: int, what: str) -> None:
        """Note that lines were counted that were not written, or more than once."""
        self.double = max(self.double, count)
        self.note(what)

    def note(self, problem: str) -> None:
        """Note what is wrong; of many things that are wrong the first ones tell enough."""
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


def gaps_of(records: Iterable[Record]) -> list[Gap]:
    """Return the gaps among the records of a journal."""
    found = []
    for record in records:
        body = record.body
        if record.kind != "gap":
            continue
        since, until, most = body.get("since"), body.get("until"), body.get("lines_at_most")
        found.append(
            Gap(
                str(body["name"]),
                float(since) if isinstance(since, int | float) else -inf,
                float(until) if isinstance(until, int | float) else inf,
                most if isinstance(most, int) else None,
                str(body["reason"]),
                record.at,
            )
        )
    return found


def counted_in(stored: Stored) -> Counted:
    """Return the counts of a session, as a console that opens it has them."""
    rollup = Rollup()
    rollup.restore(stored.counts, stored.totals, at=stored.last_seen or 0.0)
    return Counted(
        stored.lines.get(SOURCE, 0),
        stored.unclassified.get(SOURCE, 0),
        stored.totals,
        stored.labels,
        list(rollup.cells(0.0)),
    )


def compare(
    boxes: Sequence[Box], runs: Sequence[RunStream], counted: Counted, gaps: Sequence[Gap], *, has_times: bool = True
) -> Comparison:
    """Return how a session's counts compare with what was written; `has_times` is false for what has no engine."""
    said = Comparison(gaps=gaps, counted=counted.lines)
    lines = [(run.track, line) for run in runs for line in run.lines]
    said.written = sum(line.is_sure for _, line in lines)
    said.kept = sum(line.is_kept for _, line in lines)
    if has_times:
        _compare_seconds(said, lines, counted.cells, {box.track: _gaps_on(box.track, boxes, gaps) for box in boxes})
    _compare_runs(said, boxes, runs, counted.labels)
    _compare_labels(said, runs, counted)
    _compare_numbers(said, lines, counted.cells)
    _compare_lines(said, lines, counted)
    return said


def _named(box: Box, gaps: Sequence[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap.name in box.names or gap.name == box.id[:12]]


def _gaps_on(track: str, boxes: Sequence[Box], gaps: Sequence[Gap]) -> list[Gap]:
    return [gap for box in boxes if box.track == track for gap in _named(box, gaps)]


# -- second by second --------------------------------------------------------------------------------------------


def _compare_seconds(
    said: Comparison, lines: Sequence[tuple[str, Line]], cells: Cells, gaps: Mapping[str, Sequence[Gap]]
) -> None:
    """Compare each event in each second.

    Of lines that the engine lost only bounds of their time are known: of those as many must be counted between two
    gaps as were surely logged there.
    """
    kept: Counter[tuple[str, str, int]] = Counter()
    vague: dict[tuple[str, str], list[Line]] = {}
    counted = Counter({(c.track, c.event, c.second): n for c, n in cells if c.bin == 0 and c.event != CUT})
    for track, line in lines:
        for event in {LINES, line.said.event}:
            if line.is_kept:
                kept[track, event, floor(line.since)] += 1
            else:
                vague.setdefault((track, event), []).append(line)
    short, over = 0, 0
    for key in sorted(kept.keys() | counted.keys()):
        track, event, second = key
        if counted[key] < kept[key]:
            short += kept[key] - counted[key] if event == LINES else 0
            said.note(f"{_where(key)}: {counted[key]} counted, the engine has {kept[key]}")
        more = sum(floor(line.since) <= second <= floor(line.until) for line in vague.get((track, event), ()))
        if counted[key] > kept[key] + more:
            over += counted[key] - kept[key] - more if event == LINES else 0
            said.note(f"{_where(key)}: {counted[key]} counted, at most {kept[key] + more} were written")
    said.lost, said.double = max(said.lost, short), max(said.double, over)
    for (track, event), some in vague.items():
        seconds = sorted({second for key in (kept, counted) for t, e, second in key if (t, e) == (track, event)})
        edges = (*seconds[:1], *seconds[-1:], *(floor(edge) for line in some for edge in (line.since, line.until)))
        for first, last in _gap_free(min(edges), max(edges), gaps.get(track, ())):
            within = [(track, event, second) for second in range(first, last + 1)]
            sure = sum(line.is_sure and first <= line.since and line.until < last + 1 for line in some)
            sure, found = sure + sum(kept[key] for key in within), sum(counted[key] for key in within)
            if found < sure:
                told = f"{track} {event or 'lines'} {first} to {last}: {found} counted, {sure} or more written, no gap"
                said.loses(sure - found if event == LINES else 0, told)


def _gap_free(first: int, last: int, gaps: Sequence[Gap]) -> Iterator[tuple[int, int]]:
    """Yield the longest stretches of whole seconds that no gap touches."""
    begun: int | None = None
    for second in range(first, last + 2):
        is_free = second <= last and not any(gap.touches(second) for gap in gaps)
        if is_free and begun is None:
            begun = second
        elif not is_free and begun is not None:
            yield begun, second - 1
            begun = None


# -- run by run --------------------------------------------------------------------------------------------------


def _compare_runs(
    said: Comparison, boxes: Sequence[Box], runs: Sequence[RunStream], labels: Mapping[LabelCell, int]
) -> None:
    """Compare what each stream of each run gave; what is missing must be inside the gaps of its own container."""
    counted: Counter[tuple[str, str]] = Counter()
    for cell, n in labels.items():
        if cell.label == "run":
            counted[cell.track, cell.value] += n
    missing: Counter[str] = Counter()
    written: dict[tuple[str, str, str], list[Line]] = {}
    for run in runs:
        named = [line for line in run.lines if line.said.event]
        written.setdefault((run.track, run.value, run.container), []).extend(named)
    for (track, value, container), most in written.items():
        found = counted.pop((track, value), 0)
        if found > len(most):
            said.doubles(found - len(most), f"{value}: {found} counted, at most {len(most)} written")
        named = [line for line in most if line.is_sure]
        if found >= len(named):
            continue
        box = next(box for box in boxes if box.id == container)
        gaps = _named(box, said.gaps)
        in_gaps = sum(not line.is_kept and any(gap.may_hold(line) for gap in gaps) for line in named)
        absent = len(named) - found
        missing[box.id] += absent
        said.excused += min(in_gaps, absent)
        if absent > in_gaps:
            said.loses(
                absent - in_gaps,
                f"{value} on {'/'.join(sorted(box.names))}: {found} counted of {len(named)},"
                f" {in_gaps} of those missing can be in one of its {len(gaps)} gaps; {_discarded(named)}",
            )
    if counted:
        said.doubles(sum(counted.values()), f"counted from runs that nobody began: {dict(counted)}")
    _compare_bounds(said, boxes, missing)


def _discarded(lines: Sequence[Line]) -> str:
    """Return between which moments the engine lost lines, as far as that is known."""
    lost = [(key, list(some)) for key, some in groupby(lines, key=lambda line: line.is_kept) if not key]
    told = [
        f"{len(some)} of {min(line.since for line in some):.3f} to {max(line.until for line in some):.3f}"
        for _, some in lost
    ]
    return f"the engine has lost {', '.join(told[:5])}" if told else "the engine has them all"


def _compare_bounds(said: Comparison, boxes: Sequence[Box], missing: Counter[str]) -> None:
    """Where every gap of a container has a bound, no more may be missing than the bounds say."""
    for box in boxes:
        bounds = [gap.lines_at_most for gap in _named(box, said.gaps)]
        known = [bound for bound in bounds if bound is not None]
        if bounds and len(known) == len(bounds) and missing[box.id] > sum(known):
            said.note(
                f"{'/'.join(sorted(box.names))}: {missing[box.id]} lines are missing, its gaps say at most {sum(known)}"
            )


# -- sums --------------------------------------------------------------------------------------------------------


def _compare_labels(said: Comparison, runs: Sequence[RunStream], found: Counted) -> None:
    """Compare every value of every label, and the events themselves, over the whole session."""
    written, perhaps = Counter[str](), Counter[str]()
    for run in runs:
        for line in run.lines:
            if line.said.event:
                for label, value in (("", ""), ("run", run.value), *line.said.labels):
                    (written if line.is_sure else perhaps)[f"{run.track} {line.said.event} {label} {value}"] += 1
    counted: Counter[str] = Counter()
    for cell, n in found.labels.items():
        counted[f"{cell.track} {cell.event} {cell.label} {cell.value}"] += n
        if cell.value == OTHER:
            said.note(f"{cell}: the run has more values of a label than the console keeps apart")
    for (track, event), n in found.totals.items():
        if event not in (LINES, CUT):
            counted[f"{track} {event}  "] += n
    _compare_sums(said, "label", written, perhaps, counted)


def _compare_numbers(said: Comparison, lines: Sequence[tuple[str, Line]], cells: Cells) -> None:
    """Compare the buckets of the captured number."""
    written, perhaps = Counter[str](), Counter[str]()
    for track, line in lines:
        if line.said.number is not None:
            (written if line.is_sure else perhaps)[f"{track} {line.said.event} {bin_of(line.said.number)}"] += 1
    counted: Counter[str] = Counter()
    for cell, n in cells:
        if cell.bin:
            counted[f"{cell.track} {cell.event} {cell.bin}"] += n
    _compare_sums(said, "numbers", written, perhaps, counted)


def _compare_lines(said: Comparison, lines: Sequence[tuple[str, Line]], found: Counted) -> None:
    """Compare the sums over everything: lines, and those that no rule names.

    Where the parts of a long line were rotated away apart from the last, the rest is a line that no rule names.
    """
    written, perhaps = Counter[str](), Counter[str]()
    for _, line in lines:
        (written if line.is_sure else perhaps).update(["all"] if line.said.event else ["all", "unclassified"])
    counted = Counter({"all": found.lines, "unclassified": found.unclassified})
    if found.unclassified > written["unclassified"]:
        named = sum(n for (_, event), n in found.totals.items() if event in IN_PARTS)
        rests = sum(line.said.event in IN_PARTS for _, line in lines) - named
        counted["unclassified"] -= min(rests, found.unclassified - written["unclassified"])
    _compare_sums(said, "lines", written, perhaps, counted)
    if said.counted < said.kept:
        said.loses(said.kept - said.counted, f"{said.counted} lines counted, the engine has {said.kept}")


def _compare_sums(
    said: Comparison, what: str, written: Mapping[str, int], perhaps: Mapping[str, int], counted: Mapping[str, int]
) -> None:
    """Compare sums; `perhaps` is how many more may have been written."""
    for key in sorted(written.keys() | counted.keys()):
        wrote, found, most = written.get(key, 0), counted.get(key, 0), written.get(key, 0) + perhaps.get(key, 0)
        told = f"{what} {key.strip()}: {found} counted, {wrote} written"
        if found > most:
            said.doubles(found - most, told)
        elif found < wrote and not said.gaps:
            said.loses(wrote - found, f"{told}, no gap")


def _where(key: tuple[str, str, int]) -> str:
    return f"{key[0]} {key[1] or 'lines'} in second {key[2]}"
