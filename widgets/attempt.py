"""An action that was started: its steps, what it printed, how it ended, and what may be said to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.core.action_frame import AttemptView, StepView
from console.core.frame import Frame
from console.core.words import Outcome, Rung
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, cut, spread, wrap
from widgets.words import OUTCOME_LOOKS, STEP_LOOKS, share, whole

_DONE_SHOWN_S = 120.0
"""How long a success stays on the soak screen; everything else stays until the next attempt."""
_OVER = (Outcome.DONE, Outcome.ABANDONED)
_RUNGS = {
    Rung.APPLYING: ("rung being applied", Role.DIM),
    Rung.HELD: ("rung held", Role.DIM),
    Rung.DUE: ("next rung is due", Role.WARNING),
    Rung.NOT_REACHED: ("share not reached", Role.CRITICAL),
    Rung.FAILED: ("rung failed", Role.CRITICAL),
}


@dataclass(frozen=True, slots=True)
class AttemptPart:
    """An attempt, the newest lines it printed, and the second it is drawn in."""

    attempt: AttemptView
    output: tuple[str, ...]
    second: int
    keys: tuple[tuple[str, str], ...] = ()
    """Keys that steer a ladder, with their labels; empty where nothing may be said."""


def attempt_to_show(frame: Frame) -> AttemptView | None:
    """Return the attempt that belongs on the soak screen: one under way, or the latest if it still matters."""
    for attempt in frame.attempts:
        if attempt.outcome in (Outcome.RUNNING, Outcome.HOLDING):
            return attempt
    latest = next(iter(frame.attempts), None)
    if latest is None:
        return None
    if latest.outcome in _OVER and latest.ended is not None and frame.at - latest.ended > _DONE_SHOWN_S:
        return None
    return latest


def outcome_spans(attempt: AttemptView, second: int) -> list[Span]:
    """Return glyph, outcome and time of an attempt."""
    glyph, role = OUTCOME_LOOKS[attempt.outcome]
    lasted = (second if attempt.ended is None else attempt.ended) - attempt.started
    spans = [Span(f"{glyph} {attempt.title}", role), Span("  "), Span(attempt.outcome.upper(), role)]
    if attempt.outcome is Outcome.HOLDING and attempt.traffic is not None:
        spans.append(Span(f" at {share(attempt.traffic)}", role))
    return [*spans, Span(f"  {'took' if attempt.ended else 'for'} {whole(lasted)}", Role.DIM)]


def hold_spans(part: AttemptPart) -> list[Span]:
    """Return how the rung stands, what comes next on the ladder, and the keys that decide about it."""
    attempt = part.attempt
    if attempt.rung is None:
        return []
    word, role = _RUNGS[attempt.rung]
    spans = [Span(word, role)]
    if attempt.next_rung is not None:
        spans += [Span("  next ", Role.DIM), Span(share(attempt.next_rung), Role.STRONG)]
        if attempt.hold_left_s:
            spans.append(Span(f", held {whole(attempt.hold_left_s)} more", Role.DIM))
    for key, label in (*part.keys, *_settling(attempt)):
        spans += [Span("   "), Span(f"{key} ", Role.KEY), Span(label, Role.TEXT)]
    if attempt.share_line:
        spans.append(Span(f"   {attempt.share_line}", role if attempt.rung is Rung.NOT_REACHED else Role.DIM))
    return spans


def _settling(attempt: AttemptView) -> tuple[tuple[str, str], ...]:
    """Return where a rung that failed is decided about: its choices are in its dialog."""
    named = ", ".join(choice for choice in attempt.choices if choice != "stop")
    return (("o", named),) if attempt.rung is Rung.FAILED and named else ()


def step_line(step: StepView, number: int, second: int, width: int) -> Line:
    """Return a step with its state, and why if it did not go well."""
    glyph, role = STEP_LOOKS.get(step.state, ("·", Role.DIM))
    has_begun = step.state in STEP_LOOKS
    left = [Span(f"  {glyph} ", role), Span(f"{number}  ", Role.DIM)]
    left.append(Span(step.label, Role.TEXT if has_begun else Role.DIM))
    if step.detail:
        left.append(Span(f"  {step.detail}", role if role not in (Role.OK, Role.ACCENT) else Role.DIM))
    right = [Span(step.state, role)] if has_begun else []
    if step.started is not None:
        lasted = (second if step.ended is None else step.ended) - step.started
        right.append(Span(f" {whole(lasted)}" if lasted >= 1 else "", Role.DIM))
    return spread(left, [*right, Span(" ")], width)


def full_lines(part: AttemptPart, width: int, *, output_limit: int = 200) -> list[Line]:
    """Return everything about an attempt, for its own screen."""
    attempt = part.attempt
    lines = [Line(tuple(cut([Span(" "), *outcome_spans(attempt, part.second)], width)))]
    said = [("by", attempt.actor), ("reason", attempt.reason), ("detail", attempt.detail)]
    for name, text in said:
        if text:
            lines += [
                Line((Span(f"   {name if not index else '':<8}", Role.DIM), Span(piece)))
                for index, piece in enumerate(wrap(text, max(8, width - 12)))
            ]
    hold = hold_spans(part)
    if hold:
        lines.append(Line(tuple(cut([Span("   "), *hold], width))))
    lines += [step_line(step, number, part.second, width) for number, step in enumerate(attempt.steps, 1)]
    lines += [_output_line(text, width) for text in part.output[-output_limit:]]
    return lines


def strip_lines(part: AttemptPart, width: int, height: int) -> list[Line]:
    """Return the attempt in at most `height` lines: title, then the steps that matter, then its newest output."""
    attempt = part.attempt
    ground = Ground.WARNING if attempt.outcome is Outcome.HOLDING else Ground.RAISED
    if attempt.outcome is Outcome.FAILED:
        ground = Ground.CRITICAL
    left = [Span(" "), *outcome_spans(attempt, part.second)]
    if attempt.detail:
        left.append(Span(f"  {attempt.detail}", Role.TEXT))
    right = [Span("o", Role.KEY), Span(" open ", Role.DIM)]
    lines = [spread(left, right, width, ground)]
    hold = hold_spans(part)
    if hold and height > 1:
        lines.append(Line(tuple(cut([Span("   "), *hold], width)), ground))
    if attempt.outcome is Outcome.HOLDING:
        return lines
    room = height - len(lines)
    for number, step in _steps_that_matter(attempt.steps, room if not part.output else max(1, room - 2)):
        lines.append(step_line(step, number, part.second, width))
    room = height - len(lines)
    lines += [_output_line(text, width) for text in part.output[-room:]] if room > 0 else []
    return lines[:height]


def strip_height(part: AttemptPart, most: int) -> int:
    """Return how many lines the attempt wants on the soak screen."""
    if part.attempt.outcome is Outcome.HOLDING:
        return min(most, 1 + bool(hold_spans(part)))
    wanted = 1 + bool(hold_spans(part)) + len(part.attempt.steps) + min(3, len(part.output))
    return max(1, min(most, wanted))


def _steps_that_matter(steps: Sequence[StepView], room: int) -> list[tuple[int, StepView]]:
    """Return as many steps as there is room for: those around the one under way or the last that began."""
    numbered = list(enumerate(steps, 1))
    if len(numbered) <= room:
        return numbered
    begun = [index for index, (_, step) in enumerate(numbered) if step.state in STEP_LOOKS]
    last = begun[-1] + 1 if begun else 0
    end = min(len(numbered), max(last + (room > 2), room))
    return numbered[max(0, end - room) : end]


def _output_line(text: str, width: int) -> Line:
    return Line(tuple(cut([Span("    │ ", Role.FAINT), Span(text, Role.DIM)], width)))


class AttemptStrip(Drawing[AttemptPart]):
    """The action under way, on the soak screen."""

    def draw(self, part: AttemptPart, width: int, height: int) -> list[Line]:
        """Return the attempt in the lines it was given."""
        return strip_lines(part, width, height)


class AttemptBody(Drawing[AttemptPart], can_focus=True):
    """An action under way or over, in full."""

    def draw(self, part: AttemptPart, width: int, height: int) -> list[Line]:
        """Return everything about the attempt."""
        return full_lines(part, width - 1)
