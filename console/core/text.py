"""Text from outside, made safe to draw."""

import re
import unicodedata

DISPLAY_LIMIT = 4096
"""Longest text that is drawn, in characters."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, limit: int = DISPLAY_LIMIT) -> str:
    """Return text that no terminal interprets: control, C1, bidi and invisible characters become escapes.

    Tabs become four spaces; text longer than `limit` characters is cut and ends in `…`. Printable text comes back
    as it is. Characters follow Unicode 15 (general categories Cc, Cf, Cs, Zl, Zp and the tags block).
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = _UNSAFE.sub(_escape, cut.replace("\t", "    "))
        if not cut.isprintable():
            cut = "".join(
                character
                if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
                else f"\\u{ord(character):04x}"
                for character in cut
            )
    return cut if len(text) <= limit else cut[: max(0, limit - 1)] + "…"


def decode(raw: bytes) -> str:
    """Return bytes as text; invalid UTF-8 becomes U+FFFD, as the classification sees it."""
    return raw.decode("utf-8", errors="replace")
