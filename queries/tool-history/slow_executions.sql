-- title: Slowest tool executions
-- window: 1h
-- index: user_tool_history (created_at)
SELECT
    execution_time_ms,
    tool_name AS tool,
    user_id,
    success,
    created_at
FROM user_tool_history
WHERE created_at >= now() - :window
    AND execution_time_ms IS NOT NULL
ORDER BY execution_time_ms DESC, created_at DESC
LIMIT 20
