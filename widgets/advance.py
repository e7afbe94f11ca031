"""What the phase still needs before the rollout may go on."""

from dataclasses import dataclass

from console.core.action_frame import ActionView
from console.core.frame import Clause, PhaseView
from console.core.outlook import BY_PEOPLE, soak_notes, when
from widgets.drawing import Drawing
from widgets.ink import Role
from widgets.lines import Line, Span, cells, cut, heading, spread, wrap


@dataclass(frozen=True, slots=True)
class AdvancePart:
    """The phase and the action that ends it, if there is one to offer."""

    phase: PhaseView
    advance: ActionView | None
    at: int = 0
    """The time in whole seconds, from which expected times are told."""
    notes: tuple[str, ...] = ()
    """What else is to be known: what each error budget loses, how validation went before a step back."""


def goal(phase: PhaseView) -> str:
    """Return what comes after the phase, in words."""
    if phase.is_complete:
        return "the rollout is complete"
    if phase.is_last:
        return "to finish the rollout"
    return f"to advance to phase {phase.index + 2} of {phase.count}" if phase.count else "to advance"


def key_spans(part: AdvancePart) -> list[Span]:
    """Return the key that advances, and whether it is time."""
    if part.advance is None or not part.advance.key or part.phase.is_complete:
        return []
    if part.phase.may_advance:
        return [Span(f" {part.advance.key} {part.advance.title} ", Role.OK_BADGE)]
    return [Span(f"{part.advance.key} ", Role.KEY), Span(f"{part.advance.title} (not yet)", Role.DIM)]


def _tally(phase: PhaseView) -> list[Span]:
    spans: list[Span] = []
    if phase.checklist:
        done = sum(item.is_done for item in phase.checklist)
        is_full = done == len(phase.checklist)
        spans += [Span("✓ " if is_full else "◌ ", Role.OK if is_full else Role.DIM)]
        spans += [Span(f"checklist {done} of {len(phase.checklist)}", Role.DIM if is_full else Role.TEXT)]
    for one in phase.sign_off:
        if spans:
            spans.append(Span("  "))
        spans.append(Span("✓ " if one.by else "◌ ", Role.OK if one.by else Role.DIM))
        spans.append(Span(f"{one.role} {one.by}" if one.by else one.role, Role.DIM if one.by else Role.TEXT))
    return spans


_TALLIED = (*BY_PEOPLE, "sign-off")
"""Kinds of clause that the tally line already shows when there is no room for each."""


def advance_lines(part: AdvancePart, width: int, height: int) -> list[Line]:
    """Return the pane in at most `height` lines: what is missing first, the key last."""
    phase = part.phase
    key = key_spans(part)
    tally = _tally(phase)
    tail = [Line((Span(" "), *cut(tally, width - 1)))] if tally else []
    if key:
        tail.append(Line(tuple(cut([Span(" "), *key], width))))
    room = max(0, height - 1 - len(tail))
    lines = [heading(goal(phase), width)]
    if phase.outlook and room > 2:
        said = wrap(phase.outlook, max(8, width - 4))
        said = said if len(said) == 1 or room > 4 else [phase.outlook]
        lines += [
            Line(tuple(cut([Span("   " if index else " ◷ ", Role.ACCENT), Span(text, Role.STRONG)], width)))
            for index, text in enumerate(said[:2])
        ]
        room -= len(said[:2])
    held = [Line(tuple(cut([Span(" ‖ ", Role.WARNING), Span(hold)], width))) for hold in phase.holds]
    lines += held[: max(0, room - 1)]
    room -= min(len(held), max(0, room - 1))
    unmet = [clause for clause in phase.clauses if not clause.is_met]
    if len(unmet) > room:
        unmet = [clause for clause in unmet if clause.kind not in _TALLIED or not tally]
    shown = unmet if len(unmet) <= room else unmet[: max(0, room - 1)]
    lines += [_missing_line(clause, part.at, width) for clause in shown]
    if len(shown) < len(unmet) and room > 0:
        lines.append(Line((Span(f"   and {len(unmet) - len(shown)} more", Role.DIM),)))
    room -= len(shown) + (len(shown) < len(unmet))
    notes = [*soak_notes(phase, part.at), *part.notes][: max(0, room)]
    lines += [Line(tuple(cut([Span(" · ", Role.FAINT), Span(note, Role.DIM)], width))) for note in notes]
    lines += _met_lines([clause for clause in phase.clauses if clause.is_met], width, room - len(notes))
    return [*lines, *tail]


def _missing_line(clause: Clause, at: int, width: int) -> Line:
    """Return a missing clause with the time when it is expected, or who has to see to it, at the right."""
    left = [Span(" ✗ ", Role.WARNING), Span(clause.text)]
    if clause.expected_s:
        right = [Span(f"earliest {when(at + clause.expected_s, at)} ", Role.DIM)]
    elif clause.kind in BY_PEOPLE and clause.waits_for:
        right = [Span(f"{clause.waits_for} ", Role.DIM)]
    else:
        return Line(tuple(cut(left, width)))
    return spread(left, right, width) if cells(left) + cells(right) < width else Line(tuple(cut(left, width)))


def _met_lines(met: list[Clause], width: int, room: int) -> list[Line]:
    """Return the clauses that are met: one each if there is room, several on a line otherwise."""
    if room <= 0 or not met:
        return []
    if len(met) <= room:
        return [Line(tuple(cut([Span(" ✓ ", Role.OK), Span(clause.text, Role.DIM)], width))) for clause in met]
    texts = wrap("   ".join(f"✓ {clause.text}" for clause in met), max(8, width - 2))
    return [Line((Span(" " + text, Role.DIM),)) for text in texts[:room]]


def advance_line(part: AdvancePart, width: int) -> Line:
    """Return the same in one line for a small screen."""
    phase = part.phase
    unmet = [clause for clause in phase.clauses if not clause.is_met]
    key = [*key_spans(part), Span(" ")]
    if not unmet and not phase.holds:
        left = (
            [Span(" ✓ ", Role.OK), Span(goal(phase) if phase.is_complete else "all met " + goal(phase), Role.TEXT)]
            if phase.clauses
            else [Span("")]
        )
        return spread(left, key, width)
    if phase.outlook:
        return _outlook_line(part, width)
    texts = [Span(" ‖ ", Role.WARNING), Span(phase.holds[0])] if phase.holds else []
    room = width - cells(key) - 5
    for index, clause in enumerate(unmet):
        piece = [Span("  " if texts else " "), Span("✗ ", Role.WARNING), Span(clause.text)]
        if cells(texts) + cells(piece) > room:
            texts += [Span(f" +{len(unmet) - index}", Role.DIM)] if texts else piece
            break
        texts += piece
    return spread(texts, key, width)


def _outlook_line(part: AdvancePart, width: int) -> Line:
    """Return when one may go on, with the mark of a clock that stands; the name of the key gives way to it."""
    phase = part.phase
    left = [Span(" ‖ ", Role.WARNING)] if phase.holds else [Span(" ◷ ", Role.ACCENT)]
    left.append(Span(phase.outlook, Role.STRONG))
    key = [*key_spans(part), Span(" ")]
    if cells(left) + cells(key) > width and part.advance is not None and part.advance.key and not phase.may_advance:
        key = [Span(f"{part.advance.key} ", Role.KEY), Span("not yet ", Role.DIM)]
    return spread(left, key, width)


class AdvanceBox(Drawing[AdvancePart]):
    """What is proven, what is not yet, and the key that goes on."""

    def draw(self, part: AdvancePart, width: int, height: int) -> list[Line]:
        """Return the pane, or its one-line form."""
        return [advance_line(part, width)] if height < 3 else advance_lines(part, width, height)
