-- title: Every table and column that the migration and these queries need is there, of a type that they can read
-- A timestamp without a time zone is read as UTC.
WITH needed (of_table, name, kind) AS (
    VALUES
        ('user_contexts', 'context_id', 'any'),
        ('user_contexts', 'user_id', 'any'),
        ('user_contexts', 'migrated', 'boolean'),
        ('user_contexts', 'created_at', 'timestamp'),
        ('user_contexts', 'closed_at', 'timestamp'),
        ('user_contexts', 'validation', 'text or enum'),
        ('user_contexts', 'error', 'text'),
        ('user_contexts', 'memory_bytes', 'number'),
        ('chat_requests', 'request_id', 'any'),
        ('chat_requests', 'user_id', 'any'),
        ('chat_requests', 'migrated', 'boolean'),
        ('chat_requests', 'started_at', 'timestamp'),
        ('chat_requests', 'finished_at', 'timestamp'),
        ('chat_requests', 'status', 'text or enum'),
        ('chat_requests', 'response_status', 'text or enum'),
        ('chat_requests', 'rating', 'number'),
        ('agent_executions', 'execution_id', 'any'),
        ('agent_executions', 'context_id', 'any'),
        ('agent_executions', 'user_id', 'any'),
        ('agent_executions', 'migrated', 'boolean'),
        ('agent_executions', 'started_at', 'timestamp'),
        ('agent_executions', 'finished_at', 'timestamp'),
        ('agent_executions', 'status', 'text or enum'),
        ('agent_executions', 'error', 'text'),
        ('workflow_runs', 'run_id', 'any'),
        ('workflow_runs', 'user_id', 'any'),
        ('workflow_runs', 'agents', 'number'),
        ('workflow_runs', 'migrated', 'boolean'),
        ('workflow_runs', 'started_at', 'timestamp'),
        ('workflow_runs', 'finished_at', 'timestamp'),
        ('workflow_runs', 'status', 'text or enum'),
        ('workflow_runs', 'state_consistent', 'boolean'),
        ('workflow_runs', 'error', 'text'),
        ('tool_executions', 'execution_id', 'any'),
        ('tool_executions', 'context_id', 'any'),
        ('tool_executions', 'user_id', 'any'),
        ('tool_executions', 'tool', 'text'),
        ('tool_executions', 'permitted', 'boolean'),
        ('tool_executions', 'migrated', 'boolean'),
        ('tool_executions', 'started_at', 'timestamp'),
        ('tool_executions', 'finished_at', 'timestamp'),
        ('tool_executions', 'status', 'text or enum'),
        ('tool_executions', 'error', 'text'),
        ('websocket_connections', 'user_id', 'any'),
        ('websocket_connections', 'migrated', 'boolean'),
        ('websocket_connections', 'opened_at', 'timestamp'),
        ('websocket_connections', 'status', 'text or enum'),
        ('websocket_events', 'event_id', 'any'),
        ('websocket_events', 'event', 'text'),
        ('websocket_events', 'user_id', 'any'),
        ('websocket_events', 'delivered_to', 'any'),
        ('websocket_events', 'migrated', 'boolean'),
        ('websocket_events', 'created_at', 'timestamp'),
        ('websocket_events', 'delivered_at', 'timestamp')
),
found AS (
    SELECT
        needed.of_table || '.' || needed.name AS name,
        needed.kind,
        format_type(there.atttypid, there.atttypmod) AS type,
        CASE needed.kind
            WHEN 'timestamp' THEN base.oid IN ('timestamp'::regtype, 'timestamptz'::regtype)
            WHEN 'boolean' THEN base.typcategory = 'B'
            WHEN 'number' THEN base.typcategory = 'N' AND base.oid <> 'money'::regtype
            WHEN 'text' THEN base.typcategory = 'S'
            WHEN 'text or enum' THEN base.typcategory IN ('S', 'E')
            ELSE base.oid IS NOT NULL
        END AS fits
    FROM needed
    LEFT JOIN pg_catalog.pg_attribute AS there
        ON there.attrelid = to_regclass(needed.of_table) AND there.attname = needed.name AND NOT there.attisdropped
    LEFT JOIN pg_catalog.pg_type AS type ON type.oid = there.atttypid
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
)
SELECT
    bool_and(type IS NOT NULL AND fits) AS is_applied,
    coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE type IS NULL), 'none') AS missing,
    coalesce(
        string_agg(name || ' is ' || type || ', not ' || kind, '; ' ORDER BY name) FILTER (WHERE NOT fits), 'none'
    ) AS other_types
FROM found
