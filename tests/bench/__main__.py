"""`make bench`: measure what is claimed, side by side with what one would use instead, and print ratios."""

import argparse
import importlib
import platform
from datetime import UTC, datetime

BENCHES = ("first_paint", "flood", "count_file")


def main() -> None:
    """Run the benches that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, []], help="default: all")
    asked = parser.parse_args().bench or BENCHES
    print(f"{platform.machine()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}")
    for name in asked:
        print(f"\n{name.replace('_', ' ')}")
        importlib.import_module(f"tests.bench.{name}").run()


if __name__ == "__main__":
    main()
