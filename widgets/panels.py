"""A threshold panel as lines: verdict, value, plot, condition, and beside it the key of the way out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.core.action_frame import KeyHint
from console.core.approach import Approach
from console.core.durations import format_duration
from console.core.frame import EvidenceView, Panel, TrackValue
from console.core.verdict import Verdict
from console.core.words import count_of
from widgets.ink import BADGE, VERDICT, Ground, Role
from widgets.lines import BLANK, Line, Span, cells, cut, fit, spread, squeeze
from widgets.plots import bar, tall_spark
from widgets.words import per_second, whole

WIDE = 100
"""From this width on a panel has columns for the other track and the condition."""
PLOT_ROOM = 160
"""From this width on the plot is two lines high."""
SENTENCE_ROOM = 180
"""From this width on the evidence has room for its whole sentence."""
_BADGE = 14
_MARK = 2
_EVIDENCE_BAR = 6
_TITLE = 12
"""What a line without columns must have left to begin the title of a metric."""
_REASON = 24
"""What a line with columns keeps for why the verdict stands."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths that all panels share, so that what is alike stands in one column."""

    name: int
    value: int
    """The judged value, where other tracks stand beside it."""
    values: int
    """The judged value and the other tracks together; a value alone may take all of it."""
    plot: int
    keys: int


def judged(panel: Panel) -> TrackValue | None:
    """Return the value that the verdict is about."""
    return next((value for value in panel.values if value.track == panel.judged), next(iter(panel.values), None))


def _bare(text: str) -> str:
    """Return a value without what stands in brackets behind it: `0 of 4,181` of `0 of 4,181 (< 0.072 %)`."""
    return text.partition(" (")[0]


def _sized(text: str, width: int) -> str:
    """Return a value in exactly `width` cells: where it is too long, what stands in brackets goes first."""
    return fit(text if cells([Span(text)]) <= width else _bare(text), width)


def _others(panel: Panel, room: int | None = None) -> list[Span]:
    """Return the tracks that the verdict is not about, in at most so many cells."""
    spans = _tracks(panel, is_bare=False)
    if room is None or cells(spans) <= room:
        return spans
    return cut(_tracks(panel, is_bare=True), room)


def _tracks(panel: Panel, *, is_bare: bool) -> list[Span]:
    mine = judged(panel)
    spans: list[Span] = []
    for value in panel.values:
        if value is mine:
            continue
        if spans:
            spans.append(Span("  "))
        if value.track:
            spans.append(Span(f"{value.track} ", Role.DIM))
        text = _bare(value.text) if is_bare else value.text
        spans.append(Span(text, Role.BASELINE if value.track == "baseline" else Role.TEXT))
    return spans


def _value_text(panel: Panel) -> str:
    value = judged(panel)
    return "no data" if value is None else value.text


def key_cells(key: KeyHint) -> int:
    """Return how many cells a key and its label take."""
    return cells([Span(key.key), Span(key.label)]) + 3


def columns_for(panels: Sequence[Panel], width: int, *, has_keys: bool = True) -> Columns:
    """Return the column widths for these panels on a line of `width` cells."""
    is_wide = width >= WIDE
    name = _widest((panel.metric for panel in panels), 8, 24 if is_wide else 15)
    paired = [panel for panel in panels if is_wide and len(panel.values) > 1]
    lone = [panel for panel in panels if panel not in paired]
    value = _widest((_value_text(panel) for panel in paired), 7, 20)
    others = min(max((cells(_others(panel)) for panel in paired), default=0), 26)
    alone = _widest((_value_text(panel) for panel in lone), 7, 28 if is_wide else 14)
    values = max(value + 2 + others, alone) if paired else alone
    if width >= PLOT_ROOM:
        most = 58 if width < SENTENCE_ROOM else 76
        values = max(values, min(most, max((cells(_about(panel, most)) for panel in panels), default=0)) - name)
    keys = 0
    if has_keys:
        widest = max((key_cells(key) for panel in panels for key in panel.keys), default=0)
        keys = min(widest, width // 4)
    if is_wide and width < PLOT_ROOM:
        # Why a verdict stands comes before the end of a label, of the other track and of a name.
        fixed = width - (_MARK + _BADGE + 1 + 2 + 2 + 2 + 1) - _REASON
        keys = max(min(keys, 16), min(keys, fixed - name - values))
        values = max(min(values, value + 12, 28), min(values, fixed - name - keys))
        name = max(min(name, 16), min(name, fixed - values - keys))
    room = width - (_MARK + _BADGE + 1 + name + 2 + values + 2 + (keys + 1 if keys else 0))
    if not is_wide:
        lacking = max(0, -room)
        shorter = min(lacking, values - 7)
        name = max(8, name - (lacking - shorter))
        return Columns(name, value, values - shorter, max(0, min(14, room - 1)), keys)
    plot = min(room - 30, room // 3) if width < PLOT_ROOM else min(room - 52, 64)
    return Columns(name, value, values, max(0, min(max(10, plot), room - 2)), keys)


def _widest(texts: Iterable[str], least: int, most: int) -> int:
    return max(least, min(most, max((cells([Span(text)]) for text in texts), default=least)))


def condition_spans(panel: Panel, room: int) -> list[Span]:
    """Return why the verdict stands, or the worse one that is coming and how long it has been held."""
    if panel.pending is None:
        return [Span(panel.reason, Role.TEXT if panel.verdict is not Verdict.OK else Role.DIM)]
    role = VERDICT[panel.pending]
    condition = dict(panel.conditions).get(panel.pending.lower().replace(" ", "_"), "")
    said = [
        Span(f"{panel.pending.glyph} ", role),
        Span(f"{condition} " if condition else f"{panel.pending} ", role),
        Span(f"held {whole(panel.held_s)} of {format_duration(panel.needed_s)}", Role.TEXT),
    ]
    length = min(12, room - cells(said) - 3)
    if length < 4:
        return said
    filled, empty = bar(panel.held_s / panel.needed_s if panel.needed_s > 0 else 1.0, length)
    return [
        *said,
        Span(" ▕", Role.FAINT),
        Span(filled, role),
        Span(empty, Role.FAINT),
        Span("▏", Role.FAINT),
    ]


def _limits(panel: Panel) -> list[tuple[int, list[Span]]]:
    """Return each condition with its weight: the one that stands matters most, then the worst."""
    pieces: list[tuple[int, list[Span]]] = []
    for place, (name, condition) in enumerate(reversed(panel.conditions)):
        said = name.replace("_", " ")
        stands = said.upper() == panel.verdict.value
        spans = [Span(f"{said} {condition}", VERDICT[panel.verdict] if stands else Role.DIM)]
        pieces.append((2 if stands else 3 + place, spans))
    return pieces[::-1]


def _age(panel: Panel) -> list[Span]:
    if panel.age_s is None:
        return []
    if panel.is_stale:
        return [Span(f"stale, {whole(panel.age_s)} old", Role.UNKNOWN)]
    return [Span(f"{whole(panel.age_s)} ago" if panel.age_s >= 1 else "now", Role.DIM)]


def _judged_on(panel: Panel) -> list[Span]:
    """Return that the verdict is about another track than the canary, where it is."""
    value = judged(panel)
    if value is None or len(panel.values) < 2 or value.track in ("", "canary"):
        return []
    return [Span(f"judged on {value.track}", Role.WARNING)]


def _samples(panel: Panel) -> list[Span]:
    value = judged(panel)
    spans = _judged_on(panel)
    if value is None or value.samples is None or " of " in value.text or "/" in value.text:
        return spans
    if spans:
        spans.append(Span("  "))
    return [*spans, Span(counted(value), Role.DIM)]


def counted(value: TrackValue) -> str:
    """Return what a value was measured on: `27 of 166`, `201 samples`, `in 220 lines`; empty where nobody says."""
    if value.samples is None:
        return ""
    if value.counts_lines:
        return f"in {count_of(value.samples, 'line')}"
    return f"{value.bad:,} of {value.samples:,}" if value.bad is not None else count_of(value.samples, "sample")


def evidence_spans(evidence: EvidenceView, room: int) -> list[Span]:
    """Return the bar of the evidence and what it says, in as many words as there is room for."""
    is_worse = evidence.is_worse or evidence.worse_share > evidence.not_worse_share
    share = 1.0 if evidence.is_worse else max(evidence.worse_share, evidence.not_worse_share)
    role = Role.DIM
    if evidence.is_worse:
        role = VERDICT[Verdict.WARNING]
    elif evidence.is_not_worse:
        role = VERDICT[Verdict.OK]
    filled, empty = bar(share, _EVIDENCE_BAR)
    edges = Span("▕", Role.FAINT), Span("▏ ", Role.FAINT)
    drawn = VERDICT[Verdict.WARNING] if is_worse else Role.PLOT
    spans = [edges[0], Span(filled, drawn), Span(empty), edges[1]]
    said = evidence.line if cells(spans) + cells([Span(evidence.line)]) <= room else evidence.brief
    return [*spans, Span(said, role)]


def approach_spans(way: Approach, room: int) -> list[Span]:
    """Return how far it is as a bar and in numbers, how fast it goes and how long it will take."""
    role = VERDICT[Verdict.OK] if way.done >= way.total else Role.PLOT
    said = [f"{way.done:,} of {way.total:,}"]
    if way.per_s is not None and way.done < way.total:
        said.append(f"{per_second(way.per_s)}/s")
    if way.left_s:
        said.append(f"{whole(way.left_s)} left")
    text = "  ".join(said)
    length = max(4, min(20, room - cells([Span(text)]) - 4))
    filled, empty = bar(way.share, length)
    return [Span("▕", Role.FAINT), Span(filled, role), Span(empty), Span("▏ ", Role.FAINT), Span(text, Role.TEXT)]


def _about(panel: Panel, room: int) -> list[Span]:
    """Return what is measured, or what the comparison with the baseline says, and how much of it there was."""
    if panel.approach is not None:
        return approach_spans(panel.approach, room)
    if panel.evidence is not None:
        return _joined([evidence_spans(panel.evidence, room), _samples(panel)])
    title = [Span(panel.title, Role.DIM)] if panel.title and panel.title != panel.metric else []
    return _joined([title, _samples(panel)])


def _key_spans(panel: Panel, row: int, width: int) -> list[Span]:
    """Return the key in the given row of the key column, exactly `width` cells."""
    if width <= 0:
        return []
    if row >= len(panel.keys):
        return [Span(" " * width)]
    key = panel.keys[row]
    if not key.is_lit:
        spans = [Span(f" {key.key}", Role.KEY), Span(f" {key.label} ", Role.DIM)]
    else:
        spans = [Span(f" {key.key} {key.label} ", BADGE[panel.verdict])]
    spans = cut(spans, width)
    return [*spans, Span(" " * (width - cells(spans)))]


def _verdict_cell(panel: Panel) -> Span:
    word = fit(f" {panel.verdict.glyph} {panel.verdict} ", _BADGE)
    is_loud = panel.verdict is Verdict.CRITICAL
    return Span(word, BADGE[panel.verdict] if is_loud else VERDICT[panel.verdict])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a panel is drawn."""

    width: int
    columns: Columns
    mark: Span
    ground: Ground
    plot: tuple[str, ...]

    def line(self, left: Sequence[Span], right: Sequence[Span]) -> Line:
        return spread(left, right, self.width, self.ground)


def panel_lines(panel: Panel, columns: Columns, width: int, *, is_selected: bool = False) -> tuple[Line, Line]:
    """Return the two lines of a panel, `width` cells each."""
    place = _Place(
        width,
        columns,
        Span("▌ " if is_selected else "  ", Role.ACCENT),
        Ground.SELECTED if is_selected else Ground.PLAIN,
        tuple(tall_spark(panel.spark, columns.plot, 2 if width >= PLOT_ROOM else 1)),
    )
    return _narrow(panel, place) if width < WIDE else _wide(panel, place)


def _first_spans(panel: Panel, place: _Place) -> list[Span]:
    columns = place.columns
    role = VERDICT[panel.verdict] if panel.verdict is not Verdict.OK else Role.STRONG
    spans = [
        place.mark,
        _verdict_cell(panel),
        Span(" "),
        Span(fit(panel.metric, columns.name), Role.STRONG),
        Span("  "),
    ]
    if place.width < WIDE or len(panel.values) < 2:
        return [*spans, Span(_sized(_value_text(panel), columns.values), role), Span("  ")]
    value, others = _value_text(panel), _others(panel)
    # The other track stands in its column where it fits there, and else beside the value, however long others are.
    room = min(columns.value, max(cells([Span(value)]), columns.values - 2 - cells(others)))
    others = _others(panel, columns.values - room - 2)
    spans += [Span(_sized(value, room), role), Span("  "), *others]
    return [*spans, Span(" " * (columns.values - room - cells(others)))]


def _wide(panel: Panel, place: _Place) -> tuple[Line, Line]:
    columns = place.columns
    role = VERDICT[panel.verdict] if panel.verdict is not Verdict.OK else Role.PLOT
    start = _MARK + _BADGE + 1 + columns.name + 2 + columns.values + 2 + columns.plot + 2
    room = place.width - start - (columns.keys + 1 if columns.keys else 0)
    first = [*_first_spans(panel, place), Span(place.plot[0], role), Span("  "), *condition_spans(panel, room)]
    is_tall = len(place.plot) > 1
    left = columns.name + 2 + columns.values + 2 + (0 if is_tall else columns.plot + 2)
    said = cut(_about(panel, left - 2), left - 2)
    second = [place.mark, Span(" " * (_BADGE + 1)), *said, Span(" " * (left - cells(said)))]
    if is_tall:
        second += [Span(place.plot[1], role), Span("  ")]
    why = [Span(panel.reason, Role.DIM)] if panel.pending is not None and panel.reason else []
    second += squeeze([(0, why), *_limits(panel), (1, _age(panel))], max(1, room), gap="  ")
    keys = columns.keys
    return place.line(first, _key_spans(panel, 0, keys)), place.line(second, _key_spans(panel, 1, keys))


def _narrow(panel: Panel, place: _Place) -> tuple[Line, Line]:
    width, columns = place.width, place.columns
    role = VERDICT[panel.verdict] if panel.verdict is not Verdict.OK else Role.PLOT
    first = [*_first_spans(panel, place), Span(place.plot[0], role)]
    keys = _key_spans(panel, 1, columns.keys) if len(panel.keys) > 1 else []
    tail = _joined([_tracks(panel, is_bare=True), _age(panel)])
    room = width - _MARK - 1 - cells(keys) - cells(tail) - 3
    reason = _joined([_judged_on(panel), condition_spans(panel, 46)])
    needed = min(24, cells(reason)) if panel.evidence is None else cells(evidence_spans(panel.evidence, 0))
    if room < needed:
        tail = _age(panel)
        room = width - _MARK - 1 - cells(keys) - cells(tail) - 3
    if panel.evidence is not None:
        reason = _with_evidence(reason, panel, panel.evidence, room)
    if panel.approach is not None and panel.approach.done < panel.approach.total:
        reason = approach_spans(panel.approach, room)
    reason = cut(reason, max(8, room))
    if panel.pending is None and panel.evidence is None and panel.approach is None:
        reason = _with_title(reason, panel, room)
    second = [place.mark, Span(" "), *reason]
    right = [*tail, Span(" "), *keys]
    return place.line(first, _key_spans(panel, 0, columns.keys)), place.line(second, right)


def _with_title(reason: list[Span], panel: Panel, room: int) -> list[Span]:
    """Return why the verdict stands, and behind it what is measured, in words: the name above may be cut."""
    left = room - cells(reason) - 2
    if not panel.title or panel.title == panel.metric or left < _TITLE:
        return reason
    return [*reason, Span("  "), *cut([Span(panel.title, Role.DIM)], left)]


def _with_evidence(reason: list[Span], panel: Panel, evidence: EvidenceView, room: int) -> list[Span]:
    """Return why the verdict stands with the evidence behind it, or in its place where there is room for one."""
    spans = evidence_spans(evidence, room - cells(reason) - 2)
    if any(span.text and evidence.line.startswith(span.text) for span in reason):
        return [Span(evidence.line, reason[0].role)]
    if cells(reason) + 2 + cells(spans) <= room:
        return [*reason, Span("  "), *spans]
    return evidence_spans(evidence, room) if panel.verdict is Verdict.OK else reason


def _joined(parts: Sequence[Sequence[Span]], gap: str = "  ") -> list[Span]:
    spans: list[Span] = []
    for part in parts:
        if part and spans:
            spans.append(Span(gap))
        spans.extend(part)
    return spans


def list_lines(
    panels: Sequence[Panel], width: int, *, selected: str = "", rows_each: int = 2, has_keys: bool = True
) -> list[Line]:
    """Return all panels, `rows_each` lines each (3 leaves a blank line between them)."""
    if not panels:
        return [Line((Span("  waiting for the first measurements", Role.DIM),))]
    columns = columns_for(panels, width, has_keys=has_keys)
    lines: list[Line] = []
    for panel in panels:
        lines.extend(panel_lines(panel, columns, width, is_selected=panel.metric == selected))
        lines.extend([BLANK] * (rows_each - 2))
    return lines
