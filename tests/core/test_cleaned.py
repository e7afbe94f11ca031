from dataclasses import replace

from console.core.cleaned import cleaned_lines, cleaned_table
from console.core.counts import LabelCell, LinesCounted
from console.core.redact import REDACTED, Redactor
from console.core.words import Row, Table


def counted(*texts: str, **labels: str) -> LinesCounted:
    cells = {LabelCell("canary", "failed", label, value): 2 for label, value in labels.items()}
    rows = tuple(Row(0.0, "app", "app.log", "canary", "failed", "request", text) for text in texts)
    return LinesCounted(0.0, "app", "1", "file", "app.log", "canary", -1, 1, 2, 0, {}, cells, rows)


def test_what_a_group_named_as_a_secret_captured_is_in_no_label_and_no_row() -> None:
    given = counted("login k3j9d8 of acme", api_token="k3j9d8", tenant="acme")

    clean = cleaned_lines(given, Redactor())

    assert {(cell.label, cell.value): count for cell, count in clean.labels.items()} == {
        ("api_token", REDACTED): 2,
        ("tenant", "acme"): 2,
    }
    assert clean.rows[0].text == f"login {REDACTED} of acme"


def test_values_that_became_alike_are_added_up() -> None:
    cells = {LabelCell("canary", "failed", "token", value): 3 for value in ("k3j9d8", "m4k8e7")}

    clean = cleaned_lines(replace(counted(), labels=cells), Redactor())

    assert list(clean.labels.values()) == [6]


def test_a_column_named_as_a_secret_keeps_nothing_but_its_name() -> None:
    table = Table(("account", "password_hash", "password"), (("anna", "k3j9", "k3j9d8"), ("bob", "", "")))

    clean = cleaned_table(table, Redactor())

    assert clean == Table(table.columns, (("anna", "k3j9", REDACTED), ("bob", "", "")))
