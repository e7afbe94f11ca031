"""Other programs that count log lines, each told to count the nine classes of the scene."""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.scene import HEADS, NUMBER, PATTERNS, labels_of, number_of

TOTAL = ""
"""The class under which a program that only counts hits says how many there were."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that counts, and how to read what it says."""

    name: str
    gives: str
    """What one knows after it has run."""
    command: Sequence[str]
    counts: Callable[[bytes], dict[str, int]]
    env: Mapping[str, str] = field(default_factory=dict)
    at_least: float | None = None
    """How many times as long as `count` it should take, if anything is promised."""


def contenders(log: Path, folder: Path) -> list[Contender]:
    """Return those that are installed."""
    expressions = "|".join(_without_groups(pattern) for pattern in PATTERNS.values())
    heads = "|".join(HEADS.values())
    utf_8 = {"LC_ALL": "C.UTF-8"}
    known = [
        Contender(
            "grep -cE, one alternation of the nine",
            "a total",
            ["grep", "-cE", expressions, str(log)],
            _total,
            env=utf_8,
            at_least=0.5,
        ),
        Contender(
            "the same with LC_ALL=C", "a total", ["grep", "-cE", expressions, str(log)], _total, env={"LC_ALL": "C"}
        ),
        Contender(
            "grep -oE, sort, uniq -c; literals only",
            "9 counts",
            ["sh", "-c", f"grep -oE '{heads}' '{log}' | sort | uniq -c"],
            _uniq,
            env=utf_8,
        ),
        Contender("ripgrep, rg -c, the nine", "a total", ["rg", "-c", expressions, str(log)], _total, env=utf_8),
        Contender("mtail --one_shot", "9 counts, labels", _mtail(log, folder), _mtail_counts, at_least=15),
        Contender(
            "lnav -n, SQL GROUP BY regexp_match",
            "9 counts",
            _lnav(log, heads),
            _lnav_counts,
            env={**utf_8, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TERM": "dumb"},
            at_least=5,
        ),
    ]
    return [one for one in known if shutil.which(_program(one)) is not None]


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in ("grep", "rg", "mtail", "lnav") if shutil.which(name) is None]


def our_counts(output: bytes) -> dict[str, int]:
    """Return what `count --json` says."""
    return {event: said["count"] for event, said in json.loads(output)["events"].items()}


def _program(contender: Contender) -> str:
    return "grep" if contender.command[0] == "sh" else contender.command[0]


def _without_groups(pattern: str) -> str:
    """Return a pattern without what POSIX does not know: names of groups, and `\\d`."""
    return re.sub(r"\(\?P<\w+>(.*?)\)", r"\1", pattern).replace(r"\d", "[0-9]")


def _total(output: bytes) -> dict[str, int]:
    return {TOTAL: int(output)}


def _uniq(output: bytes) -> dict[str, int]:
    return _by_head(
        {said.removesuffix("\n"): int(count) for count, said in re.findall(r" *(\d+) (.*\n)", output.decode())}
    )


def _by_head(counts: Mapping[str, int]) -> dict[str, int]:
    return {event: counts.get(head, 0) for event, head in HEADS.items()}


def _mtail(log: Path, folder: Path) -> Sequence[str]:
    """Write a program for mtail: a counter with labels per class, a histogram for the number."""
    programs = folder / "mtail"
    programs.mkdir(exist_ok=True)
    declared, rules = [], []
    for event, pattern in PATTERNS.items():
        labels = labels_of(event)
        if number_of(event):
            declared.append(f"histogram {event} buckets 0, 100, 200, 500, 1000, 2000, 5000, 10000")
            rules.append(f"/{pattern}/ {{\n  {event} = ${NUMBER}\n}}")
            continue
        declared.append(f"counter {event}" + (f" by {', '.join(labels)}" if labels else ""))
        rules.append(f"/{pattern}/ {{\n  {event}{''.join(f'[${label}]' for label in labels)}++\n}}")
    (programs / "bench.mtail").write_text("\n".join([*declared, *rules, ""]))
    return [
        *("mtail", "--one_shot", "--one_shot_format=json", "--address=127.0.0.1", "--port=0"),
        *(f"--progs={programs}", f"--logs={log}", f"--log_dir={folder}"),
    ]


def _mtail_counts(output: bytes) -> dict[str, int]:
    said = json.loads(output)
    return {
        event: sum(
            label["Value"].get("Count", label["Value"].get("Value", 0)) for label in said[event][0]["LabelValues"]
        )
        for event in PATTERNS
    }


def _lnav(log: Path, heads: str) -> Sequence[str]:
    query = f";SELECT regexp_match('({heads})', log_text) AS class, count(*) AS n FROM all_logs GROUP BY class"
    return ["lnav", "-n", "-N", "-c", query, "-c", ":write-csv-to -", str(log)]


def _lnav_counts(output: bytes) -> dict[str, int]:
    rows = csv.reader(io.StringIO(output.decode()))
    return _by_head({row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()})
