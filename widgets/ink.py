"""Which colour and weight each part of the screen has; colours come only from theme variables."""

from collections.abc import Mapping
from enum import StrEnum, auto
from functools import lru_cache

from rich.style import Style
from textual.color import Color

from console.core.verdict import Verdict


class Role(StrEnum):
    """What a piece of text is for; the theme decides how that looks."""

    TEXT = auto()
    DIM = auto()
    """Read second: units, ages, what is met."""
    FAINT = auto()
    """Rules and the unfilled part of a bar."""
    STRONG = auto()
    HEAD = auto()
    """The name of a pane."""
    HEAD_FOCUSED = auto()
    ACCENT = auto()
    CANARY = auto()
    BASELINE = auto()
    OK = auto()
    OFF_TARGET = auto()
    UNKNOWN = auto()
    BROKEN = auto()
    WARNING = auto()
    CRITICAL = auto()
    OK_BADGE = auto()
    OFF_TARGET_BADGE = auto()
    UNKNOWN_BADGE = auto()
    BROKEN_BADGE = auto()
    WARNING_BADGE = auto()
    CRITICAL_BADGE = auto()
    PLOT = auto()
    """The plot of something that is well."""
    KEY = auto()
    """The key of something that can be done."""
    MATCH = auto()
    """What a search found."""
    KIND_0 = auto()
    KIND_1 = auto()
    KIND_2 = auto()
    KIND_3 = auto()
    KIND_4 = auto()
    KIND_5 = auto()


class Ground(StrEnum):
    """What a line lies on."""

    PLAIN = auto()
    SELECTED = auto()
    RAISED = auto()
    WARNING = auto()
    CRITICAL = auto()


KINDS = (Role.KIND_0, Role.KIND_1, Role.KIND_2, Role.KIND_3, Role.KIND_4, Role.KIND_5)
"""Roles that tell event kinds apart, in the order in which the kinds appear in the rollout file."""

_LOOKS: dict[Role, tuple[str, str]] = {
    Role.TEXT: ("foreground", ""),
    Role.DIM: ("ink-dim", ""),
    Role.FAINT: ("ink-faint", ""),
    Role.STRONG: ("ink-strong", "bold"),
    Role.HEAD: ("ink-dim", "bold"),
    Role.HEAD_FOCUSED: ("accent", "bold"),
    Role.ACCENT: ("accent", ""),
    Role.CANARY: ("track-canary", ""),
    Role.BASELINE: ("track-baseline", ""),
    Role.OK: ("verdict-ok", ""),
    Role.OFF_TARGET: ("verdict-off-target", ""),
    Role.UNKNOWN: ("verdict-unknown", ""),
    Role.BROKEN: ("verdict-broken", "bold"),
    Role.WARNING: ("verdict-warning", "bold"),
    Role.CRITICAL: ("verdict-critical", "bold"),
    Role.OK_BADGE: ("verdict-ok", "bold reverse"),
    Role.OFF_TARGET_BADGE: ("verdict-off-target", "bold reverse"),
    Role.UNKNOWN_BADGE: ("verdict-unknown", "bold reverse"),
    Role.BROKEN_BADGE: ("verdict-broken", "bold reverse"),
    Role.WARNING_BADGE: ("verdict-warning", "bold reverse"),
    Role.CRITICAL_BADGE: ("verdict-critical", "bold reverse"),
    Role.PLOT: ("ink-plot", ""),
    Role.KEY: ("accent", "bold"),
    Role.MATCH: ("verdict-warning", "reverse"),
    Role.KIND_0: ("kind-0", ""),
    Role.KIND_1: ("kind-1", ""),
    Role.KIND_2: ("kind-2", ""),
    Role.KIND_3: ("kind-3", ""),
    Role.KIND_4: ("kind-4", ""),
    Role.KIND_5: ("kind-5", ""),
}

_GROUNDS: dict[Ground, str] = {
    Ground.SELECTED: "ground-selected",
    Ground.RAISED: "panel",
    Ground.WARNING: "ground-warning",
    Ground.CRITICAL: "ground-critical",
}

DARK: dict[str, str] = {
    "ink-dim": "#8a97a6",
    "ink-faint": "#39434f",
    "ink-strong": "#f3f6fa",
    "ink-plot": "#586779",
    "track-canary": "#ffd7a1",
    "track-baseline": "#9fb2c8",
    "verdict-ok": "#45c486",
    "verdict-off-target": "#4cb8f0",
    "verdict-unknown": "#b09ac4",
    "verdict-broken": "#f28b3c",
    "verdict-warning": "#f5c93b",
    "verdict-critical": "#ff5a5f",
    "ground-selected": "#1d2836",
    "ground-warning": "#2b2510",
    "ground-critical": "#3a1216",
    "kind-0": "#7cc4f5",
    "kind-1": "#9fd88a",
    "kind-2": "#e3b6f2",
    "kind-3": "#f0c58b",
    "kind-4": "#85dcd0",
    "kind-5": "#f2a3a8",
}
"""Values of the variables above on a dark background, for themes that do not name them."""

VERDICT: dict[Verdict, Role] = {
    Verdict.NOT_JUDGED: Role.DIM,
    Verdict.OK: Role.OK,
    Verdict.OFF_TARGET: Role.OFF_TARGET,
    Verdict.UNKNOWN: Role.UNKNOWN,
    Verdict.BROKEN: Role.BROKEN,
    Verdict.WARNING: Role.WARNING,
    Verdict.CRITICAL: Role.CRITICAL,
}
BADGE: dict[Verdict, Role] = {
    Verdict.NOT_JUDGED: Role.UNKNOWN_BADGE,
    Verdict.OK: Role.OK_BADGE,
    Verdict.OFF_TARGET: Role.OFF_TARGET_BADGE,
    Verdict.UNKNOWN: Role.UNKNOWN_BADGE,
    Verdict.BROKEN: Role.BROKEN_BADGE,
    Verdict.WARNING: Role.WARNING_BADGE,
    Verdict.CRITICAL: Role.CRITICAL_BADGE,
}


class Inks:
    """The styles of one theme on one background."""

    def __init__(self, variables: Mapping[str, str], background: Color) -> None:
        def colour(name: str) -> Color:
            return Color.parse(variables.get(name) or DARK[name])

        self._grounds = {ground: colour(name) for ground, name in _GROUNDS.items()} | {Ground.PLAIN: background}
        self._looks = {role: (colour(name), Style.parse(weight)) for role, (name, weight) in _LOOKS.items()}
        self._styles: dict[tuple[Role, Ground], Style] = {}

    def __call__(self, role: Role, ground: Ground) -> Style:
        """Return the style of a role on a ground, colour and background both set."""
        style = self._styles.get((role, ground))
        if style is None:
            ink, weight = self._looks[role]
            style = weight + Style.from_color(ink.rich_color, self._grounds[ground].rich_color)
            self._styles[role, ground] = style
        return style


_NAMES = tuple(sorted({name for name, _ in _LOOKS.values()} | set(_GROUNDS.values())))


def inks_of(variables: Mapping[str, str], background: Color) -> Inks:
    """Return the styles for a theme's variables; equal themes share one object."""
    return _inks(tuple(variables.get(name, "") for name in _NAMES), background)


@lru_cache(maxsize=16)
def _inks(values: tuple[str, ...], background: Color) -> Inks:
    return Inks(dict(zip(_NAMES, values, strict=True)), background)
