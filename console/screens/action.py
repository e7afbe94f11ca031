"""The dialog before an action: what exactly it will do, and what must be typed or pressed so that it does it."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import DescendantFocus, Event, Key
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input

from console.core.action_frame import ActionView
from console.core.desk import Desk, Refused
from console.core.frame import Frame
from console.core.plan import Preview
from console.screens.attempt import AttemptScreen
from console.screens.base import ConsoleDialog
from widgets.entry import EDITING, Entry
from widgets.ink import Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span, cells, clean, wrap
from widgets.preview import PreviewBody, PreviewPart
from widgets.records import Page
from widgets.words import share

_STATUS_LINES = 4
ARMED_AFTER_S = 0.5
"""A preview must have been in sight for this long before it can be confirmed: keys may have been hit in a hurry."""


def rung_below(preview: Preview, present: float) -> float | None:
    """Return the highest rung of a step down that is lower than the present share, `None` if there is none."""
    return max((rung for rung in rungs_of(preview) if rung < present), default=None)


def rungs_of(preview: Preview) -> tuple[float, ...]:
    """Return the rungs that a preview knows of, from high to low."""
    own = () if preview.plan.traffic is None else (preview.plan.traffic,)
    return tuple(sorted({*own, *preview.plan.ladder}, reverse=True))


class _DialogButton(Button):
    """A button that sees to a key before the next is looked at.

    A key that bubbles may be overtaken by the next, and would then mean what it means where that one put the focus.
    """

    def _forward_event(self, event: Event) -> None:
        dialog = self.screen
        if not isinstance(event, Key) or not isinstance(dialog, ActionScreen):
            super()._forward_event(event)
        elif event.key == "enter":
            self.press()
        elif event.key == "tab":
            dialog.focus_next()
        elif event.key == "shift+tab":
            dialog.focus_previous()
        elif not dialog.take_letter(event):
            super()._forward_event(event)


class ActionScreen(ConsoleDialog[None]):
    """Shows an action and starts it once it is confirmed; the cursor begins on Cancel."""

    has_action_keys = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Confirm", show=False),
        Binding("left", "rung(1)", "Higher rung", show=False),
        Binding("right", "rung(-1)", "Lower rung", show=False),
    ]

    def __init__(
        self, desk: Desk, action: ActionView, *, is_read_only: bool, given: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.action = action
        self._given_values = given
        """What was chosen for the parameters of the action."""
        self.title_text = action.title
        self._preview: Preview | None = None
        self._rungs: tuple[float, ...] = ()
        self._rung: float | None = None
        """The rung that was chosen last, whether its preview is there already or not."""
        self._early: list[str] = []
        """The letters that were typed before it was known what must be typed."""
        self._is_given = False
        self._is_armed = False
        self._arming: Timer | None = None
        self._body = PreviewBody(id="body")
        self._said = Page(id="said")
        self._status = Page(id="status")
        self._word = Entry(id="word", select_on_focus=False)  # else the second key replaces the first
        self._reason = Entry(id="reason", placeholder="why, for the journal (needed)")
        self._cancel = _DialogButton("Cancel", id="cancel", compact=True)
        self._confirm = _DialogButton(Content(clean(action.title)), id="confirm", compact=True, disabled=True)
        self._dry_run = _DialogButton("Dry run", id="dry-run", compact=True, disabled=True)
        self._asked = Horizontal(self._said, self._word, id="asked")
        self._asked.display = self._word.display = self._reason.display = False
        self._buttons = Horizontal(self._cancel, self._confirm, self._dry_run, id="buttons")

    @property
    def body(self) -> PreviewBody:
        """The preview."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return what is said, what is typed, and the buttons."""
        return (self._asked, self._reason, self._status, self._buttons)

    @property
    def focus_chain(self) -> list[Widget]:
        """Cancel first, then what must be typed, then the buttons that do something."""
        order = (self._cancel, self._word, self._reason, self._confirm, self._dry_run)
        return [widget for widget in order if widget.display and not widget.disabled]

    def on_mount(self) -> None:
        """Begin on Cancel, and fetch what the action would do."""
        self._say("reading the present state …", Role.DIM)
        self.set_focus(self._cancel)  # now, and not after what was typed early has its field
        self.run_worker(self._fetch(None), group="preview", exclusive=True, exit_on_error=False)

    def show_frame(self, frame: Frame) -> None:
        """A preview stays as it was shown; what has changed since is checked when it is started."""

    def _say(self, text: str, role: Role = Role.TEXT) -> None:
        """Say how it goes, below what is asked; an empty text says nothing."""
        pieces = wrap(text, max(20, min(self.size.width, 116) - 4))[:_STATUS_LINES]
        self._status.display = bool(text)
        self._status.styles.height = len(pieces)
        self._status.show(tuple(Line((Span(f" {piece}", role),)) for piece in pieces))
        self.fit_body()

    def _ask(self, preview: Preview) -> None:
        """Show what is asked for; where that is a word, the field stands behind it."""
        line = self._question(preview)
        self._asked.display = True
        self._word.display = bool(preview.type_to_confirm)
        self._said.styles.width = cells(line.spans) + 1 if preview.type_to_confirm else "1fr"
        self._said.show((line,))
        self._take_early(preview.type_to_confirm)

    async def _fetch(self, traffic: float | None) -> None:
        """Fetch the preview; for a step down, of the rung below the present share."""
        try:
            preview = await self.desk.preview(self.action.action, traffic=traffic, given=self._given_values)
            if traffic is None and self.action.kind == "step_down":
                self._rungs = rungs_of(preview)
                wanted = rung_below(preview, self.desk.frame.phase.traffic)
                if wanted is not None and wanted != preview.plan.traffic:
                    preview = await self.desk.preview(self.action.action, traffic=wanted)
        except Refused as refused:
            self._say(str(refused), Role.WARNING)
            self.renew()
            return
        except Exception as fault:
            self._say(f"it cannot be shown what this would do: {fault}", Role.BROKEN)
            self.renew()
            raise
        self._show_preview(preview)
        if preview.before:
            await self._look_before(preview)

    async def _look_before(self, preview: Preview) -> None:
        """Ask what is to be looked at before, while the preview is in sight already."""
        if preview.is_waiting:
            self._say("waiting for what is looked at before …", Role.DIM)
        said = ""
        try:
            answered = await self.desk.look_before(preview)
        except Refused as refused:  # what cannot be asked stands in the way of nothing
            said = str(refused)
            answered = preview.answered([(None, said)] * len(preview.before))
        if self._preview is preview and not self._is_given:
            self._preview = answered
            self._body.show(PreviewPart(answered, self.desk.frame.phase.traffic))
            self._reason.display = answered.needs_reason
            self._say(said, Role.WARNING)
            self._weigh()
            self.renew()

    def _show_preview(self, preview: Preview) -> None:
        self._preview, self._rung = preview, preview.plan.traffic
        self._body.show(PreviewPart(preview, self.desk.frame.phase.traffic))
        self.title_text = preview.plan.title or self.action.title
        self._reason.display = preview.needs_reason
        self._dry_run.disabled = False
        self._confirm.label = Content(clean(self._confirm_label(preview)))
        self._ask(preview)
        self._say("")
        self._is_armed = False
        self._weigh()
        if self._arming is not None:
            self._arming.stop()
        self._arming = self.set_timer(ARMED_AFTER_S, self._arm)
        self.renew()

    def _arm(self) -> None:
        self._is_armed = True
        self._weigh()

    def _confirm_label(self, preview: Preview) -> str:
        label = self.title_text
        if preview.plan.kind == "step_down" and preview.plan.traffic is not None:
            label = f"{label} to {share(preview.plan.traffic)}"
        return label if preview.type_to_confirm else f"{label} (y)"

    def _question(self, preview: Preview) -> Line:
        if preview.type_to_confirm:
            return Line((Span(" Type  "), Span(preview.type_to_confirm, Role.STRONG), Span("  to confirm: ")))
        if len(self._rungs) > 1:
            spans = [Span(" Rung  ", Role.DIM)]
            for rung in self._rungs:
                is_chosen = rung == preview.plan.traffic
                spans.append(Span(f" {share(rung)} ", Role.WARNING_BADGE if is_chosen else Role.DIM))
            return Line((*spans, Span("   ← → choose", Role.DIM)))
        is_soon = preview.is_waiting or not self._is_armed
        return Line((Span(" look first, then y" if is_soon else " y confirms", Role.DIM),))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog; the one that confirms as soon as it does."""
        begin = "Enter" if isinstance(self.focused, Entry) else "" if self._word.display else "y"
        return (
            *((KeyCap(begin, "begin", 0),) if begin and self._is_ready() else ()),
            KeyCap("Esc", "cancel", 0),
            KeyCap("Tab", "next field", 1),
            KeyCap("↑ ↓", "read", 2),
        )

    def _is_ready(self) -> bool:
        preview = self._preview
        if preview is None or self._is_given or preview.is_waiting or not (self._is_armed and self.may_act):
            return False
        if preview.type_to_confirm and self._word.value.strip() != preview.type_to_confirm:
            return False
        return bool(self._reason.value.strip()) or not preview.needs_reason

    def _weigh(self) -> None:
        """Let the button work exactly while everything that is asked for is there, and say so of the key."""
        self._confirm.disabled = not self._is_ready()
        self.hints.show(self.key_hints())
        if self._preview is not None and not self._preview.type_to_confirm:
            self._said.show((self._question(self._preview),))

    @on(Input.Changed)
    @on(DescendantFocus)
    def _on_typed(self) -> None:
        self._weigh()

    @on(Input.Submitted)
    def _on_entered(self, event: Input.Submitted) -> None:
        """Enter confirms once everything is there, and otherwise goes to the field that is still empty."""
        event.stop()
        if self._is_ready():
            self._give(is_dry_run=False)
        elif event.input is self._word and self._reason.display:
            self._reason.focus()
        elif self._word.display:
            self._word.focus()
            self._say_too_soon("Enter")

    @on(Button.Pressed)
    def _on_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button is self._cancel:
            self.action_close()
        elif event.button is self._confirm:
            self._give(is_dry_run=False)
        else:
            self._give(is_dry_run=True)

    def _forward_event(self, event: Event) -> None:
        if not (isinstance(event, Key) and self.take_letter(event)):
            super()._forward_event(event)

    def take_late(self, event: Key) -> None:
        """Keep a letter of the word that was typed right behind the key of the action; after the preview it is late."""
        if self._preview is None:
            self.take_letter(event)

    def take_letter(self, event: Key) -> bool:
        """Let a word that is typed at once go into its field, although Cancel is what Enter means until then.

        Returns whether the key was taken. What comes before the preview waits for it. The field has the focus before
        this returns, so that the next letter cannot arrive there before this one.
        """
        # Any character that a service may have in its name; a space presses the button.
        letter = event.character if event.is_printable else None
        if event.key not in EDITING and not (letter and not letter.isspace()):
            return False
        if self._preview is None and not self._asked.display:
            self._early += [letter] if letter else []
        elif self._word.display:
            self.set_focus(self._word)
            self._word._forward_event(event)
        else:
            return False
        return True

    def _take_early(self, wanted: str) -> None:
        """Put what was typed early into the field if the word begins so; else it was hit in a hurry, as a second R."""
        early, self._early = "".join(self._early), []
        if early and wanted.startswith(early):
            self.set_focus(self._word)
            self._word.value = early
            self._word.cursor_position = len(early)

    def action_yes(self) -> None:
        """Confirm with one key, where no word is asked for."""
        if self._preview is not None and not self._preview.type_to_confirm:
            self._say_too_soon("y")
            self._give(is_dry_run=False)

    def _say_too_soon(self, key: str) -> None:
        """Say why a key that confirms did nothing, while the preview has hardly been in sight."""
        preview = self._preview
        if preview is not None and not self._is_armed and self._word.value.strip() == preview.type_to_confirm:
            self._say(f"too soon after it came in sight: look at what it will do, then {key} again", Role.WARNING)

    def action_rung(self, steps: int) -> None:
        """Choose another rung of a step down; until its preview is in sight nothing can be confirmed."""
        if self._is_given or self._rung not in self._rungs:
            return
        place = self._rungs.index(self._rung) - steps
        if 0 <= place < len(self._rungs):
            self._preview, self._rung = None, self._rungs[place]
            self._dry_run.disabled = True
            self._weigh()
            self._say(f"reading what {share(self._rung)} would do …", Role.DIM)
            self.run_worker(self._fetch(self._rung), group="preview", exclusive=True, exit_on_error=False)

    def _give(self, *, is_dry_run: bool) -> None:
        """Start the action, once."""
        preview = self._preview
        if preview is None or self._is_given or not (is_dry_run or self._is_ready()):
            return
        self._is_given = True
        self._confirm.disabled = self._dry_run.disabled = True
        self._say("starting …", Role.DIM)
        reason, typed = self._reason.value.strip(), self._word.value.strip()

        async def start() -> None:
            try:
                attempt = await self.desk.start(preview, reason=reason, typed=typed, is_dry_run=is_dry_run)
            except Refused as refused:
                self._take_back(str(refused))
                raise
            except Exception as fault:
                self._take_back(f"it could not be started: {fault}")
                raise
            if is_dry_run:
                self._end_dry_run(preview)
            else:
                self._follow(attempt)

        self.order(start)

    def _take_back(self, why: str) -> None:
        self._is_given = False
        if self.is_attached:
            self._dry_run.disabled = self._preview is None
            self._say(why, Role.WARNING)
            self._weigh()

    def _end_dry_run(self, preview: Preview) -> None:
        """Say what a dry run found: what stands in the way is known without changing anything."""
        problems = (*preview.problems, *preview.not_passed)
        said = "; ".join(problems) if problems else "nothing stands in its way"
        self._take_back(f"Dry run: nothing was changed; {said}")

    def _follow(self, attempt: str) -> None:
        """Show the attempt in place of this dialog, if it is still open."""
        if self.app.screen is self:
            self.app.switch_screen(AttemptScreen(self.desk, attempt, is_read_only=self.is_read_only))
