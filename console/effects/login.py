"""The address of a PostgreSQL server as the environment of its own programs: nobody reads it in a list of processes."""

from urllib.parse import parse_qsl, unquote, urlsplit

_NAMES = {
    "dbname": "PGDATABASE",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
"""Those that are not `PG` and the parameter's name in capitals (PostgreSQL documentation, 32.15, libpq)."""


def login_of(address: str) -> dict[str, str]:
    """Return the variables of libpq that say what an address says; what it leaves out is left to the environment."""
    parts = urlsplit(address)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    hosts, ports = zip(*map(_place, places.split(",")), strict=True)
    said = {
        "host": ",".join(map(unquote, hosts)),
        "port": ",".join(ports),
        "user": unquote(user),
        "password": unquote(password),
        "dbname": unquote(parts.path.removeprefix("/")),
        **dict(parse_qsl(parts.query)),
    }
    variables = {_NAMES.get(name, "PG" + name.upper().replace("_", "")): value for name, value in said.items()}
    return {name: value for name, value in variables.items() if value.strip(",")}


def _place(text: str) -> tuple[str, str]:
    """Return host and port of one of the places of an address; a numeric host of version 6 stands in brackets."""
    host, _, port = text.rpartition(":") if text.rpartition(":")[2].isdigit() else (text, "", "")
    return host.strip("[]"), port
