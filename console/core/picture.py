"""The picture of the screen: free of secrets and of anything a viewer would fetch."""

import re
from collections import defaultdict
from collections.abc import Sequence
from html import escape, unescape

from console.core.export import Redact
from console.core.plain import cell_width
from console.core.text import visible

_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TEXT = re.compile(r"<text\b(?P<attributes>[^>]*)>(?P<content>[^<]*)</text>")
_ATTRIBUTE = re.compile(r'\s([\w:-]+)="([^"]*)"')
_ACTIVE = re.compile(
    r"<\s*(?:script|foreignObject|image|use|iframe|a|animate|set)\b|\son\w+\s*=|href\s*=|@import|<!DOCTYPE|<!ENTITY"
    r"|url\(\s*[\"']?(?!#)",
    re.IGNORECASE,
)
_CHARACTER_W, _LINE_H, _MARGIN = 8.4, 19.0, 16.0


def still_picture(svg: str, redact: Redact) -> str | None:
    """Return Textual's picture of a screen without web fonts and secrets, or `None` if it would still fetch or run.

    The letters are then drawn in whatever monospaced font is at hand. Secrets are looked for in whole rows, because
    a row's colours cut its text into pieces; a row that held one loses its colours.
    """
    bare = _COMMENT.sub("", _FONT_FACE.sub("", svg))
    if not bare.lstrip().startswith("<svg") or _ACTIVE.search(_TEXT.sub("", bare)) is not None:
        return None
    pieces = list(_TEXT.finditer(bare))
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        attributes = dict(_ATTRIBUTE.findall(piece["attributes"]))
        rows[attributes.get("y", ""), attributes.get("clip-path", "")].append(number)
    replaced: dict[int, str] = {}
    for numbers in rows.values():
        said = _joined([pieces[number] for number in numbers])
        clean = redact(said)
        if clean != said:
            replaced.update(dict.fromkeys(numbers, ""))
            replaced[numbers[0]] = _redrawn(pieces[numbers[0]]["attributes"], clean)
    parts, end = [], 0
    for number, piece in enumerate(pieces):
        parts += [bare[end : piece.start()], replaced.get(number, piece.group())]
        end = piece.end()
    return "".join([*parts, bare[end:]])


def _joined(row: list[re.Match[str]]) -> str:
    """Return the text of a row; blanks between its pieces, which are not drawn, are told by where pieces begin."""
    said, end = "", None
    for piece in row:
        text = _plain(piece["content"])
        attributes = dict(_ATTRIBUTE.findall(piece["attributes"]))
        x, length = (_number(attributes.get(name, "")) for name in ("x", "textLength"))
        if end is not None and x is not None and text and length:
            said += " " * max(0, round((x - end) / (length / len(text))))
        said += text
        end = None if x is None or length is None else x + length
    return said


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plain(content: str) -> str:
    return unescape(content).replace("\xa0", " ").replace("\n", "")


def _redrawn(attributes: str, text: str) -> str:
    kept = "".join(f' {name}="{said}"' for name, said in _ATTRIBUTE.findall(attributes) if name != "textLength")
    return f"<text{kept}>{_spaced(text)}</text>"


def _spaced(text: str) -> str:
    return escape(visible(text)).replace(" ", "&#160;")


def drawn_lines(lines: Sequence[str], title: str) -> str:
    """Return plain lines as a picture, for a session that has no screen."""
    width = 2 * _MARGIN + _CHARACTER_W * max(map(cell_width, lines), default=40)
    height = 2 * _MARGIN + _LINE_H * len(lines)
    rows = "".join(
        f'<text x="{_MARGIN:g}" y="{_MARGIN + _LINE_H * (number + 0.75):g}">{_spaced(line)}</text>\n'
        for number, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:g} {height:g}">\n'
        f"<title>{escape(visible(title))}</title>\n"
        "<style>rect{fill:#121212}text{fill:#e0e0e0;font:14px ui-monospace,Menlo,Consolas,monospace}</style>\n"
        f'<rect width="{width:g}" height="{height:g}" rx="8"/>\n{rows}</svg>\n'
    )
