"""`make bench`: measure what is claimed, side by side with what one would use instead, and print ratios."""

import argparse
import compileall
import importlib
from collections.abc import Sequence
from pathlib import Path

from tests.bench.table import Table, machine, other_work, versions

BENCHES = ("count", "live", "flood", "way_out", "session_open", "first_paint")
LONG = "flood_long"
"""Pours 50 million lines, which takes a quarter of an hour and 10 GB of disk; only when asked for."""
README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
"""Between these the README has the tables."""


def main() -> None:
    """Run the benches that are asked for, all but the long one by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, LONG, []], help="default: all but flood_long")
    parser.add_argument("--long", action="store_true", help="also flood_long")
    parser.add_argument("--millions", type=int, default=50, help="how many million lines flood_long pours")
    parser.add_argument("--markdown", action="store_true", help="print the tables of the README at the end")
    parser.add_argument("--readme", action="store_true", help="put them into the README")
    asked = parser.parse_args()
    names = list(asked.bench or BENCHES)
    if asked.long and LONG not in names:
        names.append(LONG)
    # As where it is installed: an editable checkout has no bytecode where PYTHONDONTWRITEBYTECODE is set.
    for package in ("console", "queries", "widgets"):
        compileall.compile_dir(README.parent / package, quiet=1)
    about = f"{machine()}, with {versions()}{other_work()}"
    print(about, flush=True)
    tables: list[Table] = []
    for name in names:
        print(f"\n{name.replace('_', ' ')} …", flush=True)
        bench = importlib.import_module(f"tests.bench.{name}")
        found = bench.run(asked.millions) if name == LONG else bench.run()
        print("\n\n".join(table.as_text() for table in found), flush=True)
        tables += found
    if asked.markdown:
        print(f"\n{as_markdown(about, tables)}")
    if asked.readme:
        text = README.read_text("utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        README.write_text(f"{before}{as_markdown(about, tables)}{after}", "utf-8")


def as_markdown(about: str, tables: Sequence[Table]) -> str:
    """Return the bench section of the README."""
    return "\n\n".join([BEGIN, f"Measured on {about}.", *(table.as_markdown() for table in tables), END])


if __name__ == "__main__":
    main()
