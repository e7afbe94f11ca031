"""The templates of the rollout file, tried and filled in a process of its own: `python -m console.spec.filling`.

A template is a small program, and nobody can know before whether it ends. The process has `CPU_S` of processor time,
however busy the machine is, and `MEMORY_BYTES`; a template that it did not answer for is wrong.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from console.core.alert_values import Named, Values
from console.core.rollout import AlertTemplate
from console.spec.templates import Fault, Message, TemplateWrong, faults, render

CPU_S = 5
MEMORY_BYTES = 512 * 1024 * 1024
WAIT_S = 60.0
"""A machine that is so busy that the process had less than `CPU_S` by then is not waited for."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A template, and the values of the alert that it is filled with."""

    template: AlertTemplate
    values: Values
    is_resolved: bool


def fill(asked: Sequence[Filling]) -> list[Message | TemplateWrong]:
    """Return the message of each alert, or what is wrong with its template; of none does it take long."""
    orders = [_order(one.template, one.values, is_resolved=one.is_resolved) for one in asked]
    answers, why_not = _answers(orders)
    said: list[Message | TemplateWrong] = [
        TemplateWrong(answer["wrong"]) if "wrong" in answer else Message(**answer) for answer in answers
    ]
    return said + [TemplateWrong(why_not) for _ in asked[len(said) :]]


def try_out(templates: Sequence[AlertTemplate], whole: Values, blank: Values) -> list[tuple[Fault, ...]]:
    """Return what is wrong with each template, as far as the first that does not end; it is never run here."""
    answers, why_not = _answers([_order(one, whole, blank=blank) for one in templates])
    said = [tuple(Fault(**{**one, "where": tuple(one["where"])}) for one in answer["faults"]) for answer in answers]
    return [*said, (Fault((), f"this template fails: {why_not}"),)][: len(templates)]


def _order(template: AlertTemplate, values: Values, **more: object) -> dict[str, object]:
    return {"template": template.model_dump(by_alias=True), "values": values, **more}


def _answers(orders: Sequence[object]) -> tuple[list[Any], str]:
    """Return what the process answered, in order, and why there is no more."""
    if not orders:
        return [], ""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "console.spec.filling", str(CPU_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            start_new_session=True,
        )
    except OSError as error:
        return [], f"no process can be started to fill it: {error}"
    with process:
        said = _said(process, json.dumps(orders).encode())
    lines = said.rpartition(b"\n")[0].splitlines()
    return [json.loads(line) for line in lines], f"it takes more than {CPU_S} s, or too much memory"


def _said(process: subprocess.Popen[bytes], order: bytes) -> bytes:
    """Return all that the process says until it ends, or is ended."""
    try:
        return process.communicate(order, WAIT_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def _answer(order: dict[str, Any]) -> dict[str, object]:
    template, values = AlertTemplate.model_validate(order["template"]), _named(order["values"])
    if "blank" in order:
        found: Iterable[Fault] = faults(template, values, _named(order["blank"]))
        return {"faults": [asdict(one) for one in found]}
    try:
        return asdict(render(template, values, is_resolved=order["is_resolved"]))
    except TemplateWrong as error:
        return {"wrong": str(error)}


def _named(values: Values) -> Values:
    return {name: Named(value) if isinstance(value, dict) else value for name, value in values.items()}


def main() -> int:
    """Read the orders and answer each on a line of its own, as far as the limits allow."""
    cpu_s = int(sys.argv[1])
    for kind, most in ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_AS, MEMORY_BYTES)):
        with contextlib.suppress(ValueError, OSError):  # a system without this limit, or with a lower one
            resource.setrlimit(kind, (most, most))
    for order in json.load(sys.stdin):
        print(json.dumps(_answer(order)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
