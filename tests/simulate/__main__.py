"""`make simulate`: soak thousands of canaries whose truth is known, and compare with what is claimed."""

import argparse
import math
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulate.cases import CASES, Result, simulate
from tests.simulate.plot import evidence_plot

BEGIN, END = "<!-- simulation -->", "<!-- /simulation -->"
"""Between these the page has the table."""
HEAD = ("24 h, 1,200 requests a minute, 5 % canary, 0.5 % errors", "measured", "asked", "", "rule 2x over 5m for 5m")


def main() -> int:
    """Run the cases and return 1 if a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="soaks a case; default 1000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, help="default: one a processor")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--page", type=Path, help="put the table into this Markdown page")
    parser.add_argument("--plot", type=Path, help="only draw the plot of the docs into this file")
    asked = parser.parse_args()
    if asked.plot is not None:
        asked.plot.write_text(evidence_plot(asked.seed), "utf-8")
        return 0
    cases = [case for case in CASES if asked.only in case.name]
    if not cases or (asked.page is not None and asked.only):
        parser.error(f"no case has {asked.only!r} in its name" if not cases else "a page needs all cases")
    results = []
    with ProcessPoolExecutor(asked.processes) as pool:
        for case in cases:
            results.append(simulate(case, asked.runs, asked.seed, pool))
            print("  ".join(filter(None, (*row(results[-1]), interval_note(results[-1])))), flush=True)
    if asked.page is not None:
        text = asked.page.read_text("utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        asked.page.write_text(f"{before}{as_markdown(results, asked.seed)}{after}", "utf-8")
    return 0 if all(result.holds for result in results) else 1


def row(result: Result) -> tuple[str, ...]:
    """Return a line of the table."""
    case = result.case
    unit = "%" if case.is_rate else "min"
    bound = "" if case.bound is None else f"≤ {case.bound:g} {unit}"
    holds = "" if case.bound is None else "holds" if result.holds else "BROKEN"
    rule = "" if math.isnan(result.rule) else f"{result.rule:.1f} %"
    return f"{case.name}: {case.says}", f"{result.seen:.{1 if case.is_rate else 0}f} {unit}", bound, holds, rule


def interval_note(result: Result) -> str:
    """Return how often the interval missed the real ratio, where that can be told."""
    return f"(ratio outside its interval: {result.missed:.1f} %)" if result.case.soak.since == 0 else ""


def as_markdown(results: Sequence[Result], seed: int) -> str:
    """Return the table for the page."""
    lines = [BEGIN, "", f"| {' | '.join(HEAD)} |", "|---|--:|--:|---|--:|"]
    lines += [f"| {' | '.join(row(result))} |" for result in results]
    widest = max(result.missed for result in results if result.case.soak.is_corrected)
    return "\n".join(
        [
            *lines,
            "",
            f"{results[0].runs:,} soaks a line, seed {seed}. The real ratio was outside its 95 % interval at some full "
            f"hour in at most {widest:.1f} % of the soaks of a line; a soak ends with what its line is about.",
            "",
            END,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
