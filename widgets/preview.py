"""What an action will do, as the operator is shown it before anything happens."""

from dataclasses import dataclass

from console.core.durations import format_duration
from console.core.plan import FileChange, Preview, StepPreview, took_text
from widgets.drawing import Drawing
from widgets.ink import Role
from widgets.lines import BLANK, Line, Span, cells, cut, fit, spread, wrap
from widgets.words import share

_LABEL = 9
_FOUND = {True: ("✓", Role.OK), False: ("✗", Role.CRITICAL), None: ("?", Role.DIM)}


def _said(name: str, text: str, width: int, role: Role = Role.TEXT) -> list[Line]:
    """Return a name and a text beside it, broken over as many lines as it needs."""
    pieces = wrap(text, max(8, width - _LABEL - 1))
    return [
        Line((Span(f" {name if not index else '':<{_LABEL}}", Role.DIM), Span(piece, role)))
        for index, piece in enumerate(pieces)
    ]


def _change_line(change: FileChange, width: int) -> Line:
    before = [Span("(not set)", Role.DIM)] if change.before is None else [Span(change.before, Role.DIM)]
    spans = [Span(" " * (_LABEL + 5)), Span(f"{change.key}  "), *before, Span(" → ", Role.ACCENT)]
    return Line(tuple(cut([*spans, Span(change.after, Role.STRONG)], width)))


def _look_lines(look: StepPreview, width: int) -> list[Line]:
    """Return what is looked at before, and what was found."""
    glyph, role = _FOUND[look.is_passed]
    lines = _said("Before", look.label, width)
    found = wrap(look.found or "being asked …", max(8, width - _LABEL - 4))
    return lines + [
        Line((Span(" " * (_LABEL + 1)), Span(f"{glyph if not index else ' '} ", role), Span(piece, role)))
        for index, piece in enumerate(found)
    ]


def _step_lines(number: int, step: StepPreview, width: int) -> list[Line]:
    limit = f"up to {format_duration(step.timeout_s)}"
    right = [Span(f"  {limit} ", Role.DIM)]
    lead = [Span(f" {number:>2}  ", Role.STRONG), Span(fit(step.kind, _LABEL), Role.ACCENT)]
    room = max(12, width - cells(lead) - cells(right) - 1)
    first, *rest = wrap(step.label, room)
    lines = [spread([*lead, Span(first)], right if cells(lead) + 12 + cells(right) <= width else [], width)]
    lines += [Line((Span(" " * (_LABEL + 5)), Span(piece))) for piece in rest]
    lines += [_change_line(change, width) for change in step.changes]
    if step.problem:
        pieces = wrap(step.problem, max(8, width - _LABEL - 8))
        for index, piece in enumerate(pieces):
            glyph = "⊘ " if not index else "  "
            lines.append(Line((Span(" " * (_LABEL + 5)), Span(glyph, Role.BROKEN), Span(piece, Role.BROKEN))))
    return lines


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """A preview, and the share that applies now, for the arrow between them."""

    preview: Preview
    traffic: float


def preview_lines(part: PreviewPart, width: int) -> list[Line]:
    """Return everything: why, now and after, what is not met, each step, and how it will be verified."""
    preview = part.preview
    plan = preview.plan
    lines: list[Line] = []
    if preview.why:
        lines += _said("Why", preview.why, width, Role.STRONG)
    if preview.now:
        lines += _said("Now", preview.now, width)
    if preview.after:
        lines += _said("After", preview.after, width, Role.STRONG)
    if plan.traffic is not None:
        lines += _said("Traffic", f"{share(part.traffic)} → {share(plan.traffic)}", width, Role.STRONG)
    if plan.ladder:
        rungs = ", ".join(share(rung) for rung in plan.ladder)
        held = f", each held {format_duration(plan.hold_s)}" if plan.hold_s else ""
        lines += _said("Then", f"{rungs}{held}", width)
    for index, clause in enumerate(preview.unmet):
        lines += _said("Not met" if not index else "", f"✗ {clause}", width, Role.WARNING)
    if preview.took_s:
        lines += _said("Takes", took_text(preview.took_s), width)
    for look in preview.before:
        lines += _look_lines(look, width)
    lines.append(BLANK)
    if not preview.steps:
        lines.append(Line((Span("  nothing is run; the phase is moved on", Role.DIM),)))
    for number, step in enumerate(preview.steps, 1):
        lines += _step_lines(number, step, width)
    for number, check in enumerate(preview.verify, len(preview.steps) + 1):
        lines += _step_lines(number, check, width)
    return lines


class PreviewBody(Drawing[PreviewPart], can_focus=True):
    """What will happen, before it does."""

    def draw(self, part: PreviewPart, width: int, height: int) -> list[Line]:
        """Return the preview."""
        return preview_lines(part, width - 1)
