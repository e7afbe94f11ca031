"""What sources deliver, without secrets, before anything keeps or shows it."""

from dataclasses import replace

from console.core.counts import LabelCell, LinesCounted
from console.core.redact import REDACTED, Redactor
from console.core.words import Table

_SHORTEST_LABEL = 4
"""A shorter value of a secret label is not looked for in lines: it would make them unreadable."""


def cleaned_lines(given: LinesCounted, redactor: Redactor) -> LinesCounted:
    """Return counted lines without secrets in labels and rows; values that became alike are added up.

    What a group named as a secret captured, such as `(?P<token>…)`, is taken out of the rows as well.
    """
    labels: dict[LabelCell, int] = {}
    captured: set[str] = set()
    for cell, count in given.labels.items():
        safe = replace(cell, value=redactor.named(cell.label, cell.value))
        labels[safe] = labels.get(safe, 0) + count
        if safe.value == REDACTED and len(cell.value) >= _SHORTEST_LABEL:
            captured.add(cell.value)
    longest_first = sorted(captured, key=lambda value: (-len(value), value))

    def clean(text: str) -> str:
        for value in longest_first:
            text = text.replace(value, REDACTED)
        return redactor.redact(text)

    return replace(given, labels=labels, rows=tuple(replace(row, text=clean(row.text)) for row in given.rows))


def cleaned_table(table: Table, redactor: Redactor) -> Table:
    """Return rows without secrets; a column that is named as a secret keeps nothing but its name."""
    rows = (tuple(map(redactor.named, table.columns, row)) for row in table.rows)
    return replace(table, rows=tuple(rows))
