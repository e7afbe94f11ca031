"""The worlds of the demo: what is simulated for each rollout, one module each, named after it.

`console/demo/worlds/tool_history.py` is the world of `tool-history`; it is found by its name, nothing else lists it.
It holds one class made from `World` (`console/demo/world.py`, which documents every field). Modules whose name begins
with `_` are parts of a world and are not looked at. Services run in a bare Python container too: import nothing but
the standard library, `console.demo.world` and such parts.

    class ToolHistory(World):
        rollout = "tool-history"
        requests_per_s = 60.0
        usual = {                                     # numbers by track; shares are 0 to 1
            "canary":   {"median_ms": 40, "spread": 0.3, "failed": 0.002, "unsaved": 0.0},
            "baseline": {"median_ms": 38, "spread": 0.3, "failed": 0.002, "unsaved": 0.0},
        }
        scenarios = {                                 # healthy, outage and flaky-db are there anyhow
            "lost-writes": Scenario("calls are not saved any more", canary={"unsaved": 0.4}, critical=("saved",)),
            "missing-index": Scenario("…", sql="DROP INDEX …", warning=("indexes",), is_whole=True),
        }
        schema = "CREATE TABLE tool_calls (…); CREATE INDEX …; CREATE VIEW …; INSERT INTO …"
        tables = (Table("tool_calls", age="created_at"),)

        def request(self, call: Call) -> None:
            error = call.error()                      # words, with the mood's `failed`
            if not call.happens("unsaved"):           # any number of the mood by its name
                call.row("tool_calls", tool="search", ok=error is None, took_ms=call.took_ms, created_at=call.began)
            call.log(f"INFO tools search finished in {call.took_ms}ms")
            call.redis("HSET", f"tool:{call.session.id}", "last", "search")

* **Numbers**: `usual` needs `median_ms`, `spread` and `failed`; add your own. A scenario gives the numbers that change,
  per track, and they come within 4 s of its onset (15 s, at speed 1). `call.happens(name)` draws one, `call.mood[name]`
  reads it.
* **What a call knows**: `at` (its end), `began`, `took_ms`, `track`, `session` (`id`, `user`, `number`, `stage`),
  `random`, `env` and `is_on(switch)`: variables of the env file as of the service's last start (tenants, flags of
  components). One object of the class serves one track and may remember things.
* **Rows**: any table of `schema`, columns by name; seconds since the epoch for a moment, lists and dictionaries for
  JSON. `Table(age=…)` says by which column rows older than 15 minutes are deleted; with `key=…` a later row replaces
  an earlier one. A row that the database refuses is lost, and the demo complains of it when it ends.
* **Before it begins**: INSERT in `schema`, `sql` of a scenario, and `stock(batch, now)` for what is made in Python.
* **HTTP**: `answer(asked)` returns an `Answer` or `None`. Each track's service has a port of its own and says at
  `/health` that it is well, unless the world answers that. `asked.mood` is the mood of the moment.
* **Traffic**: the canary's share is CANARY_PERCENTAGE of the env file, and 0 while one of `switches` is off. Override
  `canary_share(env)` where a rollout says it in another way. `env_file` is what else the file begins with.
* **The shipped file**: `env` gives values to its variables, beside DATABASE_URL, REDIS_URL, HEALTH_URL, API_URL and
  COMPOSE. In a value `{folder}`, `{canary_url}`, `{baseline_url}`, `{database_url}` (may only read), `{owner_url}` (may
  write) and `{redis_url}` are filled in, and `{program}` is `python -m console.demo.programs.tool_history FOLDER`.
* **Programs** that actions, checks, metrics and checklists run: `console/demo/programs/tool_history.py`, on `Place`
  of `console/demo/programs/__init__.py`; they run beside the console and may import asyncpg and redis. A command of
  the shipped file is kept when its first word is a variable that `env` sets: `["${MIGRATE:-./migrate.sh}", --dry-run]`
  with `env = {"MIGRATE": "{program} migrate"}`. Without, its metric, check or task is left out of the demo. The command
  that recreates containers (`${COMPOSE…}`) becomes a restart of the services, which then read the env file again.
* **Promises**: `critical` and `warning` of a scenario are metrics of the shipped file; a test runs every scenario that
  has some against real servers and holds the console to it. `is_whole` begins before the deployment, as
  `demo --whole` does; otherwise the demo begins with the first phase that gives the canary traffic.
"""

import importlib
import inspect
import pkgutil

from console.demo.world import Scenario, World

ROLLOUTS = tuple(
    sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))
)


def module_of(rollout: str) -> str:
    """Return the name that a rollout's modules have."""
    return rollout.replace("-", "_")


def world_of(rollout: str) -> World:
    """Return a new world of a rollout; raises `ValueError` for one that has none."""
    if rollout not in ROLLOUTS:
        raise ValueError(f"expected one of {', '.join(ROLLOUTS)}; found {rollout}")
    module = importlib.import_module(f"{__name__}.{module_of(rollout)}")
    made_here = (
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, World) and found.__module__ == module.__name__
    )
    world: World = next(made_here)()
    return world


def scenario_of(world: World, name: str) -> Scenario:
    """Return a scenario of a world; raises `ValueError`, which lists all, for one that it has not got."""
    scenarios = world.all_scenarios()
    if name not in scenarios:
        raise ValueError(f"{world.rollout} has no scenario {name}: expected one of {', '.join(scenarios)}")
    return scenarios[name]
