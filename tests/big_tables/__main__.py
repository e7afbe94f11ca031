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
from tests.big_tables.tables import GROWING, asked

ROWS = 10_000_000
OVER = timedelta(days=180)
"""55,000 rows a day."""
DRILL_DOWN_S = 30.0
"""How long a query may take that somebody asks by hand."""


def limits_of(rollout: str) -> dict[str, tuple[float, float]]:
    """Return by query the shortest timeout and the longest window of the metrics that ask it, in seconds."""
    found: dict[str, tuple[float, float]] = {}
    for metric in load(rollout, {}).rollout.metrics.values():
        if metric.query is not None:
            timeout_s, window_s = found.get(metric.query, (metric.timeout_s, 0.0))
            own_s = metric.window if isinstance(metric.window, float) else 0.0
            found[metric.query] = min(metric.timeout_s, timeout_s), max(own_s, window_s)
    return found


async def measured(dsn: str, rollout: str, rows: int) -> int:
    """Fill the tables, ask every query, print how long each took, and return how many were too slow."""
    connection = await asyncpg.connect(dsn)
    growing = GROWING[rollout]
    began = time.monotonic()
    # What only costs time while the tables are filled: the write-ahead log, and looking up what a row refers to.
    await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
    await connection.execute(growing.tables.replace("CREATE TABLE", "CREATE UNLOGGED TABLE") + growing.first)
    for fill in growing.fill.values():
        await connection.execute(fill, rows, OVER)
    await connection.execute(growing.indexes)
    await connection.execute("VACUUM ANALYZE")
    print(f"{rollout}: {rows:,} rows in each of {len(growing.fill)} tables in {time.monotonic() - began:.0f} s")
    limits, slow = limits_of(rollout), 0
    for name in asked(rollout):
        query = load_query(rollout, name, Path("/nowhere"))
        limit_s, window_s = limits.get(name, (DRILL_DOWN_S, 0.0))
        window = [timedelta(seconds=window_s or query.window_s or 0)] if query.takes_window else []
        began = time.monotonic()
        try:
            await connection.fetch(f"SELECT * FROM (\n{query.sql}\n) AS q LIMIT 51", *window, timeout=limit_s)
        except TimeoutError:
            slow += 1
            print(f"  {name:29} TOO SLOW, more than {limit_s:g} s")
        else:
            print(f"  {name:29} {1000 * (time.monotonic() - began):8.0f} ms of {limit_s:g} s")
    await connection.close()
    return slow


def main() -> int:
    """Measure the rollouts that were asked for; 0 when every query was in time."""
    parser = argparse.ArgumentParser(prog="make big-tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rollout", choices=GROWING, action="append")
    options = parser.parse_args()
    slow = 0
    with tempfile.TemporaryDirectory(prefix="rc-big-") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            for number, rollout in enumerate(options.rollout or GROWING):
                server.run_sql(f"CREATE DATABASE big_{number}")
                slow += asyncio.run(measured(server.dsn_of(f"big_{number}"), rollout, options.rows))
        finally:
            server.stop()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
