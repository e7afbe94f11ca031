"""How many lines each part of the soak screen gets, as a pure function of the terminal's size."""

from dataclasses import dataclass, replace

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
"""Below this nothing can be laid out that is worth reading."""
WIDE, TALL = 100, 24
"""From this size on the middle row is shown: counters or queries, beside what is missing to advance."""
ULTRA = 160
"""From this width on counters and queries stand side by side."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What there is to show."""

    panels: int
    events: int
    clauses: int
    query_lines: int
    attempt: int
    """Lines of the action under way, 0 for none."""
    is_strip_long: bool
    """The sources do not fit into one line."""
    is_blind: bool = False
    """The monitoring itself is in trouble, which takes a line of the strip."""
    has_incident: bool = False
    """An incident is open, which takes a line of the header."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines of each part, 0 for hidden; together with header and key bar they fill the screen."""

    strip: int
    attempt: int
    panels: int
    rows_each: int
    middle: int
    """The row of counters, queries and what is missing; on a small screen the folded pane."""
    advance: int
    """The one-line form, on a small screen only."""
    log: int
    header: int
    view: int = 0
    """The lines of a view of the rollout file, which takes the place of panels, counters and log."""

    def with_view(self) -> "Rows":
        """Return the same with a view in place of everything that it is about."""
        taken = self.panels + self.middle + self.advance + self.log
        return replace(self, panels=0, middle=0, advance=0, log=0, view=taken)


HEADER = 2
KEY_BAR = 1


def is_too_small(width: int, height: int) -> bool:
    """Whether only a message can be shown."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def is_folded(width: int, height: int) -> bool:
    """Whether counters and queries are folded away, and one line says what is missing to advance."""
    return width < WIDE or height < TALL


def arrange(width: int, height: int, wants: Wants, *, is_unfolded: bool = False) -> Rows:
    """Return the lines for a terminal; `is_unfolded` puts a folded pane in the place of the log.

    The panels come first, then the way on, then the rest; the log keeps at least a few lines.
    """
    strip = 1 + (wants.is_strip_long and height >= 30) + wants.is_blind
    most_attempt = 2 if height < 20 else 4 if height < 30 else 9
    attempt = min(wants.attempt, most_attempt)
    header = HEADER + wants.has_incident
    room = height - header - KEY_BAR - strip - attempt
    full = 1 + 2 * max(1, wants.panels)
    if is_folded(width, height):
        return _narrow(room, full, strip=strip, attempt=attempt, header=header, is_unfolded=is_unfolded)
    middle = 1 + max(wants.events, wants.clauses + 2, min(wants.query_lines, 12), 3)
    middle = min(middle, max(5, room * 30 // 100))
    least_log = max(4, room * 18 // 100)
    panels = min(full, room - middle - least_log)
    rows_each = 2
    spare = room - middle - least_log - full
    if wants.panels and spare >= wants.panels + 6:
        rows_each = 3
        panels = full + wants.panels
    return Rows(strip, attempt, panels, rows_each, middle, 0, room - middle - panels, header)


def _narrow(room: int, full: int, *, strip: int, attempt: int, header: int, is_unfolded: bool) -> Rows:
    room -= 1
    least = 3 if room < 16 else 4
    if is_unfolded:
        least = max(least, min(room // 2, 10))
    panels = min(full, room - least)
    rest = room - panels
    return Rows(strip, attempt, panels, 2, rest if is_unfolded else 0, 1, 0 if is_unfolded else rest, header)
