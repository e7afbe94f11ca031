-- title: Newest tool executions, with the user and the learned preference
-- window: 7d
-- index: user_tool_history (created_at)
SELECT
    created_at,
    user_id,
    coalesce(nullif(left(tool_name, 80), ''), '(no name)') AS tool,
    success,
    execution_time_ms,
    preference_score
FROM user_tool_history
WHERE created_at >= now() - :window
ORDER BY created_at DESC
LIMIT 50
