"""How many of the last records of a log are asked for: as few as reach back far enough."""

from collections.abc import Callable

TAILS = (1_000, 30_000, 1_000_000, 30_000_000)
"""Asked for one after the other, until they reach back far enough; after them the whole log."""
SHORT_TAILS = (1, 4, 16, 64, 256)
"""Asked for before them where a record that the engine cannot read may stand shortly before the end."""


def readable_tail(is_readable: Callable[[int], bool]) -> int:
    """Return how many of the last records can be read, exact to a 64th; 0 for none, the longest of tails for all."""
    readable, too_many = 0, 1
    while is_readable(too_many):
        if too_many == TAILS[-1]:
            return too_many
        readable, too_many = too_many, min(TAILS[-1], 8 * too_many)
    while too_many - readable > max(1, readable // 64):
        between = (readable + too_many) // 2
        if is_readable(between):
            readable = between
        else:
            too_many = between
    return readable
