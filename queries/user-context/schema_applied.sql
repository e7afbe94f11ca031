-- title: Every table and column that the migration and these queries need is there
SELECT count(*) = 0 AS is_applied
FROM (
    VALUES
        ('user_contexts', 'context_id'), ('user_contexts', 'user_id'), ('user_contexts', 'migrated'),
        ('user_contexts', 'created_at'), ('user_contexts', 'closed_at'), ('user_contexts', 'validation'),
        ('user_contexts', 'error'), ('user_contexts', 'memory_bytes'),
        ('chat_requests', 'request_id'), ('chat_requests', 'user_id'), ('chat_requests', 'migrated'),
        ('chat_requests', 'started_at'), ('chat_requests', 'finished_at'), ('chat_requests', 'status'),
        ('chat_requests', 'response_status'), ('chat_requests', 'rating'),
        ('agent_executions', 'execution_id'), ('agent_executions', 'context_id'), ('agent_executions', 'user_id'),
        ('agent_executions', 'migrated'), ('agent_executions', 'started_at'), ('agent_executions', 'finished_at'),
        ('agent_executions', 'status'), ('agent_executions', 'error'),
        ('workflow_runs', 'run_id'), ('workflow_runs', 'user_id'), ('workflow_runs', 'agents'),
        ('workflow_runs', 'migrated'), ('workflow_runs', 'started_at'), ('workflow_runs', 'finished_at'),
        ('workflow_runs', 'status'), ('workflow_runs', 'state_consistent'), ('workflow_runs', 'error'),
        ('tool_executions', 'execution_id'), ('tool_executions', 'context_id'), ('tool_executions', 'user_id'),
        ('tool_executions', 'tool'), ('tool_executions', 'permitted'), ('tool_executions', 'migrated'),
        ('tool_executions', 'started_at'), ('tool_executions', 'finished_at'), ('tool_executions', 'status'),
        ('tool_executions', 'error'),
        ('websocket_connections', 'user_id'), ('websocket_connections', 'migrated'),
        ('websocket_connections', 'opened_at'), ('websocket_connections', 'status'),
        ('websocket_events', 'event_id'), ('websocket_events', 'event'), ('websocket_events', 'user_id'),
        ('websocket_events', 'delivered_to'), ('websocket_events', 'migrated'),
        ('websocket_events', 'created_at'), ('websocket_events', 'delivered_at')
) AS needed (table_name, column_name)
WHERE NOT EXISTS (
    SELECT 1
    FROM information_schema.columns AS present
    WHERE present.table_schema = ANY (current_schemas(false))
        AND present.table_name = needed.table_name
        AND present.column_name = needed.column_name
)
