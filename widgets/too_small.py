"""What is shown where nothing can be laid out: how it stands, and the ways out."""

from console.core.frame import Frame
from widgets.header import automatic_text, in_whole_seconds
from widgets.ink import Role
from widgets.lines import Line, Span
from widgets.words import named

_WAYS_OUT = ("rollback", "step_down")


def too_small_lines(frame: Frame, size: tuple[int, int], least: tuple[int, int], *, may_act: bool) -> tuple[Line, ...]:
    """Return one clear message, the verdict, and the keys that work all the same."""
    width, height = size
    said = f"terminal too small: {width}x{height}, needs {least[0]}x{least[1]}"
    lines = [Line((Span(said, Role.WARNING),)), Line((named(frame.verdict), Span(f" {frame.reason}", Role.DIM)))]
    if frame.automatic is not None and frame.automatic.metric:
        said = automatic_text(in_whole_seconds(frame.automatic), width // 2, may_act=may_act)
        lines.append(Line((Span(said, Role.CRITICAL_BADGE),)))
    if may_act:
        lines += [
            Line((Span(f"{action.key} ", Role.KEY), Span(action.title)))
            for action in frame.actions
            if action.key and action.kind in _WAYS_OUT
        ]
    return tuple(lines)
