-- title: Tool executions that were recorded
-- window: 24h
-- index: user_tool_history (created_at)
SELECT count(*) AS value
FROM user_tool_history
WHERE created_at >= now() - :window
