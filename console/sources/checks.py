"""Tries verifications: of checklist items, and after actions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from console.core import env_text
from console.core.compose import INSPECTED, all_ended, engine_time, in_question, seen, wrong_with
from console.core.compose_calls import engine_command
from console.core.conditions import Condition, parse_condition
from console.core.durations import format_duration
from console.core.own_checks import leads_to_people
from console.core.patterns import BoundedPattern, GaveUp
from console.core.probes import Check, ComposeUp, EnvFileEdit, Metric
from console.core.text import decode, visible
from console.patience import waited_for
from console.sources.base import Answer, Asker, ProbeFailed
from console.sources.connect import Connections
from console.sources.programs import Ran
from queries.loader import Query

OUTPUT_LINES = 20
OUTPUT_CHARS = 2_000
"""How much is taken of what a verification printed: so many lines, each of so many characters."""
TRY_S = 30.0
"""How long one try may take; how often it is repeated is for the caller."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one try found."""

    ok: bool
    detail: str
    """What was seen, safe to draw."""
    is_known: bool = True
    """Whether it could be asked at all."""
    exit_code: int | None = None
    """Of a command that ended."""
    output: tuple[str, ...] = ()
    """The last lines that a command printed, or the first rows that a query gave; safe to draw."""
    number: float | None = None
    """The number that Redis or a query gave, if it gave one."""


async def passes(check: Check, connections: Connections) -> CheckResult:
    """Try a verification once; what cannot be asked has not passed. Never raises."""
    try:
        return await _try(check, connections)
    except ProbeFailed as failure:
        return CheckResult(ok=False, detail=str(failure), is_known=False)
    except Exception as error:  # noqa: BLE001 - a fault of one question must end neither the others nor the way out
        return CheckResult(ok=False, detail=f"asking failed: {type(error).__name__}: {error}", is_known=False)


async def _try(check: Check, connections: Connections) -> CheckResult:
    timeout_s = min(TRY_S, max(1.0, check.within))
    if check.alerts is not None:
        ok, said = leads_to_people(connections.rollout, check.alerts)
        return CheckResult(ok, said)
    if check.soaked is not None:
        raise ProbeFailed("only a watch knows how long a phase has soaked")
    if check.http is not None:
        ok, said = await connections.http().request(check.http, timeout_s)
        return CheckResult(ok, said)
    if check.command is not None:
        ran = await connections.commands().run_program(check.command, max(timeout_s, check.within))
        printed = _last_lines(ran)
        if ran.exit_code is None:
            said = f"did not end within {format_duration(check.within)}"
            return CheckResult(False, said, is_known=False, output=printed)
        said = visible(ran.last_words, 200) or f"exit code {ran.exit_code}"
        result = CheckResult(ran.exit_code == 0, said, exit_code=ran.exit_code, output=printed)
        return _printed(check.prints, decode(ran.output), result) if check.prints and result.ok else result
    if check.compose is not None:
        return await _composed(check.compose, check.for_, timeout_s, connections)
    if check.env_file is not None:
        return await says(check.env_file, connections.base_dir, timeout_s)
    if check.sql is not None:
        statement = check.sql.statement
        query = Query("", "", statement, "", window_s=None, takes_window=False, values=check.sql.values)
        question = Metric.model_validate({"query": statement, "source": check.sql.source, "timeout": timeout_s})
        return _judged(await connections.asker(check.sql.source).ask(question, query))
    source = check.source or ""
    if check.container is not None:
        ok, said = await connections.containers(source).settled(check.for_)
        return CheckResult(ok, said)
    asked = {"redis": check.redis} if check.redis is not None else {"query": check.query}
    looking_back = {} if check.window is None else {"window": check.window}
    metric = Metric.model_validate({**asked, **looking_back, "source": source, "timeout": timeout_s})
    asker: Asker = connections.asker(source)
    answer = await asker.ask(metric, connections.queries.get(check.query or ""))
    if check.redis is not None and check.redis.ping:
        is_there = answer.readings[0].value == 1
        return CheckResult(is_there, "it answers" if is_there else "nothing listens there")
    if check.expect is not None and answer.readings:
        return _expected(parse_condition(check.expect, check.unit), answer, check.unit)
    return _judged(answer)


def _last_lines(ran: Ran) -> tuple[str, ...]:
    """Return the end of what a program printed, its errors last."""
    lines = [line for said in (ran.output, ran.errors) for line in decode(said).splitlines() if line.strip()]
    return tuple(visible(line.rstrip(), OUTPUT_CHARS) for line in lines[-OUTPUT_LINES:])


def _printed(patterns: Sequence[str], output: str, ran: CheckResult) -> CheckResult:
    """Pass on output in which each pattern is found in a line; these lines are what was seen."""
    lines, seen = output.splitlines(), []
    for pattern in patterns:
        bounded = BoundedPattern(pattern)
        try:
            found = next((line for line in lines if bounded.search(line) is not None), None)
        except GaveUp:
            raise ProbeFailed(f"the search for {pattern} in what was printed takes too long") from None
        if found is None:
            return replace(ran, ok=False, detail=f"it did not print {visible(pattern, 100)}: {ran.detail}")
        seen.append(visible(found.strip(), 100))
    return replace(ran, detail="; ".join(seen))


def _expected(condition: Condition, answer: Answer, unit: str) -> CheckResult:
    """Pass on numbers that are all as expected; none at all is no pass."""
    values = [reading.value for reading in answer.readings]
    said = ", ".join(_number(value, unit) for value in values)
    ok = all(value is not None and condition.holds(value) is True for value in values)
    return CheckResult(ok, said if ok else f"{said}, not {condition.text}")


def _number(value: float | None, unit: str = "") -> str:
    """Return a number as it is said, a whole one with all of its digits."""
    if value is None:
        return "no value"
    said = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:g}"
    return f"{said} {unit}".rstrip()


def _judged(answer: Answer) -> CheckResult:
    """Pass on a value that is there and not 0, or else on a first cell that says true."""
    shown = _first_rows(answer)
    if answer.readings:
        values = [reading.value for reading in answer.readings]
        said = ", ".join(map(_number, values))
        number = values[0] if len(values) == 1 else None
        return CheckResult(all(value is not None and value != 0 for value in values), said, output=shown, number=number)
    rows = answer.table.rows if answer.table is not None else ()
    cell = rows[0][0] if rows and rows[0] else ""
    return CheckResult(cell.lower() in ("true", "t", "1"), cell or "no row", output=shown)


def _first_rows(answer: Answer) -> tuple[str, ...]:
    if answer.table is None:
        return ()
    rows = (answer.table.columns, *answer.table.rows)[:OUTPUT_LINES]
    return tuple(visible(" | ".join(row), OUTPUT_CHARS) for row in rows)


async def _composed(asked: ComposeUp, for_s: float, timeout_s: float, connections: Connections) -> CheckResult:
    """Look at the containers themselves: that Compose was content says nothing about them."""
    listing = (*asked.command, "ps", "-a", "-q", *asked.services)
    containers = (await _said(listing, timeout_s, connections)).split()
    if not containers:
        is_none_asked = bool(asked.gone) and set(asked.services) <= set(asked.gone)
        return CheckResult(ok=is_none_asked, detail=f"there is no container of {_services(asked)}")
    inspecting = (*engine_command(asked), "inspect", "--format", INSPECTED, *containers)
    try:
        found = [seen(line) for line in (await _said(inspecting, timeout_s, connections)).splitlines() if line]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProbeFailed(f"the engine describes a container in a way that is not understood: {error}") from error
    asked, now = await _by_engine_clock(asked, timeout_s, connections)
    digests = await _digests(asked, timeout_s, connections) if in_question(found, asked) else {}
    wrong = [text for one in found if (text := wrong_with(one, asked, for_s, now, digests.get(one.service, "")))]
    if not wrong and (ended := all_ended(found, asked)):
        wrong = [f"no container of {_services(asked)} runs: {ended}"]
    running = ", ".join(f"{one.name} runs" for one in found if one.is_running)
    return CheckResult(not wrong, "; ".join(wrong) or running or f"no container of {_services(asked)} runs")


def _services(asked: ComposeUp) -> str:
    return ", ".join(asked.services) or "any service"


async def _by_engine_clock(asked: ComposeUp, timeout_s: float, connections: Connections) -> tuple[ComposeUp, float]:
    """Return what is asked, and the time, by the clock of the engine; by this machine's where it does not tell."""
    before = time.time()
    try:
        asking = (*engine_command(asked), "info", "--format", "{{.SystemTime}}")
        now = engine_time(await _said(asking, timeout_s, connections))
    except ProbeFailed:
        now = None
    if now is None:
        return asked, before
    # It answered at some moment in between; the later one lets none that was made in time be too old.
    skew_s = now - time.time()
    since = None if asked.since is None else asked.since + skew_s
    return asked.model_copy(update={"since": since}), now


async def _digests(asked: ComposeUp, timeout_s: float, connections: Connections) -> dict[str, str]:
    """Return the digest of what Compose would make each service from now; none where it cannot tell."""
    try:
        said = await _said((*asked.command, "config", "--hash", "*"), timeout_s, connections)
    except ProbeFailed:
        return {}
    pairs = [line.split() for line in said.splitlines()]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


async def _said(argv: Sequence[str], timeout_s: float, connections: Connections) -> str:
    ran = await connections.commands().run_program(argv, timeout_s)
    if ran.exit_code != 0:
        how = "did not end in time" if ran.exit_code is None else f"failed: {ran.last_words}"
        raise ProbeFailed(f"{argv[0]} {how}")
    return decode(ran.output)


async def says(edit: EnvFileEdit, base_dir: Path, timeout_s: float) -> CheckResult:
    """Read the file again, if its disk answers in time."""
    try:
        return await waited_for(partial(declared, edit, base_dir), timeout_s)
    except TimeoutError as error:
        return CheckResult(ok=False, detail=f"{edit.path} cannot be read: {error}", is_known=False)


def declared(edit: EnvFileEdit, base_dir: Path) -> CheckResult:
    """Read the file again: whoever starts the service next starts it from there."""
    try:
        text = (base_dir / edit.path).read_text("utf-8", "surrogateescape")
    except OSError as error:
        return CheckResult(ok=False, detail=f"{edit.path} cannot be read: {error.strerror}", is_known=False)
    found = env_text.values(text)
    wrong = [key for key, value in edit.set.items() if found.get(key) != value]
    said = f"it has another value for {', '.join(wrong)}" if wrong else "it says so"
    return CheckResult(not wrong, said)
