"""Chat requests of users, each in a context of its own: agents, workflows, tools and WebSocket events."""

from console.demo.world import Call, Scenario, Table, World

_AGENTS = ("triage", "research", "writing")
_TOOLS = ("search", "calendar", "export_data")
_PROGRAMS = (
    *("isolation", "leakage", "context", "unit", "integration", "golden_path", "smoke"),
    *("workflow", "tool", "permission", "websocket", "event"),
)
"""What the checklists run: `SMOKE_TESTS` is `smoke`."""
_SLOW = {"median_ms": 3600.0, "spread": 0.42}
_USUAL = {
    "median_ms": 820.0,
    "spread": 0.34,
    "failed": 0.0006,
    "crossed": 0.0,
    "invalid": 0.001,
    "tool_failed": 0.004,
    "unreached": 0.0,
    "undelivered": 0.001,
    "event_ms": 24.0,
    "context_mb": 7.0,
}


class UserContext(World):
    """What simulates `user-context`."""

    rollout = "user-context"
    requests_per_s = 40.0
    session_count = 300
    usual = {"canary": _USUAL, "baseline": {**_USUAL, "median_ms": 880.0, "failed": 0.006}}
    errors = ("Model provider timed out", "Rate limit of the model provider")
    scenarios = {
        "contamination": Scenario(
            "agents of the canary work with the data of another user",
            canary={"crossed": 0.03},
            critical=("user_isolation_violations",),
        ),
        "latency": Scenario(
            "the canary takes more than five seconds for every fifth request",
            canary=_SLOW,
            critical=("response_time_p95",),
        ),
        "websocket-loss": Scenario(
            "events of the canary do not reach their user",
            canary={"undelivered": 0.4},
            critical=("websocket_event_delivery_rate",),
        ),
        "golden-path": Scenario(
            "three in ten chat requests of the canary fail",
            canary={"failed": 0.3},
            errors=("User context was gone between two agents",),
            critical=("golden_path_success_rate", "agent_execution_success_rate"),
        ),
        "memory": Scenario(
            "contexts of the canary hold more and more memory",
            canary={"context_mb": 32.0},
            critical=("memory_usage_per_context",),
        ),
    }
    switches = ("ENABLE_AGENT_EXECUTION_CORE_MIGRATION",)
    env = {
        "AWK": "awk",
        "ENV_FILE": "{folder}/.env",
        "ANNUAL_REVENUE": "500000",
        **{f"{name.upper()}_TESTS": f"{{program}} {name}" for name in _PROGRAMS},
    }
    schema = """
CREATE TABLE user_contexts (
    context_id text PRIMARY KEY, user_id text NOT NULL, migrated boolean NOT NULL, created_at timestamptz NOT NULL,
    closed_at timestamptz, validation text, error text, memory_bytes bigint
);
CREATE TABLE chat_requests (
    request_id text NOT NULL, user_id text NOT NULL, migrated boolean NOT NULL, started_at timestamptz NOT NULL,
    finished_at timestamptz, status text, response_status text, rating integer
);
CREATE TABLE agent_executions (
    execution_id text NOT NULL, context_id text NOT NULL, user_id text NOT NULL, migrated boolean NOT NULL,
    started_at timestamptz NOT NULL, finished_at timestamptz, status text, error text
);
CREATE TABLE workflow_runs (
    run_id text NOT NULL, user_id text NOT NULL, agents integer, migrated boolean NOT NULL,
    started_at timestamptz NOT NULL, finished_at timestamptz, status text, state_consistent boolean, error text
);
CREATE TABLE tool_executions (
    execution_id text NOT NULL, context_id text NOT NULL, user_id text NOT NULL, tool text, permitted boolean,
    migrated boolean NOT NULL, started_at timestamptz NOT NULL, finished_at timestamptz, status text, error text
);
CREATE TABLE websocket_connections (
    user_id text NOT NULL, migrated boolean NOT NULL, opened_at timestamptz NOT NULL, status text
);
CREATE TABLE websocket_events (
    event_id text NOT NULL, event text NOT NULL, user_id text NOT NULL, delivered_to text, migrated boolean NOT NULL,
    created_at timestamptz NOT NULL, delivered_at timestamptz
);
CREATE INDEX user_contexts_created_at ON user_contexts (created_at);
CREATE INDEX chat_requests_started_at ON chat_requests (started_at);
CREATE INDEX chat_requests_finished_at ON chat_requests (finished_at);
CREATE INDEX workflow_runs_finished_at ON workflow_runs (finished_at);
CREATE INDEX agent_executions_started_at ON agent_executions (started_at);
CREATE INDEX workflow_runs_started_at ON workflow_runs (started_at);
CREATE INDEX tool_executions_started_at ON tool_executions (started_at);
CREATE INDEX websocket_connections_opened_at ON websocket_connections (opened_at);
CREATE INDEX websocket_events_created_at ON websocket_events (created_at);
"""
    tables = (
        Table("user_contexts", age="created_at"),
        Table("chat_requests", age="started_at"),
        Table("agent_executions", age="started_at"),
        Table("workflow_runs", age="started_at"),
        Table("tool_executions", age="started_at"),
        Table("websocket_connections", age="opened_at"),
        Table("websocket_events", age="created_at"),
    )

    def __init__(self) -> None:
        """Begin with no request served."""
        self._served = 0

    def request(self, call: Call) -> None:
        """Serve one chat request: a context, a workflow of agents, a tool, and the events that tell of them."""
        self._served += 1
        # Apart from those of the other track, of an earlier start, and of any other request.
        name = f"{call.track[0]}{int(call.at * 1000)}-{self._served}"
        error = call.error()
        call.row(
            "chat_requests",
            request_id=f"q{name}",
            user_id=call.session.user,
            migrated=call.track == "canary",
            started_at=call.began,
            finished_at=call.at,
            status="failed" if error else "completed",
            response_status="failed" if error else "generated",
            rating=call.random.choice((3, 4, 4, 5, 5)) if call.random.random() < 0.2 else None,
        )
        self._context(call, name)
        self._agents(call, name, error)
        self._tool(call, name)
        self._events(call, name)

    def _context(self, call: Call, name: str) -> None:
        is_invalid = call.happens("invalid")
        call.row(
            "user_contexts",
            context_id=f"x{name}",
            user_id=call.session.user,
            migrated=call.track == "canary",
            created_at=call.began,
            closed_at=call.at,
            validation="failed" if is_invalid else "valid",
            error="rule user-mismatch" if is_invalid else None,
            memory_bytes=call.duration_ms(call.mood["context_mb"] * 1000, 0.2) * 1000,
        )
        call.log(f"INFO app User context created context=x{name} user={call.session.user}", before_ms=call.took_ms)
        if is_invalid:
            call.log(f"ERROR app User context invalid context=x{name} rule=user-mismatch", before_ms=call.took_ms)

    def _agents(self, call: Call, name: str, error: str | None) -> None:
        crossed = call.happens("crossed")
        others = [one.user for one in call.sessions if one.user != call.session.user]
        user = call.one_of(others) if crossed and others else call.session.user
        agent = call.one_of(_AGENTS)
        status = "failed" if error else "succeeded"
        times = {"migrated": call.track == "canary", "started_at": call.began, "finished_at": call.at}
        call.row("agent_executions", execution_id=f"a{name}", context_id=f"x{name}", user_id=user, status=status,
                 error=error, **times)  # fmt: skip
        agents = call.random.choice((1, 2, 3))
        call.row("workflow_runs", run_id=f"w{name}", user_id=call.session.user, agents=agents, status=status,
                 state_consistent=True, error=error, **times)  # fmt: skip
        if user != call.session.user:
            call.log(
                f"CRITICAL app User isolation violation kind=agent-execution user={user} owner={call.session.user}"
            )
        if error:
            call.log(f"ERROR app Agent execution failed agent={agent} context=x{name} error={error}")
            call.log(f"ERROR app Workflow failed run=w{name} step={agent}")
        else:
            call.log(f"INFO app Agent execution completed in {call.took_ms}ms agent={agent} context=x{name}")
            call.log(f"INFO app Workflow completed in {call.took_ms}ms run=w{name} agents={agents}")

    def _tool(self, call: Call, name: str) -> None:
        tool = call.one_of(_TOOLS)
        is_failed, is_permitted = call.happens("tool_failed"), call.random.random() > 0.01
        status = "succeeded" if is_permitted and not is_failed else "failed"
        error = None if status == "succeeded" else "the tool answered 500" if is_permitted else "denied"
        call.row(
            "tool_executions",
            execution_id=f"t{name}",
            context_id=f"x{name}",
            user_id=call.session.user,
            tool=tool,
            permitted=is_permitted,
            migrated=call.track == "canary",
            started_at=call.began,
            finished_at=call.at,
            status=status,
            error=error,
        )
        what = "completed" if status == "succeeded" else "failed" if is_permitted else "denied"
        level = {"completed": "INFO", "failed": "ERROR", "denied": "WARNING"}[what]
        call.log(f"{level} app Tool execution {what} tool={tool} user={call.session.user}")

    def _events(self, call: Call, name: str) -> None:
        user = call.session.user
        if call.random.random() < 0.3:
            call.row("websocket_connections", user_id=user, migrated=call.track == "canary", opened_at=call.began,
                     status="failed" if call.random.random() < 0.002 else "connected")  # fmt: skip
        for event in ("agent_started", "agent_completed"):
            created = call.began if event == "agent_started" else call.at - 0.2
            took_ms = call.duration_ms(call.mood["event_ms"], 0.4)
            is_lost = call.happens("undelivered")
            call.row(
                "websocket_events",
                event_id=f"e{name}-{event}",
                event=event,
                user_id=user,
                delivered_to=None if is_lost else user,
                migrated=call.track == "canary",
                created_at=created,
                delivered_at=None if is_lost else created + took_ms / 1000,
            )
            said = "not delivered" if is_lost else f"delivered in {took_ms}ms"
            call.log(f"{'ERROR' if is_lost else 'INFO'} app WebSocket event {said} event={event} user={user}")
