"""The values to choose from for a parameter of an action."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from console.core.planning import check_listed
from console.core.rollout import Parameter, ValuesFrom
from console.core.text import decode
from console.sources.base import ProbeFailed
from console.sources.connect import Connections

VALUES_LIMIT = 10_000
LIST_S = 3.0
"""How long a list may take: somebody waits to act."""


async def check_given(
    parameters: Mapping[str, Parameter],
    given: Mapping[str, str],
    connections: Connections,
    tell: Callable[[str, str], None] = lambda _name, _why: None,
) -> None:
    """Raise `PlanRefused` for a value that is not in the list that the file asks for.

    One whose list cannot be had is taken as it is; `tell` hears its name and why.
    """
    for name, value in given.items():
        if not parameters[name].is_looked_up:  # what the file itself lists, the plan has checked
            continue
        try:
            values = await values_of(parameters[name], connections)
        except ProbeFailed as failure:
            tell(name, str(failure))
        else:
            check_listed(name, parameters[name], value, values)


async def values_of(parameter: Parameter, connections: Connections, limit_s: float = LIST_S) -> tuple[str, ...]:
    """Return the values of a parameter, each once and in their order; none where anything may be typed.

    Raises `ProbeFailed` if they cannot be had in time.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await _values_of(parameter, connections, limit_s)
    except TimeoutError:
        raise ProbeFailed("no answer in time") from None


async def _values_of(parameter: Parameter, connections: Connections, timeout_s: float) -> tuple[str, ...]:
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
