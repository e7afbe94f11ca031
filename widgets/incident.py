"""An incident as lines: its clock in large digits, what is critical, the procedure, the roles, its history."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.core.incident_frame import CauseView, ClockView, IncidentView, ItemView, RoleView
from widgets.big_clock import big_clock
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import BLANK, Line, Span, cells, heading, spread, wrap
from widgets.words import clock, moment, person, whole

WIDE = 110
"""From this width on there are two columns."""
_ROOMY = 76
"""From this width on the line of the header says what the incident is about."""
_FAR_S = 43_200.0
"""What is due later than this is said with its date."""
_BADGES = {1: Role.CRITICAL_BADGE, 2: Role.WARNING_BADGE, 3: Role.OFF_TARGET_BADGE}


@dataclass(frozen=True, slots=True)
class IncidentPart:
    """What the incident screen shows."""

    shown: IncidentView | None
    others: tuple[IncidentView, ...]
    cursor: int
    """Over the procedure and then the roles."""
    is_opened_by_alerts: bool
    """A critical alert opens an incident."""
    may_act: bool


def severity_badge(found: IncidentView) -> Span:
    """Return the severity as a block of colour with its word."""
    return Span(f" SEVERITY {found.severity} ", _BADGES[found.severity] if found.is_open else Role.OK_BADGE)


def left_text(found: ClockView) -> str:
    """Return what is left of a clock that runs: `4m 10s left`, `late by 2m`."""
    return f"late by {whole(-found.left_s)}" if found.is_late else f"{whole(found.left_s)} left"


def stopped_text(found: ClockView, *, has_terminal: bool = True) -> str:
    """Return how a clock was stopped: `anna@ops1 (pts/3) 14:01:20, in time`."""
    how = f"late by {whole(-found.left_s)}" if found.is_late else "in time"
    return f"{found.by if has_terminal else person(found.by)}{'' if found.at is None else ' ' + clock(found.at)}, {how}"


def incident_line(found: IncidentView, width: int) -> Line:
    """Return an open incident in one line: how bad, whose, and what clock runs."""
    response, room = found.response, found.room
    said = f"taken by {stopped_text(response, has_terminal=width >= WIDE)}"
    if response.is_running:
        said = (
            f"{left_text(response)}: nobody has responded" if response.is_late else f"{left_text(response)} to respond"
        )
    has_room = width >= _ROOMY
    left = [severity_badge(found), Span(f" {said}", Role.STRONG), Span(f"  {found.why}" if has_room else "")]
    right: list[Span] = []
    if found.may_resolve:
        right.append(Span("all OK: resolve? ", Role.OK))
    elif room is not None and room.clock.is_running:
        right.append(Span(f"{'war ' if has_room else ''}room {left_text(room.clock)} ", Role.STRONG))
    right += [Span(" 5 ", Role.KEY), Span("Incident " if has_room else "")]
    is_calling = response.is_running or (room is not None and room.clock.is_running)
    return spread(left, right, width, Ground.CRITICAL if is_calling else Ground.WARNING)


def incident_lines(part: IncidentPart, width: int) -> tuple[list[Line], int]:
    """Return the lines, and at which of them the cursor is."""
    found = part.shown
    if found is None:
        return _nothing(part, width), 0
    head = [_title(found, width), *_big(found, width), *_others(part, width)]
    if width >= WIDE:
        left_width = width * 11 // 20
        left, place = _work(found, part, left_width)
        right = [*_about(found, width - left_width - 2), *_history(found, width - left_width - 2)]
        return [*head, *_beside(left, right, left_width)], len(head) + place
    about = _about(found, width)
    work, place = _work(found, part, width)
    return [*head, *about, *work, *_history(found, width)], len(head) + len(about) + place


def _nothing(part: IncidentPart, width: int) -> list[Line]:
    by = "a critical alert opens one" if part.is_opened_by_alerts else "the rollout file has no `incidents`"
    lines = [Line((Span("  no incident is open; ", Role.DIM), Span(by, Role.DIM)))]
    if part.may_act:
        said = Span("by hand, as when a customer calls: a severity and why", Role.DIM)
        lines.append(Line((Span("  o", Role.KEY), Span(" opens one "), said)))
    return [*lines, *_others(part, width)]


def _title(found: IncidentView, width: int) -> Line:
    by = found.opened_by or "a critical alert"
    left = [Span(" "), severity_badge(found), Span(f" incident {found.number}", Role.STRONG)]
    left.append(Span(f"  opened {clock(found.opened_at)} by {by}", Role.DIM))
    if not found.is_open:
        return spread(left, [Span("resolved ", Role.OK)], width)
    if found.response.is_running:
        return spread(left, [Span("nobody has responded ", Role.CRITICAL)], width)
    return spread(left, [Span(f"taken by {stopped_text(found.response)} ", Role.ACCENT)], width)


def _big(found: IncidentView, width: int) -> list[Line]:
    """Return the clock that matters now in large digits, with what it is about beside it."""
    timed, what = _matters(found)
    role = Role.CRITICAL if timed.is_late else Role.WARNING if timed.is_running else Role.OK
    digits = big_clock(timed.left_s)
    is_far = timed.left_s > _FAR_S or width >= WIDE
    until = f"until {moment(timed.due) if is_far else clock(timed.due)} UTC"
    said = f"late by, {what}" if timed.is_late else f"left {what}"
    beside = [
        [Span(said, role), Span(f"  {until}", Role.DIM)],
        [Span(found.why, Role.STRONG)],
        _way_out(found),
    ]
    return [
        spread([Span("  "), Span(row, role), Span("  "), *spans], [], width)
        for row, spans in zip(digits, beside, strict=True)
    ]


def _matters(found: IncidentView) -> tuple[ClockView, str]:
    """Return the clock to look at: the one that runs, and the post-mortem's at last."""
    if found.post_mortem is not None:
        held = "" if found.post_mortem.is_running else " (held)"
        return found.post_mortem, f"to the post-mortem{held}"
    if found.response.is_running:
        return found.response, "to respond"
    if found.room is not None and found.room.clock.is_running:
        return found.room.clock, "to be in the war room"
    return found.response, "when it was taken"


def _way_out(found: IncidentView) -> list[Span]:
    if not found.is_open:
        return [Span(f"{found.resolved_by}: {found.resolution}", Role.OK)]
    if found.may_resolve:
        said = f"every panel OK for {whole(found.well_s)}: "
        return [Span(said, Role.OK), Span("r", Role.KEY), Span(" resolves it")]
    spans: list[Span] = []
    if found.action is not None and found.action[0]:
        spans += [Span(found.action[0], Role.KEY), Span(f" {found.action[1]}  ")]
    if found.advice and (found.action is None or found.advice != found.action[1]):
        spans.append(Span(found.advice, Role.DIM))
    return spans


def _others(part: IncidentPart, width: int) -> list[Line]:
    """Return the other incidents: those that wait for their post-mortem, and what became of the rest."""
    lines = []
    for found in part.others:
        due = found.post_mortem
        if due is None:
            continue
        role = Role.DIM if not due.is_running else Role.CRITICAL if due.is_late else Role.WARNING
        said = f"post-mortem {left_text(due)}" if due.is_running else f"post-mortem held, {stopped_text(due)}"
        left = [Span(f"  incident {found.number}: ", Role.DIM), Span(found.why, Role.DIM)]
        lines.append(spread(left, [Span(f"{said} ", role)], width))
    return lines


def _about(found: IncidentView, width: int) -> list[Line]:
    lines = [heading("what is critical", width)]
    lines += [_cause(cause, width) for cause in found.causes]
    if found.unwell:
        said = f"not OK: {', '.join(found.unwell)}"
        lines += [Line((Span(f"   {piece}", Role.DIM),)) for piece in wrap(said, max(12, width - 4))[:2]]
    room = found.room
    if room is not None:
        left = [Span(" war room ", Role.ACCENT), Span(room.where or room.why, Role.STRONG)]
        if room.where:
            left.append(Span(f"  {room.why}", Role.DIM))
        role = Role.CRITICAL if room.clock.is_late else Role.WARNING if room.clock.is_running else Role.OK
        said = left_text(room.clock) if room.clock.is_running else stopped_text(room.clock)
        lines.append(spread(left, [Span(f"{said} ", role)], width))
    return lines


def _cause(cause: CauseView, width: int) -> Line:
    glyph = Span(" ✗ ", Role.CRITICAL) if cause.is_standing else Span(" · ", Role.DIM)
    right = [Span(f"{cause.now} ", Role.STRONG if cause.is_standing else Role.DIM)]
    if cause.until is not None:
        said = "no longer watched since" if cause.unwatched else "over"
        right.append(Span(f"{said} {clock(cause.until)} ", Role.WARNING if cause.unwatched else Role.DIM))
    return spread([glyph, Span(cause.text, Role.TEXT if cause.is_standing else Role.DIM)], right, width)


def _work(found: IncidentView, part: IncidentPart, width: int) -> tuple[list[Line], int]:
    """Return procedure and roles, and the line of the cursor."""
    cursor = part.cursor if part.may_act and found.is_open else -1
    items = [_item(item, width, index == cursor) for index, item in enumerate(found.procedure)]
    count = len(items)
    roles = [_role(role, width, index == cursor) for index, role in enumerate(found.roles, count)]
    lines = [heading(f"procedure {found.items_done} of {count}", width), *items, heading("roles", width), *roles]
    return lines, max(0, cursor) + (1 if cursor < count else 2)


def _mark(is_selected: bool) -> tuple[Span, Ground]:
    return Span("▌" if is_selected else " ", Role.ACCENT), Ground.SELECTED if is_selected else Ground.PLAIN


def _item(item: ItemView, width: int, is_selected: bool) -> Line:
    mark, ground = _mark(is_selected)
    box = Span("[✓] " if item.is_done else "[ ] ", Role.OK if item.is_done else Role.STRONG)
    left = [mark, box, Span(item.text, Role.DIM if item.is_done else Role.TEXT)]
    if item.note:
        left.append(Span(f"  {item.note}", Role.DIM))
    right: list[Span] = []
    if item.at is not None:
        right.append(Span(f"{item.by or 'the console'} {clock(item.at)} ", Role.DIM))
    elif item.is_seen:
        right.append(Span("the console sees it ", Role.FAINT))
    return spread(left, right, width, ground)


def _role(role: RoleView, width: int, is_selected: bool) -> Line:
    mark, ground = _mark(is_selected)
    left = [mark, Span(f"{role.role.replace('_', ' '):20} ", Role.ACCENT)]
    left.append(Span(role.name, Role.STRONG) if role.name else Span("nobody yet", Role.WARNING))
    left.append(Span(f"  {role.usually}", Role.DIM))
    right = [] if role.at is None else [Span(f"{clock(role.at)} ", Role.DIM)]
    return spread(left, right, width, ground)


def _history(found: IncidentView, width: int) -> list[Line]:
    lines = [heading("history", width)]
    for one in reversed(found.moments):
        first, *rest = wrap(one.text, max(12, width - 11))
        lines.append(Line((Span(f" {clock(one.at)} ", Role.DIM), Span(first))))
        lines += [Line((Span(" " * 10), Span(piece))) for piece in rest]
    return lines


def _beside(left: list[Line], right: list[Line], left_width: int) -> list[Line]:
    """Return two columns as lines."""
    count = max(len(left), len(right))
    pairs = zip(_filled(left, count), _filled(right, count), strict=True)
    lines = []
    for one, other in pairs:
        gap = " " * max(0, left_width - cells(one.spans))
        # A line has one ground: that of a selected row is its own.
        lines.append(Line((*one.spans, Span(gap), Span("  "), *other.spans), one.ground))
    return lines


def _filled(lines: Iterable[Line], count: int) -> list[Line]:
    known = list(lines)
    return known + [BLANK] * (count - len(known))


class IncidentBody(Drawing[IncidentPart], can_focus=True):
    """An incident."""

    def draw(self, part: IncidentPart, width: int, height: int) -> list[Line]:
        """Return the lines."""
        return incident_lines(part, width - 1)[0]
