"""The one table of keys: it feeds the bindings, the footer, the help, the command palette and the README.

Keys of the rollout file's own actions are not in it: they come with the frame, and where both name the same key the
file wins, because the way out must be where the file says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """Something the operator can do with a key."""

    id: str
    """Also the name of the action method on the screen."""
    keys: str
    """As Textual names them, separated by commas."""
    shown: str
    """As the operator reads them."""
    label: str
    """One or two words for the footer."""
    tooltip: str
    """A sentence for the help and the README."""
    group: str
    guard: str = ""
    """The condition under which it works; see `SoakScreen.check_action`."""
    weight: int | None = None
    """Its place in the footer, less is kept longer on a small screen; `None` keeps it out."""
    is_priority: bool = False
    """It works wherever the cursor is."""


KEYS: tuple[Key, ...] = (
    Key("panel_up", "up,k", "↑ k", "Up", "Select the panel above; in another pane, scroll up", "move"),
    Key("panel_down", "down,j", "↓ j", "Down", "Select the panel below; in another pane, scroll down", "move"),
    Key("page_up", "pageup", "PgUp", "Page up", "Scroll the pane that has the cursor up by a page", "move"),
    Key("page_down", "pagedown", "PgDn", "Page down", "Scroll the pane that has the cursor down by a page", "move"),
    Key("next_pane", "tab", "Tab", "Next pane", "Move the cursor to the next pane; Shift+Tab goes back", "move"),
    Key("back", "escape", "Esc", "Back", "Close what is open: a dialog, a search, the selection", "move"),
    Key("investigate", "i,enter", "i", "Investigate", "Run an investigation query of the selected panel", "panels"),
    Key("why", "w", "w", "Why", "Show why the selected panel's verdict stands, with the evidence", "panels", weight=7),
    Key("measure", "m", "m", "Measure now", "Measure the selected panel now instead of at its next time", "panels"),
    Key(
        "checklist", "c", "c", "Checklist", "Checklists of every phase: tick, verify now, sign off", "places", weight=5
    ),
    Key(
        "journal",
        "J",
        "J",
        "Journal",
        "Read, search and export what was written down, and add a note",
        "places",
        weight=6,
    ),
    Key(
        "alerts",
        "a",
        "a",
        "Alerts",
        "Read alerts and who was told; acknowledge or silence them",
        "places",
        "has_alerts",
        8,
    ),
    Key(
        "incident",
        "5",
        "5",
        "Incident",
        "Open the incident: its clock, roles and procedure; take it, escalate it, resolve it, or open one by hand",
        "places",
        "has_incidents",
        6,
    ),
    Key(
        "view",
        "l",
        "l",
        "Look",
        "Show the next view of the rollout file, such as that of the executives, and after the last one everything",
        "places",
        "has_views",
        7,
    ),
    Key(
        "kpis",
        "g",
        "g",
        "Goals",
        "Show the goals of the whole rollout, and enter the figures that only people know",
        "places",
        "has_kpis",
        8,
    ),
    Key("attempt", "o", "o", "Open action", "Open the action under way, with all it printed", "places", "has_attempt"),
    Key("events", "e", "e", "Events", "Show the counters of events, where they are folded away", "places", weight=8),
    Key(
        "matrix",
        "p",
        "p",
        "Pairs",
        "Show how often an event went from where to where, and what was refused",
        "places",
        "has_matrix",
        8,
    ),
    Key("queries", "d", "d", "Data", "Show the rows of the monitoring queries, where they are folded away", "places"),
    Key(
        "next_rung", "n", "n", "Next rung", "Show what the next rung of the ladder would do", "ladder", "is_holding", 1
    ),
    Key(
        "to_zero",
        "z",
        "z",
        "To zero",
        "Jump straight to 0 %, also while a rung is applied; `y` confirms it",
        "ladder",
        "is_holding",
        1,
    ),
    Key(
        "stay",
        "x",
        "x",
        "Stay here",
        "End the ladder and leave the share as it is; `y` confirms it",
        "ladder",
        "is_holding",
        2,
    ),
    Key(
        "verify",
        "v",
        "v",
        "Verify",
        "Verify an action whose outcome is not known; nothing is changed",
        "attempt",
        "in_attempt",
    ),
    Key(
        "resume",
        "r",
        "r",
        "Resume",
        "Carry an action on with the first step that is not known to be done",
        "attempt",
        "in_attempt",
    ),
    Key(
        "abandon",
        "b",
        "b",
        "Abandon",
        "Leave an action that stopped half way as it is, with a reason",
        "attempt",
        "in_attempt",
    ),
    Key(
        "halt",
        "h",
        "h",
        "Halt",
        "Halt the rollback that is about to begin by itself; after that, arm it again with a reason",
        "automatic",
        "is_automatic",
        0,
    ),
    Key("stop", "X", "X", "End it", "End an action that hangs, with a reason", "attempt"),
    Key("pause", "space", "Space", "Pause log", "Stop the log where it is, and let it run again", "log", weight=9),
    Key("search", "slash", "/", "Search log", "Show only log lines that contain a text", "log", weight=7),
    Key("kind", "f", "f", "Kind", "Show one kind of event after the other in the log", "log"),
    Key("track", "t", "t", "Track", "Show one track after the other in the log", "log"),
    Key("follow", "end", "End", "Follow log", "Go to the newest log line and stay there", "log"),
    Key("oldest", "home", "Home", "Oldest line", "Go to the oldest log line kept", "log"),
    Key("shift_left", "left", "←", "Left", "Move the log's text to the right, towards the start of the lines", "log"),
    Key("shift_right", "right", "→", "Right", "Move the log's text to the left, to read long lines", "log"),
    Key("snapshot", "S", "S", "Snapshot", "Export the session and this screen to a folder", "console", weight=4),
    Key("help", "question_mark", "?", "Help", "Show all keys and what the words mean", "console", weight=3),
    Key("commands", "ctrl+p", "^P", "Commands", "Search everything that can be done", "console", weight=10),
    Key("quit", "q", "q", "Quit", "Leave; the session is kept and can be resumed", "console", weight=9),
    Key("leave", "ctrl+q", "^Q", "Quit", "The same from any dialog", "console", is_priority=True),
)

JOURNAL_KEYS: tuple[Key, ...] = (
    Key("up", "up,k", "↑ k", "Up", "Choose the record before; following stops", "journal"),
    Key("down", "down,j", "↓ j", "Down", "Choose the record after", "journal"),
    Key("page_up", "pageup", "PgUp", "Page up", "Go back by a page", "journal"),
    Key("page_down", "pagedown", "PgDn", "Page down", "Go on by a page", "journal"),
    Key("oldest", "home", "Home", "Oldest", "Go to the oldest record", "journal"),
    Key("newest", "end", "End", "Newest", "Go to the newest record and follow what comes", "journal", weight=6),
    Key("open", "enter", "Enter", "Open", "Show everything the chosen record says", "journal", weight=2),
    Key("search", "slash", "/", "Find", "Show only records that contain a text", "journal", weight=3),
    Key("kind", "f", "f", "Kind", "Show one kind of record after the other", "journal", weight=4),
    Key("metric", "m", "m", "Metric", "Show what is of one metric after the other", "journal", weight=5),
    Key("actor", "a", "a", "Actor", "Show what one person after the other did", "journal", weight=5),
    Key("note", "n", "n", "Note", "Write a note into the journal", "journal", weight=1),
    Key("copy", "y", "y", "Copy", "Give the chosen record to the terminal's clipboard", "journal", weight=7),
    Key("export", "E", "E", "Export", "Write the records that pass the filter into a file", "journal", weight=7),
    Key("back", "escape", "Esc", "Back", "Take a field or the filter away, or leave the journal", "journal", weight=0),
)
"""Keys of the journal's own screen; those that the soak screen has too do there what they do here."""

GROUPS: dict[str, str] = {
    "actions": "Actions of this rollout",
    "move": "Moving",
    "panels": "Panels",
    "places": "Places",
    "ladder": "While a ladder is held",
    "automatic": "Where the file lets a rollback begin by itself",
    "attempt": "In the dialog of an action",
    "log": "Log",
    "journal": "In the journal",
    "console": "Console",
}
"""Titles of the groups, in the order of the help."""

NOT_IN_VIEWS = tuple(key for key in KEYS if key.group in ("panels", "log") or key.id in ("events", "queries"))
"""Keys of panes that a view of the rollout file takes the place of."""

LADDER_ORDERS = {"next_rung": "continue", "to_zero": "zero", "stay": "stop"}
"""Which order to a ladder a key gives, as `AttemptView.orders` names them."""

LADDER_KEYS = tuple(key for key in KEYS if key.group == "ladder")
"""Keys that also work in the dialog of the running action."""

ATTEMPT_KEYS = tuple(key for key in KEYS if key.group == "attempt")
"""Keys that work in the dialog of an action, while it hangs or after it ended otherwise than well."""


def key_of(id: str) -> Key:  # noqa: A002 - the table's own word
    """Return an entry of the table; raises `KeyError`."""
    for key in KEYS:
        if key.id == id:
            return key
    raise KeyError(id)


def bindings(keys: Iterable[Key]) -> list[Binding]:
    """Return the entries as bindings of a screen."""
    return [
        Binding(key.keys, key.id, key.label, id=key.id, tooltip=key.tooltip, priority=key.is_priority, show=False)
        for key in keys
    ]


def markdown_table() -> str:
    """Return the table for the README."""
    lines = ["| key | what it does |", "|---|---|"]
    for group, title in GROUPS.items():
        keys = [key for key in (*KEYS, *JOURNAL_KEYS) if key.group == group]
        if group == "actions":
            lines.append(f"| **{title}** | |")
            lines.append("| as the rollout file says, such as `R`, `G`, `A` | Show what the action will do |")
        elif keys:
            lines.append(f"| **{title}** | |")
            lines += [f"| `{key.shown}` | {key.tooltip} |" for key in keys]
    return "\n".join(lines) + "\n"
