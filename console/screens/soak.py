"""The soak screen: how it stands, how to get out, what is missing to go on."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from console.actions import ATTEMPT_KEYS, KEYS, NOT_IN_VIEWS, bindings
from console.core.action_frame import ActionView
from console.core.dashboard_frame import DashboardView
from console.core.desk import Desk
from console.core.frame import Frame, Panel
from console.core.incident_frame import open_incident
from console.core.outlook import progress_notes
from console.screens.arrange import (
    KEY_BAR,
    LEAST_HEIGHT,
    LEAST_WIDTH,
    ULTRA,
    Rows,
    Wants,
    arrange,
    is_folded,
    is_too_small,
)
from console.screens.key_caps import key_caps, ladder_keys
from console.screens.places import PlacesScreen
from widgets.advance import AdvanceBox, AdvancePart
from widgets.attempt import AttemptPart, AttemptStrip, attempt_to_show, strip_height
from widgets.counters import EventCounters, counters_part, kinds_of
from widgets.drawing import Drawing
from widgets.header import SoakHeader, header_part
from widgets.key_bar import KeyBar
from widgets.log_pane import LogPane
from widgets.log_tail import LogPart
from widgets.panel_list import PanelList
from widgets.query_pane import QueriesPart, QueryPane, query_lines
from widgets.records import Page
from widgets.sources import SourceStrip, StripPart, source_lines, strip_part
from widgets.too_small import too_small_lines
from widgets.view_pane import ViewPane, ViewPart

HAND_ON_KEY_S = 3.0
"""For this long after a key was pressed no panel moves."""
_SOAK_KEYS = tuple(
    key for key in KEYS if key.id not in ("help", "commands", "quit", "leave", "next_pane") and key.group != "attempt"
)


class SoakScreen(PlacesScreen):
    """The screen that is looked at all day."""

    AUTO_FOCUS = "#panels"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(_SOAK_KEYS))

    def __init__(self, desk: Desk, *, is_read_only: bool, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._clock = clock
        self._key_pressed = -HAND_ON_KEY_S
        self._unfolded = ""
        """The folded pane that is shown in place of the log, on a narrow screen."""
        self._left = "events"
        """Which of counters and queries is shown where there is room for one."""
        self._rows: Rows | None = None
        self._newest: Frame | None = None
        self._newest_since = clock()
        self._header = SoakHeader(id="header")
        self._strip = SourceStrip(id="strip")
        self._attempt = AttemptStrip(id="attempt")
        self._panels = PanelList(id="panels")
        self._events = EventCounters(id="events")
        self._queries = QueryPane(id="queries")
        self._advance = AdvanceBox(id="advance")
        self._advance_line = AdvanceBox(id="advance-line")
        self._view = ViewPane(id="view")
        self._log_pane = LogPane(desk.rows, id="log-pane")
        self._log = self._log_pane.tail
        self._keys = KeyBar(id="keys")
        self._small = Page(id="small")

    def compose(self) -> ComposeResult:
        """Lay the parts out from top to bottom."""
        yield self._header
        yield self._strip
        yield self._attempt
        yield self._panels
        yield self._advance_line
        yield Horizontal(self._events, self._queries, self._advance, id="middle")
        yield self._log_pane
        yield self._view
        yield self._keys
        yield self._small

    def on_mount(self) -> None:
        """Draw at once, before the first pull."""
        self.show_frame(self.desk.frame)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self._rows = None
        self.show_frame(self.desk.frame)

    def on_key(self, event: events.Key) -> None:
        """Remember that a hand is on the keys."""
        self._key_pressed = self._clock()

    # -- drawing ------------------------------------------------------------------------------------------------

    def show_frame(self, frame: Frame) -> None:
        """Give every part of the screen its part of the frame."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        if is_too_small(width, height):
            self._show_small(frame)
            return
        if frame is not self._newest:
            self._newest, self._newest_since = frame, self._clock()
        frozen_s = self._clock() - self._newest_since
        attempt = self._attempt_part(frame)
        strip = strip_part(frame)
        queries = self._queries_part(frame)
        self._lay_out(frame, strip, attempt, queries)
        view = self._chosen_view()
        if view is not None:
            self._view.show(ViewPart(view, tuple(one.title for one in frame.views)))
        self._header.show(header_part(frame, is_read_only=self.is_read_only, frozen_s=frozen_s))
        self._strip.show(strip)
        if attempt is not None:
            self._attempt.show(attempt)
        may_move = self._clock() - self._key_pressed > HAND_ON_KEY_S
        each = self._rows.rows_each if self._rows else 2
        self._panels.update(frame.panels, may_move=may_move, has_keys=self.may_act, rows_each=each)
        self._events.show(counters_part(frame))
        self._queries.show(queries)
        advance = AdvancePart(frame.phase, self._advance_action(frame), int(frame.at), progress_notes(frame))
        (self._advance_line if is_folded(width, height) else self._advance).show(advance)
        self._log_pane.update(LogPart(kinds_of(frame.events), frame.tracks, round(frame.flow.lines_per_s)))
        self._keys.show(key_caps(frame, may_act=self.may_act, steered=self.held(), is_view=view is not None))

    def _attempt_part(self, frame: Frame) -> AttemptPart | None:
        attempt = attempt_to_show(frame)
        if attempt is None:
            return None
        keys = ladder_keys(attempt) if self.may_act else ()
        return AttemptPart(attempt, self.desk.output(attempt.attempt)[-8:], int(frame.at), keys)

    @staticmethod
    def _queries_part(frame: Frame) -> QueriesPart:
        is_running = any(query.is_running for query in frame.queries)
        return QueriesPart(frame.queries, int(frame.at) if is_running else 0)

    def _advance_action(self, frame: Frame) -> ActionView | None:
        if not self.may_act:
            return None
        return next((action for action in frame.actions if action.kind == "advance"), None)

    def _lay_out(self, frame: Frame, strip: StripPart, attempt: AttemptPart | None, queries: QueriesPart) -> None:
        width, height = self.size
        wants = Wants(
            panels=len(frame.panels),
            events=len(frame.events) + bool(frame.short),
            clauses=len(frame.phase.clauses) + bool(frame.phase.outlook),
            query_lines=len(query_lines(queries, width)) - 1 if frame.queries else 0,
            attempt=0 if attempt is None else strip_height(attempt, 9),
            is_strip_long=len(source_lines(replace(strip, blind=()), width, 2)) > 1,
            is_blind=bool(strip.blind),
            has_incident=open_incident(frame.incidents) is not None,
        )
        rows = arrange(width, height, wants, is_unfolded=bool(self._unfolded))
        if self._chosen_view() is not None:
            rows = rows.with_view()
        if rows == self._rows:
            return
        self._rows = rows
        heights: list[tuple[Widget, int]] = [
            (self._header, rows.header),
            (self._strip, rows.strip),
            (self._attempt, rows.attempt),
            (self._panels, rows.panels),
            (self._advance_line, rows.advance),
            (self.query_one("#middle"), rows.middle),
            (self._log_pane, rows.log),
            (self._view, rows.view),
            (self._keys, KEY_BAR),
            (self._small, 0),
        ]
        for widget, lines in heights:
            widget.display = lines > 0
            if lines > 0:
                widget.styles.height = lines
        has_middle = not is_folded(width, height)
        is_ultra = has_middle and width >= ULTRA
        shown = self._left if has_middle else self._unfolded
        self._events.display = is_ultra or shown == "events"
        self._queries.display = shown == "queries" or (is_ultra and bool(frame.queries))
        self._advance.display = has_middle

    def _show_small(self, frame: Frame) -> None:
        """Show one clear message; the keys of the actions work all the same."""
        self._rows = None
        for child in self.children:
            child.display = child is self._small
        self._small.styles.height = "1fr"
        least = (LEAST_WIDTH, LEAST_HEIGHT)
        self._small.show(too_small_lines(frame, (self.size.width, self.size.height), least, may_act=self.may_act))

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key works now; one that does not is neither shown nor taken."""
        if any(key.id == action for key in ATTEMPT_KEYS):
            return False
        if self._chosen_view() is not None and any(key.id == action for key in NOT_IN_VIEWS):
            return False
        return self.opens(action)

    def _scrolling(self) -> Drawing[object] | None:
        """Return the pane that has the cursor, unless it is the list of panels."""
        focused = self.focused
        return focused if isinstance(focused, Drawing) and focused is not self._panels else None

    def _move(self, steps: int) -> None:
        pane = self._scrolling()
        if pane is not None:
            pane.scroll_rows(steps)
        else:
            self._panels.move(steps)

    def action_panel_up(self) -> None:
        """Select the panel above."""
        self._move(-1)

    def action_panel_down(self) -> None:
        """Select the panel below."""
        self._move(1)

    def action_page_up(self) -> None:
        """Scroll up by a page."""
        pane = self._scrolling() or self._panels
        pane.scroll_rows(-max(1, pane.page - 1))

    def action_page_down(self) -> None:
        """Scroll down by a page."""
        pane = self._scrolling() or self._panels
        pane.scroll_rows(max(1, pane.page - 1))

    def action_back(self) -> None:
        """Take back the innermost thing that was opened or chosen."""
        if self._log_pane.is_searching:
            self._log_pane.close_search(is_kept=False)
        elif self._unfolded:
            self._unfold("")
        elif not self._log.filter.is_open:
            self._log.set_filter(replace(self._log.filter, needle="", kind="", track=""))
        elif not self._log.is_following:
            self._log.follow()
        else:
            self._panels.select("")

    def chosen_panel(self) -> Panel | None:
        if self._panels.selected is None:
            self._panels.move(0)
        return self._panels.selected

    def action_measure(self) -> None:
        """Measure the selected panel now."""
        panel = self.chosen_panel()
        if panel is not None:
            self.order(lambda: self.desk.ask_now(panel.metric))

    def _chosen_view(self) -> DashboardView | None:
        """Return the view that is shown; `None` while everything is."""
        return next((view for view in self.desk.frame.views if view.view == self.desk.view), None)

    def action_view(self) -> None:
        """Show the next view, and after the last one everything."""
        names = ["", *(view.view for view in self.desk.frame.views)]
        place = names.index(self.desk.view) if self.desk.view in names else 0
        following = names[(place + 1) % len(names)]

        async def choose() -> None:
            try:
                await self.desk.choose_view(following)
            finally:
                self._view.scroll_to_row(0)
                self.show_frame(self.desk.frame)
                (self._view if following else self._panels).focus()

        self.order(choose)

    def action_events(self) -> None:
        """Show the counters, where they are folded away."""
        self._choose_pane("events")

    def action_queries(self) -> None:
        """Show the rows of the queries, where they are folded away."""
        self._choose_pane("queries")

    def _choose_pane(self, pane: str) -> None:
        if is_folded(*self.size):
            self._unfold("" if self._unfolded == pane else pane)
            return
        self._left = pane
        self._rows = None
        self.show_frame(self.desk.frame)
        (self._events if pane == "events" else self._queries).focus()

    def _unfold(self, pane: str) -> None:
        self._unfolded = pane
        self._rows = None
        self.show_frame(self.desk.frame)
        target: Widget = self._events if pane == "events" else self._queries if pane == "queries" else self._panels
        target.focus()

    def action_pause(self) -> None:
        """Stop the log, or let it run again."""
        self._log.pause()

    def action_kind(self) -> None:
        """Show the next kind alone."""
        self._log.cycle_kind()

    def action_track(self) -> None:
        """Show the next track alone."""
        self._log.cycle_track()

    def action_follow(self) -> None:
        """Follow the log again."""
        self._log.follow()

    def action_oldest(self) -> None:
        """Go to the oldest line kept."""
        self._log.scroll_rows(-self.desk.rows.end)

    def action_shift_left(self) -> None:
        """Move the log's text right."""
        self._log.shift(-20)

    def action_shift_right(self) -> None:
        """Move the log's text left."""
        self._log.shift(20)

    def action_search(self) -> None:
        """Open the field to search the log."""
        if self._unfolded:
            self._unfold("")
        self._log_pane.open_search()

    def on_panel_list_key_clicked(self, message: PanelList.KeyClicked) -> None:
        """Offer the action whose key was clicked."""
        if not self.may_act:
            return
        offered = next((action for action in self.desk.frame.actions if action.action == message.action), None)
        if offered is not None:
            self.offer(offered)
