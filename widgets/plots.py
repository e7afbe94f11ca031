"""Small plots made of block characters."""

from collections.abc import Sequence
from math import isnan

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉█"


def thin(values: Sequence[float | None], width: int) -> list[float | None]:
    """Return at most `width` values: neighbours are joined and the highest of them is kept, so peaks stay."""
    count = len(values)
    if count <= width:
        return list(values)
    joined: list[float | None] = []
    for column in range(width):
        known = [
            value for value in values[column * count // width : (column + 1) * count // width] if value is not None
        ]
        joined.append(max(known) if known else None)
    return joined


def tall_spark(values: Sequence[float | None], width: int, height: int) -> list[str]:
    """Return a plot of `width` by `height` characters, top row first, the newest value at the right.

    The scale begins at zero, or at the lowest value below it; a curve that never moves away from a value other than
    zero is drawn at half height. A missing value is a gap; any other value shows at least a thin line.
    """
    if width <= 0 or height <= 0:
        return [""] * max(0, height)
    columns = [None if value is None or isnan(value) else value for value in thin(values, width)]
    known = [value for value in columns if value is not None]
    low = min(0.0, *known) if known else 0.0
    span = (max(known) - low) if known else 0.0
    if span and min(known) == max(known):
        span *= 2
    steps = 8 * height
    heights = []
    for value in columns:
        if value is None:
            heights.append(0)
            continue
        share = (value - low) / span if span > 0 else 0.0
        heights.append(max(1, min(steps, round(share * steps))))
    pad = " " * (width - len(columns))
    return [
        pad + "".join(_EIGHTHS[max(0, min(8, level - 8 * row))] for level in heights)
        for row in range(height - 1, -1, -1)
    ]


def spark(values: Sequence[float | None], width: int) -> str:
    """Return a plot one line high; see `tall_spark`."""
    return tall_spark(values, width, 1)[0] if width > 0 else ""


def bar(share: float, width: int) -> tuple[str, str]:
    """Return the filled and the empty part of a bar `width` characters long; a share is from 0 to 1.

    A bar that is not full never looks full, and one that has begun never looks empty.
    """
    if width <= 0:
        return "", ""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if 0 < share < 1:
        eighths = max(1, min(width * 8 - 1, eighths))
    whole, part = divmod(eighths, 8)
    filled = "█" * whole + (_PARTS[part] if part else "")
    return filled, " " * (width - len(filled))
