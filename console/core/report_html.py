"""A report as one HTML page that asks nobody for anything and runs nothing."""

from html import escape

from console.core.plot import plot_svg
from console.core.plot_style import PLOT_CSS
from console.core.report import Report
from console.core.report_cells import Cell, Facts, Section, verdict_cell
from console.core.report_style import PAGE_CSS
from console.core.text import visible
from console.core.timeline import TIMELINE_CSS, timeline_svg

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Nothing is fetched, sent or run, whatever the page says."""
_SHORT = 26
"""Up to so many characters a cell stays on one line."""


def report_html(report: Report) -> str:
    """Return the report as a page for a browser or a printer; every text from outside is escaped."""
    verdict = verdict_cell(report.verdict)
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
            f"<title>{_text(f'{report.title}: {report.verdict}')}</title>\n",
            f"<style>{PAGE_CSS}{PLOT_CSS}{TIMELINE_CSS}</style>\n</head>\n<body>\n<main>\n",
            _head(report, verdict),
            _timeline(report),
            *(_section(section) for section in report.sections[:2]),
            _plots(report),
            *(_section(section) for section in report.sections[2:]),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _head(report: Report, verdict: Cell) -> str:
    return (
        f'<header class="{verdict.tone}">\n<p class="rollout">{_text(report.rollout)}</p>\n'
        f"<h1>{_text(report.title)}</h1>\n"
        f'<p class="verdict"><strong class="{verdict.tone}">{_text(verdict.text)}</strong> {_text(report.reason)}</p>\n'
        f"{_facts(report.summary)}"
        f'<div class="soak" role="img" aria-label="{report.soak_share:.0%} of the soak is over">'
        f'<svg viewBox="0 0 1000 10" preserveAspectRatio="none">'
        f'<rect class="rest" width="1000" height="10"/>'
        f'<rect class="over" width="{report.soak_share * 1000:.0f}" height="10"/></svg></div>\n</header>\n'
    )


def _timeline(report: Report) -> str:
    drawn = timeline_svg(report.chronicle, report.until)
    return f"<section>\n<h2>Phases and verdicts</h2>\n<figure>{drawn}</figure>\n</section>\n" if drawn else ""


def _plots(report: Report) -> str:
    if not report.plots:
        return '<section>\n<h2>Over time</h2>\n<p class="note">Nothing was measured yet.</p>\n</section>\n'
    drawn = "".join(f"<figure>{plot_svg(plot, style='')}</figure>\n" for plot in report.plots)
    return f'<section>\n<h2>Over time</h2>\n<div class="plots">\n{drawn}</div>\n</section>\n'


def _section(section: Section) -> str:
    level = "h3" if section.is_part else "h2"
    parts = [f"<section>\n<{level}>{_text(section.title)}</{level}>\n"]
    if section.facts:
        parts.append(_facts(section.facts))
    if section.note:
        parts.append(f'<p class="note">{_text(section.note)}</p>\n')
    if section.rows:
        parts.append(_table(section))
    elif section.empty:
        parts.append(f'<p class="note">{_text(section.empty)}</p>\n')
    return "".join([*parts, "</section>\n"])


def _table(section: Section) -> str:
    numbers = [cell.tone == "number" for cell in section.rows[0]]
    heads = "".join(
        f'<th scope="col"{_class("number" if is_number else "")}>{_text(name)}</th>'
        for name, is_number in zip(section.columns, numbers, strict=True)
    )
    rows = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in section.rows)
    return f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n'


def _cell(cell: Cell) -> str:
    if not cell.tone or cell.tone == "number":
        shape = f"{cell.tone} long" if len(cell.text) > _SHORT else cell.tone
        return f"<td{_class(shape.strip())}>{_text(cell.text)}</td>"
    return f"<td><span{_class('tone ' + cell.tone)}>{_text(cell.text)}</span></td>"


def _facts(facts: Facts) -> str:
    said = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(cell.text)}</dd></div>" for name, cell in facts)
    return f"<dl>{said}</dl>\n"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _text(text: str) -> str:
    return escape(visible(text))
