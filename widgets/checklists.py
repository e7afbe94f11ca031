"""Checklists and sign-offs of all phases as lines, and one of their items with all that is known of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from console.core.checklist_frame import ChecklistView, ItemKind, Place, SignOffView, StageView
from console.core.durations import format_duration
from console.core.outlook import when
from console.core.ticks import Mark
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import BLANK, Line, Span, heading, spread, wrap
from widgets.words import moment, person

WIDE = 100
"""From this width on a line has room for the terminal of who did something."""

Row = tuple[StageView, ChecklistView | SignOffView]
"""Something that a person may see to, and the phase or window that it is of."""
_PLACES = {Place.PAST: "over", Place.PRESENT: "now", Place.COMING: "to come"}
_KINDS = {
    ItemKind.PREREQUISITE: "before it begins",
    ItemKind.CHECKLIST: "before the next phase",
    ItemKind.VALIDATION: "before it passes",
}


@dataclass(frozen=True, slots=True)
class ChecklistsPart:
    """What the screen of checklists shows."""

    stages: tuple[StageView, ...]
    cursor: int
    """Over all rows, in their order."""
    at: float
    """Now, for how long ago something was done."""
    is_armed: bool = False
    """The next Enter signs."""
    verifying: frozenset[str] = frozenset()
    """Names of the rows that are being verified for somebody now; see `name_of`."""


def rows_of(stages: tuple[StageView, ...]) -> list[Row]:
    """Return every item and then every sign-off of each stage, in order."""
    rows: list[Row] = []
    for stage in stages:
        rows += [(stage, item) for item in stage.items]
        rows += [(stage, one) for one in stage.sign_off]
    return rows


def name_of(row: Row) -> str:
    """Return what a row is called, the same as long as the rollout file has it."""
    stage, one = row
    named = f"item {one.item}" if isinstance(one, ChecklistView) else f"role {one.role}"
    return f"{'window' if stage.is_window else 'phase'} {stage.name}: {named}"


def checklists_lines(part: ChecklistsPart, width: int) -> tuple[list[Line], int]:
    """Return the lines, and at which of them the cursor is."""
    lines: list[Line] = []
    place = number = 0
    for stage in part.stages:
        if not stage.items and not stage.sign_off:
            continue
        lines.append(_stage_line(stage, width))
        for kind, items in groupby(stage.items, key=lambda item: item.kind):
            lines.append(Line((Span(f"  {_KINDS[kind]}", Role.DIM),)))
            for group, grouped in groupby(items, key=lambda item: item.group):
                if group:
                    lines.append(Line((Span(f"   {group}", Role.STRONG),)))
                for item in grouped:
                    place = len(lines) if number == part.cursor else place
                    is_asked = name_of((stage, item)) in part.verifying
                    said = "verifying …" if is_asked else _said(item, part.at, is_wide=width >= WIDE)
                    lines.append(_item_line(item, width, number == part.cursor, said))
                    number += 1
        if stage.sign_off:
            lines.append(Line((Span("  sign-off", Role.DIM),)))
        for one in stage.sign_off:
            place = len(lines) if number == part.cursor else place
            lines.append(_role_line(one, part, width, number == part.cursor))
            number += 1
    if not lines:
        return [Line((Span("  no phase has a checklist or asks for a sign-off", Role.DIM),))], 0
    return lines, place


def _stage_line(stage: StageView, width: int) -> Line:
    done, count = stage.done
    share = "" if stage.traffic is None else f", {stage.traffic:g} %"
    said = f"{_PLACES[stage.place]}{share}" if not stage.is_window else f"validation, {stage.outcome}"
    role = Role.ACCENT if stage.place is Place.PRESENT else Role.DIM
    right = [Span(f"{done} of {count}", Role.OK if done == count else Role.TEXT)]
    return heading(stage.name, width, notes=[Span(said, role)], right=right, is_focused=stage.place is Place.PRESENT)


def _mark(is_selected: bool) -> tuple[Span, Ground]:
    return Span("▌ " if is_selected else "  ", Role.ACCENT), Ground.SELECTED if is_selected else Ground.PLAIN


def _item_line(item: ChecklistView, width: int, is_selected: bool, said: str) -> Line:
    mark, ground = _mark(is_selected)
    box, role = ("[✓] ", Role.OK) if item.is_done else ("[◐] ", Role.WARNING) if item.is_half else ("[ ] ", Role.STRONG)
    is_failed = not item.is_done and item.run is not None
    box, role = ("[✗] ", Role.WARNING) if is_failed else (box, role)
    left = [
        mark,
        Span("    " if item.group else "  "),
        Span(box, role),
        Span(item.text, Role.DIM if item.is_done else Role.TEXT),
    ]
    if item.note:
        left.append(Span(f"  {item.note}", Role.DIM))
    return spread(left, [Span(f"  {said} ", Role.DIM)], width, ground)


def _said(item: ChecklistView, at: float, *, is_wide: bool) -> str:
    """Return who ticked an item and when, or who has to; the terminal of a person only where there is room."""
    by, first_by = (name if is_wide else person(name) for name in (item.by, item.first_by))
    done_at = _done_at(item.at, at)
    if item.is_verified:
        if item.run is None and item.at is None:
            return "the console verifies it"
        what = "verified" if item.is_done else "not passed" if item.run is None or item.run.is_known else "not asked"
        return f"{what} for {by}{done_at}" if by else f"{what}{done_at}"
    if item.is_half:
        return f"needs a second person, {by}{done_at}"
    if item.is_done:
        return f"{first_by} and {by}{done_at}" if first_by else f"{by}{done_at}"
    return "two persons" if item.needs_second else ""


def _done_at(then: float | None, at: float) -> str:
    """Return when something was done and how long ago that is: ` 21:29 (2m ago)`."""
    if then is None:
        return ""
    return f" {when(then, at)} ({format_duration(float(int(max(0.0, at - then)))).partition(' ')[0]} ago)"


def _role_line(one: SignOffView, part: ChecklistsPart, width: int, is_selected: bool) -> Line:
    mark, ground = _mark(is_selected)
    box = Span("[✓] " if one.by else "[ ] ", Role.OK if one.by else Role.STRONG)
    left = [mark, Span("  "), box, Span(one.role, Role.DIM if one.by else Role.TEXT)]
    if one.note:
        left.append(Span(f"  {one.note}", Role.DIM))
    by = one.by if width >= WIDE else person(one.by)
    right = [Span(f"  {by}{_done_at(one.at, part.at)} ", Role.DIM)] if one.by else []
    if not one.by and one.second:
        right = [Span("a second person ", Role.DIM)]
    if is_selected and part.is_armed and not one.by:
        right = [Span(" Enter again signs in this role ", Role.WARNING_BADGE)]
    return spread(left, right, width, ground)


# -- one of them -----------------------------------------------------------------------------------------------------


def row_lines(row: Row | None, width: int) -> list[Line]:
    """Return all that is known of an item or a sign-off: what a verification printed, and who ticked it before."""
    if row is None:
        return []
    stage, one = row
    room = max(10, width - 2)
    lines = [heading(one.item if isinstance(one, ChecklistView) else one.role, width)]
    if isinstance(one, SignOffView):
        said = f"sign-off of {stage.name}"
        return [*lines, *_wrapped(said, room), *_wrapped(f"signed by {one.by}" if one.by else "nobody signed", room)]
    lines += _wrapped(one.text, room, Role.STRONG)
    lines += _wrapped(f"{stage.name}, {_KINDS[one.kind]}" + ("" if one.is_open else "; not to be ticked now"), room)
    if one.note:
        lines += _wrapped(one.note, room)
    lines += _run_lines(one, room)
    if one.history:
        lines += [BLANK, Line((Span("  ticked and unticked", Role.DIM),))]
        lines += [line for mark in reversed(one.history) for line in _wrapped(_mark_text(mark), room)]
    return lines


def _run_lines(item: ChecklistView, room: int) -> Iterator[Line]:
    run = item.run
    if run is None or item.at is None:
        return
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    asked = f" for {item.by}" if item.by else ""
    known = "" if run.is_known else ", could not be asked"
    yield BLANK
    yield from _wrapped(f"ran {moment(item.at)}{asked}, took {took(run.took_s)}{code}{known}", room, Role.DIM)
    if not run.output:
        yield from _wrapped("it printed nothing", room, Role.FAINT)
    for printed in run.output:
        for number, text in enumerate(wrap(printed, room - 2) or [""]):
            yield Line((Span("  │ " if number == 0 else "  ╎ ", Role.FAINT), Span(text)))


def took(seconds: float) -> str:
    """Return how long a verification took: `0.25 s`, `1m 5s`."""
    return f"{seconds:.2f} s" if seconds < 60 else format_duration(round(seconds))


def _mark_text(mark: Mark) -> str:
    what = "confirmed by nobody yet" if mark.is_half else "done" if mark.is_done else "not done"
    return f"{moment(mark.at)} {what}, {mark.by or 'the console'}" + (f": {mark.note}" if mark.note else "")


def _wrapped(text: str, room: int, role: Role = Role.TEXT) -> list[Line]:
    return [Line((Span("  "), Span(one, role))) for one in wrap(text, room)]


class ChecklistsBody(Drawing[ChecklistsPart], can_focus=True):
    """Items and sign-offs of all phases."""

    def draw(self, part: ChecklistsPart, width: int, height: int) -> list[Line]:
        """Return every phase with what must be seen to."""
        return checklists_lines(part, width)[0]


class RowPane(Drawing[Row | None]):
    """The item or sign-off under the cursor."""

    def draw(self, part: Row | None, width: int, height: int) -> list[Line]:
        """Return all that is known of it."""
        return row_lines(part, width)
