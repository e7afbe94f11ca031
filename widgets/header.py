"""The top of the screen: how it stands, where the rollout is, how far the soak has come."""

from dataclasses import dataclass, replace
from math import ceil

from console.core.action_frame import AutomaticView, KeyHint
from console.core.durations import format_duration
from console.core.frame import Frame, PhaseView
from console.core.incident_frame import ClockView, IncidentView, open_incident
from console.core.outlook import when
from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.incident import incident_line, left_text
from widgets.ink import BADGE, Ground, Role
from widgets.lines import Line, Span, cells, clip, spread, squeeze
from widgets.plots import bar
from widgets.words import badge, clock, share, whole

FROZEN_AFTER_S = 5.0
"""Frames come several times a second; after this long without one the screen says that it is old."""
_GROUND = {Verdict.CRITICAL: Ground.CRITICAL, Verdict.WARNING: Ground.WARNING}


@dataclass(frozen=True, slots=True)
class HeaderPart:
    """What the header shows of a frame; a part of its own, so that it is drawn once a second and not five times."""

    second: int
    rollout: str
    verdict: Verdict
    reason: str
    since: int | None
    phase: PhaseView
    is_read_only: bool
    held_by: str
    replayed: str
    way_out: KeyHint | None
    """The lit key of the action that the verdict calls for."""
    incident: IncidentView | None = None
    """The one that is open."""
    post_mortem: tuple[int, ClockView] | None = None
    """Number and clock of the oldest incident that waits for its post-mortem."""
    frozen_s: int = 0
    """For how long no new frame has come; 0 while they come."""
    automatic: AutomaticView | None = None
    """The rollback that begins by itself; `None` where nothing does."""


def header_part(frame: Frame, *, is_read_only: bool, frozen_s: float = 0.0) -> HeaderPart:
    """Return what the header shows of a frame that has been the newest one for `frozen_s` seconds."""
    lit = [key for panel in frame.panels for key in panel.keys if key.is_lit]
    offered = {action.action for action in frame.actions if action.is_available}
    is_watching = is_read_only or frame.session.is_read_only
    return HeaderPart(
        second=int(frame.at),
        rollout=frame.title if frame.title and len(frame.title) <= 32 else frame.rollout,
        verdict=frame.verdict,
        reason=frame.reason,
        since=None if frame.since is None else int(frame.since),
        phase=frame.phase,
        is_read_only=is_watching,
        held_by=frame.session.held_by,
        replayed=frame.session.replayed,
        way_out=None if is_watching else next((key for key in lit if key.action in offered), None),
        incident=open_incident(frame.incidents),
        post_mortem=_post_mortem(frame.incidents),
        frozen_s=int(frozen_s) if frozen_s >= FROZEN_AFTER_S and not frame.session.replayed else 0,
        automatic=None if frame.automatic is None else in_whole_seconds(frame.automatic),
    )


def in_whole_seconds(automatic: AutomaticView) -> AutomaticView:
    """Return it as it is drawn: a second that has begun is still left."""
    return replace(automatic, left_s=float(ceil(automatic.left_s)))


def automatic_text(automatic: AutomaticView, width: int, *, may_act: bool) -> str:
    """Return what begins by itself, and when, in at most so many cells for its title; and how it is halted here."""
    said = f"{clip(automatic.title, max(12, width))} BY ITSELF in {whole(automatic.left_s)}"
    return f"{said}, h halts it" if may_act else said


def _post_mortem(incidents: tuple[IncidentView, ...]) -> tuple[int, ClockView] | None:
    waiting = [(one.number, one.post_mortem) for one in incidents if one.post_mortem is not None and not one.is_settled]
    return waiting[-1] if waiting else None


def header_lines(part: HeaderPart, width: int) -> tuple[Line, ...]:
    """Return the two lines of the header, and a third one while an incident is open."""
    lines = (_verdict_line(part, width), _phase_line(part, width))
    return lines if part.incident is None else (*lines, incident_line(part.incident, width))


def _verdict_line(part: HeaderPart, width: int) -> Line:
    right: list[Span] = []
    if part.way_out is not None:
        role = BADGE[part.verdict] if part.verdict.rank >= Verdict.WARNING.rank else Role.KEY
        right += [Span(f" {part.way_out.key} {clip(part.way_out.label, max(8, width // 4))} ", role), Span("  ")]
    right.append(Span(f"{clock(part.second)} UTC " if width >= 76 else f"{clock(part.second)} ", Role.TEXT))
    if part.frozen_s:
        said = f"no news for {whole(part.frozen_s)}: what is shown is old, it was {part.verdict}"
        left = [badge(Verdict.UNKNOWN), Span(" "), Span(said, Role.STRONG)]
        return spread(left, right, width, Ground.WARNING)
    left = [badge(part.verdict), Span(" "), Span(part.reason, Role.STRONG)]
    if part.since is not None and part.verdict is not Verdict.OK and part.second >= part.since:
        lasts = Span(f"  for {whole(part.second - part.since)}", Role.DIM)
        if cells([*left, lasts, *right]) < width:
            left.append(lasts)
    return spread(left, right, width, _GROUND.get(part.verdict, Ground.RAISED))


def _phase_line(part: HeaderPart, width: int) -> Line:
    phase = part.phase
    missing = sum(not clause.is_met for clause in phase.clauses)
    pieces: list[tuple[int, list[Span]]] = []
    if part.replayed:
        pieces.append((0, [Span(f" REPLAY {part.replayed} ", Role.WARNING_BADGE)]))
    elif part.is_read_only:
        held = f", held by {part.held_by}" if part.held_by else ""
        pieces.append((1, [Span(f" READ-ONLY{held} ", Role.WARNING_BADGE)]))
    pieces += _automatic(part.automatic, width, may_act=not (part.is_read_only or part.replayed))
    pieces += [
        (5, [Span(part.rollout, Role.DIM)]),
        (0, [Span(phase.name or "no phase", Role.STRONG)]),
        (2, _traffic(phase)),
        (3, _soak(phase, width)),
        (4, [Span("‖ " + "; ".join(phase.holds), Role.WARNING)] if phase.holds else []),
        (6, _again(phase, part.second)),
        (6, [Span(f"phase {phase.index + 1} of {phase.count}", Role.DIM)] if phase.count else []),
        (7, _missing(missing, phase)),
        (4, _due(part)),
    ]
    return Line((Span(" "), *squeeze(pieces, max(1, width - 2))))


def _automatic(automatic: AutomaticView | None, width: int, *, may_act: bool) -> list[tuple[int, list[Span]]]:
    """Return the countdown before all else; that it is off after what matters; that it is armed where there is room."""
    if automatic is None:
        return []
    if automatic.metric:
        return [(-1, [Span(f" {automatic_text(automatic, width // 4, may_act=may_act)} ", Role.CRITICAL_BADGE)])]
    if automatic.disarmed:
        off = f"automatic rollback off: {clip(automatic.disarmed, max(20, width // 4))}"
        return [(2, [Span(f"{off}, h arms it" if may_act else off, Role.WARNING)])]
    if automatic.waits_for:
        return [(2, [Span(f"automatic rollback off: {automatic.waits_for}", Role.WARNING)])]
    return [(8, [Span("automatic rollback armed", Role.DIM)])]


def _traffic(phase: PhaseView) -> list[Span]:
    if phase.traffic == phase.planned_traffic:
        return [Span("traffic ", Role.DIM), Span(share(phase.traffic), Role.STRONG)]
    return [
        Span("traffic ", Role.DIM),
        Span(share(phase.traffic), Role.WARNING),
        Span(f" of {share(phase.planned_traffic)} planned", Role.DIM),
    ]


def _soak(phase: PhaseView, width: int) -> list[Span]:
    if phase.soak_s <= 0:
        return []
    filled, empty = bar(phase.soak_share, 24 if width >= 160 else 16 if width >= 110 else 10)
    is_over = phase.soaked_s >= phase.soak_s
    percent = 100 if is_over else min(99, int(phase.soak_share * 100))
    return [
        Span("▕", Role.FAINT),
        Span(filled, Role.OK if is_over else Role.ACCENT),
        Span(empty, Role.FAINT),
        Span("▏", Role.FAINT),
        Span(f" {percent}% ", Role.STRONG),
        Span(f"soak {whole(phase.soaked_s)} of {format_duration(phase.soak_s)}", Role.DIM),
    ]


def _again(phase: PhaseView, second: int) -> list[Span]:
    """Return since when the soak runs again, while it is not over."""
    if phase.again is None or phase.soaked_s >= phase.soak_s:
        return []
    return [Span(f"↺ again since {when(phase.again[0], second)}", Role.WARNING)]


def _due(part: HeaderPart) -> list[Span]:
    """Return until when a post-mortem must be held, until it is said that it was."""
    if part.post_mortem is None:
        return []
    number, due = part.post_mortem
    role = Role.CRITICAL if due.is_late else Role.WARNING
    return [Span(f"post-mortem {number} {left_text(due)}", role)]


def _missing(missing: int, phase: PhaseView) -> list[Span]:
    goal = "finish" if phase.is_last else "advance"
    if phase.is_complete:
        return [Span("✓ complete", Role.OK)]
    if phase.may_advance:
        return [Span("✓ may advance", Role.OK)]
    if phase.outlook:
        return [Span(phase.outlook, Role.DIM)]
    return [Span(f"{missing} missing to {goal}", Role.DIM)] if missing else []


class SoakHeader(Drawing[HeaderPart]):
    """How it stands, in two lines or three."""

    def draw(self, part: HeaderPart, width: int, height: int) -> tuple[Line, ...]:
        """Return the lines of the header."""
        return header_lines(part, width)
