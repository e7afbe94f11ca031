"""All keys, and what the words of the screen mean."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.actions import GROUPS, JOURNAL_KEYS, KEYS, Key
from console.core.desk import Desk
from console.core.frame import Frame
from console.core.verdict import Verdict
from console.core.words import SourceState
from console.screens.base import ConsoleDialog
from widgets.ink import Role
from widgets.key_bar import KeyCap
from widgets.lines import BLANK, Line, Span, cells, fit, wrap
from widgets.records import Page
from widgets.words import SOURCE_LOOKS, named

_VERDICTS: dict[Verdict, str] = {
    Verdict.NOT_JUDGED: "nothing is asked of it in this phase: the panel says in which",
    Verdict.OK: "on target",
    Verdict.OFF_TARGET: "neither on target nor bad enough for a warning",
    Verdict.UNKNOWN: "no data, too few samples, or a value too old: not healthy, and no reason to roll back",
    Verdict.BROKEN: "measuring itself failed",
    Verdict.WARNING: "the warning condition has held for its time",
    Verdict.CRITICAL: "the critical condition has held for its time; the key beside it is the way out",
}
_STATES: dict[SourceState, str] = {
    SourceState.STARTING: "not connected yet",
    SourceState.LIVE: "answers",
    SourceState.QUIET: "connected, and silent for longer than usual",
    SourceState.STALE: "nothing has answered for too long",
    SourceState.RETRYING: "lost; tried again by itself, for ever",
    SourceState.UNREADABLE: "will not work until somebody changes something",
}
_KEY_CELLS = 9


def help_lines(frame: Frame, width: int, *, may_act: bool) -> tuple[Line, ...]:
    """Return the help: the rollout's own keys, the console's keys by group, then the words."""
    lines: list[Line] = []
    for group, title in GROUPS.items():
        keys = [(key.shown, key.tooltip) for key in (*KEYS, *JOURNAL_KEYS) if _belongs(key, group, may_act=may_act)]
        if group == "actions" and may_act:
            offered = [action for action in frame.actions if action.key]
            keys = [(one.key, _said(one.title, one.why_not or one.out_of_place)) for one in offered]
        if keys:
            lines += [Line((Span(f" {title}", Role.HEAD),)), *_pairs(keys, width), BLANK]
    lines.append(Line((Span(" Verdicts", Role.HEAD),)))
    for verdict, meaning in _VERDICTS.items():
        word = named(verdict)
        lines += _explained([Span("  "), word, Span(" " * (14 - cells([word])))], meaning, width)
    lines += [BLANK, Line((Span(" Sources", Role.HEAD),))]
    for state, meaning in _STATES.items():
        glyph, role = SOURCE_LOOKS[state]
        lines += _explained([Span(f"  {glyph} {state:<12}", role)], meaning, width)
    return tuple(lines)


def _belongs(key: Key, group: str, *, may_act: bool) -> bool:
    return key.group == group and (may_act or key.guard != "is_holding")


def _said(title: str, why_not: str) -> str:
    return f"{title} (not now: {why_not})" if why_not else title


def _explained(lead: list[Span], meaning: str, width: int) -> list[Line]:
    indent = cells(lead)
    first, *rest = wrap(meaning, max(10, width - indent - 1))
    return [Line((*lead, Span(first))), *(Line((Span(" " * indent), Span(piece))) for piece in rest)]


def _pairs(keys: list[tuple[str, str]], width: int) -> list[Line]:
    lines: list[Line] = []
    for key, said in keys:
        lines += _explained([Span("  "), Span(fit(key, _KEY_CELLS), Role.KEY)], said, width)
    return lines


class HelpScreen(ConsoleDialog[None]):
    """All keys."""

    title_text = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "close", "Back", show=False)]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """The text."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Draw the help for the actions of the frame."""
        width = self.query_one("#dialog").size.width or self.size.width - 4
        self._body.show(help_lines(frame, width - 1, may_act=self.may_act))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("Esc", "close", 0), KeyCap("↑ ↓ PgUp PgDn", "read", 1))
