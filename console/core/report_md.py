"""A report as Markdown in which text from outside stays text."""

import re

from console.core.report import Report
from console.core.report_cells import Section, verdict_cell
from console.core.text import visible

_ALWAYS = re.compile(r"([\\`*~\[\]|$])")
_EDGE_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_URL = re.compile(r"(?<=[A-Za-z])://")
_WWW = re.compile(r"(?i)\b(www)\.")
_MAIL = re.compile(r"@(?=[\w-]+\.\w)")
_LINE_START = re.compile(r"^(?:([-+#=:])(?=\1|\s|$)|(\d{1,9})(?=[.)](?:\s|$)))")
"""What would begin a list, a heading or a rule."""


def markdown_text(text: str) -> str:
    r"""Return text that CommonMark and GitHub show as it is: no markup, no HTML, no table cell, no link.

    >>> markdown_text("<b> | *x* [a](http://b) error_rate _y_")
    '&lt;b&gt; \\| \\*x\\* \\[a\\](http\\://b) error_rate \\_y\\_'
    """
    inert = visible(text).strip().replace("&", "&amp;")
    inert = _EDGE_UNDERSCORE.sub(r"\\_", _ALWAYS.sub(r"\\\1", inert))
    inert = _MAIL.sub(r"\\@", _WWW.sub(r"\1\\.", _URL.sub(r"\\://", inert)))
    inert = _LINE_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\", inert)
    return inert.replace("<", "&lt;").replace(">", "&gt;")


def report_md(report: Report) -> str:
    """Return the report as Markdown, for a pull request or an incident document."""
    verdict = verdict_cell(report.verdict).text
    parts = [
        f"# {markdown_text(report.title)}: {verdict}",
        f"**{verdict}** {markdown_text(report.reason)}",
        _facts((("Rollout", report.rollout), *((name, cell.text) for name, cell in report.summary))),
    ]
    for section in report.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"{'###' if section.is_part else '##'} {markdown_text(section.title)}"]
    if section.facts:
        parts.append(_facts(tuple((name, cell.text) for name, cell in section.facts)))
    if section.note:
        parts.append(markdown_text(section.note))
    if section.rows:
        rows = [section.columns, *(tuple(cell.text for cell in row) for row in section.rows)]
        table = ["| " + " | ".join(map(markdown_text, row)) + " |" for row in rows]
        numbers = [cell.tone == "number" for cell in section.rows[0]]
        table.insert(1, "|" + "|".join(" ---: " if is_number else " --- " for is_number in numbers) + "|")
        parts.append("\n".join(table))
    elif section.empty:
        parts.append(markdown_text(section.empty))
    return parts


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f"- **{markdown_text(name)}:** {markdown_text(said)}" for name, said in facts)
