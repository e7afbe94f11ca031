"""The address of a database as variables of the environment."""

import pytest

from console.effects.login import login_of


@pytest.mark.parametrize(
    ("address", "variables"),
    [
        (
            "postgresql://reader:p%40ss%2Fword@db.internal:6432/sparkle?sslmode=require&connect_timeout=5",
            {
                "PGHOST": "db.internal",
                "PGPORT": "6432",
                "PGUSER": "reader",
                "PGPASSWORD": "p@ss/word",
                "PGDATABASE": "sparkle",
                "PGSSLMODE": "require",
                "PGCONNECT_TIMEOUT": "5",
            },
        ),
        ("postgresql://127.0.0.1/sparkle", {"PGHOST": "127.0.0.1", "PGDATABASE": "sparkle"}),
        ("postgres://a@[::1]:5433/d", {"PGHOST": "::1", "PGPORT": "5433", "PGUSER": "a", "PGDATABASE": "d"}),
        ("postgres://a@[::1]/d", {"PGHOST": "::1", "PGUSER": "a", "PGDATABASE": "d"}),
        ("postgresql://one:1,two:2/d", {"PGHOST": "one,two", "PGPORT": "1,2", "PGDATABASE": "d"}),
        ("postgresql:///d?host=/run/pg&application_name=x", {"PGHOST": "/run/pg", "PGDATABASE": "d", "PGAPPNAME": "x"}),
        ("postgresql://%2Frun%2Fpg/d", {"PGHOST": "/run/pg", "PGDATABASE": "d"}),
    ],
)
def test_an_address_is_said_by_the_variables_of_libpq(address: str, variables: dict[str, str]) -> None:
    assert login_of(address) == variables
