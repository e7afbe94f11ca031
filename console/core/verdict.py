"""The words in which everything is judged."""

from enum import StrEnum

from console.core.exits import Exit


class Verdict(StrEnum):
    """What is known of a metric at a moment."""

    NOT_JUDGED = "NOT JUDGED"
    """Nothing is asked of it in this phase: neither healthy nor at fault, and no part of the verdict on the whole."""
    OK = "OK"
    OFF_TARGET = "OFF TARGET"
    """Neither on target nor bad enough for a warning."""
    UNKNOWN = "UNKNOWN"
    """No data, too few samples, or a value too old to count."""
    BROKEN = "BROKEN"
    """Measuring itself failed."""
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    @property
    def glyph(self) -> str:
        """One character that stands beside the word."""
        return _GLYPH[self]

    @property
    def rank(self) -> int:
        """Its place from best (0) to worst; a known fault is worse than not knowing."""
        return _RANK[self]

    @property
    def exit_code(self) -> int:
        """0 healthy (OK, OFF TARGET), 1 warning, 2 critical, 3 unknown, broken or not judged."""
        return _EXIT[self]


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
_GLYPH = {
    Verdict.NOT_JUDGED: "·",
    Verdict.OK: "✓",
    Verdict.OFF_TARGET: "~",
    Verdict.UNKNOWN: "?",
    Verdict.BROKEN: "⊘",
    Verdict.WARNING: "!",
    Verdict.CRITICAL: "✗",
}
_EXIT = {
    Verdict.NOT_JUDGED: Exit.UNKNOWN,
    Verdict.OK: Exit.DONE,
    Verdict.OFF_TARGET: Exit.DONE,
    Verdict.UNKNOWN: Exit.UNKNOWN,
    Verdict.BROKEN: Exit.UNKNOWN,
    Verdict.WARNING: Exit.WARNING,
    Verdict.CRITICAL: Exit.CRITICAL,
}


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the worst verdict; UNKNOWN for none, because nothing judged is not healthy."""
    judged = (verdict for verdict in verdicts if verdict is not Verdict.NOT_JUDGED)
    return max(judged, key=lambda verdict: verdict.rank, default=Verdict.UNKNOWN)
