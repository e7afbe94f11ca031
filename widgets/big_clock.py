"""A time in digits that are three lines high, to be read from two metres."""

from textual.renderables.digits import DIGITS, DIGITS3X3

_GLYPH_ROWS = 3


def clock_digits(seconds: float) -> str:
    """Return a time as it stands on a clock, without its sign: `04:12`, `1:02:03`, days as hours."""
    whole = int(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def big_clock(seconds: float) -> tuple[str, str, str]:
    """Return the three lines of a time; they are equally long."""
    rows = ["", "", ""]
    for digit in clock_digits(seconds):
        place = DIGITS.index(digit) * _GLYPH_ROWS
        glyph = DIGITS3X3[place : place + _GLYPH_ROWS]
        rows = [row + part.ljust(3) for row, part in zip(rows, glyph, strict=True)]
    return rows[0], rows[1], rows[2]
