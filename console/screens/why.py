"""The dialog of one panel: why its verdict stands, and what the comparison with the baseline says."""

from math import exp

from console.core.desk import Desk
from console.core.durations import format_duration
from console.core.evidence_words import chance_text, strength
from console.core.frame import EvidenceView, Frame, Panel
from console.core.verdict import Verdict
from console.screens.base import ConsoleDialog
from widgets.ink import VERDICT, Role
from widgets.key_bar import KeyCap
from widgets.lines import BLANK, Line, Span, cells, wrap
from widgets.panels import approach_spans, counted
from widgets.plots import bar
from widgets.records import Page
from widgets.words import moment, whole

_BAR = 24
_LEAST_BAR = 6
_NAME = 16


class WhyScreen(ConsoleDialog[None]):
    """Shows one panel with everything that is known of it, as it changes."""

    def __init__(self, desk: Desk, panel: Panel, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.title_text = f"Why {panel.metric} is {panel.verdict}"
        self._metric = panel.metric
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """The panel in words."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Draw what is known now."""
        panel = next((panel for panel in frame.panels if panel.metric == self._metric), None)
        if panel is None:
            return
        title = f"Why {panel.metric} is {panel.verdict}"
        if title != self.title_text:
            self.title_text = title
            self.renew()
        width = (self.query_one("#dialog").size.width or self.size.width) - 2
        self._body.show(tuple(why_lines(panel, frame.at, width)))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("Esc", "close", 0), KeyCap("↑ ↓", "read", 1))


def why_lines(panel: Panel, at: float, width: int) -> list[Line]:
    """Return a panel in words, `width` cells wide."""
    since = "" if panel.since is None else f"since {moment(panel.since)}, for {whole(at - panel.since)}"
    lines = [
        _row("verdict", [Span(f"{panel.verdict.glyph} {panel.verdict}", VERDICT[panel.verdict]), Span(f"  {since}")]),
        *_text("because", panel.reason, width),
    ]
    if panel.title and panel.title != panel.metric:
        lines += _text("measures", panel.title, width)
    for value in panel.values:
        said = [Span(value.text, Role.STRONG)]
        if " of " not in value.text:  # it says already what it was measured on
            said.append(Span(f"  {counted(value)}", Role.DIM))
        lines.append(_row(value.track or "value", said))
    if panel.approach is not None:
        lines.append(_row("progress", approach_spans(panel.approach, width - _NAME)))
    for name, condition in panel.conditions:
        stands = name.upper() == panel.verdict.value
        lines.append(_row(name, [Span(condition, VERDICT[panel.verdict] if stands else Role.TEXT)]))
    if panel.pending is not None:
        held = f"{panel.pending} held {whole(panel.held_s)} of {format_duration(panel.needed_s)}"
        lines.append(_row("coming", [Span(held, VERDICT[panel.pending])]))
    for key in panel.keys:
        if key.is_lit:
            lines.append(_row("way out", [Span(f"{key.key} ", VERDICT[panel.verdict]), Span(key.label, Role.STRONG)]))
    if panel.evidence is not None:
        lines += [BLANK, *_evidence(panel.evidence, width)]
    return lines


def _evidence(evidence: EvidenceView, width: int) -> list[Line]:
    worse = VERDICT[Verdict.WARNING] if evidence.worse_share >= 1 else Role.PLOT
    lines = [
        Line((Span(" canary against baseline", Role.STRONG),)),
        _bar("worse", evidence.worse_share, _strength(evidence.log_e_worse, evidence.needed), worse, width),
        _bar(
            f"not {evidence.not_worse_than:g}x worse",
            evidence.not_worse_share,
            _strength(evidence.log_e_not_worse, evidence.needed),
            VERDICT[Verdict.OK] if evidence.is_not_worse else Role.PLOT,
            width,
        ),
        BLANK,
    ]
    for sentence in filter(None, (evidence.share_line, *evidence.explanation)):
        lines += [Line((Span(f" {text}"),)) for text in wrap(sentence, max(10, width - 2))]
    return lines


def _strength(log_e: float, needed: float) -> str:
    return f"{strength(log_e)}, sure at {chance_text(exp(-needed))}"


def _bar(name: str, share: float, said: str, role: Role, width: int) -> Line:
    """Return a bar that gives way to the words behind it."""
    room = width - _NAME - 5 - cells([Span(said)])
    filled, empty = bar(share, max(_LEAST_BAR, min(_BAR, room)))
    edge = Span("▏", Role.FAINT)
    return _row(name, [Span("▕", Role.FAINT), Span(filled, role), Span(empty), edge, Span(f" {said}", Role.DIM)])


def _row(name: str, spans: list[Span]) -> Line:
    return Line((Span(f" {name:<{_NAME}}", Role.DIM), *spans))


def _text(name: str, text: str, width: int) -> list[Line]:
    first, *more = wrap(text, max(10, width - _NAME - 2)) or [""]
    return [_row(name, [Span(first)]), *(_row("", [Span(line)]) for line in more)]
