"""The course of a rollout, in a report: its phases, on what each was entered, how verdicts turned, who did what."""

from collections.abc import Iterator, Sequence

from console.core.chronicle import Advance, Chronicle, Told
from console.core.export import clock
from console.core.report_cells import Cell, Section, took_text, verdict_cell
from console.core.verdict import Verdict

ROWS = 300
"""Rows that a table has at most, the newest; the journal has all."""
_KNOWN = {verdict.value: verdict for verdict in Verdict}


def course_sections(found: Chronicle, until: float) -> Iterator[Section]:
    """Yield what happened from the beginning to `until`; nothing for what there is not."""
    if found.spans:
        yield _phases(found, until)
    for span in found.spans:
        if span.advance is not None and span.advance.evidence:
            yield _evidence(span.name, span.advance)
    if found.turns:
        yield _turns(found)
    yield from _told("What people did", found.deeds, by="By")
    yield from _told("Alerts over time", found.alerts, by="By")
    yield from _told("Messages that nobody took", found.undelivered)
    yield from _told("Gaps in monitoring", found.gaps)


def _phases(found: Chronicle, until: float) -> Section:
    rows = []
    for span in found.spans:
        entered = span.advance
        rows.append(
            (
                Cell(span.name),
                Cell(clock(span.since)),
                Cell("now" if span.until is None else clock(span.until)),
                Cell(took_text(span.since, until if span.until is None else span.until)),
                Cell("–" if entered is None else entered.actor),
                Cell("–" if entered is None else entered.reason or "–"),
                Cell("–") if entered is None or not entered.without else Cell(entered.without, "warning"),
            )
        )
    heads = ("Phase", "Since (UTC)", "Until (UTC)", "Lasted", "Entered by", "Reason", "Without")
    return Section("Course of the phases", heads, tuple(rows))


def _evidence(phase: str, entered: Advance) -> Section:
    said = f"As it stood when {entered.actor} went on, {clock(entered.at)} UTC."
    return Section(
        f"On what {phase} was entered",
        ("Metric", "Verdict", "Value", "Samples"),
        tuple(
            (
                Cell(one.metric),
                _verdict(one.verdict),
                Cell(one.value or "–", "number"),
                Cell("–" if one.samples is None else f"{one.samples:,}", "number"),
            )
            for one in entered.evidence
        ),
        is_part=True,
        note=f"{said} Without {entered.without}." if entered.without else said,
    )


def _verdict(said: str) -> Cell:
    known = _KNOWN.get(said)
    return Cell(said) if known is None else verdict_cell(known)


def _turns(found: Chronicle) -> Section:
    return Section(
        "Changes of verdicts",
        ("At (UTC)", "Metric", "From", "To", "Reason"),
        tuple(
            (Cell(clock(one.at)), Cell(one.metric), _verdict(one.before), _verdict(one.after), Cell(one.reason))
            for one in found.turns[-ROWS:]
        ),
        note=_cut(found.turns),
    )


def _cut(rows: Sequence[object]) -> str:
    return f"The newest {ROWS} of {len(rows):,}." if len(rows) > ROWS else ""


def _told(title: str, told: Sequence[Told], *, by: str = "") -> Iterator[Section]:
    if not told:
        return
    heads = ("At (UTC)", "Kind", "What", *((by,) if by else ()))
    rows = []
    for one in told[-ROWS:]:
        row = (Cell(clock(one.at)), Cell(one.kind), Cell(one.text))
        rows.append((*row, Cell(one.actor or "the console")) if by else row)
    yield Section(title, heads, tuple(rows), note=_cut(told))
