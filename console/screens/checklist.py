"""Checklists and sign-offs, full screen: of every phase and validation window, ticked, verified and signed by key."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input

from console.core.checklist_frame import ChecklistView, ItemKind, Place, SignOffView
from console.core.desk import Desk
from console.core.frame import Frame
from console.screens.arrange import HEADER
from console.screens.base import ConsoleScreen
from widgets.checklists import ChecklistsBody, ChecklistsPart, Row, RowPane, checklists_lines, name_of, rows_of
from widgets.entry import Entry
from widgets.header import SoakHeader, header_part
from widgets.key_bar import KeyBar, KeyCap

WIDE = 110
"""From this width on the chosen item stands beside the list."""
BELOW = 9
"""Lines of the chosen item where it stands below the list."""


class ChecklistScreen(ConsoleScreen[None]):
    """What people must see to: what was, what is now, what is to come."""

    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("c", "leave_screen", "Back", show=False),
        Binding("space,enter", "choose", "Tick, verify or sign", show=False),
        Binding("n", "note", "With a note", show=False),
        Binding("v", "verify", "Verify now", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("tab,right_square_bracket", "next_stage(1)", "Next phase", show=False),
        Binding("shift+tab,left_square_bracket", "next_stage(-1)", "Phase before", show=False),
        Binding("pageup", "read(-1)", "Read up", show=False),
        Binding("pagedown", "read(1)", "Read down", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._header = SoakHeader(id="header")
        self._body = ChecklistsBody(id="body")
        self._pane = RowPane(id="row")
        self._note = Entry(id="note", placeholder="a note; Enter ticks or signs with it, Esc takes it away")
        self._hints = KeyBar(id="hints")
        self._chosen = self._first()
        """Name of the row under the cursor: it stays chosen although the list changes."""
        self._is_armed = False
        self._verifying: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """Lay the header above the list, the chosen item beside or below it, and the keys last."""
        self._header.styles.height = HEADER
        self._note.display = False
        yield self._header
        yield Container(self._body, self._pane, id="checklists")
        yield self._note
        yield self._hints

    def on_mount(self) -> None:
        """Draw at once, with the first thing that waits for somebody in sight."""
        self._arrange(self.size.width)
        self.show_frame(self.desk.frame)
        self.call_after_refresh(self._reveal)

    def on_resize(self, event: events.Resize) -> None:
        """Put the chosen item beside the list where there is room."""
        self._arrange(event.size.width)
        self.call_after_refresh(self._reveal)

    def _arrange(self, width: int) -> None:
        is_wide = width >= WIDE
        self.query_one("#checklists").styles.layout = "horizontal" if is_wide else "vertical"
        self._pane.styles.width = "2fr" if is_wide else "100%"
        self._body.styles.width = "3fr" if is_wide else "100%"
        self._pane.styles.height = "1fr" if is_wide else BELOW

    # -- drawing -------------------------------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        return rows_of(self.desk.frame.stages)

    def _first(self) -> str:
        """Return the first row that waits for somebody now, or is asked for before the next phase begins."""
        rows = self._rows()
        present = [row for row in rows if row[0].place is Place.PRESENT]
        before = [row for row in rows if isinstance(row[1], ChecklistView) and row[1].kind is ItemKind.PREREQUISITE]
        coming = [row for row in before if row[0].place is Place.COMING]
        waiting = [row for row in (*present, *coming) if not _is_done(row)]
        return next((name_of(row) for row in (*waiting, *present, *rows)), "")

    def _cursor(self) -> int:
        names = [name_of(row) for row in self._rows()]
        return names.index(self._chosen) if self._chosen in names else 0

    def _row(self) -> Row | None:
        rows = self._rows()
        return rows[self._cursor()] if rows else None

    def _part(self) -> ChecklistsPart:
        return ChecklistsPart(
            self.desk.frame.stages, self._cursor(), self.desk.frame.at, self._is_armed, self._verifying
        )

    def show_frame(self, frame: Frame) -> None:
        """Draw the checklists of the frame."""
        self._header.show(header_part(frame, is_read_only=self.is_read_only, frozen_s=0.0))
        self._body.show(self._part())
        self._pane.show(self._row())
        self._hints.show(self.key_hints())

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys that do something now."""
        caps = (KeyCap("Esc", "close", 0), KeyCap("↑ ↓", "choose", 3), KeyCap("Tab", "next phase", 4))
        if not self.may_act:
            return caps
        row = self._row()
        is_verified = row is not None and isinstance(row[1], ChecklistView) and row[1].is_verified
        is_role = row is not None and isinstance(row[1], SignOffView)
        what = "verify now" if is_verified else "sign" if is_role else "tick"
        return (*caps[:1], KeyCap("Space", what, 1), KeyCap("n", "with a note", 2), KeyCap("v", "verify", 2), *caps[1:])

    def _reveal(self) -> None:
        lines, place = checklists_lines(self._part(), max(20, self._body.size.width))
        self._body.reveal(max(0, place - 2), min(4, len(lines)))

    # -- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key works now: while the field is open, what is typed decides nothing."""
        return action == "back" or not self._note.display

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        rows = self._rows()
        if rows:
            self._go_to(max(0, min(len(rows) - 1, self._cursor() + steps)))

    def action_next_stage(self, steps: int) -> None:
        """Move the cursor to the first row of the next phase or window, or of the one before."""
        rows = self._rows()
        firsts = [place for place, row in enumerate(rows) if place == 0 or rows[place - 1][0] != row[0]]
        here = self._cursor()
        later = [place for place in firsts if place > here]
        before = [place for place in firsts if place < here]
        if steps > 0 and later:
            self._go_to(later[0])
        elif steps < 0 and before:
            self._go_to(before[-1])

    def _go_to(self, place: int) -> None:
        self._chosen = name_of(self._rows()[place])
        self._is_armed = False
        self._pane.scroll_to_row(0)
        self.show_frame(self.desk.frame)
        self._reveal()

    def action_read(self, pages: int) -> None:
        """Scroll what is known of the chosen item."""
        self._pane.scroll_rows(pages * max(1, self._pane.page - 1))

    def action_choose(self) -> None:
        """Tick or untick the item, verify it now, or sign off: that takes the key twice."""
        self._decide("")

    def action_note(self) -> None:
        """Open the field for a note."""
        if self.may_act and self._rows():
            self._note.display = True
            self.set_focus(self._note)  # at once: what is typed next is meant for the field

    def action_verify(self) -> None:
        """Verify the item under the cursor now, and show what came of it."""
        row = self._row()
        if row is not None and isinstance(row[1], ChecklistView) and row[1].is_verified and self.may_act:
            self._verify(row, row[1])

    def action_back(self) -> None:
        """Take the field away, or go back."""
        if self._note.display:
            self._put_away()
        else:
            self.dismiss(None)

    def action_leave_screen(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _put_away(self) -> None:
        self._note.display = False
        self._note.value = ""
        self._body.focus()

    @on(Input.Submitted, "#note")
    def _on_written(self, event: Input.Submitted) -> None:
        event.stop()
        note = event.value.strip()
        self._put_away()
        self._is_armed = True
        self._decide(note)

    def _decide(self, note: str) -> None:
        row = self._row()
        if row is None or not self.may_act:
            return
        stage, one = row
        self._chosen = name_of(row)
        if isinstance(one, ChecklistView):
            self._is_armed = False
            if one.is_verified:
                self._verify(row, one)
                return
            is_done = True if note or one.is_half else not one.is_done
            self.order(lambda: self.desk.tick(one.item, is_done=is_done, note=note, stage=stage.name))
        elif not one.by:
            if stage.place is not Place.PRESENT:
                self.app.notify(f"only the present phase can be signed off, not {stage.name}", markup=False)
            elif self._is_armed:
                self._is_armed = False
                self.order(lambda: self.desk.sign_off(one.role, note=note))
            else:
                self._is_armed = True
        self.show_frame(self.desk.frame)

    def _verify(self, row: Row, item: ChecklistView) -> None:
        name = name_of(row)
        if name in self._verifying:
            return
        self._verifying |= {name}

        async def verify() -> None:
            try:
                await self.desk.tick(item.item, is_done=True, stage=row[0].name)
            finally:
                self._verifying -= {name}
                if self.is_mounted:
                    self.show_frame(self.desk.frame)

        self.order(verify)
        self.show_frame(self.desk.frame)


def _is_done(row: Row) -> bool:
    one = row[1]
    return one.is_done if isinstance(one, ChecklistView) else bool(one.by)
