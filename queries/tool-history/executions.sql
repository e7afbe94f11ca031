-- title: Tool executions that were recorded
-- window: 24h
SELECT count(*) AS value
FROM user_tool_history
WHERE created_at >= now() - :window
