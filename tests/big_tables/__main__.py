"""Every query over a table of ten million rows, each within the timeout of its metric: `make big-tables`.

It takes minutes and some gigabytes of disk: `make big-tables ARGS="--rows 1000000 --rollout tool-history"` takes less.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import asyncpg

from console.demo.servers import EmbeddedPostgres
from console.spec.load import load
from queries.loader import load_query
from tests.big_tables.tables import FILL, TABLES, asked

ROWS = 10_000_000
OVER = timedelta(days=180)
"""55,000 rows a day."""
DRILL_DOWN_S = 30.0
"""How long a query may take that somebody asks by hand."""


def timeouts_of(rollout: str) -> dict[str, float]:
    """Return the shortest timeout by query."""
    found: dict[str, float] = {}
    for metric in load(rollout, {}).rollout.metrics.values():
        if metric.query is not None:
            found[metric.query] = min(metric.timeout_s, found.get(metric.query, metric.timeout_s))
    return found


async def measured(dsn: str, rollout: str, rows: int) -> int:
    """Fill the table, ask every query, print how long each took, and return how many were too slow."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLES[rollout])
    began = time.monotonic()
    await connection.execute(FILL[rollout], rows, OVER)
    await connection.execute("VACUUM ANALYZE")
    print(f"{rollout}: {rows:,} rows in {time.monotonic() - began:.0f} s")
    timeouts, slow = timeouts_of(rollout), 0
    for name in asked(rollout):
        query = load_query(rollout, name, Path("/nowhere"))
        window = [timedelta(seconds=query.window_s)] if query.window_s is not None else []
        limit_s = timeouts.get(name, DRILL_DOWN_S)
        began = time.monotonic()
        try:
            await connection.fetch(f"SELECT * FROM (\n{query.sql}\n) AS q LIMIT 51", *window, timeout=limit_s)
        except TimeoutError:
            slow += 1
            print(f"  {name:24} TOO SLOW, more than {limit_s:g} s")
        else:
            print(f"  {name:24} {1000 * (time.monotonic() - began):8.0f} ms of {limit_s:g} s")
    await connection.close()
    return slow


def main() -> int:
    """Measure the rollouts that were asked for; 0 when every query was in time."""
    parser = argparse.ArgumentParser(prog="make big-tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rollout", choices=TABLES, action="append")
    options = parser.parse_args()
    slow = 0
    with tempfile.TemporaryDirectory(prefix="rc-big-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            for number, rollout in enumerate(options.rollout or TABLES):
                server.run_sql(f"CREATE DATABASE big_{number}")
                slow += asyncio.run(measured(server.dsn_of(f"big_{number}"), rollout, options.rows))
        finally:
            server.stop()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
