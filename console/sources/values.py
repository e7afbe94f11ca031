"""The values to choose from for a parameter of an action."""

from collections.abc import Sequence

from console.core.rollout import Parameter, ValuesFrom
from console.core.text import decode
from console.sources.base import ProbeFailed
from console.sources.connect import Connections

VALUES_LIMIT = 10_000


async def values_of(parameter: Parameter, connections: Connections, timeout_s: float) -> tuple[str, ...]:
    """Return the values of a parameter, each once and in their order; none where anything may be typed.

    Raises `ProbeFailed` if they cannot be had.
    """
    listed = parameter.from_
    if listed is None:
        return ()
    if listed.values is not None:
        return listed.values
    if listed.command is not None:
        ran = await connections.commands().run_program(listed.command, timeout_s)
        if ran.exit_code != 0:
            how = "did not end in time" if ran.exit_code is None else f"failed: {ran.last_words}"
            raise ProbeFailed(f"{listed.command[0]} {how}")
        found = [line.strip() for line in decode(ran.output).splitlines()]
    else:
        found = list(await _first_column(listed, connections, timeout_s))
    return tuple(dict.fromkeys(value for value in found if value))[:VALUES_LIMIT]


async def _first_column(listed: ValuesFrom, connections: Connections, timeout_s: float) -> Sequence[str]:
    from console.sources.postgres import PostgresAsker  # noqa: PLC0415

    asker, query = connections.asker(listed.source or ""), connections.queries.get(listed.query or "")
    if not isinstance(asker, PostgresAsker) or query is None:
        raise ProbeFailed("there is no database to ask for the values")
    return await asker.first_column(query, timeout_s, VALUES_LIMIT)
